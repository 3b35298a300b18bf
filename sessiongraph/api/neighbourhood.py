"""A part of a graph that can be looked at: entities, the facts between them, and how much more there is.

It is answered from the snapshot's columns: what it costs grows with their length by a few milliseconds for 100,000
facts, and no graph is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from sessiongraph.api.entity_records import by_count, fact_counts, matching
from sessiongraph.api.fact_filter import FactFilter, counting_facts, named_entities, of_types
from sessiongraph.columnar.vectors import Array
from sessiongraph.snapshots.partial_dates import first_and_last_day, parse_partial_date
from sessiongraph.snapshots.snapshot import Snapshot

MOST_ENTITIES = 5000
_MOST_FACTS = 15_000
_MOST_EXPANDED = 100
# Where a search begins: so many entities by their names, and the ends of so many facts.
_FOUND_NAMES, _FOUND_FACTS = 20, 10
_LISTED_SESSIONS = 200
# An overview of a large graph has one entity with very many facts for so many of their neighbours.
_PER_HUB = 20


@dataclass(frozen=True)
class Node:
    """An entity; of its `facts` that count, `more` lead to entities that are not shown."""

    id: str
    name: str
    type: str
    description: str
    facts: int
    more: int


@dataclass(frozen=True)
class Edge:
    """A fact between two entities (ids)."""

    id: str
    subject: str
    relation: str
    object: str
    statement: str
    valid_at: str | None
    valid_until: str | None
    said_at: datetime
    stated_by: str
    corrected: bool


@dataclass(frozen=True)
class Neighbourhood:
    """`entity_count` and `fact_count` are how many there are that count, shown or not; `starts` are the entities (ids)
    that it began at."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    starts: tuple[str, ...]
    entity_count: int
    fact_count: int


@dataclass(frozen=True)
class Outline:
    """How much is in a graph, and what it can be narrowed to: types with the number of their entities, node sets and
    sessions (the newest) with that of their passages, and who states how many claims. From `earliest` to `latest`,
    facts begin to hold or end."""

    entities: int
    facts: int
    types: dict[str, int]
    node_sets: dict[str, int]
    sessions: dict[str, int]
    stated_by: dict[str, int]
    earliest: date | None
    latest: date | None


def around(
    snapshot: Snapshot, starts: Sequence[int], query: str | None, hundreds: dict[int, int], only: FactFilter, limit: int
) -> Neighbourhood:
    """Up to `limit` entities around `starts` (rows), or where none are given around those that `query` finds, or of
    all; and with each row of `hundreds` so many hundreds of its neighbours."""
    ends = snapshot.facts[["subject", "object"]].to_numpy(int)
    counting = counting_facts(snapshot, only)
    begun = list(dict.fromkeys(starts)) or ([] if query is None else _found(snapshot, query, counting))
    counting &= of_types(snapshot, only.types, [*begun, *hundreds])[ends].all(axis=1)
    counts = fact_counts(snapshot, counting)
    present = counts > 0
    if only.held_at is None:
        present |= named_entities(snapshot, only) & of_types(snapshot, only.types, begun)
    chosen = _chosen(snapshot, ends[counting], begun, query, counts, present, limit)
    for row, times in hundreds.items():
        if row in chosen:
            new = [it for it in _neighbours(snapshot, ends[counting], [row], counts) if it not in chosen]
            chosen |= dict.fromkeys(new[: times * _MOST_EXPANDED])
    rows = np.array(list(chosen)[:MOST_ENTITIES], int)
    return _shown(snapshot, rows, ends, counting, counts, begun[:limit], int(present.sum()))


def outlined(snapshot: Snapshot) -> Outline:
    """What `snapshot` has, in words and numbers."""
    passages, facts = snapshot.passages, snapshot.facts
    tags = pd.Series([tag for tags in passages["node_sets"] for tag in tags or ()], dtype=object)
    sessions = passages[snapshot.is_turn].groupby("session_id")["said_at"].agg(["size", "max"])
    newest = sessions.sort_values("max", ascending=False).head(_LISTED_SESSIONS)["size"]
    days = [
        day for name in ("valid_at", "valid_until") for text in facts[name].dropna().unique() for day in _days(text)
    ]
    if len(facts):
        days += [facts["said_at"].min().date(), facts["said_at"].max().date()]
    return Outline(
        len(snapshot.entities),
        len(facts),
        _counted(snapshot.entities["type"]),
        _counted(tags),
        {str(name): int(count) for name, count in newest.items()},
        _counted(snapshot.claims["stated_by"]),
        min(days, default=None),
        max(days, default=None),
    )


def _chosen(
    snapshot: Snapshot,
    ends: Array,
    begun: Sequence[int],
    query: str | None,
    counts: Array,
    present: Array,
    limit: int,
) -> dict[int, None]:
    """The rows that are shown, in their order."""
    if begun or query is not None:
        chosen = dict.fromkeys(begun)
    else:
        chosen = dict.fromkeys(by_count(snapshot, np.flatnonzero(present), counts).tolist())
        if len(chosen) > limit:  # or those with the most facts would stand beside each other, with few between them
            chosen = dict.fromkeys(list(chosen)[: max(limit // _PER_HUB, 1)])
    chosen |= dict.fromkeys(_neighbours(snapshot, ends, list(chosen), counts))
    return dict.fromkeys(list(chosen)[:limit])


def _neighbours(snapshot: Snapshot, ends: Array, rows: Sequence[int], counts: Array) -> list[int]:
    """The entities that `ends`, of facts, join with `rows`, those with the most facts first."""
    is_in = np.zeros(len(snapshot.entities), bool)
    is_in[list(rows)] = True
    touching = ends[is_in[ends].any(axis=1)]
    found = np.unique(touching)
    ordered: list[int] = by_count(snapshot, found[~is_in[found]], counts).tolist()
    return ordered


def _found(snapshot: Snapshot, query: str, counting: Array) -> list[int]:
    """Where a search begins: at entities called so, and at the ends of the facts that say so best."""
    scores = np.where(counting, snapshot.fact_index.scores(query), 0)
    best = np.argsort(-scores, kind="stable")[:_FOUND_FACTS]
    ends = snapshot.facts[["subject", "object"]].to_numpy(int)[best[scores[best] > 0]].ravel()
    return list(dict.fromkeys([*matching(snapshot, query)[:_FOUND_NAMES], *ends.tolist()]))


def _shown(
    snapshot: Snapshot,
    rows: Array,
    ends: Array,
    counting: Array,
    counts: Array,
    begun: Sequence[int],
    entity_count: int,
) -> Neighbourhood:
    is_in = np.zeros(len(snapshot.entities), bool)
    is_in[rows] = True
    between = np.flatnonzero(counting & is_in[ends].all(axis=1))
    newest = np.lexsort((snapshot.facts["id"].array[between].astype(str), -_microseconds(snapshot, between)))
    edges = between[newest][:_MOST_FACTS]
    inside = np.bincount(ends[between].ravel(), minlength=len(is_in))
    ids = snapshot.entities["id"].array
    columns = [snapshot.entities[name].array[rows] for name in ("id", "name", "type", "description")]
    numbers = (counts[rows].tolist(), (counts - inside)[rows].tolist())
    return Neighbourhood(
        tuple(Node(*values) for values in zip(*columns, *numbers, strict=True)),
        tuple(_edge(ids, fact) for fact in snapshot.facts.iloc[edges].to_dict("records")),
        tuple(ids[list(begun)]),
        entity_count,
        int(counting.sum()),
    )


def _edge(ids: Array, fact: dict[str, Any]) -> Edge:
    return Edge(
        id=fact["id"],
        subject=ids[fact["subject"]],
        relation=fact["relation"],
        object=ids[fact["object"]],
        statement=fact["statement"],
        valid_at=_text(fact["valid_at"]),
        valid_until=_text(fact["valid_until"]),
        said_at=fact["said_at"].to_pydatetime().replace(tzinfo=UTC),
        stated_by=fact["stated_by"],
        corrected=_text(fact["corrected_by"]) is not None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _microseconds(snapshot: Snapshot, facts: Array) -> Array:
    return snapshot.facts["said_at"].to_numpy()[facts].astype(np.int64)


def _counted(values: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _days(text: str) -> tuple[date, ...]:
    parsed = parse_partial_date(text)
    return () if parsed is None else first_and_last_day(parsed) or ()

"""Entities one by one: listed and found by their names, and one with all that its names rest on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import Merge, name_key
from sessiongraph.entity_resolution.speaker_names import speaker_key
from sessiongraph.errors import InvalidInputError
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset

# Of an entity, the newest passages that name it.
_MENTIONS = 50
_DECISIONS = """
SELECT key_a, key_b, same, reason, committed_at FROM (
    SELECT *, row_number() OVER (PARTITION BY key_a, key_b ORDER BY seq DESC) AS nth FROM decisions) newest
JOIN commits USING (seq) WHERE nth = 1 ORDER BY key_a, key_b
"""


@dataclass(frozen=True)
class Entity:
    """An entity, its other names (`aliases`), and how many facts about it hold now."""

    id: str
    name: str
    type: str
    description: str
    aliases: tuple[str, ...]
    facts: int


@dataclass(frozen=True)
class EntityCorrection:
    """What a person said of the entity of the name key `entity`: its right type, its right name, or both."""

    entity: str
    type: str | None
    name: str | None
    corrected_by: str
    corrected_at: datetime


@dataclass(frozen=True)
class NameDecision:
    """What a person decided last of two names, in their normal form: that they mean one entity (`same`), or two."""

    a: str
    b: str
    same: bool
    reason: str
    decided_at: datetime


@dataclass(frozen=True)
class EntityName:
    """A name of an entity: its normal form, how it is written, in how many passages it stands, and why it is one of
    the entity's (None for the one that the others are merged into). `is_speaker` where it is what a user is called who
    says "I" in sessions."""

    key: str
    wordings: tuple[str, ...]
    passages: int
    merge: Merge | None
    is_speaker: bool


@dataclass(frozen=True)
class Mention:
    """A passage of a document, or a turn of a session, that names an entity."""

    passage_id: str
    document: str
    document_id: str
    session_id: str | None
    turn_id: str | None
    stated_by: str
    said_at: datetime
    name: str
    text: str


@dataclass(frozen=True)
class EntityRecord:
    """An entity, its names and why they are one, what people decided and corrected of it, and the newest of the
    passages that name it, of which there are `mention_count`."""

    entity: Entity
    names: tuple[EntityName, ...]
    decisions: tuple[NameDecision, ...]
    corrections: tuple[EntityCorrection, ...]
    mentions: tuple[Mention, ...]
    mention_count: int


def row_of(snapshot: Snapshot, dataset: Dataset, entity: str) -> int:
    """The row of the entity of that name, in any wording, or else of that id. Raises InvalidInputError."""
    row = snapshot.entity_keys.get(name_key(entity))
    if row is not None:
        return row
    found = np.flatnonzero(snapshot.entities["id"].array == entity)
    if not len(found):
        raise InvalidInputError(
            f"Dataset {dataset.name!r} has no entity called {entity!r:.80}. `sessiongraph entities list` shows the "
            "names that it has."
        )
    return int(found[0])


def listed(snapshot: Snapshot, query: str | None, type_: str | None, limit: int) -> list[Entity]:
    """The first `limit` of those `chosen`."""
    counts = fact_counts(snapshot, holding(snapshot))
    return [shown(snapshot, int(row), counts) for row in chosen(snapshot, query, type_, counts)[:limit]]


def chosen(snapshot: Snapshot, query: str | None, type_: str | None, counts: Array) -> Array:
    """The rows of entities of that type whose names have the words of `query`: the best match first, then those with
    the most facts, by their `counts`."""
    rows = np.arange(len(snapshot.entities)) if query is None else np.array(matching(snapshot, query), int)
    if type_ is not None:
        rows = rows[snapshot.entities["type"].array[rows] == type_]
    return by_count(snapshot, rows, counts) if query is None else rows


def record(
    snapshot: Snapshot, row: int, decisions: Sequence[NameDecision], corrections: Sequence[EntityCorrection]
) -> EntityRecord:
    """All of the entity of a row. `decisions` and `corrections` are those of the dataset."""
    mentions = snapshot.mentions[(snapshot.mentions["entity"] == row).to_numpy()]
    merges = {merge.key: merge for merge in snapshot.merges}
    speakers = set(map(speaker_key, snapshot.speaker_labels))
    names = []
    for key, rows in mentions.groupby("key"):
        wordings = tuple(rows["name"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index)
        passages = rows["passage"].nunique()
        names.append(EntityName(str(key), wordings, passages, merges.get(str(key)), key in speakers))
    names.sort(key=lambda name: (name.merge is not None, -name.passages, name.key))
    keys = {name.key for name in names}
    return EntityRecord(
        shown(snapshot, row, fact_counts(snapshot, holding(snapshot))),
        tuple(names),
        tuple(it for it in decisions if not keys.isdisjoint((it.a, it.b))),
        tuple(it for it in corrections if snapshot.entity_keys.get(it.entity) == row),
        tuple(_mentions(snapshot, mentions)),
        mentions["passage"].nunique(),
    )


def decided(connection: StoreConnection) -> list[NameDecision]:
    """The newest decision on each two names. Blocks."""
    rows = connection.execute(_DECISIONS).fetchall()
    return [NameDecision(a, b, same, reason or "", at.replace(tzinfo=UTC)) for a, b, same, reason, at in rows]


def corrected(snapshot: Snapshot) -> list[EntityCorrection]:
    """What people said of the types and names of entities, by name key."""
    return [
        EntityCorrection(key, word.type, word.name, word.said.name, word.said.at.replace(tzinfo=UTC))
        for key, word in sorted(snapshot.entity_words.items())
    ]


def shown(snapshot: Snapshot, row: int, counts: Array) -> Entity:
    """The entity of a row, of which `counts` says how many facts there are."""
    it = snapshot.entities.iloc[row]
    aliases = tuple(name for name in it["aliases"] if name != it["name"])
    return Entity(it["id"], it["name"], it["type"], it["description"], aliases, int(counts[row]))


def holding(snapshot: Snapshot) -> Array:
    """Which facts are not over: (facts,) of bool."""
    return snapshot.facts["valid_until"].isna().to_numpy()


def fact_counts(snapshot: Snapshot, facts: Array) -> Array:
    """How many of `facts` (a mask) each entity is in: (entities,)."""
    ends = snapshot.facts[["subject", "object"]].to_numpy(int)[facts].ravel()
    return np.bincount(ends, minlength=len(snapshot.entities))


def by_count(snapshot: Snapshot, rows: Array, counts: Array) -> Array:
    """`rows` of entities, those with the most facts first, and then by name."""
    names, ids = (snapshot.entities[name].array[rows].astype(str) for name in ("name", "id"))
    ordered: Array = rows[np.lexsort((ids, names, -counts[rows]))]
    return ordered


def matching(snapshot: Snapshot, query: str) -> list[int]:
    """The rows of entities that have every word of `query` in one of their names: those first that are called so, then
    those that begin so, then those with the most facts."""
    words = query.casefold().split()
    counts = fact_counts(snapshot, holding(snapshot))
    found: list[tuple[tuple[int, int, str], int]] = []
    for row, (name, aliases) in enumerate(zip(snapshot.entities["name"], snapshot.entities["aliases"], strict=True)):
        folded = [it.casefold() for it in (name, *aliases)]
        if any(all(word in it for word in words) for it in folded):
            found.append(((_distance(folded, " ".join(words)), -int(counts[row]), name), row))
    return [row for _, row in sorted(found)]


def _distance(names: Sequence[str], query: str) -> int:
    return 0 if query in names else 1 if any(it.startswith(query) for it in names) else 2


def _mentions(snapshot: Snapshot, mentions: pd.DataFrame) -> Iterator[Mention]:
    """The newest passages of `mentions`, each once."""
    once = mentions.drop_duplicates("passage")
    said = snapshot.passages["said_at"].to_numpy()[once["passage"].to_numpy(int)]
    newest = once.iloc[np.lexsort((once["passage"].to_numpy(int), said))[::-1][:_MENTIONS]]
    for passage, name, stated_by in zip(newest["passage"], newest["name"], newest["stated_by"], strict=True):
        it = snapshot.passages.iloc[int(passage)]
        yield Mention(
            it["id"],
            it["name"],
            it["document_id"],
            it["session_id"] if it["turn_id"] is not None else None,
            it["turn_id"],
            stated_by,
            it["said_at"].to_pydatetime().replace(tzinfo=UTC),
            name,
            it["text"],
        )

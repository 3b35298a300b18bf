"""Which facts and entities of a graph count, for whoever looks at a part of it: by type, evidence and time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.snapshots.partial_dates import first_and_last_day, is_before, parse_partial_date
from sessiongraph.snapshots.snapshot import Snapshot


@dataclass(frozen=True)
class FactFilter:
    """Which facts count: between entities of these `types`, stated by passages of these `node_sets` and sessions, by
    whom ("user", "assistant", "document", "correction"), from `said_since` to `said_until`, both included. None or
    nothing is any.

    `held_at` (YYYY, YYYY-MM or YYYY-MM-DD) takes those that held then: a fact without a date of its own from when it
    was first said on. Without it those that hold now, or with `include_superseded` all.
    """

    types: Sequence[str] = ()
    node_sets: Sequence[str] = ()
    session_ids: Sequence[str] = ()
    stated_by: Sequence[str] = ()
    said_since: date | None = None
    said_until: date | None = None
    held_at: str | None = None
    include_superseded: bool = False

    @property
    def is_of_evidence(self) -> bool:
        return bool(self.node_sets or self.session_ids or self.stated_by or self.said_since or self.said_until)


def counting_facts(snapshot: Snapshot, only: FactFilter) -> Array:
    """Which facts count, but for the types of their ends: (facts,) of bool."""
    facts, claims = snapshot.facts, snapshot.claims
    if only.held_at is not None:
        counting = _held(facts, only.held_at)
    elif only.include_superseded:
        counting = np.ones(len(facts), bool)
    else:
        counting = facts["valid_until"].isna().to_numpy().copy()
    if only.is_of_evidence:
        stating = _evidence(snapshot, claims, only)
        counting &= np.bincount(claims["fact"].to_numpy(int)[stating], minlength=len(facts)) > 0
    return counting


def named_entities(snapshot: Snapshot, only: FactFilter) -> Array:
    """Which entities are named in passages that count: (entities,) of bool."""
    mentions = snapshot.mentions
    naming = _evidence(snapshot, mentions, only)
    return np.bincount(mentions["entity"].to_numpy(int)[naming], minlength=len(snapshot.entities)) > 0


def _evidence(snapshot: Snapshot, rows: pd.DataFrame, only: FactFilter) -> Array:
    """Which of `rows`, claims or mentions, count by their passages and by who states them."""
    passages = snapshot.passages
    counting = np.ones(len(passages), bool)
    if only.node_sets:
        wanted = set(only.node_sets)
        counting &= np.array([_has_any(tags, wanted) for tags in passages["node_sets"]], bool)
    if only.session_ids:
        counting &= passages["session_id"].isin(list(only.session_ids)).to_numpy() & snapshot.is_turn
    said = passages["said_at"].to_numpy()
    if only.said_since is not None:
        counting &= said >= np.datetime64(only.said_since)
    if only.said_until is not None:
        counting &= said < np.datetime64(only.said_until + timedelta(days=1))
    found: Array = counting[rows["passage"].to_numpy(int)]
    return found & rows["stated_by"].isin(list(only.stated_by)).to_numpy() if only.stated_by else found


def _has_any(tags: object, wanted: set[str]) -> bool:
    return hasattr(tags, "__len__") and not wanted.isdisjoint(tags)  # type: ignore[arg-type]  # None where untagged


def of_types(snapshot: Snapshot, types: Sequence[str], besides: Sequence[int]) -> Array:
    if not types:
        return np.ones(len(snapshot.entities), bool)
    found: Array = snapshot.entities["type"].isin(list(types)).to_numpy().copy()
    found[list(besides)] = True
    return found


def _held(facts: pd.DataFrame, held_at: str) -> Array:
    """Which facts held at a date: they had begun by then, and were not over."""
    at = parse_partial_date(held_at)
    days = first_and_last_day(at) if at is not None else None
    assert at is not None and days is not None, "checked at the door"
    begun = _by_date(facts["valid_at"], lambda text: _begun(text, at), none=-1)
    said = facts["said_at"].to_numpy() < np.datetime64(days[1] + timedelta(days=1))
    over = _by_date(facts["valid_until"], lambda text: _begun(text, at), none=0)
    return np.where(begun < 0, said, begun > 0) & (over < 1)


def _begun(text: str, at: tuple[int, ...]) -> int:
    """1 where what begins then has begun at `at`, 0 where not, -1 where the text is no date."""
    begins = parse_partial_date(text)
    return -1 if begins is None else int(not is_before(at, begins))


def _by_date(texts: pd.Series, value: Callable[[str], int], none: int) -> Array:
    """`value` of each text, asked once for each date; `none` where there is none."""
    codes, distinct = pd.factorize(texts)
    values = np.array([*(value(text) for text in distinct), none])
    return values[codes]

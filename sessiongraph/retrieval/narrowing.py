"""Narrowing of a dataset to what a search is to use: by node sets, and by a SearchFilter. Blocks.

Invariant: what is shut out is neither ranked nor shown. So it is left out before anything is ranked, and the best k are
the best k that fit; and of what is left, nothing is told in words that only what was shut out has (`visible`).
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import lru_cache

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.metadata import from_text
from sessiongraph.retrieval.learned_node_sets import learned_from
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.search_filter import SearchFilter
from sessiongraph.retrieval.temporal_scoring import parse_days
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore

_METADATA = """
SELECT id, metadata FROM documents WHERE metadata IS NOT NULL
UNION ALL SELECT passage_id, metadata FROM current_turns WHERE metadata IS NOT NULL
"""
_USERS = "SELECT DISTINCT user_id FROM documents WHERE user_name IN (SELECT unnest(?))"


def narrow(scope: Scope, store: GraphStore, node_sets: Collection[str] | None, where: SearchFilter | None) -> Scope:
    """`scope` without what does not fit; itself where there is nothing to be narrowed by. Raises StoreBusyError.

    `store` is the dataset's: it knows the metadata, and who is called what.
    """
    if node_sets is None and where is None:
        return scope
    fits = scope.allowed.copy()
    if node_sets is not None:
        tags = set(node_sets)
        fits &= _tagged(scope.snapshot.passages, tags) | learned_from(scope.snapshot, store, tags)
    if where is None:
        return Scope(scope.dataset, scope.snapshot, fits, visible=fits)
    fits &= _fitting(scope.snapshot, where)
    if where.of_users:
        users = store.read(lambda connection: _ids(connection, _USERS, [list(where.of_users)]))
        fits &= scope.snapshot.passages["user_id"].isin(users).to_numpy()
    if where.metadata:
        fits &= _is_of(scope.snapshot.passages, store.read(lambda connection: _described(connection, where)))
    narrowed = Scope(scope.dataset, scope.snapshot, fits, visible=fits)
    return _valid(narrowed, *where.valid) if where.valid is not None else narrowed


def node_sets_of(snapshot: Snapshot) -> set[str]:
    """The tags that its passages carry."""
    return {tag for tags in snapshot.passages["node_sets"] for tag in _list(tags)}


def _fitting(snapshot: Snapshot, where: SearchFilter) -> Array:
    """Which passages fit in what a snapshot says of them: (n,) bool."""
    passages = snapshot.passages
    said = passages["said_at"].to_numpy().astype("datetime64[D]")
    first, last = where.said
    fits: Array = (said >= np.datetime64(first)) & (said <= np.datetime64(last))
    if where.kinds:
        fits &= passages["kind"].isin(where.kinds).to_numpy()
    if where.of_sessions:
        fits &= snapshot.is_turn & passages["session_id"].isin(where.of_sessions).to_numpy()
    if where.of_documents:
        fits &= passages["document_id"].isin(where.of_documents).to_numpy()
    return fits


def _valid(scope: Scope, first: date, last: date) -> Scope:
    """`scope` with the facts alone that were true at some time from `first` to `last`, and what states one."""
    snapshot, facts = scope.snapshot, scope.facts
    begun, ended, said = (facts[name].tolist() for name in ("valid_at", "valid_until", "said_at"))
    days_of = {value: parse_days(value) for value in {*begun, *ended}}

    def is_valid(start: object, end: object, said_at: datetime) -> bool:
        begins, ends = days_of[start], days_of[end]
        since = begins.start if begins else date.min if ends else said_at.date()
        return since <= last and (ends is None or ends.end >= first)

    valid = np.fromiter(map(is_valid, begun, ended, said), bool, len(facts)) & scope.allowed_facts
    claims, stating = snapshot.claims, np.zeros(len(snapshot.passages), bool)
    stating[claims["passage"].to_numpy()[valid[claims["fact"].to_numpy()]]] = True
    fits = scope.allowed & stating
    return Scope(scope.dataset, snapshot, fits, visible=fits, valid_facts=valid)


def _described(connection: StoreConnection, where: SearchFilter) -> set[str]:
    """The ids of the documents and turns whose metadata fits."""
    fits = lru_cache(lambda text: where.fits_metadata(from_text(text)))  # most have the same as others
    return {id_ for id_, text in connection.execute(_METADATA).fetchall() if fits(text)}


def _ids(connection: StoreConnection, query: str, given: Sequence[object]) -> set[str]:
    return {id_ for (id_,) in connection.execute(query, given).fetchall()}


def _is_of(passages: pd.DataFrame, ids: set[str]) -> Array:
    """Which passages are the turns, or of the documents, `ids`."""
    found: Array = (passages["id"].isin(ids) | passages["document_id"].isin(ids)).to_numpy()
    return found


def _tagged(passages: pd.DataFrame, tags: set[str]) -> Array:
    return np.fromiter((not tags.isdisjoint(_list(own)) for own in passages["node_sets"]), bool, len(passages))


def _list(tags: object) -> list[str]:
    """A list column of DuckDB, in which a document without tags is no list."""
    return list(tags) if isinstance(tags, np.ndarray | list) else []

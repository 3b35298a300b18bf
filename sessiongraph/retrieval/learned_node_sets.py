"""The node sets that nobody tags: what profiles, conflicts and lessons rest on, by the names of their assets. Blocks.

Nothing is searched twice for it: a passage is in such a set for as long as it is evidence of a line of it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from sessiongraph.columnar.vectors import Array
from sessiongraph.snapshots.conflicts import find_conflicts
from sessiongraph.snapshots.lessons import read_lessons
from sessiongraph.snapshots.profiles import find_profiles
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.graph_store import GraphStore


def learned_from(snapshot: Snapshot, store: GraphStore, node_sets: Collection[str]) -> Array:
    """Which passages are in those of `node_sets` that are learned: (n,) bool."""
    found = np.zeros(len(snapshot.passages), bool)
    for name, passages_of in _NODE_SETS.items():
        if name in node_sets:
            found |= passages_of(snapshot, store)
    return found


def _of_conflicts(snapshot: Snapshot, store: GraphStore) -> Array:
    return _stating(snapshot, (row for it in find_conflicts(snapshot) for row in it.facts))


def _of_profiles(snapshot: Snapshot, store: GraphStore) -> Array:
    return _stating(snapshot, (row for it in find_profiles(snapshot) for rows in it.aspects.values() for row in rows))


def _of_lessons(snapshot: Snapshot, store: GraphStore) -> Array:
    learned = store.read(read_lessons)
    turns = {passage for of_session in learned.values() for it in of_session for passage in it.turns}
    found: Array = snapshot.passages["id"].isin(turns).to_numpy()
    return found


_NODE_SETS: Mapping[str, Callable[[Snapshot, GraphStore], Array]] = {
    "conflicts": _of_conflicts,
    "speaker_profiles": _of_profiles,
    "session_lessons": _of_lessons,
}


def _stating(snapshot: Snapshot, facts: Iterable[int]) -> Array:
    """The passages that state any of `facts` (rows)."""
    claims, found = snapshot.claims, np.zeros(len(snapshot.passages), bool)
    stating = np.isin(claims["fact"].to_numpy(int), list(facts))
    found[claims["passage"].to_numpy(int)[stating]] = True
    return found

"""Snapshots as a process shares them: refreshed when the store has moved, served on while it is being written.

Invariants:
- A reader that has seen a dataset once never fails because a writer works; it sees the last version.
- What was committed before a snapshot is asked for is in it, unless a writer works. One thread refreshes, and others
  that ask meanwhile wait for it: all that it has read need not be read again.
Snapshots of many datasets share MEMORY_BUDGET_BYTES; the one used longest ago goes first.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb

from sessiongraph.errors import StoreBusyError
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.text_index.tokenizer import Tokenizer

T = TypeVar("T")

MEMORY_BUDGET_BYTES = 2 * 1024**3


@dataclass
class _Followed:
    """A store as far as it was read: its derived state, which one thread at a time works on, and what that showed."""

    builder: SnapshotBuilder
    refreshing: threading.Lock = field(default_factory=threading.Lock)
    seen: tuple[tuple[int, ...] | None, Snapshot] | None = None


class SnapshotReader:
    """Snapshots by store and embedding model. Methods block; they may be called from several threads."""

    def __init__(self) -> None:
        self._followed: OrderedDict[tuple[Path, str], _Followed] = OrderedDict()
        self._guard = threading.Lock()
        # One for all indexes: they have most words in common.
        self.tokenizer = Tokenizer()

    def snapshot(self, store: GraphStore, embedding_model: str) -> Snapshot:
        """The newest state that can be had without waiting for a writer; the first one waits its turn."""
        followed = self._follow(store, embedding_model)
        seen = followed.seen
        if seen is not None and seen[0] == store.signature():
            return seen[1]
        with followed.refreshing:
            snapshot = self._refreshed(store, followed)
        self._keep_to_budget()
        return snapshot

    def read(
        self, store: GraphStore, embedding_model: str, query: Callable[[duckdb.DuckDBPyConnection, Snapshot], T]
    ) -> T:
        """What `query` makes of the store and of its state, while no writer can change either. Waits for writers."""
        followed = self._follow(store, embedding_model)

        def newest(connection: duckdb.DuckDBPyConnection) -> T:
            snapshot = followed.builder.refresh(connection)
            followed.seen = (store.signature(), snapshot)
            return query(connection, snapshot)

        with followed.refreshing:
            result = store.read(newest)
        self._keep_to_budget()
        return result

    def _follow(self, store: GraphStore, embedding_model: str) -> _Followed:
        key = (store.path, embedding_model)
        with self._guard:
            followed = self._followed.setdefault(key, _Followed(SnapshotBuilder(embedding_model, self.tokenizer)))
            self._followed.move_to_end(key)
            return followed

    def _refreshed(self, store: GraphStore, followed: _Followed) -> Snapshot:
        seen = followed.seen
        before = store.signature()
        if seen is not None and seen[0] == before:
            return seen[1]
        try:
            # The signature is taken inside the lock: no writer can move the file between it and the rows. Where there
            # is no file there is no lock either: one that appears meanwhile is not what was read.
            followed.seen = store.read(
                lambda connection: (before and store.signature(), followed.builder.refresh(connection)),
                wait_seconds=0.0 if seen else None,
            )
        except StoreBusyError:
            if seen is None:
                raise
            return seen[1]
        return followed.seen[1]

    def _keep_to_budget(self) -> None:
        with self._guard:
            sizes = {key: followed.seen[1].nbytes for key, followed in self._followed.items() if followed.seen}
            total = sum(sizes.values())
            for key, size in list(sizes.items())[:-1]:
                if total > MEMORY_BUDGET_BYTES:
                    del self._followed[key]
                    total -= size

"""Snapshots as a process shares them: refreshed when the store has moved, served on while it is being written.

Invariants:
- A reader that has seen a dataset once never fails because a writer works, nor waits for it, nor because a database is
  away; it sees the last version.
- What was committed before a snapshot is asked for is in it, unless a writer works. One thread refreshes, and others
  that ask meanwhile wait for it: all that it has read need not be read again.
- One graph a store: whoever needs no vectors (`read`) uses the state that is followed already, whatever vectors it
  has. Only where none is, one without vectors is followed, which goes when vectors are asked for. So a process that
  only persists reads no vectors, and one that searches too keeps no second copy. What is there is opened as the newest
  checkpoint has it, whose vectors cost nothing until they are read.
- A thread that has a state's lock never waits for the store's: that one is taken first.
Snapshots of many datasets share MEMORY_BUDGET_BYTES; the one used longest ago goes first.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from sessiongraph.errors import StoreBusyError
from sessiongraph.snapshots.checkpoint import bring_newest, open_newest
from sessiongraph.snapshots.shared_checkpoints import SharedCheckpoints
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.text_index.tokenizer import Tokenizer

T = TypeVar("T")

MEMORY_BUDGET_BYTES = 2 * 1024**3
_NO_VECTORS = ""


@dataclass
class _Followed:
    """A store as far as it was read: its derived state, which one thread at a time works on, and what that showed."""

    embedding_model: str
    builder: SnapshotBuilder | None = None
    refreshing: threading.Lock = field(default_factory=threading.Lock)
    seen: tuple[Hashable, Snapshot] | None = None


class SnapshotReader:
    """Snapshots by store and embedding model. Methods block; they may be called from several threads."""

    def __init__(self, shared: SharedCheckpoints | None = None) -> None:
        self._shared = shared
        self._followed: OrderedDict[tuple[str, str], _Followed] = OrderedDict()
        self._guard = threading.Lock()
        # One for all indexes: they have most words in common.
        self.tokenizer = Tokenizer()

    def close(self) -> None:
        """Let go of all graphs; who asks afterwards has them read anew."""
        with self._guard:
            self._followed.clear()

    def snapshot(self, store: GraphStore, embedding_model: str) -> Snapshot:
        """The newest state that can be had without waiting for a writer; the first one waits its turn."""
        followed = self._follow(store, embedding_model)
        seen = followed.seen
        try:
            before = store.signature()
            if seen is not None and seen[0] == before:
                return seen[1]
            self._bring_checkpoint(followed, store)
            snapshot = store.read(
                lambda connection: self._newest(followed, store, connection, before),
                wait_seconds=0.0 if seen else None,
            )
        except StoreBusyError:
            if seen is None:
                raise
            return seen[1]
        self._keep_to_budget()
        return snapshot

    def read(self, store: GraphStore, query: Callable[[StoreConnection, Snapshot], T]) -> T:
        """What `query` makes of the store and of its state, while no writer can change either. Waits for writers.

        The snapshot has the vectors that this process has of the store anyway, or none.
        """
        followed = self._follow(store)
        self._bring_checkpoint(followed, store)
        before = store.signature()
        result = store.read(lambda connection: query(connection, self._newest(followed, store, connection, before)))
        self._keep_to_budget()
        return result

    def _follow(self, store: GraphStore, embedding_model: str | None = None) -> _Followed:
        """The state with that model's vectors; where none is named, the one used last."""
        with self._guard:
            if embedding_model is None:
                models = (model for key, model in reversed(self._followed) if key == store.key)
                embedding_model = next(models, _NO_VECTORS)
            elif embedding_model != _NO_VECTORS:
                self._followed.pop((store.key, _NO_VECTORS), None)
            key = (store.key, embedding_model)
            followed = self._followed.setdefault(key, _Followed(embedding_model))
            self._followed.move_to_end(key)
            return followed

    def _bring_checkpoint(self, followed: _Followed, store: GraphStore) -> None:
        """Have here what other machines made, before the store is opened: nobody holds one while files are fetched."""
        if self._shared is not None and followed.builder is None:
            bring_newest(store, followed.embedding_model or None, self._shared)

    def _newest(
        self,
        followed: _Followed,
        store: GraphStore,
        connection: StoreConnection,
        before: Hashable,
    ) -> Snapshot:
        """The state of the store behind `connection`, which had the signature `before` just before it was opened."""
        with followed.refreshing:
            # Taken inside the store's lock: no writer can move the file between it and the rows. Where there is no file
            # there is no lock either: one that appears meanwhile is not what was read.
            signature = before and store.signature()
            if followed.builder is None:
                model = followed.embedding_model
                checkpoint = open_newest(store, connection, model or None, self.tokenizer)
                followed.builder = checkpoint or SnapshotBuilder(model, self.tokenizer)
            if followed.seen is None or signature is None or followed.seen[0] != signature:
                followed.seen = (signature, followed.builder.refresh(connection))
            return followed.seen[1]

    def _keep_to_budget(self) -> None:
        with self._guard:
            sizes = {key: followed.seen[1].nbytes for key, followed in self._followed.items() if followed.seen}
            total = sum(sizes.values())
            for key, size in list(sizes.items())[:-1]:
                if total > MEMORY_BUDGET_BYTES:
                    del self._followed[key]
                    total -= size

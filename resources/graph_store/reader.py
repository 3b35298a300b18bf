"""Snapshots as a process shares them: loaded when the store has moved, served on while it is being written.

Invariant: a reader that has seen a dataset once never fails because a writer works; it sees the last version.
Snapshots of many datasets share MEMORY_BUDGET_BYTES; the one used longest ago goes first.
"""

import threading
from collections import OrderedDict
from pathlib import Path

from resources.errors import StoreBusyError
from resources.graph_store.snapshot import Snapshot, load_snapshot
from resources.graph_store.store import GraphStore

MEMORY_BUDGET_BYTES = 2 * 1024**3


class SnapshotReader:
    """Snapshots by store and embedding model. Methods block; they may be called from several threads."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[tuple[Path, str], tuple[tuple[int, ...] | None, Snapshot]] = OrderedDict()
        self._guard = threading.Lock()

    def snapshot(self, store: GraphStore, embedding_model: str) -> Snapshot:
        """The newest state that can be had without waiting for a writer; the first one waits its turn."""
        key = (store.path, embedding_model)
        with self._guard:
            seen = self._loaded.get(key)
            if seen is not None:
                self._loaded.move_to_end(key)
        before = store.signature()
        if seen is not None and seen[0] == before:
            return seen[1]
        try:
            # The signature is taken inside the lock: no writer can move the file between it and the rows. Where there
            # is no file there is no lock either: one that appears meanwhile is not what was read.
            loaded = store.read(
                lambda connection: (before and store.signature(), load_snapshot(connection, embedding_model)),
                wait_seconds=0.0 if seen else None,
            )
        except StoreBusyError:
            if seen is None:
                raise
            return seen[1]
        self._keep(key, loaded)
        return loaded[1]

    def _keep(self, key: tuple[Path, str], loaded: tuple[tuple[int, ...] | None, Snapshot]) -> None:
        with self._guard:
            self._loaded[key] = loaded
            self._loaded.move_to_end(key)
            total = sum(snapshot.nbytes for _, snapshot in self._loaded.values())
            while total > MEMORY_BUDGET_BYTES and len(self._loaded) > 1:
                _, (_, dropped) = self._loaded.popitem(last=False)
                total -= dropped.nbytes

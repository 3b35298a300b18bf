"""Snapshots read from the beginning, for tests of what is in a store."""

from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.store.connection import StoreConnection
from sessiongraph.text_index.tokenizer import Tokenizer


def load_snapshot(connection: StoreConnection, embedding_model: str) -> Snapshot:
    """The present state of the dataset behind `connection`."""
    return SnapshotBuilder(embedding_model, Tokenizer()).refresh(connection)

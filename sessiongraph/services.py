"""All resources of one process, made from its settings, each when it is first asked for.

The Python API and the Dagster resources both hand out what is made here, so that there is one way to make it.
"""

import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.settings import Settings
from sessiongraph.types import Dataset

if TYPE_CHECKING:
    from sessiongraph.access.control import AccessControl
    from sessiongraph.llm.client import LLM
    from sessiongraph.llm.embedder import Embedder
    from sessiongraph.session_cache.base import SessionCache
    from sessiongraph.snapshots.snapshot import Snapshot
    from sessiongraph.snapshots.snapshot_cache import SnapshotReader
    from sessiongraph.store.graph_store import GraphStore


class Resources:
    """Session cache, graph stores, LLM, embedder and access of one set of settings. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def cache(self) -> "SessionCache":
        """Raises CachingDisabledError where CACHING=false."""
        from sessiongraph.session_cache import open_session_cache

        return open_session_cache(self.settings)

    @cached_property
    def access(self) -> "AccessControl":
        from sessiongraph.access.control import AccessControl

        return AccessControl(self.settings.home)

    @cached_property
    def llm(self) -> "LLM":
        from sessiongraph.llm.client import LLM

        return LLM(self.settings)

    @cached_property
    def embedder(self) -> "Embedder":
        from sessiongraph.llm.embedder import Embedder

        return Embedder(self.settings)

    @cached_property
    def _reader(self) -> "SnapshotReader":
        from sessiongraph.snapshots.snapshot_cache import SnapshotReader

        return SnapshotReader()

    def store(self, dataset: Dataset) -> "GraphStore":
        from sessiongraph.store.graph_store import GraphStore

        return GraphStore(self.folder(dataset) / "graph.duckdb")

    def snapshot(self, dataset: Dataset) -> "Snapshot":
        """The dataset as a reader sees it now. Blocks for as long as reading takes."""
        return self._reader.snapshot(self.store(dataset), self.embedder.identity)

    def folder(self, dataset: Dataset) -> Path:
        """Where everything that belongs to `dataset` lies; named by id, which no name from outside can leave."""
        return self.settings.home / "datasets" / dataset.id

    def inbox(self, dataset: Dataset) -> Path:
        """The folder whose files the next materialization of `documents` takes."""
        return self.settings.home / "inbox" / dataset.owner_name / dataset.name

    def delete_files(self, dataset: Dataset) -> None:
        """Remove the dataset's store and files from disk."""
        self.store(dataset).delete()
        shutil.rmtree(self.folder(dataset), ignore_errors=True)
        shutil.rmtree(self.inbox(dataset), ignore_errors=True)

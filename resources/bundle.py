"""All resources of one process, made from its settings, each when it is first asked for.

The Python API and the Dagster resources both hand out what is made here, so that there is one way to make it.
"""

import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resources.settings import Settings
from resources.types import Dataset

if TYPE_CHECKING:
    from resources.access.control import AccessControl
    from resources.graph_store.reader import SnapshotReader
    from resources.graph_store.snapshot import Snapshot
    from resources.graph_store.store import GraphStore
    from resources.llm.client import LLM
    from resources.llm.embedder import Embedder
    from resources.session_cache.base import SessionCache


class Resources:
    """Session cache, graph stores, LLM, embedder and access of one set of settings. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def cache(self) -> "SessionCache":
        """Raises CachingDisabledError where CACHING=false."""
        from resources.session_cache import open_session_cache

        return open_session_cache(self.settings)

    @cached_property
    def access(self) -> "AccessControl":
        from resources.access.control import AccessControl

        return AccessControl(self.settings.home)

    @cached_property
    def llm(self) -> "LLM":
        from resources.llm.client import LLM

        return LLM(self.settings)

    @cached_property
    def embedder(self) -> "Embedder":
        from resources.llm.embedder import Embedder

        return Embedder(self.settings)

    @cached_property
    def _reader(self) -> "SnapshotReader":
        from resources.graph_store.reader import SnapshotReader

        return SnapshotReader()

    def store(self, dataset: Dataset) -> "GraphStore":
        from resources.graph_store.store import GraphStore

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

"""The resources as Dagster hands them to assets, sensors and checks: thin, over the one bundle of this process.

Every field is optional: what is left out comes from the environment, as everywhere else. What a resource does
belongs to the resource itself, how it is made to `bundle`.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from sessiongraph.ids import key_parts
from sessiongraph.services import Services
from sessiongraph.settings import Settings, load_settings
from sessiongraph.types import Dataset

if TYPE_CHECKING:
    from sessiongraph.access.control import AccessControl
    from sessiongraph.llm.client import LLM
    from sessiongraph.llm.embedder import Embedder
    from sessiongraph.session_cache.base import SessionCache
    from sessiongraph.snapshots.snapshot import Snapshot
    from sessiongraph.snapshots.snapshot_cache import SnapshotReader
    from sessiongraph.store.graph_store import GraphStore


class SessionCacheResource(dg.ConfigurableResource):
    """The session cache of the project, SQLite or Redis as CACHE_BACKEND says."""

    home: str | None = None

    @property
    def cache(self) -> "SessionCache":
        """Raises CachingDisabledError where CACHING=false."""
        return _resources(home=self.home).cache


class GraphStoreResource(dg.ConfigurableResource):
    """The datasets: who owns them, their stores, and the folders that their files are put into."""

    home: str | None = None

    @property
    def access(self) -> "AccessControl":
        return self._resources.access

    def dataset(self, key: str) -> Dataset:
        """The dataset of the partition `key`, created where its owner is known. Raises DatasetNotFoundError."""
        return self.access.get_or_create_by_key(key)

    def store(self, dataset: Dataset) -> "GraphStore":
        return self._resources.store(dataset)

    @property
    def snapshots(self) -> "SnapshotReader":
        return self._resources.snapshots

    def snapshot(self, dataset: Dataset) -> "Snapshot":
        """The graph of `dataset` as it is now, for assets made from it."""
        return self._resources.snapshot(dataset)

    def inbox(self, dataset: Dataset) -> Path:
        """Where a person puts files for `documents` to take."""
        return self._resources.inbox(dataset)

    def inbox_of(self, key: str) -> Path:
        """As `inbox`, of the dataset of the partition `key`, which may not have been created yet."""
        owner, name = key_parts(key)
        return self.inbox(Dataset("", name, "", owner))

    def files(self, dataset: Dataset) -> Path:
        """Where the originals are kept that `documents` took."""
        return self._resources.folder(dataset) / "files"

    @property
    def _resources(self) -> Services:
        return _resources(home=self.home)


class LLMResource(dg.ConfigurableResource):
    """The language model and the embedding model. Endpoints and keys come from the environment alone."""

    llm_model: str | None = None
    embedding_model: str | None = None

    @property
    def llm(self) -> "LLM":
        return self._resources.llm

    @property
    def embedder(self) -> "Embedder":
        return self._resources.embedder

    @property
    def _resources(self) -> Services:
        return _resources(llm_model=self.llm_model, embedding_model=self.embedding_model)


def _resources(home: str | None = None, **chosen: str | None) -> Services:
    """The process's resources of the environment's settings, but for those `chosen` that are not None."""
    changes: dict[str, object] = {name: value for name, value in chosen.items() if value is not None}
    if home is not None:
        changes["home"] = Path(home).expanduser().absolute()
    return _shared(load_settings().model_copy(update=changes))


@lru_cache(maxsize=8)
def _shared(settings: Settings) -> Services:
    return Services(settings)

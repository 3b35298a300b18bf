"""What the work is done with: session cache, graph stores, models, access and snapshots of one set of settings.

Each is made when it is first asked for, belongs to the Services that made it, and is closed with it. What is loaded
once and fits any settings (models' weights, DuckDB's instances, Dagster's) stands in `Shared`, which several may share.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sessiongraph.errors import SessionGraphError
from sessiongraph.settings import Settings
from sessiongraph.types import Dataset

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from sessiongraph.access.control import AccessControl
    from sessiongraph.access.last_known import LastKnown
    from sessiongraph.dagster_home import DagsterInstances
    from sessiongraph.database.engine import Database
    from sessiongraph.files import Files
    from sessiongraph.llm.client import LLM
    from sessiongraph.llm.embedder import Embedder
    from sessiongraph.local_models import LocalModels
    from sessiongraph.session_cache.base import SessionCache
    from sessiongraph.snapshots.checkpoint import Made
    from sessiongraph.snapshots.feedback_weights import FeedbackWeights
    from sessiongraph.snapshots.shared_checkpoints import SharedCheckpoints
    from sessiongraph.snapshots.snapshot import Snapshot
    from sessiongraph.snapshots.snapshot_cache import SnapshotReader
    from sessiongraph.store.duckdb_pool import DuckDBPool
    from sessiongraph.store.graph_store import GraphStore

T = TypeVar("T")

logger = logging.getLogger("sessiongraph")

# How often as much as makes a checkpoint due is waited for by whoever wrote it: a daemon makes it before.
_PATIENCE = 2


class Shared:
    """What costs seconds or megabytes to make and holds nothing of anybody's: each made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[Callable[[], Any], Any] = {}

    def made(self, make: Callable[[], T]) -> T:
        """What `make` gives, once for all: for what only those know who stand above."""
        if make not in self._made:
            self._made[make] = make()
        made: T = self._made[make]
        return made

    @cached_property
    def local_models(self) -> "LocalModels":
        from sessiongraph.local_models import LocalModels

        return LocalModels()

    @cached_property
    def duckdb_pool(self) -> "DuckDBPool":
        from sessiongraph.store.duckdb_pool import DuckDBPool

        return DuckDBPool()

    @cached_property
    def dagster_instances(self) -> "DagsterInstances":
        from sessiongraph.dagster_home import DagsterInstances

        return DagsterInstances()

    def close(self) -> None:
        """Close what was opened."""
        for name in ("duckdb_pool", "dagster_instances"):
            if name in vars(self):
                vars(self).pop(name).close()


class Services:
    """Session cache, graph stores, LLM, embedder and access of one set of settings. Safe to share between threads.

    `shared` is another's to close where one is given, and closed with this where not.
    """

    def __init__(self, settings: Settings, shared: Shared | None = None) -> None:
        self.settings = settings
        self.shared = shared or Shared()
        # Work that goes on after the call that began it has returned.
        self.background: set[asyncio.Task[Any]] = set()
        self._owns_shared = shared is None

    def close(self) -> None:
        """Close what was opened. Whatever is asked for afterwards is opened anew."""
        for name in ("cache", "access", "llm", "embedder", "snapshots", "database"):
            if (opened := vars(self).pop(name, None)) is not None:
                opened.close()
        if self._owns_shared:
            self.shared.close()

    @cached_property
    def cache(self) -> "SessionCache":
        """Raises CachingDisabledError where CACHING=false."""
        from sessiongraph.session_cache import open_session_cache

        return open_session_cache(self.settings)

    @cached_property
    def database(self) -> "Database | None":
        """The database of SESSIONGRAPH_DATABASE_URL; None where graphs and users are files of the home."""
        if self.settings.database_url is None:
            return None
        from sessiongraph.database import open_database

        return open_database(self.settings.database_url.get_secret_value())

    @cached_property
    def access(self) -> "AccessControl":
        from sessiongraph.access.control import AccessControl
        from sessiongraph.access.database import AccessFile, AccessTables

        database = AccessTables(self.database) if self.database else AccessFile(self.settings.home / "access.sqlite")
        return AccessControl(database)

    @cached_property
    def last_known(self) -> "LastKnown":
        """What `access` said to readers, for as long as it cannot be asked."""
        from sessiongraph.access.last_known import LastKnown

        return LastKnown()

    @cached_property
    def llm(self) -> "LLM":
        from sessiongraph.llm.client import LLM

        return LLM(self.settings, self.shared.local_models)

    @cached_property
    def embedder(self) -> "Embedder":
        from sessiongraph.llm.embedder import Embedder

        return Embedder(self.settings, self.shared.local_models)

    @cached_property
    def snapshots(self) -> "SnapshotReader":
        """The one reader of graphs: searches, assets and pages of changes see what it holds."""
        from sessiongraph.snapshots.snapshot_cache import SnapshotReader

        return SnapshotReader(self.shared_checkpoints)

    @cached_property
    def shared_checkpoints(self) -> "SharedCheckpoints | None":
        """What machines make for each other; None where no two have the same graphs and files."""
        if not (self.settings.files_url and self.settings.database_url):
            return None
        from sessiongraph.snapshots.shared_checkpoints import SharedCheckpoints

        return SharedCheckpoints(self.settings.home)

    @cached_property
    def feedback_weights(self) -> "FeedbackWeights":
        from sessiongraph.snapshots.feedback_weights import FeedbackWeights

        return FeedbackWeights()

    @property
    def dagster_instance(self) -> "DagsterInstance":
        """Where changes are reported to: the instance of DAGSTER_HOME, or else of this home. Blocks."""
        return self.shared.dagster_instances.of(self.settings.home)

    @cached_property
    def files(self) -> "Files":
        """Those of SESSIONGRAPH_FILES_URL, which all machines share; without it, those of the home."""
        from sessiongraph.files import LocalFiles, open_files

        return open_files(self.settings.files_url) if self.settings.files_url else LocalFiles(self.settings.home)

    def check_files(self) -> None:
        """Raise where SESSIONGRAPH_FILES_URL is set, and nothing can be kept there now: InvalidInputError,
        FilesUnavailableError. Blocks."""
        if self.settings.files_url:
            self.files.make()

    def store(self, dataset: Dataset) -> "GraphStore":
        files = self.files.below(f"datasets/{dataset.id}")
        if self.database is not None:
            from sessiongraph.store.postgres_store import PostgresStore

            return PostgresStore(self.database, dataset.id, self.folder(dataset), self.shared.duckdb_pool, files=files)
        from sessiongraph.store.duckdb_store import DuckDBStore

        return DuckDBStore(self.folder(dataset) / "graph.duckdb", self.shared.duckdb_pool, files=files)

    def snapshot(self, dataset: Dataset) -> "Snapshot":
        """The dataset as a reader sees it now. Blocks for as long as reading takes."""
        return self.snapshots.snapshot(self.store(dataset), self.embedder.identity)

    def is_checkpoint_due(self, dataset: Dataset, patience: int = 1) -> bool:
        """As `checkpoint.is_due`. Raises StoreBusyError where a writer has the store for too long. Blocks."""
        from sessiongraph.snapshots.checkpoint import is_due

        return is_due(self.store(dataset), self.embedder.identity, patience, self.shared_checkpoints)

    def make_checkpoint(self, dataset: Dataset) -> "Made | None":
        """As `checkpoint.make_checkpoint`, with the vectors of the embedder that is set. Blocks."""
        from sessiongraph.snapshots.checkpoint import make_checkpoint

        store, tokenizer = self.store(dataset), self.snapshots.tokenizer
        return make_checkpoint(store, self.embedder.identity, tokenizer, self.shared_checkpoints)

    def keep_checkpoint(self, dataset: Dataset) -> None:
        """Make a checkpoint where one has been due for so long that no daemon seems to make them. Blocks.

        It is derived: where it cannot be made, a warning says so, and what was written stands.
        """
        try:
            if self.is_checkpoint_due(dataset, _PATIENCE):
                self.make_checkpoint(dataset)
        except (OSError, SessionGraphError) as error:
            logger.warning("No checkpoint of %s could be made: %s. Its graph is read anew.", dataset.key, error)

    def folder(self, dataset: Dataset) -> Path:
        """Where everything that belongs to `dataset` lies; named by id, which no name from outside can leave."""
        return self.settings.home / "datasets" / dataset.id

    @property
    def inboxes(self) -> "Files":
        """What people put there for datasets: `<owner>/<dataset>/…`."""
        return self.files.below("inbox")

    def inbox(self, dataset: Dataset) -> "Files":
        """What the next materialization of `documents` takes."""
        return self.inboxes.below(f"{dataset.owner_name}/{dataset.name}")

    def delete_files(self, dataset: Dataset) -> None:
        """Remove the dataset's store, and its files here and where all machines have them."""
        store = self.store(dataset)
        store.delete()
        shutil.rmtree(self.folder(dataset), ignore_errors=True)
        for files in (store.files, self.inbox(dataset)):
            with suppress(OSError):
                files.remove()

    def forget_answers(self) -> None:
        """Drop what models answered: it may quote what is forgotten."""
        self.llm.forget_answers()
        self.embedder.forget_answers()

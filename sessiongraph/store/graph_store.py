"""One dataset's store: what whoever reads and writes it may rely on. What the rows mean is not known here, nor what
keeps them: `duckdb_store` does so in a file, `postgres_store` in tables that all datasets share.

Invariants:
- Connections are short: one is open only while a function passed to `read`, `write` or `rewrite` runs.
- A `write` is one transaction: all its rows and its line in `commits`, or nothing.
Methods block; callers on an event loop run them in a thread.
"""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sessiongraph.files import Files, LocalFiles
from sessiongraph.store.connection import Row, StoreConnection, Values

if TYPE_CHECKING:
    from sessiongraph.store.duckdb_store import DuckDBStore

T = TypeVar("T")

# In a store's folder, and in its files.
CHECKPOINTS = "checkpoints"


class Transaction:
    """An open write: `connection` to read with, `insert` to add rows, all of them under this commit's `seq`."""

    def __init__(self, connection: StoreConnection, seq: int) -> None:
        self.connection = connection
        self.seq = seq
        self.changed = False
        # How many passages it takes out, where that is what it is for.
        self.forgotten: int | None = None

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add `rows`, all of one set of columns, to `table`. `seq` is filled in."""
        if rows:
            self.connection.insert(table, [{**row, "seq": self.seq} for row in rows])
            self.changed = True

    def delete(self, table: str, column: str, values: Sequence[str]) -> None:
        """Delete the rows of `table` that have one of `values` in `column`."""
        self.delete_where(table, f"{column} IN (SELECT unnest(?))", [list(values)])

    def delete_where(self, table: str, condition: str, values: Values = None) -> None:
        """Delete the rows of `table` that fit `condition`."""
        self.connection.delete(table, condition, values)
        self.changed = True


class GraphStore(ABC):
    """The store of one dataset. `folder` is where this machine keeps what belongs to it, and what is derived of it;
    `files` are those that all machines share, in that folder unless they are given. Two with one `key` are the same
    store."""

    def __init__(self, folder: Path, key: str, files: Files | None = None) -> None:
        self.folder, self.key, self.files = folder, key, files or LocalFiles(folder)

    @property
    def checkpoints(self) -> Path:
        """The folder of what the graph is derived to (`snapshots/checkpoint.py`)."""
        return self.folder / CHECKPOINTS

    @property
    def originals(self) -> Files:
        """What an inbox gave, by document id."""
        return self.files.below("files")

    @property
    def findings(self) -> Path:
        """The folder of what was found of all documents (`extraction/kept_findings.py`)."""
        return self.folder / "findings"

    def remove_derived(self) -> None:
        """Remove what was derived of the store: it holds the same words, and names the same documents."""
        for folder in (self.checkpoints, self.findings):
            shutil.rmtree(folder, ignore_errors=True)
        self.files.remove(CHECKPOINTS)

    @property
    @abstractmethod
    def readers_keep_writers_out(self) -> bool:
        """Whether nobody writes while somebody reads."""

    @property
    @abstractmethod
    def exists(self) -> bool:
        """Whether anything was ever written to it."""

    @abstractmethod
    def signature(self) -> Hashable:
        """Changes whenever the store was written; None where there is no store. Costs little."""

    @abstractmethod
    def read(self, query: Callable[[StoreConnection], T], wait_seconds: float | None = None) -> T:
        """What `query` makes of a read-only connection. An absent store reads as an empty one.

        Raises StoreBusyError when the store is not to be had within `wait_seconds`.
        """

    @abstractmethod
    def write(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        """Run `change` in one transaction and commit it; where it changed nothing, or raised, nothing is written."""

    @abstractmethod
    def rewrite(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        """As `write` to a store that exists, for a `change` that deletes: no reader that comes afterwards finds what
        was deleted. What was derived of the store is removed first."""

    @abstractmethod
    def take(self, made: "DuckDBStore", bring_files: Callable[[], None] = lambda: None) -> bool:
        """Let what `made` holds be this store's, after `bring_files` has brought what belongs to it.

        False, and nothing is done, where there is a store already. The rows come last: until then there is no store.
        """

    @abstractmethod
    def copy_to(self, target: Path) -> "DuckDBStore":
        """A copy of the store between two commits, as the file `target`, for a reader that takes long.

        An absent store is copied as an empty one.
        """

    @abstractmethod
    def delete(self) -> None:
        """Remove the store, and what was derived of it."""

"""A dataset's store as one DuckDB file: how it is opened, locked, written and rewritten.

Invariant: a file appears under its name, new or rewritten, only when it is whole: a process killed anywhere leaves a
store.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import duckdb

from sessiongraph.errors import SessionGraphError
from sessiongraph.files import Files
from sessiongraph.store.duckdb_connection import DuckDBConnection
from sessiongraph.store.duckdb_pool import DuckDBPool, literal
from sessiongraph.store.file_lock import dataset_lock
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.store.schema import SCHEMA, SCHEMA_VERSION, TABLES, UPGRADES, VIEW_STATEMENTS

T = TypeVar("T")

WAIT_SECONDS = 60.0


class DuckDBStore(GraphStore):
    """The store at `path`, a file whose lock stands beside it, opened by `pool` or a pool of its own."""

    def __init__(
        self,
        path: Path,
        pool: DuckDBPool | None = None,
        wait_seconds: float = WAIT_SECONDS,
        files: Files | None = None,
    ) -> None:
        super().__init__(path.parent, str(path.resolve()), files)
        self.path = path
        self._pool = pool or DuckDBPool()
        self._lock_path = path.with_suffix(".lock")
        self._wait_seconds = wait_seconds

    @property
    def readers_keep_writers_out(self) -> bool:
        return True

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def signature(self) -> tuple[int, ...] | None:
        """Changes whenever the store was written; None where there is no store. Costs two `stat` calls."""
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return None
        try:
            log = self.path.with_name(self.path.name + ".wal").stat()
            return (state.st_ino, state.st_mtime_ns, state.st_size, log.st_mtime_ns, log.st_size)
        except FileNotFoundError:
            return (state.st_ino, state.st_mtime_ns, state.st_size)

    def read(self, query: Callable[[DuckDBConnection], T], wait_seconds: float | None = None) -> T:
        """What `query` makes of a read-only connection. An absent store reads as an empty one.

        Raises StoreBusyError when a writer has the store for longer than `wait_seconds`.
        """
        if not self.exists:
            with self._pool.opened(None) as connection:
                connection.execute(SCHEMA)
                return query(DuckDBConnection(connection))
        wait = self._wait_seconds if wait_seconds is None else wait_seconds
        while True:
            with (
                dataset_lock(self._lock_path, exclusive=False, wait_seconds=wait),
                self._pool.opened(self.path, read_only=True) as connection,
            ):
                if _version(connection, self.path) == SCHEMA_VERSION:
                    return query(DuckDBConnection(connection))
            with dataset_lock(self._lock_path, exclusive=True, wait_seconds=wait):
                self._upgrade(self.path)

    def write(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        """Run `change` in one transaction and commit it; where it changed nothing, or raised, nothing is written."""
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            if not self.exists:
                self._make(lambda empty: None)
            return self._commit(self.path, run_id, asset, change)

    def create(self, fill: Callable[[DuckDBConnection], T]) -> T:
        """Make the store of what `fill` inserts into empty tables; where it raises, there is none."""
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            return self._make(fill)

    def take(self, made: "DuckDBStore", bring_files: Callable[[], None] = lambda: None) -> bool:
        """Let the file of `made` be this store's, after `bring_files` has brought what belongs to it.

        False, and nothing is done, where there is a store already. The file comes last: until then there is no store.
        """
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            if self.exists:
                return False
            bring_files()
            made.path.replace(self.path)
            return True

    def copy_to(self, target: Path) -> "DuckDBStore":
        """A copy of the store between two commits, for a reader that takes long: a writer waits for the copy alone.

        An absent store is copied as an empty one.
        """
        copy = DuckDBStore(target, self._pool)
        with dataset_lock(self._lock_path, exclusive=False, wait_seconds=self._wait_seconds):
            # With its log, where a writer that was killed left one: DuckDB plays it back.
            for file, to in zip(_files(self.path), _files(target), strict=True):
                if file.exists():
                    shutil.copyfile(file, to)
        return copy

    def rewrite(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        """As `write` to a store that exists, but in a file written anew: DuckDB keeps deleted strings in the old one.

        What `change` deletes is in none of the bytes afterwards; the old file stands until the new one is whole. What
        was derived of the old one is removed first: it holds the same words, and names the same documents.
        """
        changed = self.path.with_suffix(".changed")
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            try:
                self._upgrade(self.path)
                self.remove_derived()
                # A writer that was killed leaves its log, which would be played back into the file written anew.
                self._checkpoint(self.path)
                self._copy(self.path, changed)
                result = self._commit(changed, run_id, asset, change)
                with self._new("rewritten") as fresh:
                    self._copy(changed, fresh)
                    # Before the new file stands: DuckDB keeps what was deleted in this one.
                    _remove(changed)
                return result
            finally:
                _remove(changed)

    def _make(self, fill: Callable[[DuckDBConnection], T]) -> T:
        with self._new("new") as fresh, self._pool.opened(fresh) as connection:
            connection.execute(SCHEMA)
            connection.execute("INSERT INTO meta VALUES (?)", [SCHEMA_VERSION])
            return fill(DuckDBConnection(connection))

    @contextmanager
    def _new(self, suffix: str) -> Iterator[Path]:
        """A path to make a file at, which becomes the store unless making it fails."""
        fresh = self.path.with_suffix(f".{suffix}")
        try:
            _remove(fresh)
            yield fresh
            self._checkpoint(fresh)
            fresh.replace(self.path)
        finally:
            _remove(fresh)

    def delete(self) -> None:
        """Remove the store from disk; its lock file stays, for whoever waits on it."""
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            self.remove_derived()
            _remove(self.path)

    def _commit(self, path: Path, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        with self._pool.opened(path) as connection:
            connection.execute("BEGIN")
            _bring_up_to_date(connection, path)
            seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM commits").fetchall()[0][0]
            transaction = Transaction(DuckDBConnection(connection), seq)
            result = change(transaction)
            if transaction.changed:
                now = datetime.now(UTC).replace(tzinfo=None)
                line = [seq, run_id, asset, now, transaction.forgotten]
                connection.execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?)", line)
            connection.execute("COMMIT" if transaction.changed else "ROLLBACK")
            return result

    def _checkpoint(self, path: Path) -> None:
        """Bring what stands only in the log of `path` into the file itself, which is whole then without it."""
        with self._pool.opened(path) as connection:
            connection.execute("CHECKPOINT")

    def _copy(self, source: Path, target: Path) -> None:
        """Write the living rows of `source` into a new file."""
        _remove(target)
        with self._pool.opened(target) as connection:
            connection.execute(SCHEMA)
            connection.execute(f"ATTACH {literal(source)} AS source (READ_ONLY)")
            for table in ("meta", *TABLES):
                connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM source.{table}")
            connection.execute("DETACH source")

    def _upgrade(self, path: Path) -> None:
        with self._pool.opened(path) as connection:
            connection.execute("BEGIN")
            _bring_up_to_date(connection, path)
            connection.execute("COMMIT")


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Within the open transaction, make of the file what this version writes."""
    earlier = range(_version(connection, path), SCHEMA_VERSION)
    for version in earlier:
        connection.execute(UPGRADES[version])
    if earlier:
        connection.execute(VIEW_STATEMENTS)
        connection.execute("UPDATE meta SET schema_version = ?", [SCHEMA_VERSION])


def _version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The file's schema version, this one's or one that can be upgraded. Raises SessionGraphError for any other."""
    version = connection.execute("SELECT max(schema_version) FROM meta").fetchall()[0][0]
    if version != SCHEMA_VERSION and version not in UPGRADES:
        raise SessionGraphError(
            f"{path} was written by another version of sessiongraph (schema {version}, this one reads "
            f"{SCHEMA_VERSION}). Use the version that wrote it, or add the documents to a new dataset."
        )
    return int(version)


def _remove(path: Path) -> None:
    for file in _files(path):
        file.unlink(missing_ok=True)


def _files(path: Path) -> tuple[Path, Path]:
    """The log of a file, and the file: alone, the log would be played back into the next one of that name."""
    return path.with_name(path.name + ".wal"), path

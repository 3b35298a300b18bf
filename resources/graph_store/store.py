"""One dataset's store: how its file is opened, read, written and rewritten. What the rows mean is not known here.

Invariants:
- Connections are short: one is open only while a function passed to `read` or `write` runs, under the lock.
- A `write` is one transaction: all its rows and its line in `commits`, or nothing.
Methods block; callers on an event loop run them in a thread.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd

from resources.errors import SessionGraphError
from resources.graph_store.lock import dataset_lock
from resources.graph_store.schema import SCHEMA, SCHEMA_VERSION, TABLES

T = TypeVar("T")
Row = Mapping[str, Any]

WAIT_SECONDS = 60.0


class Transaction:
    """An open write: `connection` to read with, `insert` to add rows, all of them under this commit's `seq`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seq: int) -> None:
        self.connection = connection
        self.seq = seq
        self.changed = False

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add `rows`, all of one set of columns, to `table`. `seq` is filled in."""
        if not rows:
            return
        # Nullable integers: in a float column a missing score would be NaN, which is no integer.
        frame = pd.DataFrame([{**row, "seq": self.seq} for row in rows]).convert_dtypes(convert_string=False)
        self.connection.register("inserted", frame)
        self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM inserted")
        self.connection.unregister("inserted")
        self.changed = True

    def delete(self, table: str, condition: str, values: Sequence[str]) -> None:
        """Delete the rows of `table` where `condition`, which has one placeholder, holds for the list `values`."""
        self.connection.execute(f"DELETE FROM {table} WHERE {condition}", [list(values)])
        self.changed = True


class GraphStore:
    """The store of one dataset at `path` (a DuckDB file; its lock stands beside it)."""

    def __init__(self, path: Path, wait_seconds: float = WAIT_SECONDS) -> None:
        self.path = path
        self._lock_path = path.with_suffix(".lock")
        self._wait_seconds = wait_seconds

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

    def read(self, query: Callable[[duckdb.DuckDBPyConnection], T], wait_seconds: float | None = None) -> T:
        """What `query` makes of a read-only connection. An absent store reads as an empty one.

        Raises StoreBusyError when a writer has the store for longer than `wait_seconds`.
        """
        if not self.exists:
            with _opened(None) as connection:
                connection.execute(SCHEMA)
                return query(connection)
        wait = self._wait_seconds if wait_seconds is None else wait_seconds
        with (
            dataset_lock(self._lock_path, exclusive=False, wait_seconds=wait),
            _opened(self.path, read_only=True) as connection,
        ):
            _check_version(connection, self.path)
            return query(connection)

    def write(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        """Run `change` in one transaction and commit it; where it changed nothing, or raised, nothing is written."""
        with (
            dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds),
            _opened(self.path) as connection,
        ):
            connection.execute("BEGIN")
            _create_or_check(connection, self.path)
            seq = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM commits").fetchall()[0][0]
            transaction = Transaction(connection, seq)
            result = change(transaction)
            if transaction.changed:
                now = datetime.now(UTC).replace(tzinfo=None)
                connection.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", [seq, run_id, asset, now])
            # An uncommitted transaction is rolled back when its connection closes.
            connection.execute("COMMIT" if transaction.changed or seq == 1 else "ROLLBACK")
            return result

    def rewrite(self) -> None:
        """Write the file anew with only its living rows: DuckDB keeps deleted strings in the old one."""
        fresh = self.path.with_suffix(".rewrite")
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            _remove(fresh)
            with _opened(self.path) as connection:
                connection.execute(f"ATTACH {_literal(fresh)} AS fresh")
                connection.execute("USE fresh")
                connection.execute(SCHEMA)
                for table in ("meta", *TABLES):
                    connection.execute(f"INSERT INTO fresh.{table} SELECT * FROM {_name(self.path)}.{table}")
                connection.execute("CHECKPOINT fresh")
            fresh.replace(self.path)

    def delete(self) -> None:
        """Remove the store from disk; its lock file stays, for whoever waits on it."""
        with dataset_lock(self._lock_path, exclusive=True, wait_seconds=self._wait_seconds):
            _remove(self.path)


@contextmanager
def _opened(path: Path | None, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    # Two threads: what is stored is small, and the process has other work.
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    except duckdb.Error as error:
        raise _explained(error, path) from error
    try:
        yield connection
    except (duckdb.IOException, duckdb.OperationalError) as error:
        raise _explained(error, path) from error
    finally:
        connection.close()


def _explained(error: duckdb.Error, path: Path | None) -> SessionGraphError:
    reason = str(error).splitlines()[0]
    return SessionGraphError(
        f"The store {path} could not be used: {reason}. Nothing was written. "
        "Check that the disk is not full and that SESSIONGRAPH_HOME may be written to."
    )


def _create_or_check(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    tables = connection.execute("SELECT count(*) FROM information_schema.tables WHERE table_name = 'meta'")
    if tables.fetchall()[0][0]:
        return _check_version(connection, path)
    connection.execute(SCHEMA)
    connection.execute("INSERT INTO meta VALUES (?)", [SCHEMA_VERSION])


def _check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    version = connection.execute("SELECT max(schema_version) FROM meta").fetchall()[0][0]
    if version != SCHEMA_VERSION:
        raise SessionGraphError(
            f"{path} was written by another version of sessiongraph (schema {version}, this one reads "
            f"{SCHEMA_VERSION}). Use the version that wrote it, or add the documents to a new dataset."
        )


def _name(path: Path) -> str:
    """The catalog name DuckDB gives to a file, quoted."""
    return '"' + path.stem.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    """`path` as an SQL string: ATTACH takes no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


def _remove(path: Path) -> None:
    for file in (path, path.with_name(path.name + ".wal")):
        file.unlink(missing_ok=True)

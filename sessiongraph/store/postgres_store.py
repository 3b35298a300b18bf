"""A dataset's store in PostgreSQL: its rows in tables that all datasets share.

Invariants:
- A writer holds the dataset's row in `stores` from before it reads until it has committed, and takes its `seq` from
  there: commits of a dataset come one after the other, in the order of their numbers. Of other datasets none waits.
- A reader sees one moment, and waits for no writer.
- `epoch` grows with whatever deletes rows. What anybody derived of the store counts for that epoch alone, so that no
  process shows what was forgotten, wherever it keeps what it read.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from sessiongraph.database.engine import SCHEMA, Database
from sessiongraph.errors import FilesUnavailableError
from sessiongraph.files import Files
from sessiongraph.store.duckdb_connection import DuckDBConnection
from sessiongraph.store.duckdb_pool import DuckDBPool
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.store.postgres_connection import PostgresConnection
from sessiongraph.store.schema import TABLES, table_columns

T = TypeVar("T")

_ROWS_AT_ONCE = 5_000
# The server's clock, so that clocks of machines may differ; never before the commit that was before.
_NOW = "greatest(clock_timestamp() AT TIME ZONE 'UTC', committed_at)"


class PostgresStore(GraphStore):
    """The store of the dataset with that id in `database`. `pool` gives DuckDB, for digests and archives."""

    def __init__(
        self,
        database: Database,
        dataset_id: str,
        folder: Path,
        pool: DuckDBPool | None = None,
        wait_seconds: float | None = None,
        files: Files | None = None,
    ) -> None:
        super().__init__(folder, f"{database.key}/{dataset_id}", files)
        self._database, self._dataset = database, dataset_id
        self._pool = pool or DuckDBPool()
        self._wait_seconds = database.wait_seconds if wait_seconds is None else wait_seconds

    @property
    def readers_keep_writers_out(self) -> bool:
        return False

    @property
    def exists(self) -> bool:
        return self.signature() is not None

    def signature(self) -> Hashable:
        with self._database.transaction(read_only=True) as connection:
            return _counter(connection, self._dataset)

    def read(self, query: Callable[[PostgresConnection], T], wait_seconds: float | None = None) -> T:
        wait = self._wait_seconds if wait_seconds is None else wait_seconds
        with self._database.transaction(read_only=True, wait_seconds=wait) as connection:
            return query(PostgresConnection(connection, self._dataset, self._pool))

    def write(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        return self._commit(run_id, asset, change, deletes=False)

    def rewrite(self, run_id: str, asset: str, change: Callable[[Transaction], T]) -> T:
        self.remove_derived()
        try:
            return self._commit(run_id, asset, change, deletes=True)
        finally:
            # What was derived meanwhile is of what was there before, and nobody opens it.
            with suppress(FilesUnavailableError):
                self.remove_derived()

    def take(self, made: DuckDBStore, bring_files: Callable[[], None] = lambda: None) -> bool:
        with self._written() as connection:
            if _counter(connection, self._dataset) != (0, 0, None):
                return False
            bring_files()
            to = PostgresConnection(connection, self._dataset, self._pool)
            made.read(lambda source: _fill(to, source))
            _own(connection, _TAKEN, self._dataset)
            connection.commit()
        return True

    def copy_to(self, target: Path) -> DuckDBStore:
        copy = DuckDBStore(target, self._pool)
        self.read(lambda source: copy.create(lambda to: _copy(to, source)))
        return copy

    def delete(self) -> None:
        with self._written() as connection:
            for table in TABLES:
                _own(connection, f"DELETE FROM {SCHEMA}.{table} WHERE dataset_id = %s", self._dataset)
            _own(connection, f"DELETE FROM {SCHEMA}.stores WHERE dataset_id = %s", self._dataset)
            connection.commit()
        self.remove_derived()

    def _commit(self, run_id: str, asset: str, change: Callable[[Transaction], T], deletes: bool) -> T:
        with self._written() as connection:
            seq = _counter(connection, self._dataset)[0] + 1
            transaction = Transaction(PostgresConnection(connection, self._dataset, self._pool), seq)
            result = change(transaction)
            if transaction.changed:
                connection.execute(
                    f"""WITH counted AS (
                        UPDATE {SCHEMA}.stores SET seq = %(seq)s, epoch = epoch + %(deletes)s, committed_at = {_NOW}
                        WHERE dataset_id = %(dataset)s RETURNING committed_at)
                    INSERT INTO {SCHEMA}.commits (dataset_id, seq, run_id, asset, committed_at, forgotten)
                    SELECT %(dataset)s, %(seq)s, %(run_id)s, %(asset)s, committed_at, %(forgotten)s FROM counted""",
                    {
                        "dataset": self._dataset,
                        "seq": seq,
                        "deletes": int(deletes),
                        "run_id": run_id,
                        "asset": asset,
                        "forgotten": transaction.forgotten,
                    },
                )
                connection.commit()
            return result

    @contextmanager
    def _written(self) -> Iterator[psycopg.Connection]:
        """A transaction that alone may write to the dataset; rolled back unless it was committed."""
        with self._database.transaction(read_only=False, wait_seconds=self._wait_seconds) as connection:
            locked = f"SELECT 1 FROM {SCHEMA}.stores WHERE dataset_id = %s FOR UPDATE"
            if not _own(connection, locked, self._dataset):
                new = f"INSERT INTO {SCHEMA}.stores (dataset_id, seq, epoch) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING"
                connection.execute(new, [self._dataset])
                _own(connection, locked, self._dataset)
            yield connection


_TAKEN = f"""
WITH own AS (SELECT seq, forgotten, committed_at FROM {SCHEMA}.commits WHERE dataset_id = %s)
UPDATE {SCHEMA}.stores SET seq = (SELECT coalesce(max(own.seq), 0) FROM own),
    epoch = (SELECT count(forgotten) FROM own), committed_at = (SELECT max(own.committed_at) FROM own)
WHERE dataset_id = %s
"""


def _counter(connection: psycopg.Connection, dataset_id: str) -> Any:
    """How far the store has come, how often something was deleted, and when it was written last; None for no store."""
    query = f"SELECT seq, epoch, committed_at FROM {SCHEMA}.stores WHERE dataset_id = %s"
    return next(iter(connection.execute(query, [dataset_id]).fetchall()), None)


def _own(connection: psycopg.Connection, statement: str, dataset_id: str) -> int:
    """How many rows `statement` is about, which asks for the dataset once or more."""
    return connection.execute(statement, [dataset_id] * statement.count("%s")).rowcount


def _fill(to: PostgresConnection, source: DuckDBConnection) -> None:
    """Put all rows of a file into the dataset."""
    for table in TABLES:
        found = source.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            to.insert(table, [dict(zip(names, row, strict=True)) for row in rows])


def _copy(to: DuckDBConnection, source: PostgresConnection) -> None:
    """Put all rows of the dataset into a new file, in the order in which they were written."""
    columns = table_columns()
    for table in TABLES:
        names = [name for name, _ in columns[table]]
        for rows in source.rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY seq"):
            to.insert(table, [dict(zip(names, row, strict=True)) for row in rows])

"""A database for each home: what is kept there is copied with the home, struck, and looked at."""

import time
from pathlib import Path

from tests.support.postgres_server import drop_database, new_database

# How soon PostgreSQL must have done with whom it heard of no more.
_END_SECONDS = 30


class HomeDatabases:
    """Databases on the server at `url`. No connection is kept: processes are forked from the one that uses it."""

    def __init__(self, url: str) -> None:
        self._server = url
        self._databases: dict[Path, str] = {}

    def create(self, home: Path) -> None:
        """Give `home` an empty one."""
        self._databases[home] = new_database(self._server)

    def of(self, home: Path) -> str:
        """The address of the database of `home`."""
        return self._databases[home]

    def copy(self, source: Path, target: Path) -> None:
        """Give `target` what `source` has, once nobody is connected there: also not for a process that was killed."""
        self._wait_until_left(self.of(source))
        self._databases[target] = new_database(self._server, like=self.of(source))

    def drop(self, home: Path) -> None:
        drop_database(self._databases.pop(home))

    def text(self, home: Path) -> str:
        """Every row of every table, to look for words in."""
        import psycopg

        with psycopg.connect(self.of(home)) as connection:
            tables = connection.execute(
                "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            read = (connection.execute(f"SELECT t::text FROM {table} t").fetchall() for (table,) in tables)
            return "\n".join(row for rows in read for (row,) in rows)

    def _wait_until_left(self, url: str) -> None:
        import psycopg

        deadline = time.monotonic() + _END_SECONDS
        with psycopg.connect(self._server, autocommit=True) as connection:
            while connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = %s", [url.rsplit("/", 1)[1]]
            ).fetchone():
                if time.monotonic() > deadline:
                    raise RuntimeError(f"A process that was killed is in {url} after {_END_SECONDS} s still.")
                time.sleep(0.01)

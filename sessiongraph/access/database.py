"""The file of access control: its engine, its transactions, and what its faults are called.

Which rows there are belongs in `models`, what is asked of them in `queries`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sessiongraph import sqlite_file
from sessiongraph.access.models import Base, DatasetRow
from sessiongraph.errors import SessionGraphError, StoreBusyError

# What a file of 0.1 lacks.
_LATER_COLUMN = "ALTER TABLE datasets ADD COLUMN allow_secrets BOOLEAN NOT NULL DEFAULT 0"


class AccessDatabase:
    """The file `path`, created with its folder and tables where it is not there. For any number of threads.

    Raises StoreBusyError where another process holds the file, SessionGraphError where it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        url = URL.create("sqlite", database=str(path))
        self._reader = create_engine(url, creator=lambda: sqlite_file.connect(path))
        # The same connections; transactions of the writer begin as such, so that they wait and do not fail.
        self._writer = self._reader.execution_options(begin="IMMEDIATE")
        event.listen(self._reader, "begin", _begin)
        with self._faults_named():
            self._create_tables()

    def _create_tables(self) -> None:
        with self._reader.connect() as connection:
            if _is_complete(connection):
                return
        with self._writer.begin() as connection:
            Base.metadata.create_all(connection)
            if not _is_complete(connection):
                connection.exec_driver_sql(_LATER_COLUMN)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one moment of the file, and waits for nobody."""
        with self._faults_named(), Session(self._reader) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that begins once nobody else writes, and sees all that they wrote."""
        with self._faults_named(), Session(self._writer) as db, db.begin():
            yield db

    def close(self) -> None:
        """Give back connections."""
        self._reader.dispose()

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
            if sqlite_file.is_locked(cause):
                raise StoreBusyError(
                    f"{self._path} was held by another process for more than {sqlite_file.BUSY_SECONDS:g} s "
                    f"({cause}): try again, or end the process that holds it."
                ) from error
            raise SessionGraphError(
                f"{self._path}, which holds users, datasets and grants, cannot be used ({cause}): see that "
                "its folder can be written and its disk is not full; if the file is damaged, restore it."
            ) from error


def _is_complete(connection: Connection) -> bool:
    # All columns come in one transaction, so the newest stands for all.
    seen = inspect(connection)
    if not Base.metadata.tables.keys() <= set(seen.get_table_names()):
        return False
    return any(column["name"] == "allow_secrets" for column in seen.get_columns(DatasetRow.__tablename__))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

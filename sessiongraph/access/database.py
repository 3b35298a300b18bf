"""Where access control is kept: its transactions, and what its faults are called. A file of the home, or the database
that holds the graphs too.

Which rows there are belongs in `models`, what is asked of them in `queries`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sessiongraph import sqlite_file
from sessiongraph.access.models import Base, DatasetRow
from sessiongraph.errors import SessionGraphError, StoreBusyError

if TYPE_CHECKING:
    from sessiongraph.database.engine import Database

# What a file of 0.1 lacks.
_LATER_COLUMN = "ALTER TABLE datasets ADD COLUMN allow_secrets BOOLEAN NOT NULL DEFAULT 0"
# Whoever changes access holds it; any number that nobody else uses.
_LOCK = 7_311_873_202


class AccessDatabase(ABC):
    """The rows of access control, for any number of threads and processes.

    Raises StoreBusyError where others hold them for too long, SessionGraphError where they cannot be used.
    """

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that sees one moment, and waits for nobody."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Session]:
        """A transaction that begins once nobody else writes, and sees all that they wrote."""

    @abstractmethod
    def close(self) -> None:
        """Give back what was opened for it alone."""


class AccessFile(AccessDatabase):
    """The file `path`, created with its folder and tables where it is not there."""

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
        with self._faults_named(), Session(self._reader) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._faults_named(), Session(self._writer) as db, db.begin():
            yield db

    def close(self) -> None:
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


class AccessTables(AccessDatabase):
    """The tables in `database`, which is another's to close."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def close(self) -> None:
        pass

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._database.named_faults(), Session(self._connected("REPEATABLE READ", postgresql_readonly=True)) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._database.named_faults(), Session(self._connected("READ COMMITTED")) as db, db.begin():
            # What is read after it was taken is what those before have committed.
            db.execute(
                text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{self._database.wait_seconds:g}s"}
            )
            db.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield db

    def _connected(self, isolation_level: str, **options: bool) -> Any:
        return self._database.engine.execution_options(isolation_level=isolation_level, **options)


def insert_new(db: Session, table: type[Base], values: Mapping[str, Any]) -> None:
    """Add a row, unless one of its key is there."""
    is_file = db.get_bind().dialect.name == "sqlite"
    statement = (sqlite.insert if is_file else postgresql.insert)(table).values(values)
    db.execute(statement.on_conflict_do_nothing())


def _is_complete(connection: Connection) -> bool:
    seen = inspect(connection)
    if not Base.metadata.tables.keys() <= set(seen.get_table_names()):
        return False
    return any(column["name"] == "allow_secrets" for column in seen.get_columns(DatasetRow.__tablename__))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

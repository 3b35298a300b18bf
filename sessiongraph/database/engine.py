"""Connections to the database of SESSIONGRAPH_DATABASE_URL, brought to this version's tables before the first is used.

Invariant: nothing is kept in a server's session. All that is set is set for one transaction, advisory locks are a
transaction's, statements are not prepared: PgBouncer may give each transaction another server.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.adapt import Loader
from psycopg.types.string import StrDumper
from sqlalchemy import URL, Engine, PoolProxiedConnection, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessiongraph.database.migration import bring_up_to_date
from sessiongraph.errors import SessionGraphError, StoreBusyError, StoreUnavailableError
from sessiongraph.storable_text import storable

T = TypeVar("T")

# The schema of the database that all tables are in.
SCHEMA = "sessiongraph"
WAIT_SECONDS = 60.0
# Many processes are few connections each: what is idle is kept for two threads, and what is open for ten.
_KEPT, _MORE = 2, 8
_CONNECT_SECONDS = 10
# A peer that is gone without a word is found out within about a minute.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
# The server has no place now, or is not there yet: that passes.
_PASSING = (pg.TooManyConnections, pg.CannotConnectNow)
_PASSING_WORDS = ("too many clients", "remaining connection slots", "starting up", "no more connections allowed")


class Database:
    """Any number of threads, and processes forked later, may use one. Opened when it is first used."""

    def __init__(self, url: str, wait_seconds: float = WAIT_SECONDS) -> None:
        self.url = _with_driver(url)
        self.wait_seconds = wait_seconds
        self._process, self._guard = os.getpid(), threading.Lock()
        self._engine, self._is_ready = _engine(self.url), False

    @property
    def key(self) -> str:
        """Tells databases apart: without a password."""
        return f"{self.url.host}:{self.url.port}/{self.url.database}"

    @property
    def engine(self) -> Engine:
        """The engine, of a database that has this version's tables."""
        if self._process != os.getpid():
            # Of the parent, which goes on using them.
            self._engine.dispose(close=False)
            self._process, self._guard = os.getpid(), threading.Lock()
        with self._guard:
            if not self._is_ready:
                with self.named_faults():
                    self.patiently(lambda: bring_up_to_date(self._engine, SCHEMA), self.wait_seconds)
                self._is_ready = True
        return self._engine

    @contextmanager
    def transaction(self, *, read_only: bool, wait_seconds: float | None = None) -> Iterator[psycopg.Connection]:
        """A transaction: one that reads sees one moment. It is rolled back unless it was committed."""
        wait = self.wait_seconds if wait_seconds is None else wait_seconds
        with self.named_faults():
            pooled = self.patiently(self.engine.raw_connection, wait)
            try:
                yield _begun(pooled, read_only, wait)
            except BaseException:
                # Of a connection that is broken, or was left in the middle of a COPY, nothing can be said.
                pooled.invalidate()
                raise
            else:
                _ended(pooled)
            finally:
                pooled.close()

    def patiently(self, connect: Callable[[], T], seconds: float) -> T:
        """What `connect` gives, tried for `seconds` where the server has no connection free or is starting."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return connect()
            except (DBAPIError, psycopg.Error) as error:
                if not _passes(_cause(error)) or time.monotonic() >= deadline:
                    raise
            time.sleep(random.uniform(0.05, 0.2))

    @contextmanager
    def named_faults(self) -> Iterator[None]:
        """Whatever is wrong with the database is raised as an error that says what to do."""
        try:
            yield
        except PoolTimeoutError as error:
            raise StoreBusyError(
                f"All {_KEPT + _MORE} connections of this process to the database {self.key} were in use for "
                f"{self.wait_seconds:g} s. Nothing was written; try again, with less at once."
            ) from error
        except (DBAPIError, psycopg.Error) as error:
            raise self._explained(_cause(error)) from error

    def _explained(self, cause: BaseException) -> SessionGraphError:
        said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        if isinstance(cause, pg.LockNotAvailable):
            return StoreBusyError(
                f"Another process writes to the same in the database {self.key} for longer than was waited ({said}). "
                "Nothing was written; try again when it has ended."
            )
        if _passes(cause):
            return StoreUnavailableError(
                f"The database {self.key} has no connection free, or is starting ({said}). Nothing was written; try "
                "again, raise max_connections, or put PgBouncer in front of it (docs/scaling.md)."
            )
        if isinstance(cause, pg.DiskFull | pg.OutOfMemory):
            return StoreUnavailableError(f"The database {self.key} is full ({said}). Nothing was written: make room.")
        if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
            return StoreUnavailableError(
                f"The database {self.key} is not to be reached, or ended the connection ({said}). What was being "
                "written is there whole or not at all, and doing it again does nothing twice. See that it runs, and "
                "that SESSIONGRAPH_DATABASE_URL names it."
            )
        return SessionGraphError(f"The database {self.key} refused a request ({type(cause).__name__}: {said}).")

    def close(self) -> None:
        """Give back connections."""
        self._engine.dispose(close=self._process == os.getpid())


def _with_driver(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=_KEPT,
        max_overflow=_MORE,
        pool_timeout=WAIT_SECONDS,
        # One that the server or a restart ended meanwhile is found out before it is used.
        pool_pre_ping=True,
        pool_use_lifo=True,
        use_native_hstore=False,  # which would be asked for at each start
        connect_args={
            "prepare_threshold": None,
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "sessiongraph",
            **_KEEPALIVES,
        },
        execution_options={"schema_translate_map": {None: SCHEMA}},
    )
    event.listen(engine, "connect", _adapt)
    return engine


def _adapt(connection: psycopg.Connection, _: object) -> None:
    connection.adapters.register_loader("numeric", _NumberLoader)
    connection.adapters.register_dumper(str, StrDumper)
    connection.adapters.register_dumper(str, _TextDumper)


class _NumberLoader(Loader):
    """Sums and means as DuckDB gives them."""

    def load(self, data: bytes | bytearray | memoryview) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


def keepable(text: str) -> str:
    """`text` without what PostgreSQL cannot keep: halves of surrogate pairs, and NUL."""
    return storable(text).replace("\0", "\ufffd")


class _TextDumper(StrDumper):
    oid = 0

    def dump(self, obj: str) -> bytes:
        return keepable(obj).encode()


def _begun(pooled: PoolProxiedConnection, read_only: bool, wait_seconds: float) -> psycopg.Connection:
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)
    connection.isolation_level = (
        psycopg.IsolationLevel.REPEATABLE_READ if read_only else psycopg.IsolationLevel.READ_COMMITTED
    )
    connection.read_only = read_only
    # Compiling a query takes longer than any of ours. Who holds a lock and is heard of no more gives it back.
    connection.execute(
        "SELECT set_config('jit', 'off', true), set_config('lock_timeout', %s, true), "
        "set_config('idle_in_transaction_session_timeout', '300s', true)",
        [f"{max(1, round(wait_seconds * 1000))}ms"],
    )
    return connection


def _ended(pooled: PoolProxiedConnection) -> None:
    """Roll back what was not committed. The next one that has the connection says for itself how it begins."""
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)
    connection.rollback()
    connection.isolation_level = connection.read_only = None


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _passes(cause: BaseException) -> bool:
    return isinstance(cause, _PASSING) or any(words in str(cause) for words in _PASSING_WORDS)

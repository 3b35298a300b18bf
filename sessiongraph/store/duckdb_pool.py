"""Idle DuckDB instances: making one takes ten times as long as attaching a file to it, so a few are kept.

A forked process leaves those of its parent alone, whose threads it does not have.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from sessiongraph.errors import SessionGraphError

_MOST_IDLE = 4
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # What is stored is small: a second thread takes a third more CPU, and no less time.
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # What does not fit into memory would be spilled into the working directory, where `forget` knows nothing of it.
    "temp_directory": "",
}


class DuckDBPool:
    """Opens databases in instances that are used again. Safe to share between threads."""

    def __init__(self) -> None:
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._process = os.getpid()

    @contextmanager
    def opened(self, path: Path | None, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file at `path`, or to an empty database in memory; uncommitted work is rolled back.

        Raises SessionGraphError where the file cannot be used.
        """
        instance = self._take()
        try:
            source = literal(path) if path else "':memory:'"
            instance.execute(f"ATTACH {source} AS store{' (READ_ONLY)' if read_only else ''}")
            # A connection of its own: what is temporary ends with it.
            with instance.cursor() as connection:
                connection.execute("USE store")
                yield connection
        except BaseException as error:
            # Whatever was begun ends with it.
            instance.close()
            if isinstance(error, duckdb.IOException | duckdb.OperationalError | duckdb.FatalException):
                raise _explained(error, path) from error
            raise
        try:
            instance.execute("DETACH store")
        except duckdb.Error:
            # What was committed stands in the log: whoever opens the file next brings it into the file itself.
            instance.close()
            return
        self._give_back(instance)

    def close(self) -> None:
        """Close those that are idle."""
        if self._process == os.getpid():
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> duckdb.DuckDBPyConnection:
        if self._process != os.getpid():
            self._idle, self._process = [], os.getpid()
        with suppress(IndexError):
            return self._idle.pop()
        instance = duckdb.connect(":memory:", config=_CONFIG)
        # In a notebook, or under `python -c`, one that takes long would draw a bar into what the process prints.
        instance.execute("SET enable_progress_bar = false")
        return instance

    def _give_back(self, instance: duckdb.DuckDBPyConnection) -> None:
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(instance)
        else:
            instance.close()


def literal(path: Path) -> str:
    """`path` as an SQL string: ATTACH takes no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


def _explained(error: duckdb.Error, path: Path | None) -> SessionGraphError:
    reason = str(error).splitlines()[0]
    return SessionGraphError(
        f"The store {path} could not be used: {reason}. Nothing was written. "
        "Check that the disk is not full and that SESSIONGRAPH_HOME may be written to."
    )

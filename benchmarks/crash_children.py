"""Processes that are made to die: forked from one that has everything loaded, killed at a boundary or at a moment.

Invariant: the parent opens nothing and runs no thread, so that each fork is as good as a process started anew.
What the processes do, and what must hold afterwards, is not known here.
"""

import functools
import inspect
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ended:
    """How a child ended: `value` is what its work returned, `error` the traceback; neither where it was killed."""

    value: Any = None
    error: str | None = None
    killed: bool = False
    seconds: float = 0.0


class Trap:
    """Counts the boundaries that a process passes and kills it at the `fatal`-th (from 0), if that is given.

    `places` are all that traps were set at, passed or not.
    """

    def __init__(self, fatal: int | None = None) -> None:
        self.places: set[str] = set()
        self.passed: list[str] = []
        self._fatal = fatal

    def __call__(self, place: str) -> None:
        if len(self.passed) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(place)


def in_child(work: Callable[[], Any], kill_after: float | None = None) -> Ended:
    """Run `work` in a process of its own, which is killed after `kill_after` seconds unless it has ended."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _work(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        if kill_after is not None and not select.select([answers], [], [], kill_after)[0]:
            os.kill(pid, signal.SIGKILL)
        answer = answers.read()
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - started
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) != signal.SIGKILL:
            return Ended(error=f"ended by signal {os.WTERMSIG(status)}", seconds=seconds)
        return Ended(killed=True, seconds=seconds)
    value, error = pickle.loads(answer)
    return Ended(value, error, seconds=seconds)


def _work(work: Callable[[], Any], writer: int) -> None:
    """Never returns: nothing that the parent would do at its end may happen here."""
    try:
        answer: tuple[Any, str | None] = (work(), None)
    except BaseException:
        answer = (None, traceback.format_exc())
    with os.fdopen(writer, "wb") as out:
        out.write(pickle.dumps(answer))
    os._exit(0)


_BEGUN, _FILLED = "transaction: after BEGIN", "transaction: rows in, before COMMIT"
# How a session cache is written.
_WRITES = ("put_turns", "update_turn", "delete_turn", "delete_session")


def set_traps(trap: Trap, *, in_database: bool = False) -> None:
    """Let this process pass `trap` at every boundary at which something is written, read, asked for or replaced, in
    stores that are files or lie in a database."""
    import sessiongraph.api.forget
    import sessiongraph.dagster.event_reporting
    from sessiongraph.access.control import AccessControl
    from sessiongraph.llm.client import LLM
    from sessiongraph.llm.embedder import Embedder
    from sessiongraph.session_cache.redis import RedisSessionCache
    from sessiongraph.session_cache.sqlite import SqliteSessionCache
    from sessiongraph.snapshots import checkpoint, snapshot_builder

    for owner, name, place in (
        (AccessControl, "create_dataset", "create dataset"),
        *((cache, name, f"cache: {name}") for cache in (SqliteSessionCache, RedisSessionCache) for name in _WRITES),
        *(_of_database() if in_database else _of_files()),
        (checkpoint, "_write", "checkpoint: write"),
        (checkpoint, "remove_folder", "checkpoint: remove"),
        (Path, "rename", "checkpoint: rename"),
        (snapshot_builder.SnapshotBuilder, "refresh", "snapshot: refresh"),
        (LLM, "structured", "model: extract"),
        (LLM, "text", "model: answer"),
        (Embedder, "embed", "model: embed"),
        (sessiongraph.dagster.event_reporting, "_report", "report to Dagster"),
    ):
        _surround(owner, name, place, trap)
    trap.places |= {_BEGUN, _FILLED}
    if in_database:
        _trap_commits_to_a_database(trap)
    else:
        _trap_transactions(trap)


def _of_files() -> list[tuple[Any, str, str]]:
    from sessiongraph.store import duckdb_store

    return [
        (duckdb_store.DuckDBStore, "write", "store: write"),
        (duckdb_store.DuckDBStore, "rewrite", "store: rewrite"),
        (duckdb_store.DuckDBStore, "_checkpoint", "store: checkpoint"),
        (duckdb_store.DuckDBStore, "_copy", "rewrite: copy"),
        (duckdb_store, "_remove", "store: remove file"),
        (Path, "replace", "store: replace file"),
    ]


def _of_database() -> list[tuple[Any, str, str]]:
    import psycopg

    from sessiongraph.store.postgres_store import PostgresStore

    return [
        (PostgresStore, "write", "store: write"),
        (PostgresStore, "rewrite", "store: rewrite"),
        (PostgresStore, "read", "store: read"),
        (psycopg.Connection, "commit", "database: COMMIT"),
    ]


def _surround(owner: Any, name: str, place: str, trap: Trap) -> None:
    original = getattr(owner, name)
    before, after = f"{place}, before", f"{place}, after"
    trap.places |= {before, after}

    @functools.wraps(original)
    def passing(*args: Any, **given: Any) -> Any:
        trap(before)
        result = original(*args, **given)
        trap(after)
        return result

    @functools.wraps(original)
    async def awaiting(*args: Any, **given: Any) -> Any:
        trap(before)
        result = await original(*args, **given)
        trap(after)
        return result

    setattr(owner, name, awaiting if inspect.iscoroutinefunction(original) else passing)


def _trap_commits_to_a_database(trap: Trap) -> None:
    """Inside a transaction that holds its dataset's row."""
    from sessiongraph.store.postgres_store import PostgresStore

    commit = PostgresStore._commit

    def trapped_commit(store: Any, run_id: str, asset: str, change: Callable[[Any], Any], deletes: bool) -> Any:
        return commit(store, run_id, asset, _trapped(change, trap), deletes)

    PostgresStore._commit = trapped_commit  # type: ignore[method-assign, assignment]


def _trapped(change: Callable[[Any], Any], trap: Trap) -> Callable[[Any], Any]:
    def trapped_change(tx: Any) -> Any:
        trap(_BEGUN)
        result = change(tx)
        trap(_FILLED)
        return result

    return trapped_change


def _trap_transactions(trap: Trap) -> None:
    """Inside a transaction, and between its COMMIT and the closing that brings the log into the file."""
    from sessiongraph.store.duckdb_pool import DuckDBPool
    from sessiongraph.store.duckdb_store import DuckDBStore

    read, written = "store: read, before close", "store: written, before close"
    trap.places |= {read, written}
    commit, opened = DuckDBStore._commit, DuckDBPool.opened

    def trapped_commit(store: Any, path: Path, run_id: str, asset: str, change: Callable[[Any], Any]) -> Any:
        return commit(store, path, run_id, asset, _trapped(change, trap))

    @contextmanager
    def trapped_opened(pool: Any, path: Path | None, *, read_only: bool = False) -> Iterator[Any]:
        with opened(pool, path, read_only=read_only) as connection:
            yield connection
            trap(read if read_only else written)

    DuckDBStore._commit = trapped_commit  # type: ignore[method-assign, assignment]
    DuckDBPool.opened = trapped_opened  # type: ignore[method-assign, assignment]

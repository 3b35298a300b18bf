"""Locks between processes: of a dataset's file, which readers share and a writer has alone, and of one process's work.

It is the only guard between processes, and the operating system drops it with its process, so that nothing
is left behind by one that was killed. DuckDB's own check is not enough: it fails at once instead of waiting.

Invariant: readers cannot starve a writer. Two readers that take turns would never leave the lock free, so a writer
that waits for it holds a second file, the gate, through which every reader must step to get to the lock.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import portalocker

from sessiongraph.errors import SessionGraphError, StoreBusyError


@contextmanager
def dataset_lock(path: Path, *, exclusive: bool, wait_seconds: float) -> Iterator[None]:
    """Hold the lock file at `path`. Raises StoreBusyError when it is not to be had within `wait_seconds`."""
    with _opened(path) as lock, _opened(path.with_suffix(".gate")) as gate:
        # Whoever waits gives up at the same moment, whichever of the two it waits for.
        wait = _Wait(path, wait_seconds)
        if exclusive:
            wait.until(lambda: _take(gate, portalocker.LockFlags.EXCLUSIVE))
            wait.until(lambda: _take(lock, portalocker.LockFlags.EXCLUSIVE))
            portalocker.unlock(gate)
        else:
            wait.until(lambda: _step_through(gate, lock))
        yield


def take_lock(path: Path) -> portalocker.Lock | None:
    """The lock file at `path`, taken, to be released; None where another process holds it. Waits for nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = portalocker.Lock(path, "a", timeout=0, fail_when_locked=True)
    try:
        lock.acquire()
    except portalocker.LockException:
        return None
    return lock


class _Wait:
    """Waits in short naps, `seconds` in all."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._deadline = time.monotonic() + seconds

    def until(self, done: Callable[[], bool]) -> None:
        while not done():
            if time.monotonic() >= self._deadline:
                raise StoreBusyError(
                    f"The dataset's store is in use by another process (waited {self._seconds:g} s for "
                    f"{self._path.name}). Nothing was written; try again when the other run has ended."
                )
            # Jitter, so that several waiters do not ask in step.
            time.sleep(random.uniform(0.002, 0.015))


def _step_through(gate: IO[str], lock: IO[str]) -> bool:
    """Share the lock, unless a writer has it or waits for it. No reader waits in the gate: it steps back."""
    if not _take(gate, portalocker.LockFlags.SHARED):
        return False
    try:
        return _take(lock, portalocker.LockFlags.SHARED)
    finally:
        portalocker.unlock(gate)


def _take(file: IO[str], kind: portalocker.LockFlags) -> bool:
    try:
        portalocker.lock(file, kind | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.LockException:
        return False
    return True


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except OSError as error:
        raise SessionGraphError(
            f"{path} cannot be opened ({error.strerror}). Make SESSIONGRAPH_HOME a folder that you may write to."
        ) from error

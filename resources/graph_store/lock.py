"""The lock of a dataset's file: readers share it, a writer has it alone.

It is the only guard between processes, and the operating system drops it with its process, so that nothing
is left behind by one that was killed. DuckDB's own check is not enough: it fails at once instead of waiting.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker

from resources.errors import SessionGraphError, StoreBusyError


@contextmanager
def dataset_lock(path: Path, *, exclusive: bool, wait_seconds: float) -> Iterator[None]:
    """Hold the lock file at `path`. Raises StoreBusyError when it is not to be had within `wait_seconds`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise SessionGraphError(
            f"{path} cannot be opened ({error.strerror}). Make SESSIONGRAPH_HOME a folder that you may write to."
        ) from error
    with file:
        _acquire(file, path, exclusive, wait_seconds)
        yield


def _acquire(file, path: Path, exclusive: bool, wait_seconds: float) -> None:  # type: ignore[no-untyped-def]
    kind = portalocker.LockFlags.EXCLUSIVE if exclusive else portalocker.LockFlags.SHARED
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return portalocker.lock(file, kind | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException:
            if time.monotonic() >= deadline:
                raise StoreBusyError(
                    f"The dataset's store is in use by another process (waited {wait_seconds:g} s for {path.name}). "
                    "Nothing was written; try again when the other run has ended."
                ) from None
            # Jitter, so that several waiters do not ask in step.
            time.sleep(random.uniform(0.002, 0.015))

"""The project's own errors at the end of a run: with their message, which names the cause and the next step.

Invariant: what may pass by itself (an endpoint that is down, a store or a cache that another holds) is tried again,
a few times, later each time; nothing else is. The step alone is tried again: what it had committed is found done.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from sessiongraph.errors import (
    CacheUnavailableError,
    FilesUnavailableError,
    LLMFailedError,
    SessionGraphError,
    StoreBusyError,
)

MOST_RETRIES = 3
# Before the first retry; twice as long before each further one, give or take a fifth.
RETRY_SECONDS = 10.0


@contextmanager
def errors_in_run_log() -> Iterator[None]:
    """Turn a SessionGraphError into the step's retry or failure, so that the run's log shows its message.

    Whatever else is raised is a fault of the program and keeps its stack trace.
    """
    try:
        yield
    except SessionGraphError as error:
        retries = dg.OpExecutionContext.get().retry_number
        if is_transient(error) and retries < MOST_RETRIES:
            wait = RETRY_SECONDS * 2**retries * random.uniform(0.8, 1.2)
            raise dg.RetryRequested(max_retries=MOST_RETRIES, seconds_to_wait=wait) from error
        kind = type(error).__name__
        raise dg.Failure(f"{kind}: {error}", metadata={"error": kind}, allow_retries=False) from error


def is_transient(error: SessionGraphError) -> bool:
    """Whether the same may succeed a little later, with nobody having done anything."""
    if isinstance(error, LLMFailedError):
        return error.transient
    return isinstance(error, StoreBusyError | CacheUnavailableError | FilesUnavailableError)

"""How the project's own errors end a run: with their message, which names the cause and the next step."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from resources.errors import SessionGraphError


@contextmanager
def errors_in_run_log() -> Iterator[None]:
    """Turn a SessionGraphError into the step's failure, so that the run's log shows its message.

    Whatever else is raised is a fault of the program and keeps its stack trace.
    """
    try:
        yield
    except SessionGraphError as error:
        kind = type(error).__name__
        raise dg.Failure(f"{kind}: {error}", metadata={"error": kind}, allow_retries=False) from error

"""The one family of errors that callers see, the same from Python, the CLI and a run's log.

Each message names the cause and the next step. What does not belong here: errors that never leave a module.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessiongraph.types import Usage


class SessionGraphError(Exception):
    """Base of everything that sessiongraph raises on purpose."""


class InvalidInputError(SessionGraphError, ValueError):
    """An argument was refused before anything was written."""


class UnreadableDocumentError(InvalidInputError):
    """A document is empty, encrypted, or not of the format that it claims."""


class CachingDisabledError(SessionGraphError):
    """Sessions were asked for while CACHING=false."""


class CacheUnavailableError(SessionGraphError):
    """The session cache cannot be reached or read."""


class SessionsNotFoundError(SessionGraphError):
    """Neither the cache nor the dataset knows any of the named sessions.

    `session_ids` are the ids that were not found.
    """

    def __init__(self, message: str, session_ids: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.session_ids = session_ids


class NoGraphDataError(SessionGraphError):
    """The dataset holds nothing that could be searched or shown: add and cognify first."""


class DatasetNotFoundError(SessionGraphError):
    """No dataset of that name, as far as this user may know."""


class PermissionDeniedError(SessionGraphError):
    """The user knows the dataset but lacks the grant that the call needs."""


class LLMNotConfiguredError(SessionGraphError):
    """The chosen model lacks a setting; the message names the environment variable."""


class LLMFailedError(SessionGraphError):
    """A model call failed for good.

    `model`, `status` (HTTP status, or None where there was none), `attempts`; `fatal` says that no other
    call can fare better (authentication, billing), so that callers stop instead of trying the next;
    `transient` that the fault was the endpoint's and says nothing of what was asked (no answer, 429, 5xx);
    `usage` is what answers that were of no use have cost; `as_text_fault` what to raise instead where other texts are
    answered, so that the fault is this one's (None where it cannot be).
    """

    def __init__(
        self,
        message: str,
        *,
        model: str = "",
        status: int | None = None,
        attempts: int = 1,
        fatal: bool = False,
        transient: bool = False,
        usage: "Usage | None" = None,
        as_text_fault: "LLMFailedError | None" = None,
    ) -> None:
        super().__init__(message)
        self.model, self.status, self.attempts = model, status, attempts
        self.fatal, self.transient, self.usage = fatal, transient, usage
        self.as_text_fault = as_text_fault


class StoreBusyError(SessionGraphError):
    """Another process held a dataset's store for longer than the stated wait."""


class StoreUnavailableError(StoreBusyError):
    """The database that holds the stores is not to be reached now, or has no place for another connection."""


class FilesUnavailableError(SessionGraphError):
    """The object store that holds the shared files is not to be reached now, or refused a request."""

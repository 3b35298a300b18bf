"""Errors of model calls, and what they mean: whether to try again, when, and what to raise for the user.

Everything here reads the errors that litellm raises, which are openai's for the most part, TimeoutError, and the two
below; making calls belongs to `litellm_calls`.

Invariants: no message holds a key, or what a model said; for a TimeoutError openai is not imported.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from sessiongraph.errors import LLMFailedError

# No other call can fare better: the key, the account, or the model's very name is at fault.
_FATAL = frozenset({401, 402, 403, 404})
# The endpoint has no time; any other refusal may be of one text alone: by a filter, a firewall, a router, or a server
# that stumbles over it.
_LATER = frozenset({408, 409, 425, 429})
_OF_THE_ACCOUNT = frozenset({401, 402})
# Statuses that are words, as gateways pass them on.
_WORDS = (
    (401, re.compile(r"api.?key|unauthori[sz]ed|authenticat", re.IGNORECASE)),
    (402, re.compile(r"quota|billing|credit|payment", re.IGNORECASE)),
    (429, re.compile(r"rate.?limit|too.?many|overload|throttl|capacity|busy|unavailable", re.IGNORECASE)),
    (400, re.compile(r"filter|context.?length|invalid.?(request|prompt)|moderation|safety|blocked", re.IGNORECASE)),
    (404, re.compile(r"not.?found", re.IGNORECASE)),
)
_LITELLM_PREFIX = re.compile(r"\A(?:(?:litellm\.)?\w+:\s+|Timeout Error:\s+)*(?:\w+Exception - )?")
# What litellm says of an answer that it cannot read, with the answer behind it.
_QUOTES_THE_ANSWER = re.compile(
    r"(?:Invalid response object|Received: |Traceback \(most recent|\d+ validation errors? for ).*", re.DOTALL
)
_DETAIL_CHARS = 500


class ErrorInAnswer(Exception):
    """An error that an endpoint tells with HTTP 200, in the place of an answer."""

    def __init__(self, code: Any, message: str) -> None:
        super().__init__(message)
        self.status_code, self.message = code, message


class UnreadableAnswer(Exception):
    """An answer with HTTP 200 that is none; says why, without what it says."""


def may_pass(error: BaseException) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(error, (TimeoutError, UnreadableAnswer)):
        return True
    from openai import BadRequestError, OpenAIError

    if not isinstance(error, (OpenAIError, ErrorInAnswer)):
        return isinstance(error, (OSError, RuntimeError))  # of connections, and of event loops that were closed
    status = _status(error)
    if status is None:
        return not isinstance(error, BadRequestError)
    return status >= 500 or (status in _LATER and not _out_of_credit(error))


def is_unreadable(error: BaseException) -> bool:
    """Whether an answer came that is none that can be read."""
    return not _is_unreached(error) and _status(error) is None


def retry_after(error: BaseException | None) -> float | None:
    """The seconds that the endpoint asked to be left alone for, given as seconds or as a date."""
    headers: Mapping[str, str] = getattr(error, "litellm_response_headers", None) or {}
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds)


def failure(
    error: BaseException,
    *,
    prefix: Literal["LLM", "EMBEDDING"],
    model: str,
    api_key: str | None,
    attempts: int,
) -> LLMFailedError:
    """What to raise for `error`. Raise it `from None`: the cause's text may hold the key, or the prompt."""
    status = _status(error)
    fatal = status in _FATAL or _out_of_credit(error)
    tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    what = f"{model} failed after {tries}: {_what(error)}{_detail(error, api_key)}."

    def failed(next_step: str, fatal: bool = False, transient: bool = False) -> LLMFailedError:
        return LLMFailedError(
            f"{what} {next_step}", model=model, status=status, attempts=attempts, fatal=fatal, transient=transient
        )

    raised = failed(_next_step(error, prefix), fatal=fatal, transient=not fatal and may_pass(error))
    if _may_be_the_texts(error):
        raised.as_text_fault = failed(f"Other texts are answered: change this one, or set another {prefix}_MODEL.")
    return raised


def _may_be_the_texts(error: BaseException) -> bool:
    """Whether the same endpoint may answer another text."""
    status = _status(error)
    if status is None:
        return not _is_unreached(error)
    return status <= 502 and status not in _LATER | _OF_THE_ACCOUNT


def _what(error: BaseException) -> str:
    if isinstance(error, ErrorInAnswer):
        return "an error in the place of an answer"
    if (status := _status(error)) is not None:
        return f"HTTP {status}"
    if not _is_unreached(error):
        return "no answer that can be read"
    return "no answer in time" if _timed_out(error) else "no answer"


def _status(error: BaseException) -> int | None:
    """The HTTP status; None where no answer came, or none that can be read, for which litellm makes one up (500)."""
    if isinstance(error, ErrorInAnswer):
        return _as_status(error.status_code) or 500
    if isinstance(error, TimeoutError) or _is_unreached(error):
        return None
    status = _as_status(getattr(error, "status_code", None))
    return None if status == 500 and not _came_over_http(error) else status


def _as_status(code: Any) -> int | None:
    """The HTTP status that `code` is or means, if it is one."""
    if isinstance(code, int) or str(code).strip().isdecimal():
        return int(code) if 400 <= int(code) < 600 else None
    return next((status for status, words in _WORDS if isinstance(code, str) and words.search(code)), None)


def _is_unreached(error: BaseException) -> bool:
    """Whether the endpoint never answered."""
    if isinstance(error, (TimeoutError, OSError)):
        return True
    if isinstance(error, (ErrorInAnswer, UnreadableAnswer)):
        return False
    from httpx import TransportError
    from openai import APIConnectionError, APITimeoutError

    # litellm says so of any Python error too.
    return "Connection error." in str(error) or any(
        isinstance(one, (OSError, TransportError, APITimeoutError))
        or (isinstance(one, APIConnectionError) and type(one).__module__ == "openai")
        for one in _chain(error)
    )


def _came_over_http(error: BaseException) -> bool:
    """Whether an HTTP client's own error, of a status that is none of success, stands behind `error`."""
    from httpx import HTTPStatusError
    from openai import APIStatusError

    return any(
        isinstance(one, HTTPStatusError) or (isinstance(one, APIStatusError) and type(one).__module__ == "openai")
        for one in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _timed_out(error: BaseException) -> bool:
    if isinstance(error, TimeoutError):
        return True
    from openai import APITimeoutError

    return isinstance(error, APITimeoutError)


def _out_of_credit(error: BaseException) -> bool:
    return _status(error) == 429 and "insufficient_quota" in str(error)


def _detail(error: BaseException, api_key: str | None) -> str:
    """What the provider said, on one line, without the names that litellm puts before it."""
    from openai import OpenAIError

    ours = (OpenAIError, ErrorInAnswer, UnreadableAnswer, OSError, RuntimeError)
    said = str(getattr(error, "message", error)) if isinstance(error, ours) else type(error).__name__
    said = _QUOTES_THE_ANSWER.sub("", said)
    text = _LITELLM_PREFIX.sub("", " ".join(said.split()))
    secrets = (value for name, value in os.environ.items() if name.endswith(("_KEY", "_TOKEN", "_SECRET")))
    for secret in (api_key, *secrets):
        if secret and len(secret) > 3:
            text = text.replace(secret, "***")
    text = text[:_DETAIL_CHARS].rstrip(". ")
    return f" ({text})" if text else ""


def _next_step(error: BaseException, prefix: str) -> str:
    match _status(error):
        case None if not _is_unreached(error):
            return f"The fault is the endpoint's: try again later, or set another {prefix}_MODEL."
        case None if _timed_out(error):
            return "Raise LLM_TIMEOUT_SECONDS, or try again later."
        case None:
            return f"Check that {prefix}_ENDPOINT (or the provider) can be reached from here."
        case 401 | 402 | 403:
            return f"Check {prefix}_API_KEY and the account that it belongs to."
        case 404:
            return f"Check {prefix}_MODEL and {prefix}_ENDPOINT."
        case 429 if _out_of_credit(error):
            return f"Add credit to the account of {prefix}_API_KEY, or set another {prefix}_MODEL."
        case 429:
            return "Lower LLM_MAX_CONCURRENCY, or try again later."
        case status if status in (409, 425) or status >= 500:
            return f"The fault is the endpoint's: try again later, or set another {prefix}_MODEL."
        case _:
            return f"The endpoint refuses this request: shorten the text, or set another {prefix}_MODEL."

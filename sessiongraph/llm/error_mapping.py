"""Errors of model calls, and what they mean: whether to try again, when, and what to raise for the user.

Everything here reads the errors that litellm raises, which are openai's, and TimeoutError; making calls belongs to
`litellm_calls`.

Invariants: no message holds a key; for a TimeoutError openai is not imported.
"""

import os
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

from sessiongraph.errors import LLMFailedError

# No other call can fare better: the key, the account, or the model's very name is at fault.
_FATAL = frozenset({401, 402, 403, 404})
_LITELLM_PREFIX = re.compile(r"\A(?:(?:litellm\.)?\w+:\s+|Timeout Error:\s+)*(?:\w+Exception - )?")
_DETAIL_CHARS = 500


def may_pass(error: BaseException) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(error, TimeoutError):
        return True
    from openai import BadRequestError, OpenAIError

    if isinstance(error, BadRequestError) or not isinstance(error, OpenAIError):
        return False
    status = _status(error)
    return status is None or status >= 500 or (status in (408, 409, 429) and not _out_of_credit(error))


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
    what = f"HTTP {status}" if status else "no answer in time" if _timed_out(error) else "no answer"
    tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    return LLMFailedError(
        f"{model} failed after {tries}: {what}{_detail(error, api_key)}. {_next_step(error, prefix)}",
        model=model,
        status=status,
        attempts=attempts,
        fatal=fatal,
        transient=not fatal and may_pass(error),
    )


def _status(error: BaseException) -> int | None:
    """The HTTP status; None where no answer came, for which litellm makes one up (408, 500)."""
    if isinstance(error, TimeoutError):
        return None
    from openai import APIConnectionError

    if isinstance(error, APIConnectionError) or "Connection error." in str(error):
        return None
    return getattr(error, "status_code", None)


def _timed_out(error: BaseException) -> bool:
    if isinstance(error, TimeoutError):
        return True
    from openai import APITimeoutError

    return isinstance(error, APITimeoutError)


def _out_of_credit(error: BaseException) -> bool:
    return _status(error) == 429 and "insufficient_quota" in str(error)


def _detail(error: BaseException, api_key: str | None) -> str:
    """What the provider said, on one line, without the names that litellm puts before it."""
    text = _LITELLM_PREFIX.sub("", " ".join(str(getattr(error, "message", error)).split()))
    secrets = (value for name, value in os.environ.items() if name.endswith(("_KEY", "_TOKEN", "_SECRET")))
    for secret in (api_key, *secrets):
        if secret and len(secret) > 3:
            text = text.replace(secret, "***")
    text = text[:_DETAIL_CHARS].rstrip(". ")
    return f" ({text})" if text else ""


def _next_step(error: BaseException, prefix: str) -> str:
    match _status(error):
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
        case status if status == 409 or status >= 500:
            return f"The fault is the endpoint's: try again later, or set another {prefix}_MODEL."
        case _:
            return f"The endpoint refuses this request: shorten the text, or set another {prefix}_MODEL."

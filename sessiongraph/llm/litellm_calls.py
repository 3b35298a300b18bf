"""What every call through litellm shares: whether a model can be reached, arguments, retries, timeouts, price.

What is asked and how an answer is read belong to `client` and `embedder`; what a fault means, to `error_mapping`.

Invariants: at most `concurrency` calls of a model are in flight in an event loop (one that waits to try
again is not in flight), and a call is tried again only after a fault that may pass.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sessiongraph.errors import LLMNotConfiguredError
from sessiongraph.llm import litellm_runtime
from sessiongraph.llm.call_spans import CallSpan, call_span
from sessiongraph.llm.endpoint import LOCAL_MODELS, Endpoint
from sessiongraph.llm.error_mapping import failure, may_pass, retry_after
from sessiongraph.llm.event_loops import EventLoops

if TYPE_CHECKING:
    from tenacity import RetryCallState

R = TypeVar("R")

_LONGEST_RETRY_AFTER = 30.0


class _NoRetries(int):
    """The number 0, which litellm's embedding call takes for none given: it would try twice more by itself."""

    def __bool__(self) -> bool:
        return True


def check(endpoint: Endpoint) -> None:
    """Raise LLMNotConfiguredError where a setting is missing. Blocks: it may have to load litellm."""
    litellm = litellm_runtime.load()
    try:
        litellm.get_llm_provider(endpoint.model, api_base=endpoint.url)
    except litellm.BadRequestError:
        raise endpoint.unknown_model() from None
    if (missing := _missing_keys(endpoint)) and not (endpoint.api_key or endpoint.url):
        raise LLMNotConfiguredError(
            f"{endpoint.prefix}_MODEL={endpoint.model} needs a key and none is set. Set {endpoint.prefix}_API_KEY "
            f"(or {', '.join(missing)}), or {endpoint.prefix}_ENDPOINT where you serve the model yourself; "
            f"{LOCAL_MODELS[endpoint.prefix]} needs neither."
        )


def arguments(endpoint: Endpoint) -> dict[str, Any]:
    """The arguments that every litellm call gets. Retries are ours alone."""
    key = endpoint.api_key
    if key is None and endpoint.url and _missing_keys(endpoint):
        key = "none"  # an endpoint of one's own may need no key, but its client insists on one
    return {
        "model": endpoint.model,
        "api_key": key,
        "api_base": endpoint.url,
        "timeout": endpoint.timeout,
        "max_retries": _NoRetries(),
        "num_retries": 0,
        # For temperature and encoding_format, which some refuse; whatever else is asked for, is taken.
        "drop_params": True,
    }


def _missing_keys(endpoint: Endpoint) -> list[str]:
    """The unset variables that litellm would take a key from (an address has a default, or a setting)."""
    missing: list[str] = litellm_runtime.load().validate_environment(endpoint.model)["missing_keys"]
    return [name for name in missing if not name.endswith(("_API_BASE", "_API_VERSION"))]


async def call(
    endpoint: Endpoint, loops: EventLoops, send: Callable[[CallSpan], Awaitable[R]], retries: int | None = None
) -> tuple[R, float]:
    """What `send` answers, and the seconds that the answer took. Raises LLMFailedError.

    `send` is given the span of its call, to say what it used. `retries` stands in for the endpoint's own.
    """
    import tenacity

    limit = await loops.limit()
    more = endpoint.retries if retries is None else retries
    attempts = 0

    async def attempt() -> tuple[R, float]:
        nonlocal attempts
        async with litellm_runtime.own_call(), limit:
            attempts += 1
            started = time.perf_counter()
            with call_span(endpoint) as span:
                async with asyncio.timeout(endpoint.timeout):
                    return await send(span), time.perf_counter() - started

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(may_pass),
        stop=tenacity.stop_after_attempt(1 + more),
        wait=_wait,
        reraise=True,
    )
    try:
        return await retrying(attempt)
    except Exception as error:
        # Not openai's errors alone: litellm raises KeyError, TypeError, RuntimeError, pydantic's.
        raise failure(
            error,
            prefix=endpoint.prefix,
            model=endpoint.model,
            api_key=endpoint.api_key,
            attempts=attempts,
        ) from None


def _wait(state: "RetryCallState") -> float:
    """Seconds until the next attempt: what the endpoint asked for, else ever longer."""
    asked = retry_after(state.outcome.exception() if state.outcome else None)
    return _backoff(state) if asked is None else min(asked, _LONGEST_RETRY_AFTER)


def _backoff(state: "RetryCallState") -> float:
    from tenacity import wait_exponential, wait_random

    return (wait_exponential(multiplier=0.25, max=8) + wait_random(0, 0.25))(state)


def body_of(told: Sequence[dict[str, Any]]) -> Any:
    """The answer as it came, of what litellm has told a `logger_fn`; None where that is no JSON, or nothing came."""
    text = told[-1].get("original_response") if told else None
    try:
        return json.loads(text, strict=False) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def price(response: Any) -> float | None:
    """What `response` cost in US dollars; None where litellm knows no price of the model."""
    cost: float | None = getattr(response, "_hidden_params", {}).get("response_cost")
    return cost

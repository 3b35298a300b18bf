"""What every model call shares: how a model is reached, how many calls at once, timeouts, retries, price.

What is asked and how an answer is read belong to `client` and `embedder`; what a fault means, to `failures`.

Invariants: at most `concurrency` calls of an endpoint are in flight in an event loop (one that waits to try
again is not in flight), and a call is tried again only after a fault that may pass.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import tenacity

from sessiongraph.errors import LLMNotConfiguredError
from sessiongraph.llm import litellm_runtime
from sessiongraph.llm.error_mapping import failure, may_pass, retry_after
from sessiongraph.settings import LOCAL_EMBEDDER, LOCAL_LLM

R = TypeVar("R")

_LONGEST_RETRY_AFTER = 30.0
_BACKOFF = tenacity.wait_exponential(multiplier=0.25, max=8) + tenacity.wait_random(0, 0.25)
_LOCAL = {"LLM": LOCAL_LLM, "EMBEDDING": LOCAL_EMBEDDER}
_EXAMPLES = {
    "LLM": "openai/gpt-4o-mini, ollama/llama3.1",
    "EMBEDDING": "openai/text-embedding-3-small, ollama/nomic-embed-text",
}


@dataclass(frozen=True)
class Endpoint:
    """A model and how it is reached. `prefix` is that of its variables; `timeout` is in seconds."""

    prefix: Literal["LLM", "EMBEDDING"]
    model: str
    api_key: str | None = field(repr=False)
    url: str | None
    timeout: float
    retries: int
    concurrency: int

    @property
    def is_local(self) -> bool:
        return self.model.startswith("local/")

    def check(self) -> None:
        """Raise LLMNotConfiguredError where a setting is missing. Blocks: it may have to load litellm."""
        litellm = litellm_runtime.load()
        if self.is_local:
            self._check_local()
            return
        try:
            litellm.get_llm_provider(self.model, api_base=self.url)
        except litellm.BadRequestError:
            raise self._unknown_model() from None
        if (missing := self._missing_keys()) and not (self.api_key or self.url):
            raise LLMNotConfiguredError(
                f"{self.prefix}_MODEL={self.model} needs a key and none is set. Set {self.prefix}_API_KEY "
                f"(or {', '.join(missing)}), or {self.prefix}_ENDPOINT where you serve the model yourself; "
                f"{_LOCAL[self.prefix]} needs neither."
            )

    def _check_local(self) -> None:
        if self.model != _LOCAL[self.prefix]:
            raise self._unknown_model()
        from sessiongraph.local_models import litellm_provider

        litellm_provider.register()

    def _unknown_model(self) -> LLMNotConfiguredError:
        return LLMNotConfiguredError(
            f"{self.prefix}_MODEL={self.model} names no model that can be reached. Set {self.prefix}_MODEL "
            f"to provider/model, such as {_EXAMPLES[self.prefix]} or {_LOCAL[self.prefix]}."
        )

    def _missing_keys(self) -> list[str]:
        """The unset variables that litellm would take a key from (an address has a default, or a setting)."""
        missing: list[str] = litellm_runtime.load().validate_environment(self.model)["missing_keys"]
        return [name for name in missing if not name.endswith(("_API_BASE", "_API_VERSION"))]

    def arguments(self) -> dict[str, Any]:
        """The arguments that every litellm call gets. Retries are ours alone."""
        key = self.api_key
        if key is None and self.url and self._missing_keys():
            key = "none"  # an endpoint of one's own may need no key, but its client insists on one
        return {
            "model": self.model,
            "api_key": key,
            "api_base": self.url,
            "timeout": self.timeout,
            "max_retries": 0,
            "num_retries": 0,
            # For temperature and encoding_format, which some refuse; whatever else is asked for, is taken.
            "drop_params": True,
        }


async def call(endpoint: Endpoint, send: Callable[[], Awaitable[R]], retries: int | None = None) -> tuple[R, float]:
    """What `send` answers, and the seconds that the answer took. Raises LLMFailedError.

    `retries` stands in for the endpoint's own. A local model is never asked again: it would say the same.
    """
    from openai import OpenAIError  # the base of every error that litellm raises

    places = await litellm_runtime.limit(endpoint, endpoint.concurrency)
    more = 0 if endpoint.is_local else endpoint.retries if retries is None else retries
    attempts = 0

    async def attempt() -> tuple[R, float]:
        nonlocal attempts
        async with places:
            attempts += 1
            started = time.perf_counter()
            async with asyncio.timeout(endpoint.timeout):
                return await send(), time.perf_counter() - started

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(may_pass),
        stop=tenacity.stop_after_attempt(1 + more),
        wait=_wait,
        reraise=True,
    )
    try:
        return await retrying(attempt)
    except (OpenAIError, TimeoutError) as error:
        raise failure(
            error,
            prefix=endpoint.prefix,
            model=endpoint.model,
            api_key=endpoint.api_key,
            attempts=attempts,
        ) from None


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds until the next attempt: what the endpoint asked for, else ever longer."""
    asked = retry_after(state.outcome.exception() if state.outcome else None)
    return _BACKOFF(state) if asked is None else min(asked, _LONGEST_RETRY_AFTER)


def price(endpoint: Endpoint, response: Any) -> float | None:
    """What `response` cost in US dollars; None where litellm knows no price of the model."""
    if endpoint.is_local:
        return 0.0
    cost: float | None = getattr(response, "_hidden_params", {}).get("response_cost")
    return cost

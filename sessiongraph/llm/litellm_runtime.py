"""litellm as this project loads it, and what belongs to one event loop: its limits and its HTTP clients.

What a call is made of belongs to `calls`. Nothing else imports litellm but the local models' provider.

Invariants: importing litellm goes to no network and says nothing on the user's stdout or loggers (unless
LITELLM_LOG asks it to). The HTTP clients that litellm keeps for an event loop are closed when that loop
shuts down, those that the user gave to litellm excepted.
"""

import asyncio
import inspect
import logging
import os
import warnings
from collections.abc import AsyncGenerator, Hashable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
# What openai's client says of every vector that comes as base64, which litellm has it dump before it is read.
_PACKED_VECTOR = r"Pydantic serializer warnings:\s+\S*\(?Expected `list\[float\]`[^\n]*field_name='embedding'"


def load() -> ModuleType:
    """litellm, quiet and offline. The first call takes seconds: make it in a thread."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # Any other mode has litellm load a `.env` that it finds above its own folder into the user's environment.
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    import litellm

    litellm.suppress_debug_info = True
    if "LITELLM_LOG" not in os.environ:
        # What they would say arrives as an exception, which becomes an error that names the cause.
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    if not any(message and message.pattern == _PACKED_VECTOR for _, message, *_ in warnings.filters):
        warnings.filterwarnings("ignore", _PACKED_VECTOR, UserWarning)
    return litellm


@dataclass
class _Loop:
    """What is kept for one event loop, from its first call until it shuts down."""

    guard: AsyncGenerator[None, None]
    limits: dict[Hashable, asyncio.Semaphore] = field(default_factory=dict)


_loops: dict[asyncio.AbstractEventLoop, _Loop] = {}


async def limit(key: Hashable, size: int) -> asyncio.Semaphore:
    """The semaphore of `size` places that all calls of this `key` share in the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        for closed in [known for known in _loops if known.is_closed()]:
            del _loops[closed]
        _loops[loop] = _Loop(_until_shutdown(loop))
        await anext(_loops[loop].guard)
    return _loops[loop].limits.setdefault(key, asyncio.Semaphore(size))


async def _until_shutdown(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
    """Waits, suspended, for `shutdown_asyncgens`: the one hook that a loop runs before it closes."""
    try:
        yield
    finally:
        _loops.pop(loop, None)
        await _close_clients(loop)


async def _close_clients(loop: asyncio.AbstractEventLoop) -> None:
    """Close what litellm made for `loop`: nobody can use it any more, and its sockets would stay open."""
    litellm = load()
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
    from openai import AsyncOpenAI

    cache = litellm.in_memory_llm_clients_cache
    for key in [key for key in cache.cache_dict if key.endswith(f"-{id(loop)}")]:
        client: Any = cache.cache_dict.get(key)
        cache.delete_cache(key)
        if isinstance(client, (AsyncOpenAI, AsyncHTTPHandler)) and not _is_users(client, litellm):
            closing = client.close()
            if inspect.isawaitable(closing):
                await closing


def _is_users(client: Any, litellm: ModuleType) -> bool:
    """Whether `client` only wraps the HTTP session that the user gave to litellm."""
    session = litellm.aclient_session
    return session is not None and getattr(client, "_client", None) is session

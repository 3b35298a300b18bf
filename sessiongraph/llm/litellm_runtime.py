"""litellm as this project loads it: offline, silent about our own calls, and with nothing left behind in event loops.

What a call is made of belongs to `litellm_calls`. Nothing else imports litellm.

Invariants: importing litellm goes to no network and leaves the host's environment as it was. What litellm says of a
call of ours reaches no log (unless LITELLM_LOG asks for it); what it says of the host's own calls does. A call
of ours is over when it returns: callbacks that the host gave to litellm have run, and no task of its goes on. The HTTP
clients that litellm keeps for an event loop are closed when that loop shuts down, those that the user gave to litellm
excepted.
"""

import asyncio
import inspect
import logging
import os
import sys
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
# Read by litellm's import alone. Without the first it fetches its price list from the network; in any other mode it
# loads a `.env` that it finds above its own folder into the user's environment.
_IMPORT_SETTINGS = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
# What openai's client says of every vector that comes as base64, which litellm has it dump before it is read.
_PACKED_VECTOR = r"Pydantic serializer warnings:\s+\S*\(?Expected `list\[float\]`[^\n]*field_name='embedding'"

# What litellm's reading of an odd answer says of it, quoting it, with a model's thinking in it.
_ODD_ANSWER = r"Pydantic serializer warnings:\s+\S*\(?Expected `[^\n]*input_value="

# Seconds until a timer that is never due.
_NEVER = 1e9


@dataclass
class _OwnCall:
    """A call of ours: whether litellm's loggers may say something of it, and what is to be told to callbacks of it.

    `reports` is None when it is over.
    """

    is_logged: bool
    reports: list[Coroutine[Any, Any, Any]] | None = field(default_factory=list)

    def take_reports(self) -> list[Coroutine[Any, Any, Any]]:
        reports, self.reports = self.reports, None
        return reports or []


_own_call: ContextVar[_OwnCall | None] = ContextVar("sessiongraph_litellm_call", default=None)


def load() -> ModuleType:
    """litellm. The first call takes seconds: make it in a thread."""
    if "litellm" not in sys.modules:
        with _environment(_IMPORT_SETTINGS):
            import litellm
    import litellm

    litellm.suppress_debug_info = True  # it prints advice on stdout otherwise
    _collect_own_reports()
    return litellm


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """The variables that are `wanted` and not set, set for as long as this lasts."""
    missing = wanted.keys() - os.environ.keys()
    os.environ.update({name: wanted[name] for name in missing})
    try:
        yield
    finally:
        for name in missing:
            os.environ.pop(name, None)


class _NotOurCalls(logging.Filter):
    """Drops what is logged of a call of ours: it arrives as an exception too, and becomes an error that says why."""

    def filter(self, record: logging.LogRecord) -> bool:
        call = _own_call.get()
        return call is None or call.is_logged


@asynccontextmanager
async def own_call() -> AsyncIterator[None]:
    """A call of litellm that leaves nothing, and of which its loggers say nothing, unless LITELLM_LOG asks them to."""
    call = _OwnCall(is_logged="LITELLM_LOG" in os.environ)
    if not call.is_logged:
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            if not any(isinstance(known, _NotOurCalls) for known in logger.filters):
                logger.addFilter(_NotOurCalls())
    token = _own_call.set(call)
    try:
        yield
        await asyncio.sleep(0)  # litellm has started a task, whose one step is to hand over the report
        reports = call.take_reports()
        await asyncio.gather(*map(_told, reports), return_exceptions=True)
    finally:
        for report in call.take_reports():
            report.close()
        _own_call.reset(token)


async def _told(report: Coroutine[Any, Any, Any]) -> None:
    """Have the host's callbacks told, for as long as litellm itself would wait for them."""
    from litellm.constants import LOGGING_WORKER_MAX_TIME_PER_COROUTINE

    await asyncio.wait_for(report, LOGGING_WORKER_MAX_TIME_PER_COROUTINE)


def _collect_own_reports() -> None:
    """Have reports of our calls told by `own_call`; those of the host's own go the way that litellm has for them.

    That way is one queue and one task for the whole process, handed from event loop to event loop. Where loops run in
    several threads, the tasks left in the others are "destroyed but pending", and what was on its way is told twice.
    """
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    enqueue = GLOBAL_LOGGING_WORKER.ensure_initialized_and_enqueue
    if getattr(enqueue, "is_of_sessiongraph", False):
        return

    def collect(async_coroutine: Coroutine[Any, Any, Any]) -> None:
        call = _own_call.get()
        if call is None:
            enqueue(async_coroutine)
        elif call.reports is None:
            async_coroutine.close()
        else:
            call.reports.append(async_coroutine)

    collect.is_of_sessiongraph = True  # type: ignore[attr-defined]
    GLOBAL_LOGGING_WORKER.ensure_initialized_and_enqueue = collect  # type: ignore[method-assign]


def ignore_packed_vector_warning() -> None:
    """Have Python ignore the one warning that vectors in base64 cause. In effect until the process ends."""
    _ignore(_PACKED_VECTOR)


def ignore_odd_answer_warnings() -> None:
    """Have Python ignore the warnings that answers in an odd envelope cause. In effect until the process ends."""
    _ignore(_ODD_ANSWER)


def _ignore(pattern: str) -> None:
    if not any(message and message.pattern == pattern for _, message, *_ in warnings.filters):
        warnings.filterwarnings("ignore", pattern, UserWarning)


async def close_clients_at_shutdown() -> None:
    """See to it that the HTTP clients of the running event loop are closed when it shuts down."""
    loop = asyncio.get_running_loop()
    guard = _until_shutdown(loop)
    await anext(guard)
    # A loop holds its generators weakly. The model that asked for this one may be dropped while another still calls
    # through the same HTTP clients, which are litellm's: so it is the loop that keeps it, by a timer.
    loop.call_later(_NEVER, id, guard)


async def _until_shutdown(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
    """Waits, suspended, for `shutdown_asyncgens`: the one hook that a loop runs before it closes."""
    try:
        yield
    finally:
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

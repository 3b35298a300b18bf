"""A search as server-sent events: what is known is sent when it is known, and never before it is true.

Events: `sources` (a list of citations) each time that some were found, before a model is asked; `draft` ({"text": …}),
all that the model has written so far, each in the place of the one before; `answer` ({"text": …}), once it was read for
the sources that it names; `done` (the whole result) or `error` (a problem document) at the end.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sessiongraph.errors import SessionGraphError
from sessiongraph.llm.drafts import OnDraft
from sessiongraph.retrieval.results import Citation, SearchResult
from sessiongraph.server.problems import describe, problem

OnSources = Callable[[list[Citation]], None]
Ask = Callable[[OnSources, OnDraft], Awaitable[list[SearchResult]]]
_CITATIONS, _RESULT = TypeAdapter(list[Citation]), TypeAdapter(SearchResult)
# A comment now and then, by which both ends and what stands between them know that the connection is alive.
_PING_SECONDS = 15.0


async def search_events(ask: Ask, home: Path) -> AsyncIterator[bytes]:
    """The events of the search that `ask` begins; it is ended with the stream."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    work = asyncio.create_task(_worked(ask, queue, home))
    try:
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), _PING_SECONDS)
            except TimeoutError:
                yield b": still working\n\n"
                continue
            if event is None:
                return
            yield event
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _worked(ask: Ask, queue: "asyncio.Queue[bytes | None]", home: Path) -> None:
    try:
        [result] = await ask(
            lambda found: queue.put_nowait(_event("sources", _CITATIONS.dump_json(found))),
            lambda written: queue.put_nowait(_event("draft", _json({"text": written}))),
        )
        if result.answer is not None:
            queue.put_nowait(_event("answer", _json({"text": result.answer})))
        queue.put_nowait(_event("done", _RESULT.dump_json(result)))
    except SessionGraphError as error:
        queue.put_nowait(_event("error", bytes(problem(**describe(error, home)).body)))
    except Exception as error:
        refusal = problem(500, "The service failed at this search, by a fault of its own.", class_=type(error).__name__)
        queue.put_nowait(_event("error", bytes(refusal.body)))
        raise
    finally:
        queue.put_nowait(None)


def _event(name: str, data: bytes) -> bytes:
    """An event whose data is JSON, and so one line."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()

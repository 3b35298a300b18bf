"""The limit of calls at once, which holds in each event loop that a model is called from."""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary


class EventLoops:
    """What one model keeps for each event loop that it is called from: `places` for that many calls at once.

    `on_first_call` is awaited once in each loop, before its first call.
    """

    def __init__(self, places: int, on_first_call: Callable[[], Awaitable[None]] | None = None) -> None:
        self._places = places
        self._on_first_call = on_first_call
        self._semaphores: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def limit(self) -> asyncio.Semaphore:
        """The semaphore that all calls in the running event loop share."""
        loop = asyncio.get_running_loop()
        semaphore = self._semaphores.get(loop)
        if semaphore is None:
            semaphore = self._semaphores[loop] = asyncio.Semaphore(self._places)
            if self._on_first_call is not None:
                await self._on_first_call()
        return semaphore

    def close(self) -> None:
        """Drop what is kept; a call in flight keeps its place."""
        self._semaphores.clear()

"""Rates and concurrency of callers, counted in this process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cachetools import LRUCache

_MOST_CALLERS = 10_000


class TooMany(Exception):
    """More than a caller may ask; `seconds` is when to come again."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass
class _Usage:
    tokens: float
    at: float
    in_flight: int = 0


class Rates:
    """Per caller (any text), a bucket that holds `per_minute` requests and fills evenly, and `at_once` in flight."""

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._at_once = at_once
        self._clock = clock
        self._usage: LRUCache[str, _Usage] = LRUCache(_MOST_CALLERS)

    def take(self, caller: str) -> None:
        """Count one request. Raises TooMany."""
        usage, now = self._of(caller), self._clock()
        filled = usage.tokens + (now - usage.at) * self._per_minute / 60
        usage.tokens, usage.at = min(filled, float(self._per_minute)), now
        if usage.tokens < 1:
            raise TooMany(
                f"More than {self._per_minute} requests a minute.", (1 - usage.tokens) * 60 / self._per_minute
            )
        usage.tokens -= 1

    @contextmanager
    def one_more(self, caller: str) -> Iterator[None]:
        """For as long as a request is worked on. Raises TooMany."""
        usage = self._of(caller)
        if usage.in_flight >= self._at_once:
            raise TooMany(f"More than {self._at_once} requests at once.", 1)
        usage.in_flight += 1
        try:
            yield
        finally:
            usage.in_flight -= 1

    def _of(self, caller: str) -> _Usage:
        if caller not in self._usage:
            self._usage[caller] = _Usage(float(self._per_minute), self._clock())
        return self._usage[caller]

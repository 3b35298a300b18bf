"""How far a command is, on stderr: a line that changes in a terminal, now and then a line of its own in a log."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from sessiongraph.cli.console import console, is_terminal, plain
from sessiongraph.types import Progress

T = TypeVar("T")
Report = Callable[[Progress], None]

# How often a log gets a line; a command that is quick gets none.
_LOG_SECONDS = 10.0


@contextmanager
def working(doing: str) -> Iterator[Report]:
    """Shows what is being done and, once that is told to what this gives, how far it is."""
    if not is_terminal(stderr=True):
        yield _Log().report
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task, pace = bar.add_task(doing, total=None), Pace()
        yield lambda progress: bar.update(task, description=pace.line(progress))


class Pace:
    """What `Progress` says in one line, with the rate since the first of its kind and the time that is left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[str, float, int] | None = None

    def line(self, progress: Progress) -> str:
        now = self._clock()
        if self._began is None or self._began[0] != progress.what:
            self._began = progress.what, now, progress.done
        _, start, before = self._began
        text = f"{progress.done:,} of {progress.total:,} {progress.what}"
        if progress.failed:
            text += f", {progress.failed:,} failed"
        if (seconds := now - start) > 0 and (rate := (progress.done - before) / seconds) > 0:
            left = (progress.total - progress.done) / rate
            text += f", {rate:.{0 if rate >= 10 else 1}f}/s" + (f", {_duration(left)} left" if left else "")
        return text


class _Log:
    def __init__(self) -> None:
        self._pace, self._last = Pace(), time.monotonic()

    def report(self, progress: Progress) -> None:
        line = self._pace.line(progress)
        if time.monotonic() - self._last >= _LOG_SECONDS:
            self._last = time.monotonic()
            print(plain(line), file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def run(doing: str, work: Coroutine[Any, Any, T] | Callable[[Report], Coroutine[Any, Any, T]]) -> T:
    """The result of `work`, which may say how far it is, with a line that says what is being done."""
    with working(doing) as report:
        return asyncio.run(work(report) if callable(work) else work)

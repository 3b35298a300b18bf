"""What a reader says beside the conversations: what it left out, and what it could not read, counted and named."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_MOST_NAMED = 100


@dataclass
class ReadingNotes:
    """`left_out` counts by kind; `unread` names the first places that could not be read and why, of `unread_count`."""

    left_out: Counter[str] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)
    unread_count: int = 0

    def leave_out(self, what: str, count: int = 1) -> None:
        if count:
            self.left_out[what] += count

    def cannot_read(self, where: str, why: str) -> None:
        self.unread_count += 1
        if len(self.unread) < _MOST_NAMED:
            self.unread.append(f"{where}: {why}")

    @contextmanager
    def reading(self, where: str) -> Iterator[None]:
        """What is read in it may be anything: a value where none was expected costs that one place."""
        try:
            yield
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
            self.cannot_read(where, f"it is not as its program writes it ({type(error).__name__})")

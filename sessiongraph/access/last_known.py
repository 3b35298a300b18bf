"""Who may read what, as it was last known: searches go on while the database that knows it is away.

Invariant: what was not allowed within the last minutes is not allowed now. Nothing is written by what is last known.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import TTLCache

from sessiongraph.errors import StoreUnavailableError

T = TypeVar("T")

# As long as a database may be away before readers are refused; who lost a permission just before keeps it for so long.
GRACE_SECONDS = 600.0
_MOST = 10_000


class LastKnown:
    """Answers of access control, by question. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: TTLCache[Hashable, Any] = TTLCache(_MOST, GRACE_SECONDS, timer=time.monotonic)
        self._guard = threading.Lock()

    def ask(self, question: Hashable, answer: Callable[[], T]) -> T:
        """What `answer` gives or, where the database is away, what it gave to that question before."""
        try:
            given = answer()
        except StoreUnavailableError:
            with self._guard:
                if question not in self._known:
                    raise
                known: T = self._known[question]
            return known
        except BaseException:
            with self._guard:
                self._known.pop(question, None)
            raise
        with self._guard:
            self._known[question] = given
        return given

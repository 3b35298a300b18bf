"""What the tests of session caches share."""

from collections.abc import Callable
from datetime import UTC, datetime

from sessiongraph.session_cache.base import SessionCache
from sessiongraph.types import Turn

NOON = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
# Opens a cache over the same store as often as it is called, as several processes would.
OpenCache = Callable[..., SessionCache]


def turn(turn_id: str, session_id: str = "s", user_id: str = "ana", **said: object) -> Turn:
    values: dict[str, object] = {
        "question": f"q {turn_id}",
        "answer": f"a {turn_id}",
        "created_at": NOON,
        **said,
    }
    return Turn(turn_id=turn_id, user_id=user_id, session_id=session_id, **values)  # type: ignore[arg-type]

"""The sensor's view of the session cache at a tick: what waits, and of that what is due, by dataset.

Invariant: it is bounded, in requests, in seconds and in memory, whatever is cached. It reads what the cache says of
waiting sessions, page by page, and never a turn; where it had to stop, the next tick goes on.
"""

import heapq
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sessiongraph.persistence.due_rules import DueRules, due_reason
from sessiongraph.persistence.session_routing import Routes
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.types import WaitingSession, WaitingTurns

# Sessions of one run: few enough for a run config that one can read, enough to be worth a process.
BATCH = 500
MOST_PAGES = 150
MOST_SECONDS = 15.0
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class DueSessions:
    """The sessions of one dataset that are due: how many, why, and the BATCH of them that expire first."""

    count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    _earliest: list[tuple[float, str, str, WaitingSession]] = field(default_factory=list)

    def add(self, session: WaitingSession, reason: str) -> None:
        self.count += 1
        self.reasons[reason] += 1
        # The one that expires last is on top, to be pushed out first.
        entry = (-(session.expires_at or _NEVER).timestamp(), session.user_id, session.session_id, session)
        (heapq.heappush if len(self._earliest) < BATCH else heapq.heappushpop)(self._earliest, entry)

    @property
    def batch(self) -> list[WaitingSession]:
        return [session for *_, session in sorted(self._earliest, reverse=True, key=lambda entry: entry[:3])]

    @property
    def expires_at(self) -> datetime | None:
        """When the first of them expires."""
        return self.batch[0].expires_at if self._earliest else None


@dataclass
class Survey:
    """What waits: sessions, turns, since when the oldest, and when the first session expires; `due` by dataset's key.

    `unroutable` counts turns of users or datasets that are gone, or of users who may not write the dataset any more.
    `next_place` is where to go on, 0 where all was seen.
    """

    sessions: int = 0
    turns: int = 0
    unroutable: int = 0
    oldest: datetime | None = None
    nearest_expiry: datetime | None = None
    due: dict[str, DueSessions] = field(default_factory=dict)
    next_place: int = 0


def survey(cache: SessionCache, routes: Routes, rules: DueRules, now: datetime, place: int = 0) -> Survey:
    """What waits from `place` on, at the moment `now`. Raises CacheUnavailableError."""
    result = Survey()
    deadline = time.monotonic() + MOST_SECONDS
    following: int | None = place
    for _ in range(MOST_PAGES):
        if following is None or time.monotonic() > deadline:
            break
        sessions, following = cache.waiting(following)
        for session in sessions:
            _take_in(result, session, routes, rules, now)
    result.next_place = following or 0
    return result


def _take_in(result: Survey, session: WaitingSession, routes: Routes, rules: DueRules, now: datetime) -> None:
    result.sessions += 1
    if session.expires_at is not None:
        result.nearest_expiry = min(result.nearest_expiry or session.expires_at, session.expires_at)
    for key, part in _by_dataset(session, routes):
        result.turns += part.turns
        result.oldest = min(result.oldest or part.since, part.since)
        if key is None:
            result.unroutable += part.turns
        elif (reason := due_reason(session, part, rules, now)) is not None:
            result.due.setdefault(key, DueSessions()).add(session, reason)


def _by_dataset(session: WaitingSession, routes: Routes) -> list[tuple[str | None, WaitingTurns]]:
    """The parts of `session` with their datasets' keys; turns without a dataset go with those of the main one."""
    parts: dict[str | None, WaitingTurns] = {}
    for part in session.waiting:
        key = routes.dataset_key(session.user_id, part.dataset_id)
        known = parts.get(key)
        if known is not None:
            part = WaitingTurns(part.dataset_id, known.turns + part.turns, min(known.since, part.since))
        parts[key] = part
    return list(parts.items())

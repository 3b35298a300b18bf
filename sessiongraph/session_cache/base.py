"""What a session cache is, whatever it is stored in. Nothing here knows SQLite or Redis.

Methods block: callers on an event loop run them in a thread (`asyncio.to_thread`). A cache object may be used
from several threads at once. Sessions are a user's: every key is (user id, session id).

A cache that cannot be reached or read raises CacheUnavailableError, naming where it is and what to check.

Invariant of the hint: every turn waits from the moment it is written until `note_staged` says that just what it says
now is in a dataset's store. A hint that is lost, or older than the hint itself, counts as waiting: it costs work,
never turns. Nothing is skipped by it but a sensor's tick; whoever persists reads the turns.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Unpack

from sessiongraph.session_cache.turn_codec import changed
from sessiongraph.types import SessionInfo, Turn, TurnChanges, WaitingSession

# How many waiting sessions one page has, and how many sessions one request asks for.
PAGE = 1000


# Clocks of machines differ by minutes. What is further ahead was not said now, but given that moment.
_APART = timedelta(hours=1)


def moment_after(said: Sequence[Turn], now: datetime) -> datetime:
    """When a turn is said after those of `said`: `now`, or the latest of their moments, where this clock is behind."""
    return max([now, *(turn.created_at for turn in said if turn.created_at - now < _APART)])


class SessionCache(ABC):
    """Turns by (user, session), expiring `ttl_seconds` after the session was last written."""

    @abstractmethod
    def put_turns(self, turns: Sequence[Turn]) -> None:
        """Write `turns`, new or known by (user, session, turn id), atomically per session.

        A new turn gets the next `position` of its session; a known one keeps its own. Each session written
        lives on for its TTL from now, whatever its turns' `created_at` says.
        """

    def update_turn(self, user_id: str, session_id: str, turn_id: str, **changes: Unpack[TurnChanges]) -> Turn | None:
        """Change what is given of one turn, atomically; the turn as it is then, None if there is none."""
        return self.revise_turn(user_id, session_id, turn_id, lambda turn: changed(turn, changes))

    @abstractmethod
    def revise_turn(self, user_id: str, session_id: str, turn_id: str, revise: Callable[[Turn], Turn]) -> Turn | None:
        """Write what `revise` makes of one turn, atomically; the turn as it is then, None if there is none.

        `revise` may be called again, with what another has written in between. Key, place and time stay.
        """

    @abstractmethod
    def get_turns(self, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        """The turns of a session by (created_at, position), or its `last` ones; [] where there is none."""

    @abstractmethod
    def list_sessions(self, user_id: str | None = None, active_since: datetime | None = None) -> list[SessionInfo]:
        """Living sessions, latest activity first: a user's or, for None, everyone's."""

    @abstractmethod
    def count(self) -> tuple[int, int]:
        """How many living sessions there are, everyone's, and how many turns."""

    @abstractmethod
    def now(self) -> datetime:
        """The moment by the clock that says when sessions were written to and expire, which may be another machine's:
        what is due is held against it."""

    @abstractmethod
    def waiting(self, place: int = 0) -> tuple[list[WaitingSession], int | None]:
        """A page of the sessions with turns that wait to be persisted, those that expire first before others.

        Some PAGE of them, and the place where the next page begins, None after the last; 0 is the beginning. A
        session that is written to between two pages may be on both. Costs a few requests, whatever is cached.
        """

    @abstractmethod
    def sessions_of(self, dataset_id: str | None, user_id: str | None = None) -> list[tuple[str, str]]:
        """(user id, session id) of the sessions with turns of that dataset, waiting or not: a user's or everyone's.

        For None, those with turns that were searched in none or several, of a user who must be given. One may be
        listed of which the turns are gone by now.
        """

    @abstractmethod
    def note_staged(self, turns: Sequence[Turn]) -> None:
        """`turns` are in a dataset's store: those that the cache still has just as they are here wait no more."""

    @abstractmethod
    def recheck(self) -> None:
        """Make up what `waiting` and `sessions_of` go by from the sessions themselves, when next asked."""

    @abstractmethod
    def delete_turn(self, user_id: str, session_id: str, turn_id: str) -> bool:
        """Whether there was such a turn. A session without turns is no session."""

    @abstractmethod
    def delete_session(self, user_id: str, session_id: str) -> bool:
        """Whether there was such a session."""

    @abstractmethod
    def clear(self, user_id: str | None = None) -> int:
        """Delete a user's sessions or, for None, everyone's; how many there were."""

    @abstractmethod
    def check(self) -> None:
        """Raise CacheUnavailableError unless the cache answers."""

    @abstractmethod
    def close(self) -> None:
        """Give back connections; the cache may not be used afterwards."""

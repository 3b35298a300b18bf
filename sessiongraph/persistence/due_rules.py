"""Rules for when a cached session is due to be persisted. Pure: without a cache, a clock or Dagster.

Invariant: no turn that waits is left for ever. Whatever the settings, a session is due at the latest when its oldest
turn has waited PERSIST_WAIT_SECONDS, and that is finite; the other rules only make it due earlier.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sessiongraph.settings import Settings
from sessiongraph.types import WaitingSession, WaitingTurns

# How many ticks of the sensor must fit between a session's being due and its end: for a tick that is late, a run that
# is queued and starts a process, and one that fails.
_TICKS_TO_SPARE = 4


@dataclass(frozen=True)
class DueRules:
    """A session with turns that wait is due when one of these holds.

    - `idle`: nothing was written to it for so long (PERSIST_IDLE_SECONDS).
    - `turns`: so many of its turns wait for one dataset (PERSIST_TURNS).
    - `wait`: the oldest of them has waited so long (PERSIST_WAIT_SECONDS).
    - `before_expiry`: it expires within so long (PERSIST_BEFORE_EXPIRY_SECONDS). Where that is more than half of the
      time that it had when it was last written, half of that; and never less than a few `interval`s of the sensor.
    """

    idle: timedelta
    turns: int
    wait: timedelta
    before_expiry: timedelta
    interval: timedelta

    @classmethod
    def of(cls, settings: Settings, interval_seconds: float) -> "DueRules":
        return cls(
            idle=timedelta(seconds=settings.persist_idle_seconds),
            turns=settings.persist_turns,
            wait=timedelta(seconds=settings.persist_wait_seconds),
            before_expiry=timedelta(seconds=settings.persist_before_expiry_seconds),
            interval=timedelta(seconds=interval_seconds),
        )


def due_reason(session: WaitingSession, part: WaitingTurns, rules: DueRules, now: datetime) -> str | None:
    """Why the turns `part` of `session` are due at `now`; None where they are not yet."""
    if session.expires_at is not None and session.expires_at - now <= _margin(session, session.expires_at, rules):
        return "expires soon"
    if part.turns >= rules.turns:
        return "enough turns wait"
    if now - part.since >= rules.wait:
        return "waited long enough"
    if now - session.last_activity >= rules.idle:
        return "idle"
    return None


def due_at(session: WaitingSession, part: WaitingTurns, rules: DueRules) -> datetime:
    """When the turns `part` of `session` are due, if nothing more is written to it: the first moment with a reason."""
    moments = [session.last_activity + rules.idle, part.since + rules.wait]
    if session.expires_at is not None:
        moments.append(session.expires_at - _margin(session, session.expires_at, rules))
    if part.turns >= rules.turns:
        moments.append(session.last_activity)
    return min(moments)


def _margin(session: WaitingSession, expires_at: datetime, rules: DueRules) -> timedelta:
    """How long before its end the session is due."""
    lifetime = expires_at - session.last_activity
    return max(min(rules.before_expiry, lifetime / 2), _TICKS_TO_SPARE * rules.interval)

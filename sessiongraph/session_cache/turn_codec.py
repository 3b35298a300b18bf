"""How a turn is written down, the same in every backend: JSON for what it says, microseconds for its times.

A time is written as the moment in UTC, and beside it how far the clock was ahead of UTC where it was said. Where it was
not, nothing is: such a record is the one that was written before there were offsets. So it is with a context that is
not kept: until 0.2 none was, and most were a search's.

Where records are kept, and in which order turns get their positions, belongs to the backends.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sessiongraph.errors import CacheUnavailableError, InvalidInputError
from sessiongraph.types import SessionItem, Turn, TurnChanges

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, UTC. A time without a zone is refused: it would mean another one elsewhere."""
    if moment.tzinfo is None:
        raise InvalidInputError(f"The time {moment.isoformat()} has no time zone: give one, as in datetime.now(UTC).")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The moment in UTC that `to_micros` wrote down."""
    return _EPOCH + timedelta(microseconds=micros)


def zone_at(utc_offset_minutes: int | None) -> timezone:
    """The zone of a clock that is so far ahead of UTC."""
    return timezone(timedelta(minutes=utc_offset_minutes)) if utc_offset_minutes else UTC


def encode(turn: Turn) -> str:
    """All of `turn` but its key and its position, as ASCII JSON."""
    items = {"items": [astuple(item) for item in turn.items]} if turn.items else {}
    zone = {} if turn.utc_offset_minutes is None else {"utc_offset_minutes": turn.utc_offset_minutes}
    kept = {"keeps_context": True} if turn.context is not None and turn.keeps_context else {}
    metadata = {"metadata": turn.metadata} if turn.metadata else {}
    return json.dumps(
        {
            "question": turn.question,
            "answer": turn.answer,
            "created_at": to_micros(turn.created_at),
            "dataset_id": turn.dataset_id,
            "context": turn.context,
            "elements": turn.elements,
            "score": turn.score,
            "feedback": turn.feedback,
            **zone,
            **kept,
            **items,
            **metadata,
        }
    )


@contextmanager
def readable(session_id: str, turn_id: str) -> Iterator[None]:
    """Raise CacheUnavailableError where what is read in it was not written by `encode`."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CacheUnavailableError(
            f"Turn {turn_id} of session {session_id} is damaged in the cache. Delete it, with sessions.delete_turn or "
            "the session's others with sessions.delete_session; what was persisted of it is in its datasets."
        ) from None


def decode(user_id: str, session_id: str, turn_id: str, position: int, said: dict[str, Any]) -> Turn:
    """The turn of which `encode` wrote `said`."""
    return Turn(
        turn_id=turn_id,
        user_id=user_id,
        session_id=session_id,
        question=said["question"],
        answer=said["answer"],
        created_at=from_micros(said["created_at"]).astimezone(zone_at(said.get("utc_offset_minutes"))),
        position=position,
        dataset_id=said["dataset_id"],
        context=said["context"],
        elements=tuple(said["elements"]),
        score=said["score"],
        feedback=said["feedback"],
        keeps_context=said.get("keeps_context", said["context"] is None),
        items=tuple(SessionItem(*item) for item in said.get("items", ())),
        metadata=said.get("metadata"),
    )


def changed(turn: Turn, changes: TurnChanges) -> Turn:
    """`turn` with what `changes` give in place of what it had."""
    return replace(turn, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]

"""The session cache in Redis 7 or later, for whoever runs more than one machine.

How it is laid out stands in `redis_scripts`. Times are those of Redis's clock, so that all machines agree.

Invariants: each write to a session is one script, so nobody sees or undoes half of another's write. The session's
hash is the truth, and an index entry or a hint no more than that: it is dropped when it is found without its hash,
and made anew where a session has none.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from sessiongraph.errors import CacheUnavailableError
from sessiongraph.session_cache import redis_scripts as scripts
from sessiongraph.session_cache.base import PAGE, SessionCache
from sessiongraph.session_cache.redis_scripts import hint_key, index_key, keys, member_of, session_key, user_and_session
from sessiongraph.session_cache.turn_codec import decode, encode, from_micros, readable, to_micros
from sessiongraph.types import SessionInfo, Turn, WaitingSession, WaitingTurns

_CONNECT_SECONDS = 2
_ANSWER_SECONDS = 5


class RedisSessionCache(SessionCache):
    """Sessions in the Redis at `url` (redis://… or, with TLS, rediss://…), connected to when first used."""

    def __init__(self, url: str, ttl_seconds: int) -> None:
        address = urlsplit(url)
        self._where = f"{address.hostname}:{address.port or 6379}{address.path.rstrip('/').removesuffix('/0')}"
        self._password = unquote(address.password) if address.password else None
        self._ttl_ms = ttl_seconds * 1000
        # One more try, on a fresh connection, outlives a restart of Redis; a timeout is not waited for twice.
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(ConstantBackoff(0.1), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._put = self._redis.register_script(scripts.PUT)
        self._replace = self._redis.register_script(scripts.REPLACE)
        self._delete_turn = self._redis.register_script(scripts.DELETE_TURN)
        self._delete_session = self._redis.register_script(scripts.DELETE_SESSION)
        self._unlist_if_gone = self._redis.register_script(scripts.UNLIST_IF_GONE)
        self._note_staged = self._redis.register_script(scripts.NOTE_STAGED)
        self._read_hint = self._redis.register_script(scripts.READ_HINT)
        self._list_all = self._redis.register_script(scripts.LIST_ALL)
        self._summaries = self._redis.register_script(scripts.SUMMARIES)
        self._count = self._redis.register_script(scripts.COUNT)

    def put_turns(self, turns: Sequence[Turn]) -> None:
        rows = [(member_of(turn.user_id, turn.session_id), turn.turn_id, encode(turn)) for turn in turns]
        rows.sort(key=lambda row: row[0])
        with self._available(), self._redis.pipeline(transaction=False) as pipeline:
            for member, session in groupby(rows, key=lambda row: row[0]):
                values = [value for _, *turn in session for value in turn]
                self._put(keys(member), [member, self._ttl_ms, *values], client=pipeline)
            pipeline.execute()

    def revise_turn(self, user_id: str, session_id: str, turn_id: str, revise: Callable[[Turn], Turn]) -> Turn | None:
        member = member_of(user_id, session_id)
        its_keys = keys(member)
        with self._available():
            # Until nobody else has changed the turn between the reading and the writing.
            while True:
                old: Any = self._redis.hget(its_keys[0], turn_id)
                if old is None:
                    return None
                turn = revise(_turn(user_id, session_id, turn_id, old))
                new = f"[{turn.position}, {encode(turn)}]"
                if self._replace(its_keys, [member, self._ttl_ms, turn_id, old, new]):
                    return turn

    def get_turns(self, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        with self._available():
            values: Any = self._redis.hgetall(keys(member_of(user_id, session_id))[0])
        values.pop(scripts.LAST_POSITION, None)
        turns = [_turn(user_id, session_id, turn_id, value) for turn_id, value in values.items()]
        turns.sort(key=lambda turn: (turn.created_at, turn.position))
        return turns if last is None else turns[max(len(turns) - last, 0) :]

    def list_sessions(self, user_id: str | None = None, active_since: datetime | None = None) -> list[SessionInfo]:
        since = 0 if active_since is None else to_micros(active_since)
        sessions: list[SessionInfo] = []
        with self._available():
            entries: Any = self._redis.zrevrangebyscore(index_key(user_id), "+inf", since, withscores=True)
            for start in range(0, len(entries), PAGE):
                sessions += self._living(entries[start : start + PAGE])
        return sessions

    def _living(self, entries: list[tuple[str, float]]) -> list[SessionInfo]:
        """What `entries` of an index stand for; those without a session any more are dropped from it."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for member, _ in entries:
                pipeline.hlen(keys(member)[0])
                pipeline.pexpiretime(keys(member)[0])
            # A key that something else has written to is no session, and stops no other.
            answers: list[Any] = pipeline.execute(raise_on_error=False)
            counts = [fields if isinstance(fields, int) else 0 for fields in answers[::2]]
            found = list(zip(entries, counts, answers[1::2], strict=True))
            for (member, _), fields, _ in found:
                if fields == 0:
                    self._unlist_if_gone(keys(member), [member], client=pipeline)
            # Only tidying up: a replica that may not be written to still says what there is.
            with suppress(redis.ResponseError):
                pipeline.execute()
        return [
            SessionInfo(
                *user_and_session(member),
                turns=fields - 1,
                last_activity=from_micros(int(activity)),
                expires_at=from_micros(expiry_ms * 1000) if expiry_ms > 0 else None,
            )
            for (member, activity), fields, expiry_ms in found
            if fields > 1
        ]

    def count(self) -> tuple[int, int]:
        sessions = turns = 0
        with self._available():
            members: Any = self._redis.zrange(index_key(None), 0, -1)
            for start in range(0, len(members), PAGE):
                found = self._count([session_key(member) for member in members[start : start + PAGE]])
                sessions, turns = sessions + found[0], turns + found[1]
        return sessions, turns

    def now(self) -> datetime:
        with self._available():
            seconds, micros = self._redis.time()
        return from_micros(seconds * 1_000_000 + micros)

    def waiting(self, place: int = 0) -> tuple[list[WaitingSession], int | None]:
        with self._available():
            self._list_all([scripts.WAITING, scripts.INDEX])
            now = self._redis.time()
            entries = self._waiting_after(max(place, now[0] * 1000 + now[1] // 1000))
            summaries = self._hints(entries)
        sessions = [_waiting_session(member, summary) for member, summary in summaries.items()]
        # By what it says now: the hint of one that was not looked at yet may say that nothing waits.
        return [session for session in sessions if session.waiting], entries[-1][1] if len(entries) >= PAGE else None

    def _waiting_after(self, place: int) -> list[tuple[str, int]]:
        """A page of members that wait and their scores, with those that have the same score as its last."""
        where: dict[str, Any] = {"byscore": True, "withscores": True}
        entries: Any = self._redis.zrange(scripts.WAITING, f"({place}", "(inf", offset=0, num=PAGE, **where)
        if len(entries) == PAGE:
            last = int(entries[-1][1])
            entries = [entry for entry in entries if entry[1] < last]
            entries += self._redis.zrange(scripts.WAITING, str(last), str(last), **where)
        return [(member, int(score)) for member, score in entries]

    def _hints(self, entries: list[tuple[str, int]]) -> dict[str, dict[str, Any]]:
        """The summaries of those of `entries`, members and scores, that there still are; made where there are none."""
        if not entries:
            return {}
        asked = [key for member, _ in entries for key in (session_key(member), hint_key(member))]
        found: dict[str, Any] = {}
        unsure: list[str] = []
        for (member, score), summary in zip(entries, self._summaries(asked), strict=True):
            found[member] = summary
            if not summary or score >= scripts.UNREAD:
                unsure.append(member)
        with self._redis.pipeline(transaction=False) as pipeline:
            for member in unsure:
                self._read_hint(keys(member), [member], client=pipeline)
            # What one session's keys are spoilt by, or a replica that may not be written to, stops no other.
            found |= zip(unsure, pipeline.execute(raise_on_error=False), strict=True)
        return {
            member: json.loads(summary) for member, summary in found.items() if isinstance(summary, str) and summary
        }

    def sessions_of(self, dataset_id: str | None, user_id: str | None = None) -> list[tuple[str, str]]:
        prefix = f"{dataset_id or ''} {'' if user_id is None else member_of(user_id, '')}"
        with self._available():
            self._list_all([scripts.WAITING, scripts.INDEX])
            place = scripts.UNREAD
            while unread := self._waiting_after(place):
                self._hints(unread)
                place = unread[-1][1]
            listed: Any = self._redis.zrange(scripts.DATASETS, f"[{prefix}", f"({prefix}\x7f", bylex=True)
            living: list[str] = []
            for start in range(0, len(listed), PAGE):
                living += self._living_of(listed[start : start + PAGE])
        return [user_and_session(member) for member in living]

    def _living_of(self, listed: list[str]) -> list[str]:
        """The members in `listed`, of sessions by dataset; those without a session any more are dropped from it."""
        members = [entry.partition(" ")[2] for entry in listed]
        summaries = self._summaries([key for member in members for key in (session_key(member), hint_key(member))])
        gone = [entry for entry, summary in zip(listed, summaries, strict=True) if summary is None]
        with suppress(redis.ResponseError):
            if gone:
                self._redis.zrem(scripts.DATASETS, *gone)
        return [member for member, summary in zip(members, summaries, strict=True) if summary is not None]

    def note_staged(self, turns: Sequence[Turn]) -> None:
        sessions: dict[str, list[Turn]] = {}
        for turn in turns:
            sessions.setdefault(member_of(turn.user_id, turn.session_id), []).append(turn)
        members = list(sessions)
        with self._available():
            for start in range(0, len(members), PAGE):
                self._note_sessions({member: sessions[member] for member in members[start : start + PAGE]})

    def _note_sessions(self, sessions: dict[str, list[Turn]]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for member in sessions:
                pipeline.hkeys(hint_key(member))
            marks: list[list[str]] = pipeline.execute()
            # Where there is no hint, every turn waits.
            asked = {
                member: [turn for turn in turns if not marked or turn.turn_id in set(marked)]
                for (member, turns), marked in zip(sessions.items(), marks, strict=True)
            }
            asked = {member: turns for member, turns in asked.items() if turns}
            for member, turns in asked.items():
                pipeline.hmget(session_key(member), [turn.turn_id for turn in turns])
            for (member, turns), values in zip(asked.items(), pipeline.execute(), strict=True):
                pairs = [
                    (turn.turn_id, value)
                    for turn, value in zip(turns, values, strict=True)
                    if value is not None and _says(turn, value)
                ]
                self._note_staged(keys(member), [member, *(part for pair in pairs for part in pair)], client=pipeline)
            pipeline.execute()

    def recheck(self) -> None:
        with self._available():
            self._redis.zrem(scripts.WAITING, scripts.COMPLETE)

    def delete_turn(self, user_id: str, session_id: str, turn_id: str) -> bool:
        member = member_of(user_id, session_id)
        with self._available():
            return bool(self._delete_turn(keys(member), [member, turn_id]))

    def delete_session(self, user_id: str, session_id: str) -> bool:
        member = member_of(user_id, session_id)
        with self._available():
            return bool(self._delete_session(keys(member), [member]))

    def clear(self, user_id: str | None = None) -> int:
        count = 0
        with self._available(), self._redis.pipeline(transaction=False) as pipeline:
            members: Any = self._redis.zrange(index_key(user_id), 0, -1)
            for start in range(0, len(members), PAGE):
                for member in members[start : start + PAGE]:
                    self._delete_session(keys(member), [member], client=pipeline)
                count += sum(pipeline.execute())
        return count

    def check(self) -> None:
        with self._available():
            self._redis.ping()

    def close(self) -> None:
        self._redis.close()

    @contextmanager
    def _available(self) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError) as error:
            cause = f"{type(error).__name__}: {error}"
            if self._password:  # Redis quotes what it was sent when it does not know a command.
                cause = cause.replace(self._password, "***")
            raise CacheUnavailableError(
                f"The session cache in Redis at {self._where} cannot be used ({cause}): see that Redis 7 or "
                "later runs there and that CACHE_HOST, CACHE_PORT, CACHE_USERNAME and CACHE_PASSWORD are "
                "right, or set CACHE_BACKEND=sqlite."
            ) from None


def _turn(user_id: str, session_id: str, turn_id: str, value: str) -> Turn:
    with readable(session_id, turn_id):
        position, record = json.loads(value)
        return decode(user_id, session_id, turn_id, position, record)


def _says(turn: Turn, value: str) -> bool:
    """Whether `value` is `turn`; one that is damaged since is another."""
    with suppress(CacheUnavailableError):
        return _turn(turn.user_id, turn.session_id, turn.turn_id, value) == turn
    return False


def _waiting_session(member: str, summary: dict[str, Any]) -> WaitingSession:
    waiting = [
        WaitingTurns(dataset or None, turns, from_micros(int(since) * 1000))
        for dataset, (turns, since) in summary["w"].items()
    ]
    expiry = int(summary["e"])
    return WaitingSession(
        *user_and_session(member),
        last_activity=from_micros(int(summary["a"]) * 1000),
        expires_at=from_micros(expiry * 1000) if expiry else None,
        waiting=tuple(waiting),
    )

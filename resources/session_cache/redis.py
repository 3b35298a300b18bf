"""The session cache in Redis 7 or later, for whoever runs more than one machine.

A session is a hash with the session's TTL: turn id to `[position, record]`, and under the empty field the
last position given. Two sorted sets, everyone's and the user's own, list sessions by last activity, in
microseconds of Redis's clock, so that all machines agree.

Invariants: each write to a session is one script, so nobody sees or undoes half of another's write. The hash
is the truth and an index entry a hint, which is dropped when it is found without its hash.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import quote, unquote

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from resources.errors import CacheUnavailableError
from resources.session_cache.base import SessionCache
from resources.session_cache.records import changed, decode, encode, from_micros, readable, to_micros
from resources.types import SessionInfo, Turn

_CONNECT_SECONDS = 2
_ANSWER_SECONDS = 5
# How many sessions one request lists or deletes.
_BATCH = 1000
_LAST_POSITION = ""
_INDEX = "sessiongraph:sessions"

# Every script: KEYS are the session's hash, everyone's index, the user's index; ARGV starts with the member.
_DEFINE_TOUCH = """
local function touch(ttl)
  redis.call('PEXPIRE', KEYS[1], ttl)
  local now = redis.call('TIME')
  for i = 2, 3 do
    redis.call('ZADD', KEYS[i], now[1] .. string.format('%06d', now[2]), ARGV[1])
    redis.call('PEXPIRE', KEYS[i], ttl, 'NX')
    redis.call('PEXPIRE', KEYS[i], ttl, 'GT')
  end
end
"""
_DEFINE_UNLIST = """
local function unlist()
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
end
"""
# ARGV: member, TTL in ms, then turn id and record of each turn.
_PUT = f"""{_DEFINE_TOUCH}
for i = 3, #ARGV, 2 do
  local old = redis.call('HGET', KEYS[1], ARGV[i])
  local position = old and string.match(old, '^%[(%d+)')
  position = position or redis.call('HINCRBY', KEYS[1], '{_LAST_POSITION}', 1)
  redis.call('HSET', KEYS[1], ARGV[i], '[' .. position .. ', ' .. ARGV[i + 1] .. ']')
end
touch(ARGV[2])
"""
# ARGV: member, TTL in ms, turn id, the value as it was read, the value to write.
_REPLACE = f"""{_DEFINE_TOUCH}
if redis.call('HGET', KEYS[1], ARGV[3]) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[5])
touch(ARGV[2])
return 1
"""
# ARGV: member, turn id. A hash that holds the last position alone is no session.
_DELETE_TURN = f"""{_DEFINE_UNLIST}
local deleted = redis.call('HDEL', KEYS[1], ARGV[2])
if redis.call('HLEN', KEYS[1]) <= 1 then
  redis.call('DEL', KEYS[1])
  unlist()
end
return deleted
"""
_DELETE_SESSION = f"""{_DEFINE_UNLIST}
unlist()
return redis.call('DEL', KEYS[1])
"""
# Asked again, for the session may have been written to since it was found gone.
_UNLIST_IF_GONE = f"""{_DEFINE_UNLIST}
if redis.call('EXISTS', KEYS[1]) == 0 then unlist() end
"""


class RedisSessionCache(SessionCache):
    """Sessions in the Redis at `host`:`port`, connected to when first used."""

    def __init__(self, host: str, port: int, username: str | None, password: str | None, ttl_seconds: int) -> None:
        self._where = f"{host}:{port}"
        self._password = password
        self._ttl_ms = ttl_seconds * 1000
        # One more try, on a fresh connection, outlives a restart of Redis; a timeout is not waited for twice.
        self._redis = redis.Redis(
            host=host,
            port=port,
            username=username,
            password=password,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(ConstantBackoff(0.1), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._put = self._redis.register_script(_PUT)
        self._replace = self._redis.register_script(_REPLACE)
        self._delete_turn = self._redis.register_script(_DELETE_TURN)
        self._delete_session = self._redis.register_script(_DELETE_SESSION)
        self._unlist_if_gone = self._redis.register_script(_UNLIST_IF_GONE)

    def put_turns(self, turns: Sequence[Turn]) -> None:
        rows = [(_member(turn.user_id, turn.session_id), turn.turn_id, encode(turn)) for turn in turns]
        rows.sort(key=lambda row: row[0])
        with self._available(), self._redis.pipeline(transaction=False) as pipeline:
            for member, session in groupby(rows, key=lambda row: row[0]):
                values = [value for _, *turn in session for value in turn]
                self._put(_keys(member), [member, self._ttl_ms, *values], client=pipeline)
            pipeline.execute()

    def update_turn(
        self,
        user_id: str,
        session_id: str,
        turn_id: str,
        *,
        question: str | None = None,
        answer: str | None = None,
        score: int | None = None,
        feedback: str | None = None,
    ) -> Turn | None:
        member = _member(user_id, session_id)
        keys = _keys(member)
        with self._available():
            # Until nobody else has changed the turn between the reading and the writing.
            while True:
                old: Any = self._redis.hget(keys[0], turn_id)
                if old is None:
                    return None
                turn = changed(
                    _turn(user_id, session_id, turn_id, old),
                    question=question,
                    answer=answer,
                    score=score,
                    feedback=feedback,
                )
                new = f"[{turn.position}, {encode(turn)}]"
                if self._replace(keys, [member, self._ttl_ms, turn_id, old, new]):
                    return turn

    def get_turns(self, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        with self._available():
            values: Any = self._redis.hgetall(_keys(_member(user_id, session_id))[0])
        values.pop(_LAST_POSITION, None)
        turns = [_turn(user_id, session_id, turn_id, value) for turn_id, value in values.items()]
        turns.sort(key=lambda turn: (turn.created_at, turn.position))
        return turns if last is None else turns[max(len(turns) - last, 0) :]

    def list_sessions(self, user_id: str | None = None, active_since: datetime | None = None) -> list[SessionInfo]:
        since = 0 if active_since is None else to_micros(active_since)
        sessions: list[SessionInfo] = []
        with self._available():
            entries: Any = self._redis.zrevrangebyscore(_index(user_id), "+inf", since, withscores=True)
            for start in range(0, len(entries), _BATCH):
                sessions += self._living(entries[start : start + _BATCH])
        return sessions

    def _living(self, entries: list[tuple[str, float]]) -> list[SessionInfo]:
        """What `entries` of an index stand for; those without a session any more are dropped from it."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for member, _ in entries:
                pipeline.hlen(_keys(member)[0])
                pipeline.pexpiretime(_keys(member)[0])
            answers: list[int] = pipeline.execute()
            found = list(zip(entries, answers[::2], answers[1::2], strict=True))
            for (member, _), fields, _ in found:
                if fields == 0:
                    self._unlist_if_gone(_keys(member), [member], client=pipeline)
            # Only tidying up: a replica that may not be written to still says what there is.
            with suppress(redis.ResponseError):
                pipeline.execute()
        return [
            SessionInfo(
                *_user_and_session(member),
                turns=fields - 1,
                last_activity=from_micros(int(activity)),
                expires_at=from_micros(expiry_ms * 1000) if expiry_ms > 0 else None,
            )
            for (member, activity), fields, expiry_ms in found
            if fields > 1
        ]

    def delete_turn(self, user_id: str, session_id: str, turn_id: str) -> bool:
        member = _member(user_id, session_id)
        with self._available():
            return bool(self._delete_turn(_keys(member), [member, turn_id]))

    def delete_session(self, user_id: str, session_id: str) -> bool:
        member = _member(user_id, session_id)
        with self._available():
            return bool(self._delete_session(_keys(member), [member]))

    def clear(self, user_id: str | None = None) -> int:
        count = 0
        with self._available(), self._redis.pipeline(transaction=False) as pipeline:
            members: Any = self._redis.zrange(_index(user_id), 0, -1)
            for start in range(0, len(members), _BATCH):
                for member in members[start : start + _BATCH]:
                    self._delete_session(_keys(member), [member], client=pipeline)
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


def _member(user_id: str, session_id: str) -> str:
    """One name of (user, session); the quoted user has no colon, so the first one parts the two."""
    return f"{quote(user_id, safe='')}:{session_id}"


def _user_and_session(member: str) -> tuple[str, str]:
    user, _, session_id = member.partition(":")
    return unquote(user), session_id


def _keys(member: str) -> list[str]:
    """The session's hash, everyone's index, the user's index."""
    return [f"sessiongraph:session:{member}", _INDEX, f"{_INDEX}:{member.partition(':')[0]}"]


def _index(user_id: str | None) -> str:
    return _INDEX if user_id is None else f"{_INDEX}:{quote(user_id, safe='')}"


def _turn(user_id: str, session_id: str, turn_id: str, value: str) -> Turn:
    with readable(session_id, turn_id):
        position, record = json.loads(value)
        return decode(user_id, session_id, turn_id, position, record)

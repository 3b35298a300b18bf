"""cognee's session cache, read so that one can move: its Redis, its SQLite file, its folder of a file cache.

An entry is a question with its context, answer, id (`qa_id`), time, and the user's feedback. Where it lies:

- Redis: a list `agent_sessions:{user}:{session}` of entries as JSON.
- SQLite (`cache.db`, the default): a row of `cache_qa_entries` an entry, as JSON in `payload`.
- files (`.cognee_fs_cache/sessions_db/`): the same keys as in Redis, each with all its entries as one JSON list, in
  diskcache's `cache.db` (a long value in a file beside it) or, later, in the table `cache` of `cache.sqlite3`.

A session keeps its id and a turn its `qa_id`. What expired there is left out, as are cognee's traces of agents, which
have no times. Nothing is written, locked or unpickled: diskcache's values are read only where they are texts.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from sessiongraph.errors import CacheUnavailableError, InvalidInputError
from sessiongraph.importers.conversations import Conversation, Message
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.ingestion.clean_text import clean_line

_SCHEMES = ("redis", "rediss", "unix")
_QA, _TRACES = "agent_sessions:", "agent_traces:"
_TRACES_LEFT_OUT = "session(s) of agents' traces"
_FILES = ("cache.db", "cache.sqlite3")
_PAGE = 500
_CONNECT_SECONDS = 5
# diskcache's modes: a text in its row, or in a file.
_IN_ROW, _IN_FILE = 1, 3
_MOST_FEEDBACK = 10_000

Key = tuple[str, str]  # cognee's user id and session id


class CogneeCache(Protocol):
    """Blocks. What cannot be reached or read while it is read raises CacheUnavailableError."""

    def keys(self, notes: ReadingNotes) -> list[Key]:
        """The living sessions, in order."""

    def entries(self, key: Key, notes: ReadingNotes) -> Iterator[Any]:
        """The entries of a session in order, each as JSON or as what that says."""

    def close(self) -> None: ...


def open_cognee_cache(source: str) -> CogneeCache:
    """The cache at `source`: a Redis URL, or the path of one of its files or of its folder.

    Raises InvalidInputError where there is none, CacheUnavailableError where Redis does not answer.
    """
    if urlsplit(source).scheme in _SCHEMES:
        return _RedisCache(source)
    path = Path(source).expanduser()
    if path.is_dir():
        path = next((it for name in _FILES if (it := path / name).is_file()), path)
    if not path.is_file():
        raise InvalidInputError(
            f"{clean_line(source)} is no cache of cognee's: give its Redis as redis://host:6379/0, its cache.db, or "
            "the folder .cognee_fs_cache/sessions_db."
        )
    return _FileCache(path)


def users_of(keys: list[Key]) -> Counter[str]:
    """How many sessions each of cognee's users has."""
    return Counter(user for user, _ in keys)


def read(cache: CogneeCache, keys: list[Key], notes: ReadingNotes) -> Iterator[Conversation]:
    """A conversation an entry: what belongs together has one session id."""
    for key in keys:
        counts: Counter[str] = Counter()
        for number, entry in enumerate(cache.entries(key, notes), 1):
            where = f"session {clean_line(key[1])[:80]}, entry {number}"
            with notes.reading(where):
                said = json.loads(entry) if isinstance(entry, str | bytes) else entry
                if (fault := _fault(said)) is not None:
                    notes.cannot_read(where, fault)
                    continue
                yield Conversation(key[1], "", _messages(said, counts))


def _fault(said: Any) -> str | None:
    if not isinstance(said, dict):
        return "it is no object"
    for name in ("question", "answer", "context", "qa_id", "feedback_text"):
        if not isinstance(said.get(name), str | None):
            return f"its {name} is no text"
    return None


def _messages(said: dict[str, Any], counts: Counter[str]) -> list[Message]:
    written, at = str(said.get("time")), moment_of(said.get("time"))
    counts[written] += 1
    # Before there were ids, nothing could be edited: its time and place name an entry.
    key = said.get("qa_id") or f"{written} {counts[written]}"
    score, feedback = said.get("feedback_score"), said.get("feedback_text")
    rated = score if isinstance(score, int) and not isinstance(score, bool) and 1 <= score <= 5 else None
    messages = [
        Message(
            key, "user", said.get("question") or "", at, score=rated, feedback=(feedback or "")[:_MOST_FEEDBACK] or None
        )
    ]
    if answer := said.get("answer"):
        messages.append(Message(key, "assistant", answer, at))
    if context := said.get("context"):
        messages.append(Message(key, "context", context, at))
    return messages


def _key_of(name: str) -> Key | None:
    """What "agent_sessions:{user}:{session}" names."""
    user, separator, session = name.removeprefix(_QA).partition(":")
    return (user, session) if name.startswith(_QA) and separator and user and session else None


class _RedisCache:
    def __init__(self, url: str) -> None:
        import redis

        address = urlsplit(url)
        self._where = f"{address.hostname or ''}:{address.port or 6379}"
        try:
            self._redis = redis.Redis.from_url(
                url, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_CONNECT_SECONDS, decode_responses=False
            )
            self._redis.ping()
        except ValueError as error:
            raise InvalidInputError("This is no URL of a Redis: give redis://user:password@host:6379/0.") from error
        except redis.RedisError as error:
            raise self._unavailable(error) from error

    def keys(self, notes: ReadingNotes) -> list[Key]:
        import redis

        try:
            notes.leave_out(_TRACES_LEFT_OUT, sum(1 for _ in self._names(_TRACES)))
            found = {_key_of(name.decode("utf-8", "replace")) for name in self._names(_QA)}
        except redis.RedisError as error:
            raise self._unavailable(error) from error
        return sorted(filter(None, found))

    def _names(self, prefix: str) -> Iterator[bytes]:
        return self._redis.scan_iter(match=f"{prefix}*", count=_PAGE)

    def entries(self, key: Key, notes: ReadingNotes) -> Iterator[Any]:
        import redis

        name, start = f"{_QA}{key[0]}:{key[1]}", 0
        try:
            while found := self._redis.lrange(name, start, start + _PAGE - 1):
                yield from found
                start += _PAGE
        except redis.ResponseError as error:
            notes.cannot_read(f"session {clean_line(key[1])[:80]}", f"it is not as cognee writes it ({error})")
        except redis.RedisError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> CacheUnavailableError:
        return CacheUnavailableError(
            f"cognee's Redis at {self._where} cannot be read ({type(error).__name__}). Check its address, user and "
            "password, and that it runs; what was imported stays."
        )

    def close(self) -> None:
        self._redis.close()


class _FileCache:
    """Reads any of the three kinds of files; which it is, its tables say."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_CONNECT_SECONDS, check_same_thread=False
        )
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            self._columns = {
                name: {row[1] for row in self._connection.execute(f"PRAGMA table_info({name})")}
                for name in ("cache_qa_entries", "cache_trace_entries", "cache")
            }
        except sqlite3.Error as error:
            self.close()
            raise InvalidInputError(f"{clean_line(path.name)} is no SQLite file that can be read ({error}).") from error
        if not self._is_sql and not {"key", "value"} <= self._columns["cache"]:
            self.close()
            raise InvalidInputError(
                f"{clean_line(path.name)} is a SQLite file, and no session cache of cognee's: it has neither the table "
                "cache_qa_entries nor that of its file cache."
            )

    @property
    def _is_sql(self) -> bool:
        return {"user_id", "session_id", "payload", "seq"} <= self._columns["cache_qa_entries"]

    @property
    def _is_diskcache(self) -> bool:
        return "filename" in self._columns["cache"]

    def keys(self, notes: ReadingNotes) -> list[Key]:
        if self._is_sql:
            notes.leave_out(_TRACES_LEFT_OUT, len(self._sessions_in("cache_trace_entries")))
            return self._sessions_in("cache_qa_entries")
        expires = "expire_time" if self._is_diskcache else "expire_at"
        names = [
            str(name)
            for (name,) in self._rows(f"SELECT key FROM cache WHERE {expires} IS NULL OR {expires} > ?", [time.time()])
        ]
        notes.leave_out(_TRACES_LEFT_OUT, sum(name.startswith(_TRACES) for name in names))
        return sorted(key for name in names if (key := _key_of(name)) is not None)

    def _sessions_in(self, table: str) -> list[Key]:
        query = f"SELECT DISTINCT user_id, session_id FROM {table} WHERE expires_at IS NULL OR expires_at > ?"
        if "user_id" not in self._columns[table]:
            return []
        return sorted((str(user), str(session)) for user, session in self._rows(query, [_now()]))

    def entries(self, key: Key, notes: ReadingNotes) -> Iterator[Any]:
        if self._is_sql:
            query = """SELECT payload FROM cache_qa_entries WHERE user_id = ? AND session_id = ?
                AND (expires_at IS NULL OR expires_at > ?) ORDER BY seq"""
            yield from (payload for (payload,) in self._rows(query, [*key, _now()]))
            return
        text = self._value(f"{_QA}{key[0]}:{key[1]}")
        where = f"session {clean_line(key[1])[:80]}"
        with notes.reading(where):
            entries = json.loads(text) if text is not None else None
            if isinstance(entries, list):
                yield from entries
            else:
                notes.cannot_read(where, "it is no list of entries")

    def _value(self, name: str) -> str | None:
        """The text under a key; None where there is none, or something else than a text."""
        if not self._is_diskcache:
            rows = list(self._rows("SELECT value FROM cache WHERE key = ?", [name]))
            return str(rows[0][0]) if rows else None
        for mode, filename, value in self._rows("SELECT mode, filename, value FROM cache WHERE key = ?", [name]):
            if mode == _IN_ROW and isinstance(value, str):
                return value
            file = (self._path.parent / str(filename)).resolve()
            if mode == _IN_FILE and file.is_relative_to(self._path.parent.resolve()) and file.is_file():
                return file.read_text(encoding="utf-8", errors="replace")
        return None

    def _rows(self, query: str, values: list[Any] | None = None) -> Iterator[Any]:
        try:
            with closing(self._connection.execute(query, values or [])) as cursor:
                yield from cursor
        except sqlite3.Error as error:
            raise CacheUnavailableError(
                f"{clean_line(self._path.name)} cannot be read ({error}). Copy it while cognee is stopped, and import "
                "the copy; what was imported stays."
            ) from error

    def close(self) -> None:
        self._connection.close()


def _now() -> str:
    """As SQLAlchemy writes times into SQLite: in UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ")

"""The session cache in one SQLite file: the default, for every process of one machine.

Invariants: a write and the session's new expiry are one transaction; a read never shows what has expired.
What has expired is deleted by the next write of whichever session. `turns.waiting_since` is when a turn was written
first since it was last staged, NULL where it is staged; `sessions.waiting` says whether one of its turns waits. A
file made before there were these columns gets them, with every turn waiting.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import groupby
from pathlib import Path

from sessiongraph import sqlite_file
from sessiongraph.errors import CacheUnavailableError
from sessiongraph.session_cache.base import PAGE, SessionCache
from sessiongraph.session_cache.turn_codec import decode, encode, from_micros, readable, to_micros
from sessiongraph.types import SessionInfo, Turn, WaitingSession, WaitingTurns

_TABLES = (
    """CREATE TABLE IF NOT EXISTS sessions (
        user_id TEXT NOT NULL, session_id TEXT NOT NULL, last_position INTEGER NOT NULL DEFAULT 0,
        last_activity INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        PRIMARY KEY (user_id, session_id)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS sessions_by_activity ON sessions (last_activity)",
    "CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_at)",
    """CREATE TABLE IF NOT EXISTS turns (
        user_id TEXT NOT NULL, session_id TEXT NOT NULL, turn_id TEXT NOT NULL,
        created_at INTEGER NOT NULL, position INTEGER NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (user_id, session_id, turn_id),
        FOREIGN KEY (user_id, session_id) REFERENCES sessions ON DELETE CASCADE)""",
)
# What a file of the first version lacks. A damaged record has no dataset: it must not make every query fail.
_LATER_COLUMNS = (
    "ALTER TABLE sessions ADD COLUMN waiting INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE turns ADD COLUMN waiting_since INTEGER",
    """ALTER TABLE turns ADD COLUMN dataset_id TEXT AS
        (CASE WHEN json_valid(record) THEN json_extract(record, '$.dataset_id') END)""",
    """UPDATE turns SET waiting_since = (SELECT last_activity FROM sessions AS s
        WHERE s.user_id = turns.user_id AND s.session_id = turns.session_id)""",
)
_LATER_INDEXES = (
    "CREATE INDEX IF NOT EXISTS sessions_waiting ON sessions (expires_at) WHERE waiting = 1",
    """CREATE INDEX IF NOT EXISTS turns_waiting ON turns (user_id, session_id, dataset_id, waiting_since)
        WHERE waiting_since IS NOT NULL""",
    "CREATE INDEX IF NOT EXISTS turns_by_dataset ON turns (dataset_id, user_id, session_id)",
)
_TOUCH = """INSERT INTO sessions (user_id, session_id, last_activity, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET last_activity = excluded.last_activity, expires_at = excluded.expires_at, waiting = 1
    RETURNING last_position"""
_PUT = """INSERT INTO turns (user_id, session_id, turn_id, created_at, position, record, waiting_since)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET created_at = excluded.created_at, record = excluded.record,
        waiting_since = coalesce(waiting_since, excluded.waiting_since)
    RETURNING position"""
# Of one page, with those that expire in the same microsecond as its last.
_WAITING = """WITH last (expiry) AS (
        SELECT expires_at FROM sessions WHERE waiting = 1 AND expires_at > :place ORDER BY expires_at
        LIMIT 1 OFFSET :page - 1),
    page AS (
        SELECT user_id, session_id, last_activity, expires_at FROM sessions
        WHERE waiting = 1 AND expires_at > :place AND expires_at <= coalesce((SELECT expiry FROM last), expires_at))
    SELECT page.*, dataset_id, count(*), min(waiting_since) FROM page JOIN turns USING (user_id, session_id)
    WHERE waiting_since IS NOT NULL GROUP BY expires_at, user_id, session_id, dataset_id"""
_RECOUNT = """UPDATE sessions SET waiting = EXISTS (SELECT 1 FROM turns AS t WHERE t.user_id = sessions.user_id
    AND t.session_id = sessions.session_id AND waiting_since IS NOT NULL) WHERE user_id = ? AND session_id = ?"""
# Turns noted as staged in one transaction: others wait to write meanwhile.
_NOTED_AT_ONCE = 2000
_ONE_SESSION = "user_id = ? AND session_id = ?"
_ONE_TURN = "user_id = ? AND session_id = ? AND turn_id = ?"


class SqliteSessionCache(SessionCache):
    """Sessions in the file `path`, which is created when first used. One connection, one thread at a time."""

    def __init__(self, path: Path, ttl_seconds: int) -> None:
        self._path = path
        self._ttl = ttl_seconds * 1_000_000
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def put_turns(self, turns: Sequence[Turn]) -> None:
        rows = [(turn.user_id, turn.session_id, turn, encode(turn)) for turn in turns]
        rows.sort(key=lambda row: row[:2])
        with self._writing() as connection:
            for (user_id, session_id), session in groupby(rows, key=lambda row: row[:2]):
                before = last = self._touch(connection, user_id, session_id)
                now = _now()
                for _, _, turn, record in session:
                    values = (user_id, session_id, turn.turn_id, to_micros(turn.created_at), last + 1, record, now)
                    [(position,)] = connection.execute(_PUT, values).fetchall()
                    last = max(last, position)
                if last > before:
                    connection.execute(
                        f"UPDATE sessions SET last_position = ? WHERE {_ONE_SESSION}",
                        (last, user_id, session_id),
                    )

    def revise_turn(self, user_id: str, session_id: str, turn_id: str, revise: Callable[[Turn], Turn]) -> Turn | None:
        key = (user_id, session_id, turn_id)
        with self._writing() as connection:
            rows = connection.execute(f"SELECT position, record FROM turns WHERE {_ONE_TURN}", key).fetchall()
            if not rows:
                return None
            turn = revise(_turn(*key, *rows[0]))
            self._touch(connection, user_id, session_id)
            connection.execute(
                f"UPDATE turns SET record = ?, waiting_since = coalesce(waiting_since, ?) WHERE {_ONE_TURN}",
                (encode(turn), _now(), *key),
            )
            return turn

    def get_turns(self, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        query = f"""SELECT turn_id, position, record FROM turns JOIN sessions USING (user_id, session_id)
            WHERE {_ONE_SESSION} AND expires_at > ? ORDER BY created_at DESC, position DESC LIMIT ?"""
        limit = -1 if last is None else max(last, 0)
        with self._reading() as connection:
            rows = connection.execute(query, (user_id, session_id, _now(), limit)).fetchall()
        return [_turn(user_id, session_id, *row) for row in reversed(rows)]

    def list_sessions(self, user_id: str | None = None, active_since: datetime | None = None) -> list[SessionInfo]:
        query = """SELECT user_id, session_id, last_activity, expires_at,
                (SELECT count(*) FROM turns AS t WHERE t.user_id = s.user_id AND t.session_id = s.session_id)
            FROM sessions AS s
            WHERE expires_at > ? AND last_activity >= ? AND user_id = coalesce(?, user_id)
            ORDER BY last_activity DESC, user_id, session_id"""
        since = 0 if active_since is None else to_micros(active_since)
        with self._reading() as connection:
            rows = connection.execute(query, (_now(), since, user_id)).fetchall()
        return [
            SessionInfo(owner, session_id, count, from_micros(activity), from_micros(expiry))
            for owner, session_id, activity, expiry, count in rows
        ]

    def count(self) -> tuple[int, int]:
        query = """SELECT count(*), coalesce(sum((
                SELECT count(*) FROM turns AS t WHERE t.user_id = s.user_id AND t.session_id = s.session_id)), 0)
            FROM sessions AS s WHERE expires_at > ?"""
        with self._reading() as connection:
            [(sessions, turns)] = connection.execute(query, (_now(),)).fetchall()
        return sessions, turns

    def now(self) -> datetime:
        return from_micros(_now())

    def waiting(self, place: int = 0) -> tuple[list[WaitingSession], int | None]:
        with self._reading() as connection:
            rows = connection.execute(_WAITING, {"place": max(place, _now()), "page": PAGE}).fetchall()
        sessions = [
            WaitingSession(
                user_id,
                session_id,
                from_micros(activity),
                from_micros(expiry),
                tuple(WaitingTurns(dataset_id, count, from_micros(since)) for *_, dataset_id, count, since in parts),
            )
            for (user_id, session_id, activity, expiry), parts in groupby(rows, key=lambda row: row[:4])
        ]
        return sessions, rows[-1][3] if len(sessions) >= PAGE else None

    def sessions_of(self, dataset_id: str | None, user_id: str | None = None) -> list[tuple[str, str]]:
        query = """SELECT DISTINCT user_id, session_id FROM turns JOIN sessions USING (user_id, session_id)
            WHERE dataset_id IS ? AND user_id = coalesce(?, user_id) AND expires_at > ?"""
        with self._reading() as connection:
            return connection.execute(query, (dataset_id, user_id, _now())).fetchall()

    def note_staged(self, turns: Sequence[Turn]) -> None:
        for start in range(0, len(turns), _NOTED_AT_ONCE):
            some = turns[start : start + _NOTED_AT_ONCE]
            with self._writing() as connection:
                for turn in some:
                    _note_staged(connection, turn)
                for key in {(turn.user_id, turn.session_id) for turn in some}:
                    connection.execute(_RECOUNT, key)

    def recheck(self) -> None:
        """Nothing is to be done: here, both are asked of the turns themselves."""

    def delete_turn(self, user_id: str, session_id: str, turn_id: str) -> bool:
        key = (user_id, session_id)
        with self._deleting() as connection:
            deleted = connection.execute(f"DELETE FROM turns WHERE {_ONE_TURN}", (*key, turn_id)).rowcount
            connection.execute(_RECOUNT, key)
            if not connection.execute(f"SELECT 1 FROM turns WHERE {_ONE_SESSION} LIMIT 1", key).fetchall():
                connection.execute(f"DELETE FROM sessions WHERE {_ONE_SESSION}", key)
        return deleted > 0

    def delete_session(self, user_id: str, session_id: str) -> bool:
        with self._deleting() as connection:
            query = f"DELETE FROM sessions WHERE {_ONE_SESSION}"
            return connection.execute(query, (user_id, session_id)).rowcount > 0

    def clear(self, user_id: str | None = None) -> int:
        with self._deleting() as connection:
            query = "DELETE FROM sessions WHERE user_id = coalesce(?, user_id)"
            return connection.execute(query, (user_id,)).rowcount

    def check(self) -> None:
        with self._reading() as connection:
            connection.execute("SELECT 1 FROM sessions LIMIT 1").fetchall()

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _touch(self, connection: sqlite3.Connection, user_id: str, session_id: str) -> int:
        """Let the session live for its TTL from now; the position that its latest turn got."""
        now = _now()
        [(last,)] = connection.execute(_TOUCH, (user_id, session_id, now, now + self._ttl)).fetchall()
        return int(last)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has waited for other writers, after what has expired is gone."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute("DELETE FROM sessions WHERE expires_at <= ?", (_now(),))
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _deleting(self) -> Iterator[sqlite3.Connection]:
        """A write after which what it deleted is in no file: its old pages would live on in the log for a while."""
        with self._writing() as connection:
            yield connection
        with self._reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._opened is None:
                    self._opened = self._open()
                yield self._opened
            except (sqlite3.Error, OSError) as error:
                raise CacheUnavailableError(self._advice(error)) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite_file.connect(self._path)
        try:
            for statement in _TABLES:
                connection.execute(statement)
            _add_later_columns(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _advice(self, error: Exception) -> str:
        if sqlite_file.is_locked(error):
            return (
                f"The session cache {self._path} was held by another process for more than "
                f"{sqlite_file.BUSY_SECONDS:g} s ({error}): try again, or end the process that holds it."
            )
        return (
            f"The session cache {self._path} cannot be used ({error}): see that its folder can be written "
            "and its disk is not full. If the file is damaged, move it away with its -wal and -shm files: "
            "a new one is made, and turns already persisted are in their datasets."
        )


def _add_later_columns(connection: sqlite3.Connection) -> None:
    """Once a file; of several processes that find them missing, the first adds them."""
    if not _is_first_version(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    if _is_first_version(connection):
        for statement in (*_LATER_COLUMNS, *_LATER_INDEXES):
            connection.execute(statement)
    connection.execute("COMMIT")


def _is_first_version(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT 1 FROM pragma_table_info('sessions') WHERE name = 'waiting'").fetchall()


def _note_staged(connection: sqlite3.Connection, turn: Turn) -> None:
    key = (turn.user_id, turn.session_id, turn.turn_id)
    query = f"SELECT position, record FROM turns WHERE {_ONE_TURN} AND waiting_since IS NOT NULL"
    for position, record in connection.execute(query, key).fetchall():
        # A record that is damaged since is another than the one that was staged.
        with suppress(CacheUnavailableError):
            if _turn(*key, position, record) == turn:
                connection.execute(f"UPDATE turns SET waiting_since = NULL WHERE {_ONE_TURN}", key)


def _turn(user_id: str, session_id: str, turn_id: str, position: int, record: str) -> Turn:
    with readable(session_id, turn_id):
        return decode(user_id, session_id, turn_id, position, json.loads(record))


def _now() -> int:
    return time.time_ns() // 1000

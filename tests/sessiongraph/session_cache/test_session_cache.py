"""What a conversation loses when a session cache is wrong: the same tests over SQLite and a real Redis."""

import json
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import redis

from sessiongraph import sqlite_file
from sessiongraph.errors import CacheUnavailableError, CachingDisabledError, InvalidInputError
from sessiongraph.session_cache import open_session_cache
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.session_cache.sqlite import SqliteSessionCache
from sessiongraph.settings import Settings
from sessiongraph.types import Turn
from tests.support.session_caches import NOON, OpenCache, turn


def ids(turns: list[Turn]) -> list[str]:
    return [turn.turn_id for turn in turns]


def listed(
    cache: SessionCache, user_id: str | None = None, since: datetime | None = None
) -> list[tuple[str, str, int]]:
    return [(info.user_id, info.session_id, info.turns) for info in cache.list_sessions(user_id, since)]


def test_everything_of_a_turn_comes_back(cache: SessionCache) -> None:
    full = turn(
        "t1",
        question="Où habite-t-elle ? 東京\n[1] \x00 \ud800",
        answer='"{}" \\ %',
        dataset_id="d1",
        context="a passage",
        elements=("c1", "f2"),
        score=5,
        feedback="",
        metadata={"channel": "手机", "tags": ["a", 1.5, True, None]},
    )
    cache.put_turns([full, turn("t2")])
    assert cache.get_turns("ana", "s") == [replace(full, position=1), turn("t2", position=2)]


def test_turns_come_in_the_order_they_were_said_whatever_the_order_they_were_written(
    cache: SessionCache,
) -> None:
    cache.put_turns([turn("late", created_at=NOON + timedelta(microseconds=1)), turn("b"), turn("a")])
    cache.put_turns([turn("old", created_at=datetime(1969, 1, 1, tzinfo=UTC)), turn("c")])
    assert ids(cache.get_turns("ana", "s")) == ["old", "b", "a", "c", "late"]


def test_the_last_turns_are_the_latest_ones_in_order(cache: SessionCache) -> None:
    cache.put_turns([turn(str(n), created_at=NOON - timedelta(hours=n)) for n in range(5)])
    assert ids(cache.get_turns("ana", "s", last=2)) == ["1", "0"]
    assert ids(cache.get_turns("ana", "s", last=99)) == ["4", "3", "2", "1", "0"]
    assert cache.get_turns("ana", "s", last=0) == []


def test_a_turn_written_again_keeps_its_position(cache: SessionCache) -> None:
    cache.put_turns([turn("t1"), turn("t2")])
    cache.put_turns([turn("t1", answer="better", score=2), turn("t3"), turn("t3", answer="twice")])
    turns = cache.get_turns("ana", "s")
    assert [(t.turn_id, t.position, t.answer, t.score) for t in turns] == [
        ("t1", 1, "better", 2),
        ("t2", 2, "a t2", None),
        ("t3", 3, "twice", None),
    ]


def test_the_position_of_a_deleted_turn_is_not_given_again(cache: SessionCache) -> None:
    cache.put_turns([turn("t1"), turn("t2")])
    cache.delete_turn("ana", "s", "t2")
    cache.put_turns([turn("t3")])
    assert [t.position for t in cache.get_turns("ana", "s")] == [1, 3]


def test_a_time_in_another_zone_is_the_same_moment_and_one_in_none_is_refused(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", created_at=NOON.astimezone(timezone(timedelta(hours=9))))])
    created_at = cache.get_turns("ana", "s")[0].created_at
    assert created_at == NOON and created_at.utcoffset() == timedelta(hours=9)
    cache.put_turns([turn("t1")])
    assert cache.get_turns("ana", "s")[0].created_at.tzinfo is UTC
    with pytest.raises(InvalidInputError, match="no time zone"):
        cache.put_turns([turn("t2"), turn("t3", created_at=NOON.replace(tzinfo=None))])
    assert ids(cache.get_turns("ana", "s")) == ["t1"]


def test_edits_and_feedback_change_what_is_given_and_nothing_else(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", context="c", elements=("e",)), turn("t2")])
    edited = cache.update_turn("ana", "s", "t1", answer="edited")
    rated = cache.update_turn("ana", "s", "t1", score=1, feedback="wrong")
    assert edited == turn("t1", context="c", elements=("e",), position=1, answer="edited")
    assert rated == replace(edited, score=1, feedback="wrong")
    assert cache.get_turns("ana", "s") == [rated, turn("t2", position=2)]


def test_there_is_nothing_to_edit_where_there_is_no_turn(cache: SessionCache) -> None:
    cache.put_turns([turn("t1")])
    assert cache.update_turn("ana", "s", "t2", answer="x") is None
    assert cache.update_turn("ana", "other", "t1", answer="x") is None
    assert cache.update_turn("bob", "s", "t1", answer="x") is None
    assert listed(cache) == [("ana", "s", 1)]


def test_users_do_not_see_or_touch_each_others_sessions(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", user_id="ana"), turn("t1", user_id="bob", answer="bob's")])
    assert cache.get_turns("bob", "s") == [turn("t1", user_id="bob", answer="bob's", position=1)]
    assert cache.clear("ana") == 1
    assert not cache.delete_session("ana", "s") and not cache.delete_turn("ana", "s", "t1")
    assert listed(cache) == [("bob", "s", 1)] == listed(cache, "bob")


def test_ids_that_look_like_parts_of_keys_stay_apart(cache: SessionCache) -> None:
    keys = [("a", "b:c"), ("a:b", "c"), ("a=1", "b"), ("a", "=1:b"), ("a%3Ab", "c"), ("a", "b:c@x+y~z")]
    cache.put_turns([turn("t:=1", session_id=session, user_id=user) for user, session in keys])
    for user, session in keys:
        assert cache.get_turns(user, session) == [turn("t:=1", session, user, position=1)]
    assert {(user, session) for user, session, _ in listed(cache)} == set(keys)
    assert cache.clear("a") == 3 and len(listed(cache)) == 3


def test_a_session_without_turns_is_no_session(cache: SessionCache) -> None:
    cache.put_turns([turn("t1"), turn("t2")])
    assert cache.delete_turn("ana", "s", "t1")
    assert not cache.delete_turn("ana", "s", "t1")
    assert listed(cache) == [("ana", "s", 1)]
    assert cache.delete_turn("ana", "s", "t2")
    assert listed(cache) == listed(cache, "ana") == [] == cache.get_turns("ana", "s")
    assert not cache.delete_session("ana", "s") and cache.clear() == 0


def test_deleting_a_session_leaves_the_others(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", "s1"), turn("t1", "s2")])
    assert cache.delete_session("ana", "s1")
    assert not cache.delete_session("ana", "s1")
    assert listed(cache) == [("ana", "s2", 1)]


def test_clearing_everyone_leaves_nothing(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", f"s{n}", user) for n in range(3) for user in ("ana", "bob")])
    assert cache.clear() == 6
    assert listed(cache) == [] and cache.get_turns("ana", "s1") == []


def test_sessions_are_listed_by_last_writing_and_can_be_asked_for_since_a_moment(cache: SessionCache) -> None:
    for session in ("s1", "s2", "s3"):
        cache.put_turns([turn("t1", session), turn("t2", session)])
    cache.put_turns([turn("t1", "s2", "bob")])
    cache.update_turn("ana", "s1", "t1", score=4)
    assert listed(cache) == [("ana", "s1", 2), ("bob", "s2", 1), ("ana", "s3", 2), ("ana", "s2", 2)]
    assert listed(cache, "ana") == [("ana", "s1", 2), ("ana", "s3", 2), ("ana", "s2", 2)]
    since = cache.list_sessions("bob")[0].last_activity
    assert listed(cache, None, since) == [("ana", "s1", 2), ("bob", "s2", 1)]


def test_a_session_says_when_it_was_written_and_when_it_expires(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", created_at=NOON - timedelta(days=9999))])
    [info] = cache.list_sessions()
    assert abs(info.last_activity - datetime.now(UTC)) < timedelta(seconds=30)
    assert info.expires_at is not None
    assert abs(info.expires_at - info.last_activity - timedelta(seconds=600)) < timedelta(seconds=1)


def test_a_session_expires_its_ttl_after_it_was_last_written(open_cache: OpenCache) -> None:
    brief, long = open_cache(session_ttl_seconds=1), open_cache()
    brief.put_turns([turn("t1", session) for session in ("left", "edited", "extended")])
    long.put_turns([turn("t2", "extended")])
    long.update_turn("ana", "edited", "t1", score=3)
    time.sleep(1.1)
    assert brief.get_turns("ana", "left") == []
    assert listed(brief) == listed(brief, "ana") == [("ana", "edited", 1), ("ana", "extended", 2)]
    assert brief.update_turn("ana", "left", "t1", score=3) is None
    assert not brief.delete_turn("ana", "left", "t1") and not brief.delete_session("ana", "left")
    brief.put_turns([turn("t9", "left")])
    assert brief.get_turns("ana", "left") == [turn("t9", "left", position=1)]
    long.delete_session("ana", "left")
    assert brief.clear() == 2


WRITER = """
import json, sys
from datetime import UTC, datetime
from sessiongraph.session_cache import open_session_cache
from sessiongraph.settings import Settings
from sessiongraph.types import Turn
from tests.support.session_caches import NOON, OpenCache, turn

name, settings = sys.argv[1], Settings(_env_file=None, **json.loads(sys.argv[2]))
cache = open_session_cache(settings)
for n in range(50):
    cache.put_turns([Turn(f"{name}{n}", "ana", "s", "q", name, datetime.now(UTC))])
    cache.update_turn("ana", "s", "shared", **{"question" if name == "a" else "answer": str(n)})
"""


def test_two_processes_writing_one_session_lose_nothing(
    settings: Settings, cache: SessionCache, project_root: Path
) -> None:
    cache.put_turns([turn("shared")])
    values = json.loads(settings.model_dump_json())
    values["SESSIONGRAPH_HOME"] = values.pop("home")
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, name, json.dumps(values)], cwd=project_root) for name in ("a", "b")]
    assert [writer.wait() for writer in writers] == [0, 0]
    turns = cache.get_turns("ana", "s")
    assert {t.turn_id for t in turns} == {"shared"} | {f"{name}{n}" for name in "ab" for n in range(50)}
    assert sorted(t.position for t in turns) == list(range(1, 102))
    assert [(t.question, t.answer) for t in turns if t.turn_id == "shared"] == [("49", "49")]


def test_threads_share_one_cache(cache: SessionCache) -> None:
    def write(name: str) -> None:
        for n in range(25):
            cache.put_turns([turn(f"{name}{n}")])

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(t.position for t in cache.get_turns("ana", "s")) == list(range(1, 101))


def test_a_cache_that_answers_passes_its_check(cache: SessionCache) -> None:
    cache.check()


def test_sessions_in_sqlite_survive_a_restart(tmp_path: Path) -> None:
    first = SqliteSessionCache(tmp_path / "sessions.sqlite", 600)
    first.put_turns([turn("t1")])
    first.close()
    again = SqliteSessionCache(tmp_path / "sessions.sqlite", 600)
    assert again.get_turns("ana", "s") == [turn("t1", position=1)]
    again.close()


def test_processes_that_create_the_file_at_once_all_succeed(tmp_path: Path, project_root: Path) -> None:
    script = """
import sys
from pathlib import Path
from sessiongraph.session_cache.sqlite import SqliteSessionCache
sys.stdin.read()
SqliteSessionCache(Path(sys.argv[1]), 600).check()
"""
    command = [sys.executable, "-c", script, str(tmp_path / "new" / "sessions.sqlite")]
    processes = [subprocess.Popen(command, cwd=project_root, stdin=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait() for process in processes] == [0] * 4


def test_a_corrupt_sqlite_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    path.write_bytes(b"not a database, but long enough to be read as the header of one" * 20)
    cache = SqliteSessionCache(path, 600)
    for call in (cache.check, lambda: cache.put_turns([turn("t1")]), lambda: cache.get_turns("ana", "s")):
        with pytest.raises(CacheUnavailableError, match="move it away") as caught:
            call()
        assert str(path) in str(caught.value)
    path.unlink()
    cache.put_turns([turn("t1")])
    cache.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(CacheUnavailableError, match=r"sessions\.sqlite"):
        SqliteSessionCache(tmp_path / "home" / "sessions.sqlite", 600).check()


def test_a_sqlite_file_held_by_another_is_still_read_and_says_so_to_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.1)
    path = tmp_path / "sessions.sqlite"
    cache = SqliteSessionCache(path, 600)
    cache.put_turns([turn("t1")])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CacheUnavailableError, match="held by another process"):
        cache.put_turns([turn("t2")])
    assert ids(cache.get_turns("ana", "s")) == ["t1"]
    holder.execute("ROLLBACK")
    cache.put_turns([turn("t2")])
    assert ids(cache.get_turns("ana", "s")) == ["t1", "t2"]
    holder.close()
    cache.close()


def redis_settings(**values: object) -> Settings:
    return Settings(_env_file=None, cache_backend="redis", **values)  # type: ignore[arg-type]


def test_an_unreachable_redis_is_named_with_what_to_check() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        cache = open_session_cache(redis_settings(cache_port=port))
        for call in (cache.check, lambda: cache.put_turns([turn("t1")]), cache.list_sessions):
            with pytest.raises(CacheUnavailableError, match="CACHE_HOST, CACHE_PORT") as caught:
                call()
            assert f"127.0.0.1:{port}" in str(caught.value)


def test_a_cache_object_outlives_a_restart_of_redis(redis_server) -> None:  # type: ignore[no-untyped-def]
    cache = open_session_cache(redis_settings(cache_host=redis_server.host, cache_port=redis_server.port))
    cache.put_turns([turn("t1")])
    redis_server.kill()
    with pytest.raises(CacheUnavailableError):
        cache.get_turns("ana", "s")
    redis_server.start()
    cache.put_turns([turn("t2")])
    assert cache.get_turns("ana", "s") == [turn("t2", position=1)]


def test_a_wrong_password_is_refused_and_never_shown(redis_server) -> None:  # type: ignore[no-untyped-def]
    where = {"cache_host": redis_server.host, "cache_port": redis_server.port, "cache_username": "limited"}
    with redis.Redis(redis_server.host, redis_server.port) as admin:
        admin.acl_setuser("limited", enabled=True, passwords=["+right"], categories=["+@all"], keys=["*"])
    open_session_cache(redis_settings(**where, cache_password="right")).check()
    wrong = "not" + "this"
    with pytest.raises(CacheUnavailableError, match="CACHE_PASSWORD") as caught:
        open_session_cache(redis_settings(**where, cache_password=wrong)).check()
    assert wrong not in "".join(traceback.format_exception(caught.value))


def test_expired_sessions_leave_no_trace_in_redis(redis_server) -> None:  # type: ignore[no-untyped-def]
    cache = open_session_cache(
        redis_settings(cache_host=redis_server.host, cache_port=redis_server.port, session_ttl_seconds=1)
    )
    cache.clear()
    cache.put_turns([turn("t1"), turn("t1", user_id="bob")])
    cache.put_turns([turn("t1", user_id="kept")])
    with redis.Redis(redis_server.host, redis_server.port) as admin:
        admin.delete("sessiongraph:session:bob:s")
        assert listed(cache) == [("kept", "s", 1), ("ana", "s", 1)]
        assert admin.zcard("sessiongraph:sessions") == 2 and not admin.exists("sessiongraph:sessions:bob")
        time.sleep(1.2)
        assert admin.keys("sessiongraph:*") == []


def test_a_redis_that_stops_answering_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from sessiongraph.session_cache import redis as backend

    monkeypatch.setattr(backend, "_ANSWER_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        cache = open_session_cache(redis_settings(cache_port=silent.getsockname()[1]))
        with pytest.raises(CacheUnavailableError, match="Timeout"):
            cache.check()


def test_without_caching_there_are_no_sessions(tmp_path: Path) -> None:
    with pytest.raises(CachingDisabledError, match="CACHING=true"):
        open_session_cache(Settings(_env_file=None, caching=False, home=tmp_path))  # type: ignore[call-arg]
    assert list(tmp_path.iterdir()) == []


def test_redis_and_sqlalchemy_are_imported_only_when_used(project_root: Path) -> None:
    script = """
import sys
import sessiongraph.access, sessiongraph.session_cache.sqlite
print({"redis", "sqlalchemy"} & set(sys.modules))
"""
    shown = subprocess.run([sys.executable, "-c", script], cwd=project_root, capture_output=True, text=True)
    assert shown.stdout == "set()\n", shown.stderr

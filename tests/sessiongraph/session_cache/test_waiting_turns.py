"""What waits to be persisted: a turn that is not told of is lost to its TTL; one told of too often costs work."""

import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from sessiongraph.session_cache import base, open_session_cache, redis_scripts
from sessiongraph.session_cache import redis as redis_cache
from sessiongraph.session_cache import sqlite as sqlite_cache
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.session_cache.sqlite import SqliteSessionCache
from sessiongraph.session_cache.turn_codec import encode, to_micros
from sessiongraph.settings import Settings
from sessiongraph.types import Turn
from tests.conftest import RedisServer
from tests.support.session_caches import OpenCache, turn

Waiting = dict[tuple[str, str], dict[str | None, int]]


def waiting(cache: SessionCache) -> Waiting:
    """Turns that wait, by session and dataset, of all pages."""
    found: Waiting = {}
    place: int | None = 0
    while place is not None:
        sessions, place = cache.waiting(place)
        for session in sessions:
            found[session.user_id, session.session_id] = {part.dataset_id: part.turns for part in session.waiting}
    return found


def stage(cache: SessionCache, session_id: str = "s", user_id: str = "ana") -> None:
    cache.note_staged(cache.get_turns(user_id, session_id))


def test_a_turn_waits_from_its_writing_until_it_is_staged(cache: SessionCache) -> None:
    assert waiting(cache) == {}
    cache.put_turns([turn("t1"), turn("t2", dataset_id="d1"), turn("t1", user_id="bob", dataset_id="d1")])
    assert waiting(cache) == {("ana", "s"): {None: 1, "d1": 1}, ("bob", "s"): {"d1": 1}}
    stage(cache)
    assert waiting(cache) == {("bob", "s"): {"d1": 1}}
    cache.put_turns([turn("t3", dataset_id="d2")])
    assert waiting(cache)["ana", "s"] == {"d2": 1}


@pytest.mark.parametrize("change", [{"answer": "better"}, {"score": 1}, {"feedback": "wrong"}])
def test_an_edited_or_rated_turn_waits_again(cache: SessionCache, change: dict[str, object]) -> None:
    cache.put_turns([turn("t1", dataset_id="d1"), turn("t2")])
    stage(cache)
    cache.update_turn("ana", "s", "t1", **change)  # type: ignore[arg-type]
    assert waiting(cache) == {("ana", "s"): {"d1": 1}}


def test_what_was_written_while_it_was_staged_waits_on(cache: SessionCache) -> None:
    cache.put_turns([turn("t1"), turn("t2")])
    read = cache.get_turns("ana", "s")
    cache.update_turn("ana", "s", "t1", answer="other")
    cache.put_turns([turn("t3")])
    cache.note_staged(read)
    assert waiting(cache) == {("ana", "s"): {None: 2}}


def test_a_turn_counts_once_however_often_it_is_edited_and_waits_since_it_was_first_written(
    cache: SessionCache,
) -> None:
    cache.put_turns([turn("t1", created_at=datetime(1999, 1, 1, tzinfo=UTC))])
    [first] = cache.waiting()[0]
    time.sleep(0.01)
    for n in range(3):
        cache.update_turn("ana", "s", "t1", answer=str(n))
    cache.put_turns([turn("t1")])
    [again] = cache.waiting()[0]
    assert again.waiting == first.waiting and again.waiting[0].turns == 1
    assert again.last_activity > first.last_activity
    assert abs(datetime.now(UTC) - again.waiting[0].since) < timedelta(seconds=30)
    [info] = cache.list_sessions()
    assert abs((again.expires_at or NEVER) - (info.expires_at or NEVER)) < timedelta(milliseconds=2)


NEVER = datetime.max.replace(tzinfo=UTC)


def test_a_waiting_turn_that_moves_to_another_dataset_counts_there(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", dataset_id="d1"), turn("t2", dataset_id="d1")])
    cache.put_turns([turn("t1", dataset_id="d2")])
    assert waiting(cache) == {("ana", "s"): {"d1": 1, "d2": 1}}


def test_what_is_deleted_waits_no_more(cache: SessionCache) -> None:
    cache.put_turns([turn(f"t{n}", session) for n in range(2) for session in ("s", "s2", "s3")])
    cache.delete_turn("ana", "s", "t0")
    cache.delete_session("ana", "s2")
    cache.delete_turn("ana", "s3", "t0")
    cache.delete_turn("ana", "s3", "t1")
    assert waiting(cache) == {("ana", "s"): {None: 1}}
    cache.clear()
    cache.put_turns([turn("t9")])
    assert waiting(cache) == {("ana", "s"): {None: 1}}


def test_a_session_whose_waiting_turn_was_deleted_is_not_listed(cache: SessionCache) -> None:
    cache.put_turns([turn("t1")])
    stage(cache)
    cache.put_turns([turn("t2")])
    cache.delete_turn("ana", "s", "t2")
    assert waiting(cache) == {}


def test_noting_does_not_let_a_session_live_longer(cache: SessionCache) -> None:
    cache.put_turns([turn("t1")])
    [before] = cache.list_sessions()
    time.sleep(0.02)
    stage(cache)
    assert cache.list_sessions() == [before]


def test_staged_turns_of_sessions_that_are_gone_make_none(cache: SessionCache) -> None:
    cache.put_turns([turn("t1")])
    read = cache.get_turns("ana", "s")
    cache.delete_session("ana", "s")
    cache.note_staged(read)
    cache.note_staged([])
    assert waiting(cache) == {} and cache.list_sessions() == []


def test_an_expired_session_waits_no_more_and_grows_again_as_a_new_one(open_cache: OpenCache) -> None:
    brief = open_cache(session_ttl_seconds=1)
    brief.put_turns([turn("t1"), turn("t2"), turn("t1", "staged")])
    stage(brief, "staged")
    time.sleep(1.1)
    assert waiting(brief) == {} and brief.count() == (0, 0) and brief.sessions_of(None, "ana") == []
    brief.put_turns([turn("t3")])
    assert waiting(brief) == {("ana", "s"): {None: 1}}


def test_sessions_that_expire_first_come_first_and_every_page_goes_on_where_the_last_ended(
    open_cache: OpenCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (base, sqlite_cache, redis_cache):
        monkeypatch.setattr(module, "PAGE", 3)
    cache = open_cache()
    for n in range(10):
        open_cache(session_ttl_seconds=1000 - n).put_turns([turn("t1", f"s{n}")])
    cache.put_turns([turn("t1", f"same{n}") for n in range(7)])  # Expire at once, but for a moment.
    seen: list[str] = []
    place: int | None = 0
    pages = 0
    while place is not None:
        sessions, place = cache.waiting(place)
        seen += [session.session_id for session in sessions]
        pages += 1
    assert len(seen) == len(set(seen)) == 17 and 2 < pages <= 7
    assert seen[:7] == [f"same{n}" for n in range(7)] and seen[7:] == [f"s{n}" for n in reversed(range(10))]


def test_sessions_are_found_by_the_datasets_of_their_turns_staged_or_not(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", "both", dataset_id="d1"), turn("t2", "both"), turn("t1", "none")])
    cache.put_turns([turn("t1", "bobs", "bob", dataset_id="d1"), turn("t1", "none", "bob")])
    stage(cache, "both")
    assert sorted(cache.sessions_of("d1")) == [("ana", "both"), ("bob", "bobs")]
    assert cache.sessions_of("d1", "bob") == [("bob", "bobs")]
    assert sorted(cache.sessions_of(None, "ana")) == [("ana", "both"), ("ana", "none")]
    assert cache.sessions_of("d2") == [] == cache.sessions_of(None, "an")
    cache.delete_session("ana", "both")
    assert cache.sessions_of("d1") == [("bob", "bobs")]


def test_what_is_cached_is_counted(cache: SessionCache) -> None:
    assert cache.count() == (0, 0)
    cache.put_turns([turn(f"t{n}", session) for n in range(3) for session in ("s", "s2")])
    cache.delete_turn("ana", "s", "t0")
    assert cache.count() == (2, 5)


def test_a_recheck_loses_nothing_and_makes_nothing_wait_that_is_staged(cache: SessionCache) -> None:
    cache.put_turns([turn("t1", dataset_id="d1"), turn("t1", "staged", dataset_id="d1")])
    stage(cache, "staged")
    cache.recheck()
    assert waiting(cache) == {("ana", "s"): {"d1": 1}}
    assert sorted(cache.sessions_of("d1")) == [("ana", "s"), ("ana", "staged")]


# Files and servers that were written before there were hints, or that lost them.

FIRST_VERSION = """
CREATE TABLE sessions (
    user_id TEXT NOT NULL, session_id TEXT NOT NULL, last_position INTEGER NOT NULL DEFAULT 0,
    last_activity INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, session_id)) WITHOUT ROWID;
CREATE INDEX sessions_by_activity ON sessions (last_activity);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE TABLE turns (
    user_id TEXT NOT NULL, session_id TEXT NOT NULL, turn_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, position INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (user_id, session_id, turn_id),
    FOREIGN KEY (user_id, session_id) REFERENCES sessions ON DELETE CASCADE);
"""


def test_in_an_sqlite_file_of_the_first_version_every_turn_waits(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    old = sqlite3.connect(path)
    old.executescript(FIRST_VERSION)
    now = to_micros(datetime.now(UTC))
    old.execute("INSERT INTO sessions VALUES ('ana', 's', 2, ?, ?)", (now, now + 600_000_000))
    said = replace(turn("t1", dataset_id="d1"), position=1)
    old.execute("INSERT INTO turns VALUES ('ana', 's', 't1', ?, 1, ?)", (to_micros(said.created_at), encode(said)))
    old.execute("INSERT INTO turns VALUES ('ana', 's', 'torn', 0, 2, 'no JSON')")
    old.commit()
    old.close()
    caches = [SqliteSessionCache(path, 600) for _ in range(2)]
    assert [waiting(cache) for cache in caches] == [{("ana", "s"): {"d1": 1, None: 1}}] * 2
    assert caches[0].waiting()[0][0].waiting[0].since == caches[0].list_sessions()[0].last_activity
    caches[0].note_staged([said])
    assert waiting(caches[1]) == {("ana", "s"): {None: 1}}
    assert caches[1].sessions_of("d1") == caches[1].sessions_of(None, "ana") == [("ana", "s")]
    for cache in caches:
        cache.close()


@pytest.fixture
def admin(redis_server: RedisServer) -> redis.Redis:
    admin = redis.Redis(redis_server.host, redis_server.port, decode_responses=True)
    admin.flushall()
    return admin


@pytest.fixture
def redis_only(admin: redis.Redis, redis_server: RedisServer) -> SessionCache:
    where = {"cache_host": redis_server.host, "cache_port": redis_server.port}
    settings = Settings(_env_file=None, cache_backend="redis", session_ttl_seconds=600, **where)  # type: ignore
    return open_session_cache(settings)


def first_version(admin: redis.Redis, session: str, *turns: Turn) -> None:
    """Write a session as the first version did."""
    key = f"sessiongraph:session:ana:{session}"
    for position, said in enumerate(turns, 1):
        admin.hset(key, said.turn_id, f"[{position}, {encode(said)}]")
    admin.hset(key, "", len(turns))
    admin.pexpire(key, 600_000)
    for index in ("sessiongraph:sessions", "sessiongraph:sessions:ana"):
        admin.zadd(index, {f"ana:{session}": to_micros(datetime.now(UTC))})
        admin.pexpire(index, 600_000)


def test_in_a_redis_of_the_first_version_every_turn_waits(admin: redis.Redis, redis_only: SessionCache) -> None:
    quoting = 'say "dataset_id": "fake" and \\"dataset_id\\": \\"fake\\" \ud800'
    for session in ("read", "grown", "edited", "staged"):
        first_version(admin, session, turn("t1", session, dataset_id="d1", question=quoting), turn("t2", session))
    redis_only.put_turns([turn("t3", "grown")])
    redis_only.update_turn("ana", "edited", "t2", score=1)
    stage(redis_only, "staged")
    assert waiting(redis_only) == {
        ("ana", "read"): {"d1": 1, None: 1},
        ("ana", "grown"): {"d1": 1, None: 2},
        ("ana", "edited"): {"d1": 1, None: 1},
    }
    assert len(redis_only.sessions_of("d1")) == 4 and redis_only.sessions_of("fake") == []
    [found] = [it for it in redis_only.waiting()[0] if it.session_id == "read"]
    assert found.expires_at and abs(found.expires_at - found.last_activity - timedelta(seconds=600)).seconds < 5


@pytest.mark.parametrize("lost", ["sessiongraph:waiting", "sessiongraph:hint:ana:s", "sessiongraph:datasets"])
def test_a_hint_that_redis_evicted_costs_work_and_no_turn(
    admin: redis.Redis, redis_only: SessionCache, lost: str
) -> None:
    redis_only.put_turns([turn("t1", dataset_id="d1"), turn("t2", dataset_id="d1")])
    assert waiting(redis_only)
    assert admin.delete(lost) == 1
    redis_only.recheck()  # As every night: eviction of the list by dataset alone is not noticed before.
    assert redis_only.sessions_of("d1") == [("ana", "s")]
    assert waiting(redis_only) == {("ana", "s"): {"d1": 2}}
    stage(redis_only)
    admin.delete(lost)
    redis_only.recheck()
    assert waiting(redis_only).get(("ana", "s"), {"d1": 2}) == {"d1": 2}
    assert redis_only.sessions_of("d1") == [("ana", "s")]


def test_a_turn_that_is_edited_in_the_very_moment_of_noting_waits_on(
    redis_only: SessionCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_only.put_turns([turn("t1")])
    says = redis_cache._says

    def edited_meanwhile(said: Turn, value: str) -> bool:
        redis_only.update_turn("ana", "s", "t1", answer="other")
        return says(said, value)

    monkeypatch.setattr(redis_cache, "_says", edited_meanwhile)
    stage(redis_only)
    assert waiting(redis_only) == {("ana", "s"): {None: 1}}


def test_a_session_whose_hash_was_evicted_is_dropped(admin: redis.Redis, redis_only: SessionCache) -> None:
    redis_only.put_turns([turn("t1"), turn("t1", "kept")])
    admin.delete("sessiongraph:session:ana:s")
    assert waiting(redis_only) == {("ana", "kept"): {None: 1}}
    assert redis_only.sessions_of(None, "ana") == [("ana", "kept")] and redis_only.count() == (1, 1)
    assert not admin.exists("sessiongraph:hint:ana:s") and admin.zcard("sessiongraph:waiting") == 2
    redis_only.put_turns([turn("t2")])
    assert waiting(redis_only)["ana", "s"] == {None: 1}


def test_a_key_that_is_no_session_and_one_that_never_expires_stop_nothing(
    admin: redis.Redis, redis_only: SessionCache
) -> None:
    redis_only.put_turns([turn("t1", session) for session in ("spoilt", "eternal", "plain")])
    admin.delete("sessiongraph:session:ana:spoilt", "sessiongraph:hint:ana:spoilt")
    admin.set("sessiongraph:session:ana:spoilt", "not a hash")
    admin.persist("sessiongraph:session:ana:eternal")
    redis_only.recheck()
    admin.zadd("sessiongraph:waiting", {"ana:eternal": redis_scripts.UNREAD + 1})
    found = {session.session_id: session.expires_at for session in redis_only.waiting()[0]}
    assert set(found) == {"eternal", "plain"} and found["eternal"] is None and redis_only.count() == (2, 2)
    assert {session.session_id for session in redis_only.list_sessions()} == {"eternal", "plain"}


def test_a_tick_costs_a_few_requests_however_many_sessions_are_cached(
    admin: redis.Redis, redis_only: SessionCache
) -> None:
    redis_only.put_turns([turn("t1", f"s{n}") for n in range(2500)])
    redis_only.note_staged([said for n in range(500) for said in redis_only.get_turns("ana", f"s{n}")])
    redis_only.waiting()
    before = calls(admin)
    assert len(waiting(redis_only)) == 2000
    after = calls(admin)
    asked = {name: after[name] - before[name] for name in after}
    # Two pages, each with those that expire at once with its last; a third is asked for where the second was full.
    assert 4 <= asked["evalsha"] <= 5 and 2 <= asked["zrange"] <= 5 and 2 <= asked["time"] <= 3


def calls(admin: redis.Redis) -> dict[str, int]:
    """Requests from clients, by command: those of scripts are counted too, but under names that are not these."""
    stats = admin.info("commandstats")
    return {name: stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "time", "zrange")}

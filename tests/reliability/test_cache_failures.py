"""A cache that fails, in every way that caches do: searches go on, persists say what they could not read."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph import sessions
from sessiongraph.default_client import default_services
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.types import Turn
from tests.conftest import RedisServer
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.slow_proxy import SlowProxy

QUESTION = "Where does Alice live?"
SAID = {f"s{number}": (f"Where does Person{number} live?", f"Person{number} lives in Oslo.") for number in range(4)}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis of the test's own, which keeps what it is told over a crash."""
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    use(monkeypatch, server.port)
    yield server
    server.kill()


def use(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("CACHE_BACKEND", "redis")
    monkeypatch.setenv("CACHE_PORT", str(port))


def admin(server: RedisServer, password: str | None = None) -> redis.Redis:
    return redis.Redis(server.host, server.port, password=password, decode_responses=True)


async def one_document() -> None:
    await sessiongraph.add(["Alice lives in Paris."])
    await sessiongraph.cognify()


@pytest.fixture
async def memory(endpoint: OpenAIEndpoint, fill_home: FillHome) -> OpenAIEndpoint:
    """A dataset that can be searched."""
    await fill_home(one_document)
    return endpoint


async def say_all() -> None:
    for session_id, (question, answer) in SAID.items():
        await sessions.add_turn(session_id, question, answer)


async def searched() -> tuple[str, list[str]]:
    (result,) = await sessiongraph.search(QUESTION, session_id="s0")
    return str(result), result.warnings


def before_each_read(monkeypatch: pytest.MonkeyPatch, act: Callable[[str], None]) -> None:
    """Let `act` happen right before the cache is asked for a session, by whom it then is asked as ever."""
    cache = type(default_services().cache)
    get_turns = cache.get_turns

    def reading(self: SessionCache, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        act(session_id)
        return get_turns(self, user_id, session_id, last)

    monkeypatch.setattr(cache, "get_turns", reading)


def wait_for_a_call(endpoint: OpenAIEndpoint, before: int) -> None:
    while len(endpoint.chats) == before:
        time.sleep(0.02)


async def test_redis_killed_and_restarted_in_the_middle_of_a_persist(
    memory: OpenAIEndpoint, server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    await say_all()
    with monkeypatch.context() as patch:
        before_each_read(patch, lambda session_id: server.kill() if session_id == "s2" else None)
        report = await persist(session_ids=list(SAID), create=True)
    assert list(report.sessions) == ["s0", "s1"] and list(report.unread) == ["s2", "s3"] and report.missing == []
    assert report.persisted == 2 and "CACHE_PORT" in report.unread["s2"] and "s2, s3" in str(report)

    answer, (warning,) = await searched()
    assert "Paris" in answer and "without the session's history" in warning
    with pytest.raises(sessiongraph.CacheUnavailableError, match="CACHE_HOST"):
        await sessions.add_turn("s4", "q", "a")
    again = await persist(session_ids=list(SAID), create=True)
    assert (again.persisted, list(again.unread)) == (2, list(SAID)), "what is in the dataset needs no cache"

    server.start()
    healed = await persist(session_ids=list(SAID), create=True)
    assert (healed.persisted, healed.unread, healed.extracted) == (4, {}, 2)
    assert (await searched())[1] == []


async def test_redis_killed_while_the_model_is_asked(memory: OpenAIEndpoint, server: RedisServer):
    await say_all()
    memory.latency = 0.6
    persisting = asyncio.create_task(persist(session_ids=list(SAID), create=True))
    await asyncio.to_thread(wait_for_a_call, memory, len(memory.chats))
    server.kill()
    report = await persisting
    assert (report.persisted, report.failed, report.unread) == (4, 0, {}), "staged turns are safe from the cache"


async def test_a_redis_that_restarts_between_two_calls_is_not_noticed(memory: OpenAIEndpoint, server: RedisServer):
    await say_all()
    server.kill()
    server.start()
    assert (await searched())[1] == []
    assert (await persist(session_ids=list(SAID), create=True)).unread == {}


async def test_a_slow_redis(memory: OpenAIEndpoint, server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    await say_all()
    with SlowProxy((server.host, server.port), delay=0.3).running() as proxy:
        use(monkeypatch, proxy.port)
        assert (await searched())[1] == []
        assert (await persist(session_ids=["s0"], create=True)).unread == {}
        proxy.delay = 30
        answer, warnings = await searched()
        assert "Paris" in answer and "Timeout" in warnings[0]
        assert list((await persist(session_ids=["s0"], create=True)).unread) == ["s0"]
    use(monkeypatch, server.port)
    report = await persist(session_ids=list(SAID), create=True)
    assert report.persisted == len(SAID) + 1 and report.unread == {}


async def test_a_full_redis_takes_no_turn_and_keeps_those_it_has(memory: OpenAIEndpoint, server: RedisServer):
    await say_all()
    admin(server).config_set("maxmemory-policy", "noeviction")
    admin(server).config_set("maxmemory", "1")
    answer, (warning,) = await searched()
    assert "Paris" in answer and "not written to the session" in warning and "maxmemory" in warning
    with pytest.raises(sessiongraph.CacheUnavailableError, match="maxmemory"):
        await sessions.add_turn("s9", "q", "a")
    assert len(await sessions.list_sessions()) == 4
    assert (await persist(session_ids=list(SAID), create=True)).persisted == 4
    admin(server).config_set("maxmemory", "0")
    assert (await searched())[1] == []


async def test_sessions_that_were_evicted_stay_in_the_graph(memory: OpenAIEndpoint, server: RedisServer):
    await say_all()
    assert (await persist(session_ids=list(SAID), create=True)).persisted == 4
    admin(server).config_set("maxmemory-policy", "allkeys-lru")
    admin(server).config_set("maxmemory", "3mb")
    for number in range(600):
        await sessions.add_turn(f"filler{number}", "q", "a" * 20_000)
    # Redis picks what to evict from samples: of sixty keys in one place, some of these four.
    evicted = {session_id for session_id in SAID if not await sessions.get_turns(session_id)}
    assert evicted
    listed = {info.session_id for info in await sessions.list_sessions()}
    assert not listed & evicted, "what is gone is not listed"
    report = await persist(session_ids=list(SAID), create=True)
    assert (report.persisted, report.missing, report.unread, report.extracted) == (4, [], {}, 0)

    admin(server).config_set("maxmemory", "0")
    await sessions.add_turn("s0", "And since when?", "Since 1999.")
    report = await persist(session_ids=["s0"], create=True)
    assert (report.persisted, report.extracted) == (2, 1), "a session that grows again goes on where it was"


async def test_a_wrong_password(memory: OpenAIEndpoint, server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    await say_all()
    admin(server).config_set("requirepass", "right-secret")
    monkeypatch.setenv("CACHE_PASSWORD", "wrong-secret")
    answer, (warning,) = await searched()
    assert "Paris" in answer and "CACHE_PASSWORD" in warning and "wrong-secret" not in warning
    with pytest.raises(sessiongraph.CacheUnavailableError, match="CACHE_PASSWORD"):
        await persist(session_ids=list(SAID), create=True)
    monkeypatch.setenv("CACHE_PASSWORD", "right-secret")
    assert (await persist(session_ids=list(SAID), create=True)).persisted == 4


async def test_a_replica_that_may_not_be_written_to(memory: OpenAIEndpoint, server: RedisServer):
    await say_all()
    await sessions.add_turn("gone", "q", "a")
    admin(server).delete(*admin(server).keys("sessiongraph:session:*gone"))  # its entry in the index is left
    admin(server).replicaof("127.0.0.1", "1")  # as after a failover: a replica, whose master is away
    answer, (warning,) = await searched()
    assert "Paris" in answer and "not written to the session" in warning
    with pytest.raises(sessiongraph.CacheUnavailableError):
        await sessions.add_turn("s9", "q", "a")
    assert {info.session_id for info in await sessions.list_sessions()} == set(SAID)
    assert (await persist(session_ids=list(SAID), create=True)).persisted == 4, "reading is all that it needs"
    admin(server).replicaof("NO", "ONE")
    assert (await searched())[1] == []


async def test_a_session_without_an_expiry_or_with_a_strange_value(memory: OpenAIEndpoint, server: RedisServer):
    await say_all()
    keys = {key.rpartition(":")[2]: key for key in admin(server).keys("sessiongraph:session:*")}
    admin(server).persist(keys["s0"])
    admin(server).delete(keys["s1"])
    admin(server).set(keys["s1"], "not a hash")
    for field in admin(server).hkeys(keys["s2"]):
        if field:
            admin(server).hset(keys["s2"], field, "[1, not json")
    report = await persist(session_ids=list(SAID), create=True)
    assert list(report.sessions) == ["s0", "s3"] and list(report.unread) == ["s1", "s2"]
    assert report.persisted == 2 and "damaged" in report.unread["s2"]
    assert await sessions.delete_session("s1")
    assert {info.session_id: info.expires_at for info in await sessions.list_sessions()}["s0"] is None


async def test_a_session_that_expires_before_it_is_read(memory: OpenAIEndpoint, cache: str, monkeypatch):
    await say_all()
    monkeypatch.setenv("SESSION_TTL_SECONDS", "1")
    await sessions.add_turn("short", "Where does Boris live?", "Boris lives in Rome.")
    ids = [info.session_id for info in await sessions.list_sessions()]
    assert "short" in ids
    await asyncio.sleep(1.2)
    report = await persist(session_ids=ids, create=True)
    assert (report.persisted, report.missing, report.unread) == (4, ["short"], {})


async def test_a_session_that_expires_once_it_was_read(memory: OpenAIEndpoint, cache: str, monkeypatch):
    monkeypatch.setenv("SESSION_TTL_SECONDS", "1")
    await sessions.add_turn("short", "Where does Boris live?", "Boris lives in Rome.")
    memory.latency = 1.2
    report = await persist(session_ids=["short"], create=True)
    assert await sessions.get_turns("short") == []
    assert (report.persisted, report.missing) == (1, [])
    assert (await persist(session_ids=["short"], create=True)).persisted == 1


async def test_a_locked_sqlite_cache(memory: OpenAIEndpoint, home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sessiongraph.sqlite_file.BUSY_SECONDS", 0.3)
    await say_all()
    other = sqlite3.connect(home / "sessions.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    default_services().cache._opened.execute("PRAGMA busy_timeout = 300")  # type: ignore[attr-defined]
    answer, (warning,) = await searched()
    assert "Paris" in answer and "not written to the session" in warning and "held by another process" in warning
    with pytest.raises(sessiongraph.CacheUnavailableError, match="held by another process"):
        await sessions.add_turn("s9", "q", "a")
    assert (await persist(session_ids=list(SAID), create=True)).persisted == 4, "readers do not wait for a writer"
    other.execute("ROLLBACK")
    other.close()
    assert (await searched())[1] == []


async def test_a_damaged_sqlite_cache(memory: OpenAIEndpoint, home: Path):
    await say_all()
    assert (await persist(session_ids=["s0", "s1"], create=True)).persisted == 2
    default_services().cache.close()
    file = home / "sessions.sqlite"
    file.write_bytes(b"\x00garbage" * 4096)
    answer, (warning,) = await searched()
    assert "Paris" in answer and "move it away" in warning
    report = await persist(session_ids=list(SAID), create=True)
    assert (report.persisted, list(report.unread)) == (2, list(SAID)) and "move it away" in report.unread["s2"]

    file.rename(home / "damaged.sqlite")
    assert (await searched())[1] == []
    assert (await persist(session_ids=["s0", "s1"], create=True)).persisted == 3


async def test_a_damaged_turn_costs_its_session_alone(memory: OpenAIEndpoint, home: Path):
    await say_all()
    with sqlite3.connect(home / "sessions.sqlite") as connection:
        connection.execute("UPDATE turns SET record = '{}' WHERE session_id = 's1'")
    connection.close()
    report = await persist(session_ids=list(SAID), create=True)
    assert (report.persisted, list(report.unread)) == (3, ["s1"]) and "damaged" in report.unread["s1"]
    assert await sessions.delete_session("s1")
    assert (await persist(session_ids=list(SAID), create=True)).missing == ["s1"]

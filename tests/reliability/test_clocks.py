"""Machines whose clocks differ by minutes, on one PostgreSQL and one Redis: what is said keeps its order, is due, and
is in the graph or gone, by the clocks of the servers."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from sessiongraph import SearchType, SessionGraph, Settings
from sessiongraph.services import Shared
from sessiongraph.types import Turn
from tests.conftest import RedisServer

# A Python whose clock is ahead by so many seconds; not for libraries in C, which know a moment by its bytes.
_CLOCK = """
import datetime, sys, time
import dagster, duckdb, pandas, psycopg, pydantic
real, seconds, nanoseconds, ahead = datetime.datetime, time.time, time.time_ns, float(sys.argv[1])
class Kind(type):
    def __instancecheck__(cls, it): return isinstance(it, real)
class Moment(real, metaclass=Kind):
    __slots__ = ()
    @classmethod
    def now(cls, tz=None): return real.now(tz) + datetime.timedelta(seconds=ahead)
datetime.datetime, time.time, time.time_ns = Moment, lambda: seconds() + ahead, lambda: nanoseconds() + int(ahead * 1e9)
"""
# What a machine says in a session, whether it finds it due, and what it persists.
_MACHINE = """
import asyncio, json
from sessiongraph import SessionGraph
from sessiongraph.persistence.due_rules import DueRules
from sessiongraph.server.persister import Persister
async def work():
    async with SessionGraph() as memory:
        for question, answer in json.loads(sys.argv[2]):
            await memory.sessions.add_turn("s", question, answer, dataset="work")
        def reasons(interval):
            _, due, _ = Persister(memory, sweeps=False)._due(DueRules.of(memory.services.settings, interval))
            return [reason for it in due.values() for reason in it.reasons]
        due = [reasons(1), reasons(1000)]
        report = await memory.persist_sessions(["s"], "work")
        print(json.dumps({"due": due, "persisted": report.persisted, "clock": time.time()}))
asyncio.run(work())
"""


def on_a_machine(ahead: timedelta, said: list[tuple[str, str]], root: Path, environment: dict[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", _CLOCK + _MACHINE, str(ahead.total_seconds()), json.dumps(said)],
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert abs(told["clock"] - (datetime.now(UTC) + ahead).timestamp()) < 60
    return told


def said(turns: list[Turn]) -> list[str]:
    return [turn.answer for turn in turns]


async def test_clocks_ten_minutes_before_and_behind_change_nothing(
    home: Path, redis_server: RedisServer, database_url: str, project_root: Path, shared: Shared
):
    redis.Redis(redis_server.host, redis_server.port).flushall()
    environment = {
        "SESSIONGRAPH_DATABASE_URL": database_url,
        "CACHE_BACKEND": "redis",
        "CACHE_HOST": redis_server.host,
        "CACHE_PORT": str(redis_server.port),
        "PERSIST_IDLE_SECONDS": "300",
        "SESSION_TTL_SECONDS": "3600",
    }
    where = {"cache_backend": "redis", "cache_host": redis_server.host, "cache_port": redis_server.port}
    settings = Settings(home=home, database_url=database_url, session_ttl_seconds=3600, **where)
    async with SessionGraph(settings, shared=shared) as memory:
        await memory.add(["Bob Marsh lives in Oslo."], "work")
        await memory.cognify("work")
        before = on_a_machine(
            timedelta(minutes=10), [("Who is in Paris?", "Alice Novak lives in Paris.")], project_root, environment
        )
        behind = on_a_machine(
            timedelta(minutes=-10), [("Where does she work?", "She works at Acme Labs.")], project_root, environment
        )
        # Neither idle by the clock that is before, nor far from its end by the one that is behind.
        assert (before["due"], before["persisted"]) == ([[], ["expires soon"]], 1)
        assert (behind["due"], behind["persisted"]) == ([[], ["expires soon"]], 2)

        await memory.search("Where does Alice Novak live?", session_id="s", datasets=["work"])
        turns = await memory.sessions.get_turns("s")
        assert said(turns)[:2] == ["Alice Novak lives in Paris.", "She works at Acme Labs."] and len(turns) == 3
        # "She" is who was spoken of before.
        facts = {(fact.subject, fact.object) for fact in await memory.facts.list("work")}
        assert {("Alice Novak", "Paris"), ("Alice Novak", "Acme Labs"), ("Bob Marsh", "Oslo")} <= facts
        [dataset] = [it for it in memory.services.access.all_datasets() if it.name == "work"]
        commits = "SELECT seq, committed_at FROM commits ORDER BY seq"
        written = [at for _, at in memory.services.store(dataset).read(lambda con: con.execute(commits).fetchall())]
        assert written == sorted(written) and abs(written[-1].replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(
            minutes=5
        )

        # An edit by the clock that is right counts, as does a forgetting, though others wrote "later".
        await memory.sessions.edit_turn("s", turns[0].turn_id, answer="Alice Novak lives in Rome.")
        assert (await memory.persist_sessions(["s"], "work")).failed == 0
        [found] = await memory.search("Where does Alice Novak live?", SearchType.CHUNKS, datasets=["work"])
        assert "Who is in Paris?\nAlice Novak lives in Rome." in str(found)
        await memory.forget("work", session_id="s")
        assert {fact.subject for fact in await memory.facts.list("work")} == {"Bob Marsh"}

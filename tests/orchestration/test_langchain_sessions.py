"""The Redis of LangChain's that config names: what is added there is persisted with nobody naming anything."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
import redis
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from orchestration.sensors.langchain_sessions import langchain_sessions
from resources.graph import GraphResource
from tests.conftest import RedisServer
from tests.orchestration.conftest import Project
from tests.orchestration.test_session_exports import turns_in

WORK = "default_user/work"


@pytest.fixture
def project(project: Project, tmp_path: Path) -> Iterator[Project]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(project, instance=instance)


@pytest.fixture
def say(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """Adds an exchange to a session, as LangChain does."""
    monkeypatch.setenv("LANGCHAIN_REDIS_URL", f"redis://{redis_server.host}:{redis_server.port}/2")
    monkeypatch.setenv("LANGCHAIN_REDIS_DATASET", WORK)
    client = redis.Redis(redis_server.host, redis_server.port, db=2)
    client.flushdb()

    def write(question: str, session: str = "s") -> None:
        for message in (HumanMessage(question), AIMessage("Noted.")):
            client.lpush(f"message_store:{session}", json.dumps(message_to_dict(message)))

    return write


class Ticks:
    """The sensor, tick by tick, with the cursor of the tick before."""

    def __init__(self, project: Project) -> None:
        self.project, self.cursor = project, None

    def __call__(self) -> dg.RunRequest | str:
        with dg.build_sensor_context(
            self.project.instance, cursor=self.cursor, resources={"graph": GraphResource()}
        ) as context:
            result = langchain_sessions(context)
        if isinstance(result, dg.SkipReason):
            return result.skip_message or ""
        self.cursor = result.cursor
        ((request,),) = [result.run_requests]
        return request


def test_what_is_added_there_is_in_the_graph_after_a_tick_and_a_run_and_once(project: Project, say) -> None:
    tick = Ticks(project)
    say("Alice Smith moved to Paris.")
    request = tick()
    assert isinstance(request, dg.RunRequest) and request.partition_key == WORK
    ran = project.launch("persist_sessions", request)
    assert ran.success and ran.metadata["session_turns"]["turns_new"] == 1
    assert turns_in(project, WORK) == [("langchain-s", "Alice Smith moved to Paris.", "persisted")]
    assert "Nothing was added" in tick()

    say("Carol Brown is in Berlin.")
    say("Bob Jones is in Rome.", "t")
    again = tick()
    assert isinstance(again, dg.RunRequest) and again.run_key != request.run_key
    ran = project.launch("persist_sessions", again)
    assert (ran.metadata["session_turns"]["turns_new"], ran.metadata["session_turns"]["turns_unchanged"]) == (2, 1)
    assert [(session, what) for session, _, what in turns_in(project, WORK)] == [
        ("langchain-s", "persisted"), ("langchain-s", "persisted"), ("langchain-t", "persisted"),
    ]  # fmt: skip


def test_a_redis_that_is_down_is_told_and_stops_no_run(project: Project, say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGCHAIN_REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    told = Ticks(project)()
    assert "LangChain at 127.0.0.1:1/0 cannot be read" in told and "secret" not in told
    dataset = project.resources.access.get_or_create_by_key(WORK)
    project.say("here", ("Alice Smith moved to Paris.", "Noted."), dataset_id=dataset.id)
    ran = project.run("persist_sessions", WORK)
    assert ran.success and ran.metadata["session_turns"]["not_taken"][0]["source"] == "127.0.0.1:1/0"
    assert turns_in(project, WORK) == [("here", "Alice Smith moved to Paris.", "persisted")]


def test_other_datasets_and_homes_without_the_setting_take_nothing(
    project: Project, say, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("Alice Smith moved to Paris.")
    assert project.run("persist_sessions").success
    assert turns_in(project) == []
    monkeypatch.delenv("LANGCHAIN_REDIS_URL")
    assert "LANGCHAIN_REDIS_URL is not set" in Ticks(project)()

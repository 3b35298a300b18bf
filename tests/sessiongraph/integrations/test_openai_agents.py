"""The OpenAI Agents SDK, in an environment of its own, with a session in the cache of a running service."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from tests.sessiongraph.server.conftest import Service, running
from tests.support.environments import python_with, run_in
from tests.support.openai_endpoint import OpenAIEndpoint

HERE = Path(__file__).parent
CALL = {"id": "call_1", "type": "function", "function": {"name": "parcel_status", "arguments": '{"parcel": "4711"}'}}


@pytest.fixture
def service(home: Path, shared: Shared) -> Iterator[Service]:
    with running(SessionGraph(Settings(home=home), shared=shared)) as it:
        yield it


def answers_in_turn(endpoint: OpenAIEndpoint, *messages: dict[str, object]) -> None:
    for message in messages:
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "test", "choices": [choice]}
        endpoint.send({**body, "usage": usage}, times=1)


# An environment is made by the first run, from pip's cache in 20 s. The oldest one that works is tried by make soak.
_PINS = ["openai_agents_pins.txt", *(["openai_agents_013_pins.txt"] if "SOAK_SECONDS" in os.environ else [])]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pins", _PINS)
async def test_an_agents_session_is_kept_item_by_item_persisted_and_found(
    service: Service, openai_endpoint: OpenAIEndpoint, project_root: Path, pytestconfig: pytest.Config, pins: str
):
    memory = service.client
    await memory.datasets.create("work")
    answers_in_turn(
        openai_endpoint,
        {"content": "One moment.", "tool_calls": [CALL]},
        {"content": "It is in Grenoble."},
        {"content": "Good for you."},
        {"content": "You work at Acme."},
    )
    python = python_with(HERE / pins, pytestconfig)
    told = json.loads(run_in(python, HERE / "agent_story.py", service.url, openai_endpoint.url, root=project_root))
    assert told["answers"] == ["It is in Grenoble.", "Good for you.", "You work at Acme."]
    assert told["loaded"] == []
    assert "'a/b' is not a session id" in told["errors"][0] and "dataset name" in told["errors"][1]

    first, second, third = await memory.sessions.get_turns("parcels")
    assert (first.question, first.answer) == (
        "I moved to Lyon. Where is parcel 4711?", "One moment.\n\nIt is in Grenoble.",
    )  # fmt: skip
    assert first.context == (
        'function_call: parcel_status {"parcel": "4711"}\n'
        "function_call_output: Parcel 4711 lies in the depot of Grenoble."
    )
    assert (second.question, second.answer, second.context) == ("I work at Acme.", "Good for you.", None)
    assert third.question == "Whom do I work for?"

    with service.http() as http:
        assert "items" not in http.get("/v1/sessions/parcels/turns").json()[0]
    report = await memory.persist_sessions(["parcels"], dataset="work", create=True)
    assert report.persisted == 3
    await memory.sessions.clear()
    found = await memory.search("Where does the user work?", datasets=["work"], node_sets=["user_sessions_from_cache"])
    assert "Acme" in str(found[0]) and found[0].citations[0].session_id == "parcels"
    facts = {fact.statement for fact in await memory.facts.list("work")}
    assert {"The user moved to Lyon.", "The user works at Acme."} <= facts
    assert not any("depot" in fact for fact in facts)
    (found,) = await memory.search("Which depot is parcel 4711 in?", datasets=["work"], only_context=True)
    assert any(it.kind == "context" and "Grenoble" in it.text for it in found.citations)

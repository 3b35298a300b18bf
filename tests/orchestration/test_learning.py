"""What is learned beside facts, as assets: made once a graph has changed, told without words, never in a persist."""

import dagster as dg
import pytest

from orchestration.sensors.learning import learning
from resources.graph import GraphResource
from tests.orchestration.conftest import Project

DECIDED = "We decided to use PostgreSQL."


def tick(project: Project, cursor: str | None = None) -> dg.SensorResult:
    with dg.build_sensor_context(
        instance=project.instance, cursor=cursor, resources={"graph": GraphResource()}
    ) as context:
        result = learning(context)
    assert isinstance(result, dg.SensorResult)
    return result


def reading(project: Project) -> int:
    return len([request for request in project.endpoint.chats if request.user.startswith("~ lessons")])


@pytest.fixture
def persisted(project: Project) -> Project:
    project.drop("one.txt", "Alice Novak lives in Paris.")
    project.drop("two.txt", "Alice Novak lives in Rome.")
    project.say("s1", (DECIDED, "Noted."))
    ran = project.run("build_memory")
    assert ran.success and set(ran.metadata).isdisjoint(("session_lessons", "conflicts", "speaker_profiles"))
    return project


def test_a_graph_that_has_changed_is_learned_from_once(persisted: Project) -> None:
    assert reading(persisted) == 0
    [request] = tick(persisted).run_requests or []
    ran = persisted.launch("learn", request)
    assert ran.success and reading(persisted) == 1
    assert ran.metadata["session_lessons"]["sessions_read"] == 1
    assert ran.metadata["session_lessons"]["lessons"] == [{"kind": "decided", "lessons": 1}]
    assert ran.metadata["conflicts"]["dagster/row_count"] == 1
    agree = ran.checks["conflicts:facts_agree"]
    assert (
        not agree.passed and agree.severity is dg.AssetCheckSeverity.WARN and "1 time(s)" in (agree.description or "")
    )
    assert not [word for word in ("Paris", "Rome", "Alice", "PostgreSQL") if word in ran.reported]

    settled = tick(persisted)
    assert not settled.run_requests and not tick(persisted, settled.cursor).run_requests
    again = persisted.run("learn")
    assert again.success and reading(persisted) == 1 and again.versions == ran.versions

    persisted.say("s2", (DECIDED, "Noted."))
    assert persisted.run("persist_sessions").success
    [request] = tick(persisted, settled.cursor).run_requests or []
    assert persisted.launch("learn", request).versions["session_lessons"] != ran.versions["session_lessons"]
    assert reading(persisted) == 2


def test_what_fails_is_told_by_session_and_tried_again_later(persisted: Project) -> None:
    persisted.say("s2", ("Mallory Black lives in Rome.", "Noted."))
    assert persisted.run("persist_sessions").success
    persisted.endpoint.reply("no JSON", when="~ lessons of a conversation, 2026-03-01\\n[1] user: Mallory")
    [request] = tick(persisted).run_requests or []
    ran = persisted.launch("learn", request)
    assert ran.success
    assert [row["session"] for row in ran.metadata["session_lessons"]["failures"]] == ["default_user/s2"]
    read = ran.checks["session_lessons:sessions_are_read"]
    assert not read.passed and read.metadata["failed"].value == 1
    assert not tick(persisted).run_requests, "not at once"

    persisted.endpoint.heal()
    assert persisted.run("learn").checks["session_lessons:sessions_are_read"].passed


def test_a_model_that_cannot_be_called_fails_the_run(persisted: Project) -> None:
    persisted.endpoint.fail(401)
    ran = persisted.run("learn")
    assert not ran.success and ran.error


def test_explorer_links_stand_where_people_have_one(persisted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "| `" in persisted.run("learn").metadata["conflicts"]["conflicts"]
    monkeypatch.setenv("SESSIONGRAPH_PUBLIC_URL", "https://memory.example.com")
    told = persisted.run("learn").metadata["conflicts"]["conflicts"]
    assert told.count("https://memory.example.com/fact?dataset=default_user%2Fmain_dataset&id=") == 2

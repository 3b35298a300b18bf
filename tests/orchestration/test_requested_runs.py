"""What the service was asked to have run comes into the queue, once, and tells how it went."""

from typing import Any

import dagster as dg
import pytest

from orchestration.sensors import SENSORS
from resources.graph import GraphResource
from sessiongraph.dagster.requested_runs import JOBS, ask, drop, pending, sensor_name, state_of
from tests.orchestration.conftest import MAIN, Project


def tick(project: Project, job: str) -> Any:
    [sensor] = [it for it in SENSORS if it.name == sensor_name(job)]
    graph = GraphResource()
    with dg.build_sensor_context(instance=project.instance, resources={"graph": graph}) as context:
        return sensor(context)


def test_a_request_becomes_one_run_and_tells_its_report(project: Project):
    project.say("s1", ("Where does she live?", "Alice Smith lives in Paris."))
    config = {"ops": {"session_turns": {"config": {"sessions": [{"user": project.user.id, "session_id": "s1"}]}}}}
    asked = ask(project.home, "persist_sessions", MAIN, project.user.id, config)

    def state(user_id: str) -> Any:
        return state_of(project.home, project.instance, asked.id, user_id)

    assert state(project.user.id).state == "requested" and state("another") is None
    assert not tick(project, "cognify").run_requests
    [request] = tick(project, "persist_sessions").run_requests
    assert request.run_key == asked.id
    assert [it.run_key for it in tick(project, "persist_sessions").run_requests] == [asked.id], "not launched yet"
    ran = project.launch("persist_sessions", request)
    assert ran.success
    assert not tick(project, "persist_sessions").run_requests and pending(project.home, "persist_sessions", 9) == []
    done = state(project.user.id)
    assert (done.state, done.run_id, done.failure) == ("success", ran.run_id, None)
    assert done.report["session_turns"]["turns_staged"] == 1 and state("another") is None


def test_a_run_that_fails_says_why(project: Project):
    config = {"ops": {"session_turns": {"config": {"sessions": [{"user": project.user.id, "session_id": "none"}]}}}}
    asked = ask(project.home, "persist_sessions", MAIN, project.user.id, config)
    [request] = tick(project, "persist_sessions").run_requests
    assert not project.launch("persist_sessions", request).success
    failed = state_of(project.home, project.instance, asked.id, project.user.id)
    assert failed is not None and failed.state == "failure" and "No session found" in (failed.failure or "")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 1}', "\x00"])
def test_what_is_no_request_stops_no_other(project: Project, content: str):
    asked = ask(project.home, "cognify", MAIN, project.user.id, {})
    (project.home / "run_requests" / "garbage.json").write_text(content)
    assert [it.run_key for it in tick(project, "cognify").run_requests] == [asked.id]
    drop(project.home, asked.id)
    assert not tick(project, "cognify").run_requests


def test_there_is_a_sensor_for_each_job():
    assert {sensor_name(job) for job in JOBS} <= {sensor.name for sensor in SENSORS}

"""What may pass by itself is tried again within its run; what cannot is not, and costs one call."""

import dagster as dg
import pytest

from sessiongraph.dagster.run_errors import MOST_RETRIES, is_transient
from sessiongraph.errors import (
    CacheUnavailableError,
    InvalidInputError,
    LLMFailedError,
    LLMNotConfiguredError,
    SessionGraphError,
    StoreBusyError,
)
from tests.orchestration.conftest import Project

CAROL = ("Where is Carol?", "Carol Brown is in Berlin.")


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (StoreBusyError("held"), True),
        (CacheUnavailableError("down"), True),
        (LLMFailedError("503", transient=True), True),
        (LLMFailedError("401", fatal=True), False),
        (LLMNotConfiguredError("no key"), False),
        (InvalidInputError("no"), False),
        (SessionGraphError("disk full"), False),
    ],
)
def test_what_may_pass_by_itself(error: SessionGraphError, transient: bool) -> None:
    assert is_transient(error) is transient


def retries(project: Project, run_id: str) -> int:
    restarted = project.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_RESTARTED).records
    return len(restarted)


def test_an_endpoint_that_comes_back_costs_a_retry_and_no_run(project: Project) -> None:
    project.say("s1", CAROL)
    project.endpoint.fail(503, times=2)

    ran = project.run("persist_sessions")

    assert ran.success and ran.metadata["session_knowledge"]["persisted"] == 1
    assert retries(project, ran.run_id) >= 1
    assert len(ran.metadata) == 2 and ran.metadata["session_turns"]["turns_staged"] == 1, "staging is not done again"


def test_an_endpoint_that_stays_away_fails_the_run_after_a_few(project: Project) -> None:
    project.say("s1", CAROL)
    project.endpoint.fail(503)

    ran = project.run("persist_sessions")

    assert ran.error.startswith("LLMFailedError: ") and retries(project, ran.run_id) == MOST_RETRIES


def test_a_refused_key_is_not_tried_again(project: Project) -> None:
    project.say("s1", CAROL)
    project.endpoint.fail(401)

    ran = project.run("persist_sessions")

    assert ran.error.startswith("LLMFailedError: ") and retries(project, ran.run_id) == 0


def test_a_fault_of_the_program_is_not_tried_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sessiongraph.dagster.asset_runs.run_dataset", broken)

    ran = project.run("persist_sessions")

    assert not ran.success and retries(project, ran.run_id) == 0

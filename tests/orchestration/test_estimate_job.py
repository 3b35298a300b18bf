"""The dry run as a job: figures in the UI, and not a word or a row anywhere."""

from typing import Any

import dagster as dg

from orchestration.definitions import build_defs
from tests.orchestration.conftest import MAIN, Project, plain


def test_the_job_says_what_persisting_would_do_and_does_nothing(project: Project) -> None:
    project.say("s1", ("Where is Xenia?", "Xenia Zwick is in Timbuktu."), ("And Dan?", "I don't know."))

    job = build_defs().resolve_job_def("estimate_persist")
    done = job.execute_in_process(partition_key=MAIN, instance=project.instance)

    (output,) = (it for it in done.all_events if it.event_type is dg.DagsterEventType.STEP_OUTPUT)
    said = {name: plain(value) for name, value in output.step_output_data.metadata.items()}  # type: ignore[union-attr]
    assert (said["turns_to_extract"], said["turns_to_skip"], said["llm_calls"]) == (1, 1, 1)
    assert said["cost_usd"] == "unknown" and said["turns"][0]["would"] == "extract"
    assert "Xenia" not in str(said) and "Timbuktu" not in str(said)
    assert project.endpoint.requests == [] and not project.resources.store(project.main_dataset()).exists


def dry_run(project: Project, **config: Any) -> dict[str, Any]:
    """What the job says, with this run config of its op."""
    done = (
        build_defs()
        .resolve_job_def("estimate_persist")
        .execute_in_process(
            partition_key=MAIN, instance=project.instance, run_config={"ops": {"estimate_sessions": {"config": config}}}
        )
    )
    (output,) = (it for it in done.all_events if it.event_type is dg.DagsterEventType.STEP_OUTPUT)
    return {name: plain(value) for name, value in output.step_output_data.metadata.items()}  # type: ignore[union-attr]


def test_the_dry_run_selects_the_turns_that_the_run_takes(project: Project) -> None:
    """With `whole: false`, as the sensor asks for it, just those turns of the named sessions that belong here."""
    other = project.resources.access.create_dataset(project.user, "project_x")
    project.say("mixed", ("Where is Carol?", "Carol Brown is in Berlin."))
    project.say("inside", ("Where is Erin?", "Erin Green is in Rome."), dataset_id=other.id)
    named = [{"user": "default_user", "session_id": name} for name in ("mixed", "inside")]

    belonging = dry_run(project, sessions=named, whole=False)
    whole = dry_run(project, sessions=named, whole=True)
    config = {"ops": {"session_turns": {"config": {"sessions": named, "whole": False}}}}
    ran = project.launch("persist_sessions", dg.RunRequest(partition_key=MAIN, run_config=config))

    assert (belonging["turns_to_stage"], whole["turns_to_stage"]) == (1, 2)
    assert [turn["session"] for turn in belonging["turns"]] == ["mixed"]
    assert ran.metadata["session_turns"]["turns_staged"] == belonging["turns_to_stage"]

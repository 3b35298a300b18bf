"""The dry run as a job: figures in the UI, and not a word or a row anywhere."""

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

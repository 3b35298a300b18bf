"""Pruning: storage that grows for ever slows everything down; history that is pruned too early is gone for good."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.prune_history import prune
from sessiongraph.settings import load_settings
from tests.orchestration.conftest import Project

CACHE, TURNS = dg.AssetKey("session_cache"), dg.AssetKey("session_turns")


@pytest.fixture
def project(project: Project, tmp_path: Path) -> Iterator[Project]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(project, instance=instance)


def runs(project: Project) -> set[str]:
    return {run.run_id for run in project.instance.get_runs()}


def observations(project: Project) -> list[int]:
    found = project.instance.fetch_observations(CACHE, limit=100).records
    return sorted(it.asset_observation.metadata["n"].value for it in found if it.asset_observation)  # type: ignore


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_a_run_goes_after_a_month_unless_it_made_something_and_that_after_a_year(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."))
    made = project.run("persist_sessions").run_id
    monkeypatch.setenv("CACHING", "false")
    failed = project.run("persist_sessions").run_id
    running = dg.DagsterRun(job_name="cognify", status=dg.DagsterRunStatus.STARTED)
    project.instance.add_run(running)
    settings = load_settings()

    assert prune(project.instance, settings, in_days(29)).runs == 0
    assert runs(project) == {made, failed, running.run_id}
    pruned = prune(project.instance, settings, in_days(31))
    assert (pruned.runs, pruned.kept) == (1, 1) and runs(project) == {made, running.run_id}
    assert project.instance.get_latest_materialization_event(TURNS) is not None
    assert prune(project.instance, settings, in_days(366)).runs == 1
    assert runs(project) == {running.run_id}, "what is under way is never pruned"


def test_old_observations_go_and_what_others_reported_stays(project: Project) -> None:
    instance = project.instance
    instance.report_runless_asset_event(dg.AssetMaterialization(TURNS, partition="ana/d"))
    for n in range(3):
        instance.report_runless_asset_event(dg.AssetObservation(CACHE, metadata={"n": n}))
    settings = load_settings()

    assert prune(instance, settings, in_days(29)).observations == 0 and observations(project) == [0, 1, 2]
    assert prune(instance, settings, in_days(31)).observations == 3 and observations(project) == []
    assert instance.get_latest_materialization_event(TURNS) is not None
    instance.report_runless_asset_event(dg.AssetObservation(CACHE, metadata={"n": 3}))
    assert observations(project) == [3]


def test_the_job_says_what_it_did_and_is_scheduled(project: Project) -> None:
    result = build_defs().resolve_job_def("prune_history").execute_in_process(instance=project.instance)

    assert result.success
    schedule = next(it for it in build_defs().schedules or [] if it.name == "nightly_pruning")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING  # type: ignore[union-attr]

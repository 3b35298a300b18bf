"""What failed looks failed: the run, the partition and the check, whoever did it, and is tried again by itself."""

import asyncio
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

import sessiongraph
from orchestration.definitions import build_defs
from sessiongraph.errors import LLMFailedError
from tests.orchestration.conftest import MAIN, Project, plain

CHUNKS = "knowledge_graph:no_failed_chunks"


def ten_texts(project: Project) -> None:
    for number in range(10):
        project.drop(f"{number}.txt", f"Alice Smith moved to City{number}.")


def partition_failed(project: Project, asset: str) -> bool:
    """Whether the UI shows the asset's partition of the main dataset as failed."""
    partitions = build_defs().get_assets_def(asset).partitions_def
    assert partitions is not None
    status: Any = get_and_update_asset_status_cache_value(
        project.instance, dg.AssetKey(asset), partitions, dynamic_partitions_loader=project.instance
    )
    return MAIN in status.deserialize_failed_partition_subsets(partitions).get_partition_keys()


def latest_check(project: Project, asset: str, name: str) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(dg.AssetKey(asset), name)
    [record] = project.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event is not None and record.event.dagster_event is not None
    found = record.event.dagster_event.event_specific_data
    assert isinstance(found, dg.AssetCheckEvaluation) and found.partition == MAIN
    return found


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_runs_of_which_nothing_got_in_fail_each_time_and_so_does_the_partition(project: Project, status: int) -> None:
    ten_texts(project)
    project.endpoint.fail(status)

    for _ in range(3):
        ran = project.run("cognify")

        assert not ran.success and ran.error.startswith("LLMFailedError: ") and f"HTTP {status}" in ran.error
        assert partition_failed(project, "knowledge_graph")
        failed = latest_check(project, "knowledge_graph", "no_failed_chunks")
        assert not failed.passed and failed.severity is dg.AssetCheckSeverity.ERROR
        # Where no call can succeed, nothing is written down of any text.
        assert failed.metadata["failed"].value + failed.metadata["waiting"].value == 10
        assert f"HTTP {status}" in (failed.description or "")


def test_what_is_quarantined_was_not_attempted_and_is_still_told(project: Project) -> None:
    ten_texts(project)
    project.endpoint.reply("no JSON")
    for _ in range(3):
        assert not project.run("cognify").success
    calls = len(project.endpoint.requests)

    ran = project.run("cognify")

    assert ran.success and len(project.endpoint.requests) == calls
    assert not ran.checks[CHUNKS].passed and ran.checks[CHUNKS].metadata["quarantined"].value == 10
    assert "{ops: {knowledge_graph: {config: {retry_failed: true}}}}" in (ran.checks[CHUNKS].description or "")


def test_a_run_of_which_some_failed_says_so_on_asset_and_partition(project: Project) -> None:
    ten_texts(project)
    project.endpoint.reply("no JSON", when="City7.")

    ran = project.run("cognify")

    assert ran.success and ran.metadata["knowledge_graph"]["persisted"] == 9
    failed = latest_check(project, "knowledge_graph", "no_failed_chunks")
    assert not failed.passed and failed.severity is dg.AssetCheckSeverity.ERROR and not failed.blocking
    [source] = plain(failed.metadata["sources"])
    assert source["source"].startswith("7.txt") and source["failed"] == 1

    project.endpoint.heal()
    assert project.run("cognify").checks[CHUNKS].passed


def test_skips_are_committed_and_reported_by_a_run_that_fails(project: Project) -> None:
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."), ("And Dan?", "I don't know."))
    project.endpoint.reply("no JSON")

    ran = project.run("persist_sessions")

    event = project.instance.get_latest_materialization_event(dg.AssetKey("session_knowledge"))
    assert event is not None and event.asset_materialization is not None and event.run_id == ran.run_id
    assert not ran.success and event.asset_materialization.metadata["skipped"].value == 1
    assert not latest_check(project, "session_knowledge", "no_failed_turns").passed


def test_an_embedder_that_is_away_fails_the_run_that_had_nothing_else_to_do(project: Project) -> None:
    ten_texts(project)
    project.endpoint.send({"data": []}, chat=False)
    first = project.run("cognify")
    assert first.success and first.metadata["knowledge_graph"]["unembedded"] > 0

    ran = project.run("cognify")

    assert not ran.success and ran.error.startswith("LLMFailedError: ")
    project.endpoint.heal()
    assert project.run("cognify").metadata["knowledge_graph"]["unembedded"] == 0


async def test_what_the_api_could_not_do_looks_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessiongraph.services.Services.dagster_instance", project.instance)
    await sessiongraph.add([f"Alice Smith moved to City{number}." for number in range(3)])
    project.endpoint.reply("no JSON")

    with pytest.raises(LLMFailedError):
        await sessiongraph.cognify()

    assert project.instance.get_latest_materialization_event(dg.AssetKey("knowledge_graph")) is None
    assert latest_check(project, "knowledge_graph", "no_failed_chunks").metadata["failed"].value == 3

    project.endpoint.heal()
    project.endpoint.reply("no JSON", when="City1.")
    await sessiongraph.cognify()
    assert latest_check(project, "knowledge_graph", "no_failed_chunks").metadata["failed"].value == 1
    project.endpoint.heal()
    await sessiongraph.cognify()
    assert latest_check(project, "knowledge_graph", "no_failed_chunks").passed


async def test_calls_that_end_at_once_are_all_reported(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(6):
        await sessiongraph.sessions.add_turn(f"s{number}", "Where?", f"Alice Smith moved to City{number}.")

    persist = sessiongraph.persist_sessions_in_knowledge_graph_pipeline
    await asyncio.gather(*(persist(session_ids=[f"s{number}"], create=True) for number in range(6)))

    assert "could not be reported" not in caplog.text

"""A home whose assets' keys have a prefix: runs, calls of the API, checks, jobs and sensors mean the same assets."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

import sessiongraph
from orchestration.definitions import build_defs
from orchestration.sensors.new_sessions import new_sessions
from resources.graph import GraphResource
from tests.orchestration.conftest import MAIN, Project

PREFIX = ["team", "memory"]


@pytest.fixture
def prefixed(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project in a home with a prefix, with an instance on disk, to which the API reports too."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    monkeypatch.setenv("SESSIONGRAPH_ASSET_KEY_PREFIX", "/".join(PREFIX))
    monkeypatch.setenv("PERSIST_IDLE_SECONDS", "0")
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield replace(project, instance=instance)


def materializations(project: Project, name: str) -> int:
    key = dg.AssetKey([*PREFIX, name])
    return len(project.instance.fetch_materializations(key, limit=100).records)


def test_a_run_makes_and_checks_the_assets_of_the_prefix(prefixed: Project) -> None:
    prefixed.drop("people.txt", "Alice Smith moved to Paris.")
    prefixed.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))

    ran = prefixed.run("build_memory")

    assert ran.success
    assert set(ran.metadata) == {
        f"team/memory/{name}" for name in ("documents", "knowledge_graph", "session_turns", "session_knowledge")
    }
    assert [name for name, check in ran.checks.items() if not check.passed] == []
    assert {"team/memory/knowledge_graph:no_failed_chunks", "team/memory/session_knowledge:no_failed_turns"} <= set(
        ran.checks
    )


def test_a_chunk_that_fails_is_counted_as_one(prefixed: Project) -> None:
    """The check of an asset's passages is not misled by the asset's key."""
    prefixed.drop("people.txt", "Alice Smith moved to Paris.")
    prefixed.drop("others.txt", "Mallory Black moved to Rome.")
    prefixed.endpoint.reply("no JSON", when="Mallory Black")

    ran = prefixed.run("cognify")

    failed = ran.checks["team/memory/knowledge_graph:no_failed_chunks"]
    assert not failed.passed and failed.metadata["failed"].value == 1


async def test_a_call_of_the_api_stands_in_the_history_of_the_assets_that_a_run_makes(prefixed: Project) -> None:
    prefixed.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    await sessiongraph.add("Alice Smith moved to Paris.")
    await sessiongraph.cognify()
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s1"], create=True)

    names = ("documents", "knowledge_graph", "session_turns", "session_knowledge")
    assert [materializations(prefixed, name) for name in names] == [1, 1, 1, 1]
    assert {key.path[:-1] == PREFIX for key in prefixed.instance.all_asset_keys()} == {True}
    event = prefixed.instance.get_latest_materialization_event(dg.AssetKey([*PREFIX, "knowledge_graph"]))
    assert event is not None and event.asset_materialization is not None
    assert "dagster/input_data_version/team/memory/documents" in (event.asset_materialization.tags or {})


def test_the_sensor_observes_the_cache_of_the_prefix_and_its_runs_can_be_run(prefixed: Project) -> None:
    prefixed.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    with dg.build_sensor_context(prefixed.instance, resources={"graph": GraphResource()}) as context:
        ticked = new_sessions(context)

    assert isinstance(ticked, dg.SensorResult)
    assert [event.asset_key for event in ticked.asset_events] == [dg.AssetKey([*PREFIX, "session_cache"])]
    (request,) = ticked.run_requests or []
    assert request.partition_key == MAIN and prefixed.launch("persist_sessions", request).success
    assert materializations(prefixed, "session_knowledge") == 1


def test_automation_is_of_the_prefix_too(prefixed: Project) -> None:
    specs = {spec.key.to_user_string(): spec for spec in build_defs().resolve_all_asset_specs()}

    assert {name for name, spec in specs.items() if spec.automation_condition} == {
        f"team/memory/{name}"
        for name in (
            *("knowledge_graph", "session_turns", "session_knowledge"),
            *("session_lessons", "conflicts", "speaker_profiles"),
        )
    }

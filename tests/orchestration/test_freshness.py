"""Each dataset is told of that is not made any more: one that is made does not hide it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.checks.all_datasets import overdue_datasets
from orchestration.definitions import build_defs
from orchestration.sensors import freshness
from resources.graph import GraphResource
from tests.orchestration.conftest import MAIN, Project, plain

OTHER = "default_user/other"
NOW = datetime.now(UTC)


def outcome(project: Project, asset: str, hours: float) -> tuple[list[str], bool, str]:
    """The datasets that are late so many hours from now, whether the check warns, and its message."""
    found = overdue_datasets(project.instance, project.resources, asset, NOW + timedelta(hours=hours))
    warns = found.severity is dg.AssetCheckSeverity.WARN
    return [row["dataset"] for row in plain(found.figures["late_datasets"])], warns, found.message or ""


@contextmanager
def later(monkeypatch: pytest.MonkeyPatch, hours: float) -> Iterator[None]:
    """As if so many hours had gone by, as far as Dagster's events know."""
    with monkeypatch.context() as patched:
        patched.setattr("time.time", lambda: (NOW + timedelta(hours=hours)).timestamp())
        yield


@pytest.fixture
def swept(project: Project) -> Project:
    project.instance.add_dynamic_partitions("datasets", [MAIN, OTHER])
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."))
    for key in (MAIN, OTHER):
        assert project.run("persist_sessions", key).success
    return project


def test_no_asset_has_a_policy_that_any_partition_fulfils() -> None:
    assert [spec.key for spec in build_defs().resolve_all_asset_specs() if spec.freshness_policy] == []


def test_a_dataset_that_is_swept_no_more_is_named_with_its_time(
    swept: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome(swept, "session_knowledge", 1) == ([], True, "")
    with later(monkeypatch, 40):
        assert swept.run("persist_sessions", MAIN).success

    names, warns, message = outcome(swept, "session_knowledge", 41)
    assert names == [OTHER] and warns and f"{OTHER} since {NOW:%Y-%m-%d}" in message and MAIN not in message
    names, warns, _ = outcome(swept, "session_knowledge", 51)
    assert names == [OTHER] and not warns
    assert outcome(swept, "session_knowledge", 80)[0] == [OTHER, MAIN]


def test_a_dataset_of_which_every_run_failed_is_late_since_its_turns_were_staged(project: Project) -> None:
    project.instance.add_dynamic_partitions("datasets", [MAIN, OTHER])
    project.say("s1", ("Where is Carol?", "Carol Brown is in Berlin."))
    project.endpoint.fail(401)
    assert not project.run("persist_sessions").success

    assert outcome(project, "session_knowledge", 30)[0] == [MAIN]
    assert outcome(project, "session_turns", 20)[0] == []


def test_documents_are_late_where_they_changed_and_the_graph_did_not(project: Project) -> None:
    project.instance.add_dynamic_partitions("datasets", [MAIN, OTHER])
    project.drop("people.txt", "Alice Smith moved to Paris.")
    assert project.run("cognify").success
    assert outcome(project, "knowledge_graph", 1000)[0] == []  # nothing new for weeks is nothing late

    project.drop("more.txt", "Bob Jones moved to Rome.")
    project.endpoint.fail(401)
    assert not project.run("cognify").success
    assert outcome(project, "knowledge_graph", 20)[0] == []
    assert outcome(project, "knowledge_graph", 30)[0] == [MAIN]


def test_the_sensor_says_it_once_and_when_it_changes(swept: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = None

    def tick() -> list[dg.AssetCheckEvaluation]:
        nonlocal cursor
        resources = {"graph": GraphResource()}
        with dg.build_sensor_context(swept.instance, cursor=cursor, resources=resources) as context:
            result = freshness(context)
        assert isinstance(result, dg.SensorResult) and not result.run_requests
        cursor = result.cursor
        return [event for event in result.asset_events if isinstance(event, dg.AssetCheckEvaluation)]

    assert [check.passed for check in tick()] == [True, True, True]
    assert tick() == []
    monkeypatch.setattr("orchestration.checks.all_datasets.LATE", timedelta(0))
    assert [check.passed for check in tick()] == [False, False]

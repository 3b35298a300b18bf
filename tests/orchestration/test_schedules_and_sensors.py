"""What runs by itself: every dataset is swept at night, and is listed without anybody's doing."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.run_requests import DATASET_TAG, TRIGGER_TAG
from orchestration.schedules import nightly_retry, nightly_sweep
from orchestration.sensors import dataset_partitions
from resources.graph import GraphResource
from sessiongraph.session_cache.sqlite import SqliteSessionCache
from tests.orchestration.conftest import MAIN, Project


def sweep(project: Project, day: int = 1) -> list[dg.RunRequest | dg.SkipReason]:
    """What the schedule asks for in the night of that day."""
    with dg.build_schedule_context(
        instance=project.instance,
        scheduled_execution_time=datetime(2026, 3, day, 2, tzinfo=UTC),
        resources={"graph": GraphResource()},
    ) as context:
        return list(nightly_sweep(context))


def tick(project: Project) -> dict[str, set[str]]:
    """What the sensor adds and deletes, done to the instance as the daemon does it."""
    with dg.build_sensor_context(instance=project.instance, resources={"graph": GraphResource()}) as context:
        result = dataset_partitions(context)
    done: dict[str, set[str]] = {"added": set(), "deleted": set()}
    for request in getattr(result, "dynamic_partitions_requests", None) or []:
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            project.instance.add_dynamic_partitions("datasets", list(request.partition_keys))
            done["added"] |= set(request.partition_keys)
        else:
            for key in request.partition_keys:
                project.instance.delete_dynamic_partition("datasets", key)
            done["deleted"] |= set(request.partition_keys)
    return done


@pytest.fixture
def lasting(project: Project, tmp_path: Path) -> Iterator[Project]:
    """The project with an instance on disk: a schedule opens it anew by its reference."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(project, instance=instance)


def test_every_dataset_is_swept_each_night_once(lasting: Project) -> None:
    lasting.instance.add_dynamic_partitions("datasets", [MAIN, "default_user/other"])

    nights = [sweep(lasting), sweep(lasting), sweep(lasting, day=2)]

    assert {request.partition_key for request in nights[0]} == {MAIN, "default_user/other"}
    keys = [{request.run_key for request in night} for night in nights]
    assert keys[0] == keys[1] and keys[0].isdisjoint(keys[2])


def test_a_requested_run_is_one_that_can_be_run(lasting: Project) -> None:
    lasting.instance.add_dynamic_partitions("datasets", [MAIN])
    (request,) = sweep(lasting)

    assert lasting.run("persist_sessions", key=request.partition_key or "").success


def test_without_a_cache_the_night_says_why_nothing_is_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHING", "false")
    project.instance.add_dynamic_partitions("datasets", [MAIN])

    (reason,) = sweep(project)

    assert isinstance(reason, dg.SkipReason) and "CACHING=false" in (reason.skip_message or "")


def test_a_newcomer_sees_the_main_dataset_and_the_next_tick_has_nothing_to_do(project: Project) -> None:
    assert tick(project) == {"added": {MAIN}, "deleted": set()}
    assert tick(project) == {"added": set(), "deleted": set()}


def test_new_datasets_are_listed_and_deleted_ones_dropped(project: Project) -> None:
    access = project.resources.access
    dataset = access.create_dataset(project.user, "notes")
    access.create_user("ana")

    assert tick(project)["added"] == {MAIN, "default_user/notes", "ana/main_dataset"}

    access.delete_dataset(dataset, project.user)

    assert tick(project) == {"added": set(), "deleted": {"default_user/notes"}}


def test_all_are_on_by_default_but_the_one_that_does_the_same_otherwise() -> None:
    defs = build_defs()

    on = {it.name for it in defs.schedules or [] if it.default_status is dg.DefaultScheduleStatus.RUNNING}  # type: ignore
    assert on == {"nightly_sweep", "nightly_retry", "nightly_pruning"}
    sensors = {it.name: it.default_status for it in defs.sensors or []}
    off = {name for name, status in sensors.items() if status is not dg.DefaultSensorStatus.RUNNING}
    assert set(sensors) - off == {
        *("dataset_partitions", "new_sessions", "inbox", "session_exports", "langchain_sessions", "freshness"),
        *("run_failures", "webhooks", "graph_checkpoints", "learning"),
        *("requested_cognify", "requested_persist_sessions"),
    }
    assert off <= {"automation"}


def test_the_night_has_every_hint_made_anew_and_says_when_the_cache_is_down(
    lasting: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting.instance.add_dynamic_partitions("datasets", [MAIN])
    asked: list[str] = []
    monkeypatch.setattr(SqliteSessionCache, "recheck", lambda self: asked.append("recheck"))
    [request] = sweep(lasting)
    assert asked == ["recheck"] and isinstance(request, dg.RunRequest)
    assert request.tags == {DATASET_TAG: MAIN, TRIGGER_TAG: "schedule"}
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CACHE_BACKEND", "redis")
        monkeypatch.setenv("CACHE_PORT", str(closed.getsockname()[1]))
        (reason,) = sweep(lasting)
    assert isinstance(reason, dg.SkipReason) and "CACHE_PORT" in (reason.skip_message or "")


def test_documents_that_failed_are_tried_again_at_night_whoever_had_tried(lasting: Project) -> None:
    lasting.instance.add_dynamic_partitions("datasets", [MAIN, "default_user/other"])
    lasting.drop("people.txt", "Alice Smith moved to Paris.")
    lasting.drop("carol.txt", "Carol Brown is in Berlin.")
    lasting.drop("good.txt", "Bob Jones moved to Rome.", key="default_user/other")
    assert isinstance(retry(lasting)[0], dg.SkipReason)
    lasting.endpoint.reply("no JSON", when="Carol")
    assert lasting.run("build_memory").success and lasting.run("build_memory", key="default_user/other").success

    (request,) = retry(lasting)

    assert isinstance(request, dg.RunRequest) and request.partition_key == MAIN
    assert not lasting.launch("cognify", request).success and len(retry(lasting)) == 1
    assert not lasting.launch("cognify", request).success  # the third time: from now on it is quarantined
    assert lasting.launch("cognify", request).success
    (reason,) = retry(lasting)
    assert isinstance(reason, dg.SkipReason)


def retry(project: Project) -> list[dg.RunRequest | dg.SkipReason]:
    with dg.build_schedule_context(
        instance=project.instance,
        scheduled_execution_time=datetime(2026, 3, 1, 2, 30, tzinfo=UTC),
        resources={"graph": GraphResource()},
    ) as context:
        return list(nightly_retry(context))

"""The sensor `inbox`: what a person drops is cognified when it is whole, and what cannot be is not tried for ever."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration import run_requests
from orchestration.run_requests import DATASET_TAG, TRIGGER_TAG
from orchestration.sensors.inbox import inbox
from resources.graph import GraphResource
from tests.orchestration.conftest import MAIN, Project

ALICE = "Alice Smith moved to Paris."


@pytest.fixture
def project(project: Project, tmp_path: Path) -> Iterator[Project]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(project, instance=instance)


class Ticks:
    """The sensor, tick by tick, with the cursor of the tick before."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.cursor: str | None = None

    def __call__(self) -> list[dg.RunRequest] | str:
        """The runs asked for, or why there is none."""
        resources = {"graph": GraphResource()}
        with dg.build_sensor_context(self.project.instance, cursor=self.cursor, resources=resources) as context:
            result = inbox(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return list(result.run_requests or []) or (result.skip_reason.skip_message or "" if result.skip_reason else "")


@pytest.fixture
def tick(project: Project) -> Ticks:
    return Ticks(project)


def test_a_file_is_cognified_once_it_is_complete(project: Project, tick: Ticks) -> None:
    assert tick() == "The inboxes are empty."
    path = project.drop("people.txt", "Alice Smith mov")
    assert "waited for, until they are whole" in tick()
    path.write_text(ALICE)
    assert "waited for, until they are whole" in tick()

    [request] = tick()

    assert isinstance(request, dg.RunRequest)
    assert request.tags == {DATASET_TAG: MAIN, TRIGGER_TAG: "sensor"}
    assert project.launch("cognify", request).success
    assert "Paris" in set(project.resources.snapshot(project.main_dataset()).entities["name"])
    assert tick() == "The inboxes are empty."


def test_two_ticks_at_once_ask_for_one_run_and_a_run_under_way_is_waited_for(project: Project, tick: Ticks) -> None:
    project.drop("people.txt", ALICE)
    tick()
    [one], [other] = tick(), tick()
    assert isinstance(one, dg.RunRequest) and isinstance(other, dg.RunRequest) and one.run_key == other.run_key
    tags = {"dagster/partition": MAIN}
    project.instance.add_run(dg.DagsterRun(job_name="persist_sessions", status=dg.DagsterRunStatus.STARTED, tags=tags))
    assert "of the dataset is queued or under way" in tick()


def test_files_that_no_run_takes_are_left_alone_until_they_change(
    project: Project, tick: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_requests, "_FIRST_WAIT", timedelta(0))
    path = project.drop("people.txt", ALICE)
    (project.home / "datasets").mkdir(parents=True)
    (project.home / "datasets" / project.main_dataset().id).write_text("a file where the dataset's folder should be")
    tick()
    runs = 0
    while not isinstance(asked := tick(), str):
        assert not project.launch("cognify", asked[0]).success
        runs += 1
        assert runs < 10
    assert runs == 5 and "5 runs left this undone" in asked

    (project.home / "datasets" / project.main_dataset().id).unlink()
    os.utime(path, (1, 1))
    tick()
    [request] = tick()
    assert isinstance(request, dg.RunRequest) and project.launch("cognify", request).success


def test_a_failed_run_is_tried_again_later_though_its_files_are_taken(
    project: Project, tick: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.drop("people.txt", ALICE)
    tick()
    [request] = tick()
    project.endpoint.fail(401)
    assert isinstance(request, dg.RunRequest) and not project.launch("cognify", request).success
    assert "left this undone; it is tried again at" in tick()
    project.endpoint.heal()
    monkeypatch.setattr(run_requests, "_FIRST_WAIT", timedelta(0))
    [again] = tick()
    assert isinstance(again, dg.RunRequest) and project.launch("cognify", again).success
    assert tick() == "The inboxes are empty."


@pytest.mark.parametrize("cursor", ["garbage", '{"version": 2, "seen": {}}', '{"seen": 3}', "[]"])
def test_a_garbage_cursor_waits_once_more(project: Project, tick: Ticks, cursor: str) -> None:
    project.drop("people.txt", ALICE)
    tick()
    tick.cursor = cursor
    assert "waited for" in tick()
    assert len(tick()) == 1


def test_hidden_rejected_and_strangers_files_launch_nothing(project: Project, tick: Ticks) -> None:
    project.drop(".people.txt", ALICE)
    project.drop("rejected/people.txt", ALICE)
    project.drop("people.txt", ALICE, key="nobody/notes")
    assert tick() == tick() == "The inboxes are empty."


def test_a_folder_that_cannot_be_read_is_not_taken_for_empty_or_complete(
    project: Project, tick: Ticks, monkeypatch
) -> None:  # type: ignore
    project.drop("people.txt", ALICE)
    monkeypatch.setattr(Path, "lstat", lambda self: (_ for _ in ()).throw(PermissionError("no")))
    assert "waited for" in tick() and "waited for" in tick()

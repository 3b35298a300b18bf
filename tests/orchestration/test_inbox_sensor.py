"""The sensor `inbox`: what a person drops is cognified when it is whole, and what cannot be is not tried for ever."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration import run_requests
from orchestration.run_requests import DATASET_TAG, TRIGGER_TAG
from orchestration.sensors.inbox import inbox
from resources.graph import GraphResource
from tests.orchestration.conftest import MAIN, Project, plain

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
        self.checks: list[dg.AssetCheckEvaluation] = []

    def __call__(self) -> list[dg.RunRequest] | str:
        """The runs asked for, or why there is none."""
        resources = {"graph": GraphResource()}
        with dg.build_sensor_context(self.project.instance, cursor=self.cursor, resources=resources) as context:
            result = inbox(context)
        assert isinstance(result, dg.SensorResult)
        self.checks = [event for event in result.asset_events if isinstance(event, dg.AssetCheckEvaluation)]
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


def test_a_run_of_which_some_failed_is_tried_again_though_it_succeeded(
    project: Project, tick: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.drop("people.txt", ALICE)
    project.drop("carol.txt", "Carol Brown is in Berlin.")
    tick()
    [request] = tick()
    project.endpoint.reply("no JSON", when="Carol")
    assert isinstance(request, dg.RunRequest) and project.launch("cognify", request).success
    assert "left this undone; it is tried again at" in tick()
    monkeypatch.setattr(run_requests, "_FIRST_WAIT", timedelta(0))

    [again] = tick()

    assert isinstance(again, dg.RunRequest)
    project.endpoint.heal()
    assert project.launch("cognify", again).metadata["knowledge_graph"]["persisted"] == 2
    assert tick() == "The inboxes are empty."


@pytest.mark.parametrize("cursor", ["garbage", '{"version": 2, "seen": {}}', '{"seen": 3}', "[]"])
def test_a_garbage_cursor_waits_once_more(project: Project, tick: Ticks, cursor: str) -> None:
    project.drop("people.txt", ALICE)
    tick()
    tick.cursor = cursor
    assert "waited for" in tick()
    assert len(tick()) == 1


def test_hidden_and_rejected_files_launch_nothing(project: Project, tick: Ticks) -> None:
    project.drop(".people.txt", ALICE)
    project.drop("rejected/people.txt", ALICE)
    assert tick() == tick() == "The inboxes are empty."


def test_a_folder_of_a_dataset_that_does_not_exist_creates_it(project: Project, tick: Ticks) -> None:
    project.resources.access.create_user("ada")
    for key in ("ada/letters", "default_user/notes"):
        project.drop("people.txt", ALICE, key=key)
    (project.home / "inbox/ada/empty").mkdir()
    tick()

    requests = tick()

    assert {request.partition_key for request in requests if isinstance(request, dg.RunRequest)} == {
        "ada/letters",
        "default_user/notes",
    }
    assert all(project.launch("cognify", it).success for it in requests if isinstance(it, dg.RunRequest))
    assert {it.key for it in project.resources.access.all_datasets()} == {"ada/letters", "default_user/notes"}


STRAYS = {
    "loose.txt": "is in no dataset's folder",
    "default_user/loose.txt": "is in no dataset's folder",
    "nobody/notes": "there is no user 'nobody'",
    "default_user/два слова": "is not a dataset name",
}


def test_what_lies_where_no_dataset_is_is_told_by_the_tick_and_by_a_check(project: Project, tick: Ticks) -> None:
    for path in STRAYS:
        stray = project.home / "inbox" / path / ("" if path.endswith(".txt") else "people.txt")
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_text(ALICE)

    said = tick()

    assert isinstance(said, str)
    [told] = tick.checks
    assert not told.passed and told.metadata["strays"].value == 4 and told.asset_key == dg.AssetKey("documents")
    for path, reason in STRAYS.items():
        assert f"{path}: " in said and reason in said and path in (told.description or "")
    assert tick() == said and tick.checks == []  # not again, as long as nothing changes

    shutil.rmtree(project.home / "inbox")
    assert tick() == "The inboxes are empty." and tick.checks[0].passed


def test_files_that_cannot_be_taken_fail_a_check_of_their_dataset_by_name_until_they_are_gone(
    project: Project,
) -> None:
    project.resources.access.create_user("ada")
    project.drop("people.txt", ALICE)
    project.drop("broken.pdf", b"%PDF-1.7 no more")
    project.drop("photo.jpeg", b"\xff\xd8\xff")
    project.drop("sub/empty.txt", "")
    project.drop("good.txt", ALICE, key="ada/letters")

    ran, other = project.run("cognify"), project.run("cognify", key="ada/letters")

    told = ran.checks["documents:inbox_files_are_taken"]
    assert ran.success and not told.passed and told.severity is dg.AssetCheckSeverity.ERROR and told.partition == MAIN
    files = {row["file"]: row["reason"] for row in plain(told.metadata["files"])}
    assert files.keys() == {"rejected/broken.pdf", "rejected/photo.jpeg", "rejected/sub/empty.txt"}
    assert "photo.jpeg" in (told.description or "") and ".docx" in files["rejected/photo.jpeg"]
    assert other.checks["documents:inbox_files_are_taken"].passed
    assert not project.run("cognify").checks["documents:inbox_files_are_taken"].passed  # told until they are gone

    shutil.rmtree(project.home / "inbox" / MAIN / "rejected")
    assert project.run("cognify").checks["documents:inbox_files_are_taken"].passed


def test_a_folder_that_cannot_be_read_is_not_taken_for_empty_or_complete(
    project: Project, tick: Ticks, monkeypatch
) -> None:  # type: ignore
    project.drop("people.txt", ALICE)
    scan = os.scandir

    def refused(path: Path) -> Any:
        if Path(path) == project.home / "inbox" / MAIN:
            raise PermissionError(13, "no")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert "waited for" in tick() and "waited for" in tick()

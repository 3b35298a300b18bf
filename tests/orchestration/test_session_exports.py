"""Exports of conversations in an inbox: taken, staged and persisted with nobody naming anything, and nothing twice."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from orchestration.sensors.inbox import inbox
from orchestration.sensors.session_exports import session_exports
from resources.graph import GraphResource
from sessiongraph.files import LocalFiles
from sessiongraph.importers import inbox as export_inbox
from sessiongraph.ingestion.inbox_folders import survey_inboxes
from tests.orchestration.conftest import MAIN, Project, plain
from tests.sessiongraph.importers.samples import write_zip

WORK = "default_user/work"
FIRST = {"session_id": "monday", "turn_id": "t1", "question": "Alice Smith moved to Paris.", "answer": "Noted."}
SECOND = {"session_id": "monday", "turn_id": "t2", "question": "Carol Brown is in Berlin.", "answer": "Noted."}
CHAT = """\
13/03/2026, 09:30 - Messages and calls are end-to-end encrypted. Tap to learn more.
13/03/2026, 09:31 - Ana: Alice Smith moved to Paris.
13/03/2026, 09:31 - Ben: Lovely.
13/03/2026, 09:32 - Ana: Is it?
"""


def lines(*turns: object) -> str:
    return "".join(json.dumps(turn) + "\n" for turn in turns)


@pytest.fixture
def project(project: Project, tmp_path: Path) -> Iterator[Project]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(project, instance=instance)


class Ticks:
    """The sensor, tick by tick, with the cursor of the tick before."""

    def __init__(self, project: Project) -> None:
        self.project, self.cursor = project, None

    def __call__(self) -> list[dg.RunRequest] | str:
        with dg.build_sensor_context(
            self.project.instance, cursor=self.cursor, resources={"graph": GraphResource()}
        ) as context:
            result = session_exports(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return list(result.run_requests or []) or (result.skip_reason.skip_message or "" if result.skip_reason else "")


def turns_in(project: Project, key: str = MAIN) -> list[tuple[str, str, str]]:
    """(session, question, what became of it) of the turns of a dataset."""
    dataset = project.resources.access.get_or_create_by_key(key)
    return project.resources.store(dataset).read(
        lambda con: con.execute(
            """SELECT session_id, question, disposition FROM current_turns JOIN documents d ON d.id = document_id
            LEFT JOIN current_ledger USING (passage_id) ORDER BY ALL"""
        ).fetchall()
    )


def test_an_export_in_an_inbox_is_in_the_graph_once_it_is_whole_and_nothing_is_left_of_it(project: Project) -> None:
    tick = Ticks(project)
    path = project.drop("sessions/chat.jsonl", lines(FIRST)[:40], key=WORK)
    assert "waited for, until they are whole" in tick()
    path.write_text(lines(FIRST, SECOND))
    tick()

    [request] = tick()

    assert isinstance(request, dg.RunRequest) and request.partition_key == WORK
    ran = project.launch("persist_sessions", request)
    assert ran.success and ran.metadata["session_turns"]["turns_new"] == 2
    assert ran.checks["session_turns:session_exports_are_taken"].passed
    assert [(session, what) for session, _, what in turns_in(project, WORK)] == [("monday", "persisted")] * 2
    dataset = project.resources.access.get_or_create_by_key(WORK)
    assert {"Alice Smith", "Paris"} <= set(project.resources.snapshot(dataset).entities["name"])
    assert [turn.dataset_id for turn in project.resources.cache.get_turns(project.user.id, "monday")] == [
        dataset.id
    ] * 2
    assert project.resources.cache.waiting()[0] == []  # nothing is left for another run
    assert not path.exists() and tick() == "The inboxes are empty."


def test_an_export_dropped_twice_adds_nothing_and_a_grown_one_what_is_new(project: Project) -> None:
    for turns in ([FIRST], [FIRST], [FIRST, SECOND]):
        project.drop("sessions/chat.jsonl", lines(*turns))
        ran = project.run("persist_sessions")
        counted = ran.metadata["session_turns"]
    assert (counted["turns_new"], counted["turns_unchanged"], counted["turns_staged"]) == (1, 1, 1)
    assert ran.metadata["session_knowledge"]["windows_extracted"] == 1
    assert len(turns_in(project)) == 2


def test_what_cannot_be_read_is_named_by_a_check_until_it_is_gone_and_all_else_is_taken(project: Project) -> None:
    project.drop("sessions/half.jsonl", lines(FIRST) + '{"session_id": "tuesday"}\n')
    project.drop("sessions/what.json", '{"my password is secret": 1}')
    project.drop("sessions/chat.txt", CHAT)
    project.drop("sessions/locked.zip", b"PK\x03\x04 no more of it")
    (project.home / "inbox" / MAIN / "sessions" / "link.jsonl").symlink_to("half.jsonl")

    ran = project.run("persist_sessions")

    told = ran.checks["session_turns:session_exports_are_taken"]
    files = {row["export"]: row["reason"] for row in plain(told.metadata["exports"])}
    assert ran.success and not told.passed and told.severity is dg.AssetCheckSeverity.ERROR and told.partition == MAIN
    assert files.keys() == {
        f"sessions/rejected/{name}" for name in ("half.jsonl", "what.json", "chat.txt", "locked.zip", "link.jsonl")
    }
    assert "1 of its places could not be read" in files["sessions/rejected/half.jsonl"]
    assert "a folder me=NAME around it" in files["sessions/rejected/chat.txt"]
    assert "half.jsonl" in (told.description or "") and "password" not in ran.reported
    rejected = project.home / "inbox" / MAIN / "sessions" / "rejected"
    assert "half.jsonl, line 2: no question and no answer" in (rejected / "half.jsonl.why.txt").read_text()
    assert [session for session, *_ in turns_in(project)] == ["monday"]
    again = project.run("persist_sessions")
    assert not again.checks["session_turns:session_exports_are_taken"].passed and Ticks(project)() != []

    shutil.rmtree(rejected)
    assert project.run("persist_sessions").checks["session_turns:session_exports_are_taken"].passed


def test_a_chat_among_people_is_read_as_of_whom_its_folder_names_and_a_folder_as_one_export(project: Project) -> None:
    project.drop("sessions/me=Ana/chat.txt", CHAT)
    project.drop("sessions/unpacked/a/one.jsonl", lines(FIRST))
    project.drop("sessions/unpacked/b/two.jsonl", lines({**SECOND, "session_id": "tuesday"}))

    assert project.run("persist_sessions").metadata["session_turns"]["imports"] == 2

    said = sorted(question for _, question, _ in turns_in(project))
    assert said == ["Alice Smith moved to Paris."] * 2 + ["Carol Brown is in Berlin.", "Is it?"]


def test_documents_and_exports_in_one_inbox_are_each_taken_by_their_own_asset(project: Project) -> None:
    project.drop("chat.jsonl", lines(FIRST))
    project.drop("sessions/chat.jsonl", lines(SECOND))
    with dg.build_sensor_context(project.instance, resources={"graph": GraphResource()}) as context:
        assert list(inbox(context).cursor) and "waited for" in str(inbox(context).skip_reason)

    documents = project.run("cognify").metadata["documents"]

    assert (documents["added"], documents["failed"]) == (1, 0)
    assert project.run("persist_sessions").metadata["session_turns"]["turns_new"] == 1


def test_runs_that_name_sessions_leave_exports_alone(project: Project) -> None:
    project.say("tuesday", ("Carol Brown is in Berlin.", "Noted."))
    path = project.drop("sessions/chat.jsonl", lines(FIRST))
    project.run("persist_sessions", sessions=[{"user": "default_user", "session_id": "tuesday"}])
    assert path.exists() and [session for session, *_ in turns_in(project)] == ["tuesday"]


def test_a_run_that_ends_before_an_export_is_let_go_loses_and_doubles_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zip(project.drop("sessions/chat.zip", b""), **{"turns.jsonl": lines(FIRST, SECOND)})
    with monkeypatch.context() as broken:
        broken.setattr(export_inbox, "_delete", lambda path: 1 / 0)
        assert not project.run("persist_sessions").success
    assert path.exists()

    ran = project.run("persist_sessions")

    assert ran.metadata["session_turns"]["turns_unchanged"] == 2 and not path.exists()
    assert [what for *_, what in turns_in(project)] == ["persisted"] * 2


def test_what_was_said_is_persisted_while_the_place_of_files_is_away(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("sessiongraph.files.object_store._ATTEMPTS", 1)
    monkeypatch.setenv("SESSIONGRAPH_FILES_URL", "s3://bucket/files")
    project.say("s", ("Where is Carol?", "Carol Brown is in Berlin."))

    ran = project.run("persist_sessions")

    assert ran.success and [what for *_, what in turns_in(project)] == ["persisted"]
    assert not ran.checks["session_turns:session_exports_are_taken"].passed
    with dg.build_sensor_context(project.instance, resources={"graph": GraphResource()}) as context:
        for sensor in (inbox, session_exports):
            skipped = sensor(context)
            assert isinstance(skipped, dg.SkipReason) and "not to be reached" in str(skipped.skip_message)


def test_exports_in_the_inbox_of_nobody_are_told_of_and_those_of_a_new_dataset_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "ana" / "work" / "sessions"
    folder.mkdir(parents=True)
    (folder / "chat.jsonl").write_text(lines(FIRST))
    assert survey_inboxes(LocalFiles(tmp_path), {"ana"}) == ({"ana/work"}, {})
    assert survey_inboxes(LocalFiles(tmp_path), {"ben"}) == (set(), {"ana/work": "there is no user 'ana'"})

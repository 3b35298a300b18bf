"""The JSONL of turns that docs/importing.md documents."""

from datetime import datetime
from pathlib import Path

import pytest

from sessiongraph import sessions
from sessiongraph.cli.output import to_json
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import write_lines

FIRST = {
    "session_id": "monday",
    "turn_id": "t1",
    "question": "I moved to Lyon.",
    "answer": "Lyon is lovely.",
    "created_at": "2026-03-04T23:31:00+02:00",
    "context": "looked up: Lyon",
    "title": "Moving",
    "attachments": ["plan.pdf", {"name": "map.png"}, 7],
}


async def test_every_field_comes_in(import_file: Import, tmp_path: Path):
    report = await import_file(write_lines(tmp_path / "t.jsonl", FIRST, {"session_id": 7, "answer": "Hello."}))
    assert report.format == "turns" and report.new == 2
    (turn,) = await sessions.get_turns("monday")
    assert (turn.turn_id, turn.question, turn.answer) == ("t1", "I moved to Lyon.", "Lyon is lovely.")
    assert turn.created_at.isoformat() == "2026-03-04T23:31:00+02:00"
    assert turn.context == (
        "title: Moving\nattachment of user: plan.pdf\nattachment of user: map.png\n"
        "attachment of user: file\nlooked up: Lyon"
    )
    assert len(await sessions.get_turns("7")) == 1


async def test_turns_without_ids_are_counted_within_their_session(import_file: Import, told: Told, tmp_path: Path):
    lines = [
        {"session_id": id_, "question": f"I like {what}."} for id_, what in (("a", "tea"), ("b", "jam"), ("a", "ham"))
    ]
    await import_file(write_lines(tmp_path / "t.jsonl", *lines))
    assert await told("a") == [("I like tea.", ""), ("I like ham.", "")]
    grown = [*lines, {"session_id": "a", "question": "I like rye."}]
    report = await import_file(write_lines(tmp_path / "t.jsonl", *grown))
    assert (report.new, report.changed, report.unchanged) == (1, 0, 3)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"question": "I like tea."}, "no session_id"),
        ({"session_id": True, "question": "I like tea."}, "no session_id"),
        ({"session_id": "a"}, "no question and no answer"),
        ({"session_id": "a", "question": 3}, "no question and no answer"),
        ({"session_id": "a", "question": "x", "answer": ["y"]}, "its answer is no text"),
        ({"session_id": "a", "question": "x", "created_at": "soon"}, "its created_at is no time"),
        ({"session_id": "a", "question": "x", "created_at": "3999-01-01"}, "or in the future"),
        ({"session_id": "a", "question": "x", "attachments": "y"}, "its attachments are no list"),
    ],
)
async def test_a_line_at_fault_is_named_and_stops_no_other(
    import_file: Import, told: Told, tmp_path: Path, fault: object, why: str
):
    report = await import_file(write_lines(tmp_path / "t.jsonl", FIRST, fault))
    assert report.unread_count == 1 and report.unread[0].startswith("t.jsonl, line 2: ") and why in report.unread[0]
    assert report.new == 1


async def test_an_emptied_turn_is_withdrawn_and_an_empty_one_is_none(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "t.jsonl"
    await import_file(write_lines(path, FIRST))
    report = await import_file(
        write_lines(
            path, {**FIRST, "question": "", "answer": ""}, {**FIRST, "turn_id": "t2", "question": " ", "answer": ""}
        )
    )
    assert (report.withdrawn, report.new, report.turns) == (1, 0, 0)
    assert await told("monday") == []


async def test_an_array_and_ids_of_any_kind(import_file: Import, tmp_path: Path):
    path = tmp_path / "t.json"
    path.write_text(
        '[{"session_id": "Ünï/…", "turn_id": "a b", "question": "I like tea.\\u0000\\ud800", "created_at": 1700000000}]'
    )
    report = await import_file(path)
    (turn,) = await sessions.get_turns(report.sessions[0].session_id)
    assert turn.question.startswith("I like tea.") and turn.question.isprintable()
    assert turn.created_at == datetime.fromisoformat("2023-11-14T22:13:20Z")
    assert (await import_file(path)).unchanged == 1


async def test_what_the_command_line_shows_as_json_is_such_a_file(import_file: Import, told: Told, tmp_path: Path):
    await import_file(write_lines(tmp_path / "t.jsonl", FIRST))
    shown = to_json(await sessions.get_turns("monday"))
    await sessions.clear()
    (tmp_path / "shown.json").write_text(shown, encoding="utf-8")
    assert (await import_file(tmp_path / "shown.json")).new == 1
    assert await told("monday") == [("I moved to Lyon.", "Lyon is lovely.")]

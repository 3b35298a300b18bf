"""Claude's export, with blocks and without, with branches and without."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessiongraph import sessions
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import claude, claude_message, write_zip

ROOT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def export(tmp_path: Path):
    def write(*conversations: Any) -> Path:
        return write_zip(tmp_path / "data.zip", **{"conversations.json": list(conversations), "users.json": []})

    return write


async def test_a_conversation_without_branches(import_file: Import, told: Told, export):
    report = await import_file(
        export(
            claude(
                claude_message("m1", "human", "I moved to Lyon."),
                claude_message("m2", "assistant", "Lyon is lovely.", minutes=1),
                claude_message("m3", "human", "I work at Acme.", minutes=2),
            )
        )
    )
    assert report.format == "claude"
    assert await told("claude-cl1") == [("I moved to Lyon.", "Lyon is lovely."), ("I work at Acme.", "")]
    first, second = await sessions.get_turns("claude-cl1")
    assert first.context == "title: Moving"
    assert second.created_at == datetime(2025, 3, 4, 9, 2, 0, 123456, UTC)


async def test_the_kept_branch_of_a_tree(import_file: Import, told: Told, export):
    talk = (
        claude_message("m1", "human", "I moved to Lyon.", parent_message_uuid=ROOT),
        claude_message("m2", "assistant", "Lyon is lovely.", minutes=1, parent_message_uuid="m1"),
        claude_message("m1b", "human", "I moved to Nice.", minutes=2, parent_message_uuid=ROOT),
        claude_message("m2b", "assistant", "Sunny!", minutes=3, parent_message_uuid="m1b"),
    )
    await import_file(export(claude(*talk, current_leaf_message_uuid="m2")))
    assert await told("claude-cl1") == [("I moved to Lyon.", "Lyon is lovely.")]
    report = await import_file(export(claude(*talk)))  # nothing says which: the newest
    assert (report.new, report.withdrawn) == (1, 1)
    assert await told("claude-cl1") == [("I moved to Nice.", "Sunny!")]


async def test_blocks_of_tools_are_context_and_thinking_is_left_out(import_file: Import, told: Told, export):
    report = await import_file(
        export(
            claude(
                claude_message("m1", "human", "Weather in Lyon?"),
                claude_message(
                    "m2",
                    "assistant",
                    {"type": "thinking", "thinking": "I must look."},
                    "I look.",
                    {"type": "tool_use", "name": "weather", "input": {"city": "Lyon"}},
                    {"type": "tool_result", "name": "weather", "content": [{"type": "text", "text": "Sunny, 21"}]},
                    "It is sunny.",
                ),
                name="",
            )
        )
    )
    assert await told("claude-cl1") == [("Weather in Lyon?", "I look.\n\nIt is sunny.")]
    (turn,) = await sessions.get_turns("claude-cl1")
    assert turn.context == 'call of weather: {"city": "Lyon"}\nresult of weather: Sunny, 21'
    assert report.left_out == {"block(s) of the model's thinking": 1}


async def test_attachments_are_named_and_pasted_texts_are_context(import_file: Import, export):
    pasted = {"file_name": "", "file_type": "txt", "file_size": 9, "extracted_content": "Dear Ben, the flat is yours."}
    message = claude_message(
        "m1", "human", "What do I answer?", attachments=[pasted], files=[{"file_name": "plan.png"}]
    )
    await import_file(export(claude(message, name="")))
    (turn,) = await sessions.get_turns("claude-cl1")
    assert turn.question == "What do I answer?"
    assert turn.context == (
        "attachment pasted text: Dear Ben, the flat is yours.\n"
        "attachment of user: pasted text\nattachment of user: plan.png"
    )


async def test_old_exports_empty_and_damaged_messages(import_file: Import, told: Told, export):
    old = {key: value for key, value in claude_message("m1", "human", "I moved to Lyon.").items() if key != "content"}
    empty = claude_message("m2", "assistant", created_at="never", text="")
    report = await import_file(export(claude(old, empty, "no message"), {"uuid": "x", "name": "no messages"}))
    assert await told("claude-cl1") == [("I moved to Lyon.", "")]
    assert report.left_out == {"empty message(s)": 1}
    assert report.unread_count == 2 and "no conversation of Claude" in report.unread[1]


async def test_one_conversation_as_a_browser_saved_it(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(claude(claude_message("m1", "human", "I moved to Lyon.")), indent=1), encoding="utf-8")
    await import_file(path)
    assert await told("claude-cl1") == [("I moved to Lyon.", "")]

"""ChatGPT's export, as what was on the screen: turn by turn, and what became of it in the next export."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessiongraph import sessions
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import MAY, TALK, chatgpt, node, write_zip


@pytest.fixture
def export(tmp_path: Path):
    def write(*conversations: Any) -> Path:
        path = tmp_path / "conversations.json"
        path.write_text(json.dumps(list(conversations)), encoding="utf-8")
        return path

    return write


async def test_the_branch_that_was_kept_in_order(import_file: Import, told: Told, export):
    report = await import_file(export(chatgpt(*TALK)))
    assert report.format == "chatgpt" and str(report) == (
        "1 session(s): 2 turn(s) new, 0 changed, 0 unchanged, 0 withdrawn; 0 place(s) unread."
    )
    assert await told("chatgpt-c1") == [
        ("I moved to Lyon.", "Lyon is lovely."),
        ("I work at Acme.", "Good for you."),
    ]
    first, second = await sessions.get_turns("chatgpt-c1")
    assert first.context == "title: Moving\nsystem: You are ChatGPT."
    assert second.created_at == datetime.fromtimestamp(MAY + 120, UTC)
    assert report.left_out == {"message(s) of branches that were given up": 1}
    assert report.sessions[0].title == "Moving"


async def test_tools_and_what_is_attached_are_context(import_file: Import, told: Told, export):
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x", "size_bytes": 1}
    nodes = (
        node("u", None, "user", [picture, "Where is that?"], 0, content={
            "content_type": "multimodal_text", "parts": [picture, "Where is that?"],
        }, metadata={"attachments": [{"id": "file-1", "name": "harbour.jpg", "mime_type": "image/jpeg"}]}),
        node("th", "u", "assistant", "", 1, content={"content_type": "thoughts", "thoughts": [{"content": "Hm."}]}),
        node("call", "th", "assistant", "", 1, recipient="web", content={
            "content_type": "code", "language": "unknown", "text": 'search("harbour")',
        }),
        node("res", "call", "tool", "", 1, author={"role": "tool", "name": "web"}, content={
            "content_type": "execution_output", "text": "Marseille, harbour",
        }),
        node("a", "res", "assistant", "In Marseille \ue200cite\ue202turn0search1\ue201.", 2),
    )  # fmt: skip
    report = await import_file(export(chatgpt(*nodes, title="")))
    assert await told("chatgpt-c1") == [("Where is that?", "In Marseille .")]
    (turn,) = await sessions.get_turns("chatgpt-c1")
    assert turn.context == (
        'attachment of user: harbour.jpg\ncall of web: search("harbour")\nresult of web: Marseille, harbour'
    )
    assert report.left_out == {"message(s) of the model's thinking": 1}


async def test_empty_and_unsaid_messages_make_no_turn(import_file: Import, told: Told, export):
    custom = {"content_type": "user_editable_context", "user_profile": "I am Ben.", "user_instructions": "Be brief."}
    nodes = (
        node("c", None, "user", content=custom, metadata={"is_visually_hidden_from_conversation": True}),
        node("u", "c", "user", ""),
        node("a", "u", "assistant", "   "),
        node("u2", "a", "user", ["", None]),
    )
    report = await import_file(export(chatgpt(*nodes), chatgpt(node("r", None), id_="c2")))
    assert await told("chatgpt-c1") == [] and report.turns == 0
    assert report.left_out == {"empty message(s)": 3}


@pytest.mark.parametrize("odd", [None, "nan", 0, 1e300, -1e18, True, "soon", 4_102_444_800])
async def test_odd_times_take_those_of_their_neighbours(import_file: Import, export, odd: Any):
    nodes = (
        node("u1", None, "user", "I moved to Lyon."),
        node("u2", "u1", "assistant", "Nice."),
        node("u3", "u2", "user", "I work at Acme.", create_time=odd),
        node("u4", "u3", "assistant", "Nice.", create_time=odd),
        node("u5", "u4", "user", "I like tea.", -500),
    )
    await import_file(export(chatgpt(*nodes, create_time=odd)))
    turns = await sessions.get_turns("chatgpt-c1")
    assert [turn.question for turn in turns] == ["I moved to Lyon.", "I work at Acme.", "I like tea."]
    assert {turn.created_at for turn in turns} == {datetime.fromtimestamp(MAY, UTC)}


async def test_milliseconds_and_a_conversation_without_any_time(import_file: Import, export):
    undated = [node("u1", None, "user", "I moved to Lyon.", create_time=None)]
    await import_file(
        export(
            chatgpt(node("u", None, "user", "I like tea.", create_time=MAY * 1000)),
            chatgpt(*undated, id_="c2", create_time=None),
        )
    )
    (turn,) = await sessions.get_turns("chatgpt-c1")
    assert turn.created_at == datetime.fromtimestamp(MAY, UTC)
    (before,) = await sessions.get_turns("chatgpt-c2")
    report = await import_file(export(chatgpt(*undated, id_="c2", create_time=None)))
    assert report.unchanged == 1 and await sessions.get_turns("chatgpt-c2") == [before]


async def test_an_edited_message_is_an_edit_and_what_followed_is_withdrawn(import_file: Import, told: Told, export):
    await import_file(export(chatgpt(*TALK)))
    edited = (node("u1b", "sys", "user", "I moved to Nice.", 9), node("a1b", "u1b", "assistant", "Sunny!", 10))
    report = await import_file(export(chatgpt(*TALK, *edited)))
    assert (report.new, report.changed, report.withdrawn) == (0, 1, 1)
    assert await told("chatgpt-c1") == [("I moved to Nice.", "Sunny!")]


async def test_a_zip_of_numbered_files_beside_what_else_there_is(import_file: Import, told: Told, tmp_path: Path):
    path = write_zip(
        tmp_path / "chatgpt.zip",
        **{
            "chat.html": "<html>",
            "user.json": {"id": "user-1"},
            "message_feedback.json": [],
            "conversations-000.json": [chatgpt(*TALK)],
            "conversations-001.json": [chatgpt(*TALK, id_="c2")],
        },
    )
    report = await import_file(path)
    assert [it.session_id for it in report.sessions] == ["chatgpt-c1", "chatgpt-c2"] and report.new == 4

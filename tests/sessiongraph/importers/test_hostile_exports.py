"""Files that are not what they say: refused with cause and next step, or read as far as they go; never a raw error."""

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sessiongraph import sessions
from sessiongraph.errors import InvalidInputError
from sessiongraph.importers import claude_code, json_records, slack
from tests.sessiongraph.importers import samples
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import (
    TALK,
    chatgpt,
    claude,
    claude_message,
    node,
    step,
    write_lines,
    write_zip,
)


async def test_an_unknown_shape_names_the_known_ones_and_what_was_seen(import_file: Import, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text('[{"rows": [1], "\\u001bcols": 2}]')
    with pytest.raises(
        InvalidInputError, match=r"a.json has the keys rows, cols\)\. Known are ChatGPT's.*a JSONL of turns"
    ):
        await import_file(path)
    with pytest.raises(InvalidInputError, match=r"it holds pic.png\)\. Known are"):
        await import_file(write_zip(tmp_path / "z.zip", **{"pic.png": "x"}))
    with pytest.raises(InvalidInputError, match="it holds nothing"):
        await import_file(write_zip(tmp_path / "z.zip"))
    with pytest.raises(InvalidInputError, match="'gpt' is no format of an export: there are chatgpt, claude"):
        await import_file(path, format="gpt")
    with pytest.raises(InvalidInputError, match="holds no file as it is in Slack's"):
        await import_file(path, format="slack", me="Ben")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04 and nothing else", "is a broken zip .* Download the export again"),
        (b"%PDF-1.7", "a PDF, whatever its name says"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"", "It holds a.zip|no valid JSON"),
        (b"\xff\xfe\x00{", "no valid JSON"),
        (b"[" * 100_000, "nested too deeply|no valid JSON"),
    ],
)
async def test_what_can_not_be_opened_is_refused(import_file: Import, tmp_path: Path, content: bytes, why: str):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=why):
        await import_file(path)


async def test_no_file_a_pipe_and_no_path(import_file: Import, tmp_path: Path):
    import os

    with pytest.raises(InvalidInputError, match="No such file"):
        await import_file(tmp_path / "gone.zip")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match="neither a file nor a folder"):
        await import_file(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match="path is of type int"):
        await import_file(7)


async def test_an_encrypted_zip_is_refused(import_file: Import, tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", **{"conversations.json": [chatgpt(*TALK)]})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match="encrypted. Unpack it with its password"):
        await import_file(path)


async def test_a_bomb_is_refused_before_it_unfolds(import_file: Import, tmp_path: Path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("conversations.json", "w") as member:
        for _ in range(60):
            member.write(b" " * 1_000_000)
    with pytest.raises(InvalidInputError, match="would unfold to 60,000,000 bytes"):
        await import_file(path)


async def test_names_that_lead_elsewhere_lead_nowhere(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "in" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/conversations.json", json.dumps([chatgpt(*TALK)]))
        archive.writestr("__MACOSX/._conversations.json", "junk")
    assert (await import_file(path)).new == 2
    assert {it.name for it in tmp_path.iterdir()} == {"in", "home"}  # noqa: ASYNC240
    assert [it.name for it in path.parent.iterdir()] == ["a.zip"]


async def test_a_damaged_member_is_read_up_to_there(import_file: Import, told: Told, tmp_path: Path):
    many = [chatgpt(*TALK, id_=f"c{n}", title=str(hash(str(n)))) for n in range(3000)]
    path = write_zip(tmp_path / "a.zip", **{"conversations.json": many})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))
    report = await import_file(path)
    assert 100 < report.new < 6000 and report.unread[-1].startswith("conversations.json")


async def test_a_file_cut_off_is_read_up_to_there(import_file: Import, told: Told, tmp_path: Path):
    path = tmp_path / "conversations.json"
    whole = json.dumps([chatgpt(*TALK), chatgpt(*TALK, id_="c2")])
    path.write_text(whole[:-40])
    report = await import_file(path)
    assert report.new == 2 and await told("chatgpt-c1")
    assert report.unread_count == 1
    assert report.unread[0].startswith("conversations.json, item 2: no valid JSON from here on (")


async def test_an_object_too_large_or_too_deep_is_named_and_the_next_is_read(
    import_file: Import, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    monkeypatch.setattr(json_records, "_MOST_COST", 100_000)
    path = tmp_path / "conversations.json"
    path.write_text(
        json.dumps([chatgpt(*TALK, odd=deep), chatgpt(*TALK, odd="x" * 200_000, id_="c2"), 7, chatgpt(*TALK, id_="c3")])
    )
    report = await import_file(path)
    assert report.new == 2 and await told("chatgpt-c3")
    assert [it.partition(": ")[2] for it in report.unread] == [
        "nested too deeply", "takes more than 100,000 bytes", "no JSON object",
    ]  # fmt: skip


async def test_one_endless_value_does_not_fill_the_memory(
    import_file: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_records, "_MOST_VALUE", 300_000)
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chatgpt(*TALK), chatgpt(node("u", None, "user", "x" * 1_000_000), id_="c2")]))
    report = await import_file(path)
    assert report.new == 2 and report.unread == ["conversations.json, item 2: longer than 300,000 bytes"]
    lines = write_lines(
        tmp_path / "t.jsonl",
        {"session_id": "a", "question": "I like tea."},
        '"' + "x" * 900_000 + '"',
        {"session_id": "a", "question": "I like ham."},
    )
    report = await import_file(lines)
    assert report.new == 2 and report.unread == ["t.jsonl, line 2: longer than 300,000 bytes"]


@pytest.mark.parametrize(
    "odd",
    [
        {"current_node": ["a"], "title": {"a": 1}},
        {"mapping": {"a": {"parent": ["b"], "message": {"author": {"role": "user"}, "content": {"parts": "text"}}}}},
        {"mapping": {"a": {"parent": "a", "message": 7}}},
        {"mapping": {"a": {"parent": None, "message": {"author": {"role": []}, "content": 7, "metadata": 7}}}},
        {"mapping": {}},
        {"id": [], "conversation_id": {}},
    ],
)
async def test_values_of_other_kinds_cost_no_more_than_their_conversation(
    import_file: Import, told: Told, tmp_path: Path, odd: dict[str, Any]
):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chatgpt(*TALK) | odd, chatgpt(*TALK, id_="c2")]))
    await import_file(path)
    assert len(await told("chatgpt-c2")) == 2


@pytest.mark.parametrize(
    "odd",
    [
        claude(claude_message("m", "human", "Hi."), current_leaf_message_uuid=["x"]),
        claude(claude_message(["m"], "human", "Hi.")),  # type: ignore[arg-type]
        claude({"uuid": "m", "content": 7, "text": 7, "attachments": 7, "files": [7], "created_at": []}),
        claude(
            claude_message("a", "human", "Hi.", parent_message_uuid="b"),
            claude_message("b", "assistant", "Ho.", parent_message_uuid="a"),
        ),
    ],
)
async def test_values_of_other_kinds_in_claudes(import_file: Import, told: Told, tmp_path: Path, odd: Any):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([odd, claude(claude_message("m1", "human", "I moved to Lyon."), uuid="cl2")]))
    await import_file(path)
    assert await told("claude-cl2") == [("I moved to Lyon.", "")]


async def test_a_zip_that_lies_about_sizes(import_file: Import, tmp_path: Path):
    path = write_zip(tmp_path / "a.zip", **{"conversations.json": [chatgpt(*TALK)]})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 100)
    path.write_bytes(bytes(data))
    with pytest.raises(InvalidInputError, match="no valid JSON|damaged"):
        await import_file(path)
    assert await sessions.list_sessions() == []


async def test_a_session_that_never_ends_is_cut_off(
    import_file: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(claude_code, "MOST_HELD", 10_000)
    monkeypatch.setattr(slack, "MOST_HELD", 10_000)
    steps = [step(f"u{n}", f"u{n - 1}" if n else None, "user", f"I have {n} cats.") for n in range(100)]
    report = await import_file(write_lines(tmp_path / "s.jsonl", *steps))
    assert report.left_out == {"step(s) after the first 10,000 bytes of a session": 80}
    day = [samples.slack_message(f"17095500{n}.1", "U1", f"I have {n} cats.") for n in range(10, 99)]
    report = await import_file(samples.slack(tmp_path / "s.zip", **{"general__2024-03-04": day}), me="ben")
    assert report.left_out == {"message(s) after the first 10,000 bytes of a month": 70}


@pytest.mark.timeout(20)
async def test_marks_that_never_close_cost_no_more_than_others(import_file: Import, told: Told, tmp_path: Path):
    many = "<system-reminder>" * 100_000
    await import_file(write_lines(tmp_path / "s.jsonl", step("u", None, "user", f"I moved.{many}")))
    assert (await told("claude-code-5e55"))[0][0].startswith("I moved.<system-reminder>")
    words = "\ue200cite" * 100_000 + "【12" * 100_000
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chatgpt(node("u", None, "user", words))]))
    assert (await import_file(path)).new == 1
    chat = tmp_path / "chat.txt"
    chat.write_text(
        "13/03/2024, 09:30 - Messages are end-to-end encrypted.\n13/03/2024, 09:31 - Ben: "
        + "<a" * 200_000
        + "\n13/03/2024, 09:32 - Anna: "
        + "a." * 200_000
    )
    assert (await import_file(chat, me="Ben", format="whatsapp")).unread_count == 0

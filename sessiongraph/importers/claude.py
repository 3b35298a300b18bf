"""Claude's export: conversations.json, a list of conversations; or one, as a browser saved it.

What a message says stands in its blocks (`content`); its `text` repeats them with placeholders, and is read where there
are none. Exports before the summer of 2025 have no branches; a message's key is its own id in all.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sessiongraph.importers.conversations import Conversation, Message
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.json_records import Record, records
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.ingestion.formats.chat_export import live_branch

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def read(files: ExportFiles, names: Sequence[str], notes: ReadingNotes) -> Iterator[Conversation]:
    for name in names:
        with files.open(name) as file:
            for where, record in records(file, files.shown(name), notes):
                if isinstance(record.get("chat_messages"), list) and record.get("uuid"):
                    with notes.reading(where):
                        yield _conversation(record, where, notes)
                else:
                    notes.cannot_read(where, "no conversation of Claude (no uuid or no chat_messages)")


def _conversation(record: Record, where: str, notes: ReadingNotes) -> Conversation:
    listed = [it for it in record["chat_messages"] if isinstance(it, dict) and it.get("uuid")]
    for number in range(len(record["chat_messages"]) - len(listed)):
        notes.cannot_read(f"{where}, message {number + 1} of those without uuid", "it has no uuid")
    kept = _kept_branch(listed, record.get("current_leaf_message_uuid"))
    ids = {it["uuid"] for it in kept}
    given_up = [str(it["uuid"]) for it in listed if it["uuid"] not in ids]
    notes.leave_out("message(s) of branches that were given up", len(given_up))
    return Conversation(
        id=str(record["uuid"]),
        title=str(record.get("name") or ""),
        messages=[message for it in kept for message in _messages(it, notes)],
        began_at=moment_of(record.get("created_at")),
        given_up=frozenset(given_up),
    )


def _kept_branch(messages: list[Record], leaf: Any) -> list[Record]:
    """From the first message to `leaf`, or to the newest; all of them where nothing says what follows what."""
    known = {it["uuid"]: it for it in messages}
    if not any(it.get("parent_message_uuid") in known for it in messages):
        return messages
    if leaf not in known:
        leaf = max(messages, key=lambda it: moment_of(it.get("created_at")) or _LONG_AGO)["uuid"]
    nodes = {id_: {"parent": it.get("parent_message_uuid"), "it": it} for id_, it in known.items()}
    return [node["it"] for node in live_branch(nodes, leaf)]


def _messages(record: Record, notes: ReadingNotes) -> Iterator[Message]:
    key, at = str(record["uuid"]), moment_of(record.get("created_at"))
    role = {"human": "user", "assistant": "assistant"}.get(str(record.get("sender")))
    words: list[str] = []
    for block in _blocks(record):
        kind, text = block.get("type"), _text(block)
        if kind == "text":
            words.append(text)
        elif kind == "tool_use":
            yield Message(key, "context", json.dumps(block.get("input"), ensure_ascii=False), at, _tool("call", block))
        elif kind == "tool_result":
            yield Message(key, "context", text, at, _tool("result", block))
        else:
            notes.leave_out("block(s) of the model's thinking" if kind == "thinking" else "block(s) of other kinds")
    attached = _attachments(record)
    for it, name in attached:
        if isinstance(extract := it.get("extracted_content"), str) and extract.strip():
            yield Message(key, "context", extract, at, f"attachment {name}")
    text = "\n\n".join(filter(None, map(str.strip, words)))
    if not text and not attached:
        notes.leave_out("empty message(s)")
    if role is None:
        yield Message(key, "context", text, at, "system")
    else:
        yield Message(key, "user" if role == "user" else "assistant", text, at, None, tuple(it for _, it in attached))


def _blocks(record: Record) -> list[dict[str, Any]]:
    content = record.get("content")
    blocks = [it for it in content if isinstance(it, dict)] if isinstance(content, list) else []
    return blocks or [{"type": "text", "text": record.get("text")}]


def _text(block: dict[str, Any]) -> str:
    """The words of a block: its text, or those of the blocks in it."""
    if isinstance(text := block.get("text"), str):
        return text
    content = block.get("content")
    if isinstance(content, str):
        return content
    parts = [it.get("text") for it in content if isinstance(it, dict)] if isinstance(content, list) else []
    return "\n".join(it for it in parts if isinstance(it, str))


def _tool(what: str, block: dict[str, Any]) -> str:
    return f"{what} of {block.get('name') or 'a tool'}"


def _attachments(record: Record) -> list[tuple[dict[str, Any], str]]:
    """What is attached, and its name: a long text that was pasted has none."""
    listed = [it for key in ("attachments", "files") if isinstance(found := record.get(key), list) for it in found]
    return [(it, str(it.get("file_name") or "pasted text")) for it in listed if isinstance(it, dict)]

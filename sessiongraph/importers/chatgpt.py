"""ChatGPT's export: conversations.json, or conversations-000.json and so on, each a list of trees of messages.

A message's key is its parent's id: an edited message is another child of the same one, in the same place.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sessiongraph.importers.conversations import Conversation, Message
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.json_records import Record, records
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.importers.private_marks import without_marks
from sessiongraph.ingestion.formats.chat_export import is_chat_export, is_shown, live_branch, words_of

_THINKING = ("thoughts", "reasoning_recap")
# Where the contents that are no `parts` have their words.
_TEXT_FIELDS = ("text", "result", "user_profile", "user_instructions", "model_set_context")


def read(files: ExportFiles, names: Sequence[str], notes: ReadingNotes) -> Iterator[Conversation]:
    for name in names:
        with files.open(name) as file:
            for where, record in records(file, files.shown(name), notes):
                if is_chat_export(record):
                    with notes.reading(where):
                        yield _conversation(record, notes)
                else:
                    notes.cannot_read(where, "no conversation of ChatGPT (no mapping)")


def _conversation(record: Record, notes: ReadingNotes) -> Conversation:
    nodes = record["mapping"]
    branch = live_branch(nodes, record.get("current_node"))
    messages = [it for node in branch if (it := _message(node, notes)) is not None]
    live = {id(node) for node in branch}
    given_up = [node for node in nodes.values() if id(node) not in live and is_shown(node.get("message"))]
    notes.leave_out("message(s) of branches that were given up", len(given_up))
    return Conversation(
        id=str(record.get("conversation_id") or record.get("id") or f"{record.get('create_time')} {next(iter(nodes))}"),
        title=str(record.get("title") or ""),
        messages=messages,
        began_at=moment_of(record.get("create_time")),
        given_up=frozenset(map(_key, given_up)),
    )


def _key(node: dict[str, Any]) -> str:
    return str(node.get("parent") or node.get("id") or "first")


def _message(node: dict[str, Any], notes: ReadingNotes) -> Message | None:
    message = node.get("message")
    if not isinstance(message, dict):
        return None
    at = moment_of(message.get("create_time"))
    if is_shown(message):
        words, others = words_of(message)
        attached = _attachments(message) or ("image or recording",) * bool(others)
        if not words and not attached:
            notes.leave_out("empty message(s)")
        return Message(_key(node), message["author"]["role"], without_marks(words), at, attachments=attached)
    content = message.get("content")
    if not isinstance(content, dict) or content.get("content_type") in _THINKING:
        notes.leave_out("message(s) of the model's thinking")
        return None
    text = words_of(message)[0] or "\n".join(it for key in _TEXT_FIELDS if isinstance(it := content.get(key), str))
    attached = _attachments(message)
    return Message(_key(node), "context", text, at, _label(message), attached) if text.strip() or attached else None


def _attachments(message: dict[str, Any]) -> tuple[str, ...]:
    metadata = message.get("metadata")
    listed = metadata.get("attachments") if isinstance(metadata, dict) else None
    names = [it.get("name") for it in listed if isinstance(it, dict)] if isinstance(listed, list) else []
    return tuple(str(name or "file") for name in names)


def _label(message: dict[str, Any]) -> str:
    author = message.get("author")
    author = author if isinstance(author, dict) else {}
    role, recipient = author.get("role"), message.get("recipient", "all")
    if role == "tool":
        return f"result of {author.get('name') or 'a tool'}"
    if role == "assistant":
        return f"call of {recipient if recipient != 'all' else 'a tool'}"
    return "system"

"""Claude Code's sessions: a JSONL file each, as they lie below ~/.claude/projects.

A line is a step: what was typed, said, called or answered by a tool. Who goes back to an earlier prompt and types
another has two prompts with one parent: the last is kept, and what followed the others is given up. Lines of agents
within a session (`isSidechain`) are no conversation of the user's.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessiongraph.importers.conversations import MOST_HELD, Conversation, Message
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.json_records import Record, records
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes

# Of a result: a file that was read is no part of the conversation.
_MOST_RESULT = 2_000
_REMINDER, _REMINDER_END = "<system-reminder>", "</system-reminder>"
_NOT_TYPED = ("<command-", "<local-command-", "<bash-", "<task-notification>", "[Request interrupted")


@dataclass
class _Step:
    parent: str | None
    messages: list[Message]
    is_prompt: bool


@dataclass
class _Session:
    """What one file says of one session; steps by their uuid, in the order of the lines."""

    title: str = ""
    steps: dict[str, _Step] = field(default_factory=dict)


def read(files: ExportFiles, names: Sequence[str], notes: ReadingNotes) -> Iterator[Conversation]:
    for name in names:
        sessions: dict[str, _Session] = {}
        title, held = "", 0
        with files.open(name) as file:
            for where, record in records(file, files.shown(name), notes):
                if record.get("type") in ("summary", "custom-title", "ai-title"):
                    title = str(record.get("summary") or record.get("customTitle") or record.get("aiTitle") or title)
                elif held > MOST_HELD:
                    notes.leave_out(f"step(s) after the first {MOST_HELD:,} bytes of a session")
                else:
                    with notes.reading(where):
                        held += _take(sessions, record, where, notes)
        for id_, session in sessions.items():
            yield _conversation(id_, title if len(sessions) == 1 else "", session, notes)


def _take(sessions: dict[str, _Session], record: Record, where: str, notes: ReadingNotes) -> int:
    """Adds a step to its session; about how many bytes that holds."""
    if record.get("isSidechain"):
        notes.leave_out("step(s) of agents within a session")
    elif record.get("type") in ("user", "assistant") and isinstance(record.get("message"), dict):
        id_, uuid = record.get("sessionId"), record.get("uuid")
        if not isinstance(id_, str) or not isinstance(uuid, str):
            notes.cannot_read(where, "no sessionId or no uuid")
            return 0
        messages = list(_messages(record, uuid, notes))
        is_prompt = any(it.role == "user" for it in messages)
        steps = sessions.setdefault(id_, _Session()).steps
        steps[uuid] = _Step(_parent(record), messages, is_prompt)
        return sum(it.bytes_held for it in messages)
    else:
        notes.leave_out("line(s) of Claude Code itself")
    return 0


def _parent(record: Record) -> str | None:
    parent = record.get("parentUuid") or record.get("logicalParentUuid")
    return parent if isinstance(parent, str) else None


def _conversation(id_: str, title: str, session: _Session, notes: ReadingNotes) -> Conversation:
    prompts: dict[str, str] = {}  # the last prompt after each step
    for uuid, step in session.steps.items():
        if step.is_prompt and step.parent is not None:
            prompts[step.parent] = uuid
    gone: set[str] = set()
    messages: list[Message] = []
    given_up: list[Message] = []
    for uuid, step in session.steps.items():
        is_replaced = step.is_prompt and step.parent is not None and prompts[step.parent] != uuid
        if is_replaced or step.parent in gone:
            gone.add(uuid)
        (given_up if uuid in gone else messages).extend(step.messages)
    said = [it for it in given_up if it.role != "context"]
    notes.leave_out("message(s) of branches that were given up", len(said))
    return Conversation(id_, title, messages, given_up=frozenset(it.key for it in said))


def _messages(record: Record, uuid: str, notes: ReadingNotes) -> Iterator[Message]:
    key, at = _parent(record) or uuid, moment_of(record.get("timestamp"))
    content = record["message"].get("content")
    blocks = [it for it in content if isinstance(it, dict)] if isinstance(content, list) else []
    if isinstance(content, str):
        blocks = [{"type": "text", "text": content}]
    words, attached = [], []
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            words.append(_without_reminders(str(block.get("text") or "")).strip())
        elif kind == "tool_use":
            call = json.dumps(block.get("input"), ensure_ascii=False)
            yield Message(key, "context", call[:_MOST_RESULT], at, f"call of {block.get('name') or 'a tool'}")
        elif kind == "tool_result":
            yield Message(key, "context", _result(block.get("content"))[:_MOST_RESULT], at, "result")
        elif kind in ("image", "document"):
            attached.append(str(block.get("title") or kind))
        else:
            notes.leave_out("block(s) of the model's thinking" if kind == "thinking" else "block(s) of other kinds")
    text = "\n\n".join(filter(None, words))
    if not text and not attached:
        return
    is_said = not (record.get("isMeta") or record.get("isCompactSummary") or record.get("isApiErrorMessage"))
    if not is_said or text.startswith(_NOT_TYPED):
        yield Message(key, "context", text[:_MOST_RESULT], at, "system")
    elif record["type"] == "user":
        yield Message(key, "user", text, at, attachments=tuple(attached))
    else:
        yield Message(key, "assistant", text, at, attachments=tuple(attached))


def _without_reminders(text: str) -> str:
    """`text` without what the program writes into it. Linear, whatever is in it."""
    kept, start = [], 0
    while (opened := text.find(_REMINDER, start)) >= 0 and (closed := text.find(_REMINDER_END, opened)) >= 0:
        kept.append(text[start:opened])
        start = closed + len(_REMINDER_END)
    return "".join([*kept, text[start:]])


def _result(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = [it.get("text") for it in content if isinstance(it, dict)] if isinstance(content, list) else []
    return "\n".join(it for it in parts if isinstance(it, str))

"""A JSONL of turns, the format for everything else: docs/importing.md documents it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sessiongraph.importers.conversations import Conversation, Message
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.json_records import Record, records
from sessiongraph.importers.moments import moment_of
from sessiongraph.importers.notes import ReadingNotes

_TEXTS = ("question", "answer", "context", "title", "turn_id")


def read(files: ExportFiles, names: Sequence[str], notes: ReadingNotes) -> Iterator[Conversation]:
    """A conversation a line: what belongs together has one session id."""
    numbers: Counter[str] = Counter()
    for name in names:
        with files.open(name) as file:
            for where, record in records(file, files.shown(name), notes):
                if (fault := _fault(record)) is not None:
                    notes.cannot_read(where, fault)
                    continue
                id_ = str(record["session_id"])
                numbers[id_] += 1
                yield _turn(record, id_, numbers[id_], notes)


def _fault(record: Record) -> str | None:
    if not isinstance(record.get("session_id"), str | int) or record["session_id"] in ("", True, False):
        return "no session_id"
    if not isinstance(record.get("question", record.get("answer")), str):
        return "no question and no answer"
    for key in _TEXTS:
        if not isinstance(record.get(key), str | None):
            return f"its {key} is no text"
    if record.get("created_at") is not None and moment_of(record["created_at"]) is None:
        return "its created_at is no time (ISO 8601, or seconds since 1970), or in the future"
    if not isinstance(record.get("attachments", []), list):
        return "its attachments are no list"
    return None


def _turn(record: Record, id_: str, number: int, notes: ReadingNotes) -> Conversation:
    key, at = record.get("turn_id") or f"turn-{number}", moment_of(record.get("created_at"))
    attached = tuple(_name(it) for it in record.get("attachments") or [])
    messages = [Message(key, "user", record.get("question") or "", at, attachments=attached)]
    if answer := record.get("answer"):
        messages.append(Message(key, "assistant", answer, at))
    if context := record.get("context"):
        messages.append(Message(key, "context", context, at))
    return Conversation(id_, record.get("title") or "", messages)


def _name(attachment: Any) -> str:
    name = attachment.get("name") if isinstance(attachment, dict) else attachment
    return name if isinstance(name, str) and name else "file"

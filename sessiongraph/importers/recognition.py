"""Which format an export has, and which of its members are read as that.

Invariant: a format is told by what is in a file, not by what it is named, unless the caller says it.
"""

from collections.abc import Iterator
from itertools import islice

from sessiongraph.errors import InvalidInputError
from sessiongraph.importers import chatgpt, claude, claude_code, slack, turn_lines, whatsapp
from sessiongraph.importers.conversations import Conversation
from sessiongraph.importers.export_files import READ_ERRORS, ExportFiles
from sessiongraph.importers.json_records import Record, records
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.ingestion.clean_text import clean_line

SHAPES = {
    "chatgpt": "ChatGPT's export (conversations with a mapping)",
    "claude": "Claude's (conversations with chat_messages)",
    "claude-code": "Claude Code's sessions (JSONL with sessionId and uuid)",
    "slack": "Slack's (a folder a channel, beside lists of users and channels)",
    "whatsapp": "WhatsApp's chats (txt)",
    "turns": "a JSONL of turns (docs/importing.md)",
}
# Formats of chats among people, in which somebody must say who of them the user is.
AMONG_PEOPLE = ("slack", "whatsapp")
_CONVERSATIONS = r"conversations(?:-\d+)?\.json"
_LINES = r".*\.(?:jsonl|ndjson)"
_MEMBERS = {
    "chatgpt": (_CONVERSATIONS, r".*\.json"),
    "claude": (_CONVERSATIONS, r".*\.json"),
    "claude-code": (_LINES,),
    "slack": (slack.DAYS,),
    "whatsapp": (r".*\.txt",),
    "turns": (_LINES,),
}
# How many files, and how many objects of each, are looked at.
_MOST_FILES = 20
_MOST_RECORDS = 100
_MOST_KEYS = 10


def format_of(files: ExportFiles) -> str:
    """The format of an export. Raises InvalidInputError where it is none that is known, saying what was seen."""
    if files.named(slack.USERS) and files.named(slack.CHANNELS):
        return "slack"
    notes, seen = ReadingNotes(), ""
    candidates = files.named(_CONVERSATIONS) + files.named(_LINES) + files.named(r".*\.json")
    if files.is_single and not files.named(r".*\.txt"):
        candidates = files.names
    for name in list(dict.fromkeys(candidates))[:_MOST_FILES]:
        for record in _first_records(files, name, notes):
            if found := _format_of_record(record):
                return found
            keys = ", ".join(map(clean_line, islice(record, _MOST_KEYS)))
            seen = seen or f"the first object in {files.shown(name)} has the keys {keys[:300] or 'none'}"
    if not seen and any(whatsapp.is_chat(files, name) for name in files.named(r".*\.txt")[:_MOST_FILES]):
        return "whatsapp"
    if not seen:
        listed = ", ".join(map(files.shown, files.names[:_MOST_KEYS]))
        seen = notes.unread[0] if notes.unread else f"it holds {listed or 'nothing'}"
    raise InvalidInputError(
        f"{files.name} is no export that is known ({seen}). Known are {'; '.join(SHAPES.values())}."
    )


def members_of(files: ExportFiles, format_: str) -> list[str]:
    """The members to read. Raises InvalidInputError where there are none."""
    if files.is_single and format_ != "slack":
        return files.names
    for pattern in _MEMBERS[format_]:
        if names := files.named(pattern):
            return names
    raise InvalidInputError(f"{files.name} holds no file as it is in {SHAPES[format_]}.")


def conversations(
    files: ExportFiles, names: list[str], format_: str, me: str | None, notes: ReadingNotes
) -> Iterator[Conversation]:
    """What the export holds, conversation by conversation; for chats among people, `me` is one of them."""
    if format_ == "slack":
        return slack.read(files, names, notes, me or "")
    if format_ == "whatsapp":
        return whatsapp.read(files, names, notes, me or "")
    reader = {"chatgpt": chatgpt, "claude": claude, "claude-code": claude_code, "turns": turn_lines}[format_]
    return reader.read(files, names, notes)


def _first_records(files: ExportFiles, name: str, notes: ReadingNotes) -> Iterator[Record]:
    try:
        with files.open(name, counted=False) as file:
            for _, record in islice(records(file, files.shown(name), notes), _MOST_RECORDS):
                yield record
    except READ_ERRORS as error:
        notes.cannot_read(files.shown(name), f"it is damaged ({error})")


def _format_of_record(record: Record) -> str | None:
    if isinstance(record.get("mapping"), dict):
        return "chatgpt"
    if isinstance(record.get("chat_messages"), list):
        return "claude"
    if "sessionId" in record and "uuid" in record and "type" in record:
        return "claude-code"
    if "session_id" in record and ("question" in record or "answer" in record):
        return "turns"
    return None

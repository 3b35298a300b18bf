"""WhatsApp's export of a chat: lines of text, in a zip with what was sent along, or without.

How lines are read stands in `ingestion/transcripts`. A session is a month of the chat, and what everybody but `me` says
is its answers. WhatsApp writes no zone: times are taken as they stand, so that the day is right. Lines have no ids; a
message is the first, second … that somebody wrote at that time.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from itertools import groupby
from pathlib import PurePosixPath

from sessiongraph.errors import InvalidInputError, UnreadableDocumentError
from sessiongraph.importers.conversations import Conversation, Message, Role
from sessiongraph.importers.export_files import READ_ERRORS, ExportFiles
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.text import read_text
from sessiongraph.ingestion.transcripts.line_grammars import read_lines
from sessiongraph.ingestion.transcripts.utterances import Transcript, Utterance

_HEAD = 50_000
_FILE = r"[^<>\n:]{1,120}\.\w{2,5}"
# <attached: 0001-PHOTO.jpg> on an iPhone, IMG-0001.jpg (file attached) on Android, in any language.
_ATTACHED = re.compile(
    rf"\u200e?<[^<>\n:]{{3,40}}: ?({_FILE})>$|(?<=: )\u200e?([^\s<>:()]{{1,120}}\.\w{{2,5}}) \([^()\n]{{3,60}}\)$",
    re.MULTILINE,
)
_PLACE = re.compile(rf"\[attachment: ({_FILE})\]")
_EDITED = re.compile(r" ?\u200e?<[^<>\n:]{8,60}>$", re.MULTILINE)
_EDITED_WORDS = ("edited", "bearbeitet", "edit", "modifi", "modific", "redigera", "bewerkt", "изменено", "edyto")
_DELETED = re.compile(
    r"(?:This message was deleted|You deleted this message|Diese Nachricht wurde gelöscht|Du hast diese Nachricht "
    r"gelöscht|Ce message a été supprimé|Vous avez supprimé ce message|Se eliminó este mensaje|Eliminaste este "
    r"mensaje|Questo messaggio è stato eliminato|Hai eliminato questo messaggio|Mensagem apagada|Você apagou esta "
    r"mensagem)\.?"
)
# An iPhone marks what nobody wrote; that somebody took a message back is said of one that was written.
_MARKED_DELETED = re.compile(rf"\u200e(?={_DELETED.pattern})")
_OMITTED = re.compile(r"<[^<>\n]{3,60}>")
_CHAT_NAME = re.compile(r"whatsapp[ -]*chat (?:- |\w+ )?", re.IGNORECASE)
_COPY = re.compile(r" ?\(\d+\)$")


def read(files: ExportFiles, names: Sequence[str], notes: ReadingNotes, me: str) -> Iterator[Conversation]:
    for name in names:
        transcript = _transcript(files, name, notes)
        if transcript is None:
            continue
        if me not in transcript.speakers:
            known = ", ".join(sorted(transcript.speakers)[:20])
            raise InvalidInputError(f"nobody in {files.shown(name)} is named {me!r:.60}: give another `me` ({known}).")
        title, messages = _chat_name(files, name), list(_messages(transcript, me, notes))
        if not messages:
            continue
        id_ = title or f"chat {messages[0].key}"
        for month, said in groupby(messages, key=lambda it: f"{it.at:%Y-%m}"):
            yield Conversation(f"{id_}-{month}", title, list(said), is_group=True)


def is_chat(files: ExportFiles, name: str) -> bool:
    """Whether the beginning of a member reads as a chat."""
    try:
        with files.open(name, counted=False) as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except READ_ERRORS:
        return False
    return read_lines(head, Notes()) is not None


def _transcript(files: ExportFiles, name: str, notes: ReadingNotes) -> Transcript | None:
    reading = Notes()
    try:
        with files.open(name) as file:
            text = read_text(file, reading)
    except (UnreadableDocumentError, *READ_ERRORS) as error:
        notes.cannot_read(files.shown(name), str(error))
        return None
    text = _MARKED_DELETED.sub("", text)
    text = _ATTACHED.sub(lambda match: f"[attachment: {match[1] or match[2]}]", text)
    transcript = read_lines(_EDITED.sub(_unless_edited, text), reading)
    if transcript is None or not transcript.speakers:
        notes.cannot_read(files.shown(name), "no chat of WhatsApp")
        return None
    for warning in reading.warnings:
        notes.leave_out(warning)
    return transcript


def _unless_edited(match: re.Match[str]) -> str:
    return "" if any(word in match[0].lower() for word in _EDITED_WORDS) else match[0]


def _messages(transcript: Transcript, me: str, notes: ReadingNotes) -> Iterator[Message]:
    counts: Counter[str] = Counter()
    for it in transcript.utterances:
        at = _moment(it)
        if at is None:
            notes.leave_out("message(s) of an unclear day")
            continue
        place = f"{at:%Y-%m-%d %H:%M:%S} {it.speaker}"
        counts[place] += 1
        attached = tuple(_PLACE.findall(it.words))
        words = _PLACE.sub("", it.words).strip()
        is_deleted = bool(_DELETED.fullmatch(words))
        if is_deleted:
            notes.leave_out("deleted message(s)")
        elif _OMITTED.fullmatch(words):
            notes.leave_out("attachment(s) that were left out")
            words = ""
        role: Role = "user" if it.speaker == me else "assistant"
        yield Message(f"{place} {counts[place]}", role, words, at, it.speaker or "somebody", attached, is_deleted)


def _moment(it: Utterance) -> datetime | None:
    """When it was written; None where its day could be one of two (4/5/2026)."""
    if it.day is None:
        return None
    try:
        clock = time.fromisoformat(it.time) if it.time else time()
    except ValueError:
        clock = time()
    return datetime.combine(it.day, clock, UTC)


def _chat_name(files: ExportFiles, name: str) -> str:
    """The chat's name as the file has it, or the zip around it; "" where neither names one (_chat.txt)."""
    for candidate in (PurePosixPath(name).stem, PurePosixPath(files.name).stem):
        plain = _COPY.sub("", candidate)
        if _CHAT_NAME.match(plain):
            return _CHAT_NAME.sub("", plain, count=1).strip()
    return ""

"""Parsing a file or a string into a clean text: the format is chosen here, and the characters are cleaned.

What a format looks like inside belongs in `formats/`; what `add()` may be given, in resolve_inputs.py.

Invariants of every ParsedDocument: its text is encodable Unicode (NFC) of at most MAX_CHARACTERS, has a
letter or digit, "\\n" as its only line break and "\\t" as its only control character, nothing invisible that
could hide or split words, no line that ends in spaces, and no two blank lines in a row. Its name is one such
line.
Everything else is refused with an UnreadableDocumentError naming the file, the cause and the next step.

Blocking: on an event loop, call it in a thread.
"""

import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.clean_text import clean, clean_line, has_words
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.html import read_html
from sessiongraph.ingestion.formats.markdown import read_markdown
from sessiongraph.ingestion.formats.pdf import read_pdf
from sessiongraph.ingestion.formats.tabular import read_csv, read_json, read_jsonl, read_tsv
from sessiongraph.ingestion.formats.text import MAX_CHARACTERS, read_text, too_long
from sessiongraph.ingestion.formats.word import read_docx
from sessiongraph.ingestion.transcripts.captions import read_caption_file
from sessiongraph.ingestion.transcripts.mail import read_eml, read_mbox
from sessiongraph.ingestion.transcripts.recognition import read_transcript
from sessiongraph.ingestion.transcripts.utterances import Transcript
from sessiongraph.metadata import Metadata
from sessiongraph.types import DocumentKind

Reader = Callable[[BinaryIO, Notes], str | Transcript]


@dataclass(frozen=True)
class ParsedDocument:
    """A clean text. `name` is the file's, or "text"; `source` the path that was read, None for a string.

    `warnings` say what of the file was left out or may be misread, without its words; `said_on` is the day that it was
    given, or that the file gives beside its text. A transcript's `prose` is its text as it would be if nobody had
    recognised it, as versions before 0.2 stored it. `secrets` counts by kind what was masked, `unmasked_ids` are
    the ids of the documents that it would have been. `metadata` is a JSON object to search by.
    """

    name: str
    source: str | None
    text: str
    media_type: str
    warnings: tuple[str, ...] = ()
    said_on: date | None = None
    kind: DocumentKind = "document"
    prose: str | None = None
    secrets: Counter[str] = field(default_factory=Counter)
    unmasked_ids: tuple[str, ...] = ()
    metadata: Metadata | None = None


_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FORMATS: dict[str, tuple[str, Reader]] = {
    ".txt": ("text/plain", read_text),
    ".md": ("text/markdown", read_markdown),
    ".markdown": ("text/markdown", read_markdown),
    ".html": ("text/html", read_html),
    ".htm": ("text/html", read_html),
    ".csv": ("text/csv", read_csv),
    ".tsv": ("text/tab-separated-values", read_tsv),
    ".json": ("application/json", read_json),
    ".jsonl": ("application/jsonl", read_jsonl),
    ".pdf": ("application/pdf", read_pdf),
    ".docx": (_WORD_TYPE, read_docx),
    ".vtt": ("text/vtt", read_caption_file),
    ".srt": ("application/x-subrip", read_caption_file),
    ".eml": ("message/rfc822", read_eml),
    ".mbox": ("application/mbox", read_mbox),
}
# Formats in which people keep what was said, whatever their suffix says.
_MAY_BE_TRANSCRIPTS = frozenset({"text/plain", "text/markdown", "text/html", "application/pdf", _WORD_TYPE})
SUPPORTED_SUFFIXES = tuple(_FORMATS)


def is_supported(name: str) -> bool:
    """Whether a file of this name would be parsed, by its suffix."""
    return Path(name).suffix.lower() in _FORMATS


def parse_file(path: Path, name: str | None = None) -> ParsedDocument:
    """The text of the file at `path`. `name`, by default the path's, is how it is shown and tells the format.

    Raises UnreadableDocumentError.
    """
    shown = clean_line(name or path.name)
    try:
        media_type, read = _format_of(shown)
        notes = Notes()
        return _document(shown, clean_line(str(path)), _read(path, read, notes), media_type, notes)
    except UnreadableDocumentError as error:
        raise UnreadableDocumentError(f"{shown} cannot be read: {error}") from error.__cause__


def parse_text(text: str, name: str = "text") -> ParsedDocument:
    """`text` itself, clean. Raises UnreadableDocumentError."""
    shown = clean_line(name)
    try:
        return _document(shown, None, text, "text/plain", Notes())
    except UnreadableDocumentError as error:
        raise UnreadableDocumentError(f"{shown} cannot be read: {error}") from None


def _format_of(name: str) -> tuple[str, Reader]:
    suffix = Path(name).suffix.lower()
    if suffix not in _FORMATS:
        cause = f"{suffix} is no supported format" if suffix else "its name has no suffix to tell its format"
        raise UnreadableDocumentError(f"{cause}. Save it as one of {', '.join(SUPPORTED_SUFFIXES)}.")
    return _FORMATS[suffix]


def _read(path: Path, read: Reader, notes: Notes) -> str | Transcript:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise UnreadableDocumentError("it is not a file. Give the path of a file.")
        with path.open("rb") as file:
            return read(file, notes)
    except OSError as error:
        raise UnreadableDocumentError(f"{error.strerror or error}. Check its path and permissions.") from error


def _document(name: str, source: str | None, read: str | Transcript, media_type: str, notes: Notes) -> ParsedDocument:
    transcript = read if isinstance(read, Transcript) else None
    prose = None
    if isinstance(read, str):
        if len(read) > MAX_CHARACTERS:
            raise too_long()
        prose = clean(read)
        transcript = read_transcript(read, notes) if media_type in _MAY_BE_TRANSCRIPTS else None
    text = prose if transcript is None else clean(transcript.text)
    if not text or not has_words(text):
        raise UnreadableDocumentError("it holds no letter and no digit. Give it some text, or leave it out.")
    if transcript is None or not transcript.speakers:
        return ParsedDocument(name, source, text, media_type, tuple(notes.warnings), notes.said_on)
    return ParsedDocument(name, source, text, media_type, tuple(notes.warnings), notes.said_on, "transcript", prose)

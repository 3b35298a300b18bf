"""Plain text, and what every reader needs: its bytes, the limit, and how faults are told.

A reader raises UnreadableDocumentError saying the cause and the next step, and never joins more than
MAX_CHARACTERS of text, however small the file that unfolds into it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.encodings import decoded

MAX_CHARACTERS = 50_000_000
MAX_TEXT_BYTES = 4 * MAX_CHARACTERS  # no encoding takes more than four bytes a character

ZIP = "a zip archive (as .docx, .xlsx and .odt are)"
PDF = "a PDF"
_SIGNATURES = {
    b"%PDF-": PDF,
    b"PK\x03\x04": ZIP,
    b"\xd0\xcf\x11\xe0": "an old or password-protected Office file",
    b"{\\rtf": "rich text (RTF)",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a SQLite database",
}


def too_long() -> UnreadableDocumentError:
    return UnreadableDocumentError(f"it holds more than {MAX_CHARACTERS:,} characters. Split it and add the pieces.")


def read_text(file: BinaryIO, notes: Notes) -> str:
    return decoded(text_bytes(file), notes)


def text_bytes(file: BinaryIO) -> bytes:
    data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise too_long()
    refuse_other_format(data, own=None)
    return data


def refuse_other_format(head: bytes, own: str | None) -> None:
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature) and kind != own:
            raise UnreadableDocumentError(
                f"it is {kind}, whatever its name says. Rename it, or save it in the format of its name."
            )


def limited(parts: Iterable[str], separator: str) -> str:
    """`parts` joined. Counts as it goes: a few kilobytes of names can unfold into gigabytes of lines."""
    kept: list[str] = []
    size = 0
    for part in parts:
        size += len(part) + len(separator)
        if size > MAX_CHARACTERS:
            raise too_long()
        kept.append(part)
    return separator.join(kept)


def one_line(text: str) -> str:
    return " ".join(text.split())


@contextmanager
def faults_of(kind: str) -> Iterator[None]:
    """Whatever a parser trips over in a damaged file (KeyError, zlib.error, RecursionError) as our error."""
    try:
        yield
    except UnreadableDocumentError:
        raise
    except Exception as error:
        cause = one_line(f"{type(error).__name__}: {error}")[:200]
        raise UnreadableDocumentError(
            f"it is damaged, or no {kind} ({cause}). Open it in a program that can, save it as {kind} again."
        ) from error

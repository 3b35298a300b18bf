"""PDF: the text of its pages, in the order in which it is read. What only an image shows is not read, and told."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.pdf_layout import Run, joined, page_text
from sessiongraph.ingestion.formats.text import PDF, faults_of, limited, one_line, refuse_other_format, too_long

_PROCESS = Path(__file__).with_name("pdf_process.py")
_MOST_SECONDS = 300
_PAGES_NAMED = 10
# A page that an image covers and that has hardly a line beside it is a scan with a stamp or a page number.
_SCAN_COVERS, _SCAN_LETTERS = 0.5, 60


def read_pdf(file: BinaryIO, notes: Notes) -> str:
    """The text of each page. A scan holds none; a password that is empty is no hindrance."""
    head = file.read(1024)
    refuse_other_format(head, own=PDF)
    if b"%PDF-" not in head:
        raise UnreadableDocumentError("it is not a PDF. Name it for what it is, or save it as PDF.")
    pages = _pages(file)
    with faults_of("PDF"):
        texts = [page_text([Run(*run) for run in page["runs"]]) for page in pages]
        text = joined(limited(texts, "\n\n"))
    if not text.strip():
        raise UnreadableDocumentError(
            "it holds no text, only images. Run OCR on it first (ocrmypdf, for one) and add the result."
        )
    _tell_unread(pages, texts, notes)
    return text


def _pages(file: BinaryIO) -> list[dict[str, Any]]:
    """The pages as a process of its own reads them. Raises UnreadableDocumentError."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    command = [sys.executable, "-I", str(_PROCESS)]
    try:
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=_MOST_SECONDS, check=False)
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise UnreadableDocumentError(
            f"it takes more than {_MOST_SECONDS} seconds to read. Split it and add the pieces."
        ) from None
    except ValueError:  # it ended before it could answer
        answer = {"error": f"its reader ended with {done.returncode}"}
    error = answer.get("error")
    if error == "password":
        raise UnreadableDocumentError("it is encrypted. Save it without its password and add that.")
    if error == "too long":
        raise too_long()
    if error:
        raise UnreadableDocumentError(
            f"it is damaged, or no PDF ({one_line(error)[:200]}). Open it in a program that can, save it as PDF again."
        )
    found: list[dict[str, Any]] = answer["pages"]
    return found


def _tell_unread(pages: list[dict[str, Any]], texts: list[str], notes: Notes) -> None:
    unread, scans, unclear = [], [], []
    for number, (page, text) in enumerate(zip(pages, texts, strict=True), start=1):
        letters = sum(map(str.isalnum, text))
        if not letters:
            unread += [] if page["empty"] else [number]
        elif letters < _SCAN_LETTERS and page["image"] > _SCAN_COVERS:
            scans.append(number)
        elif sum(letter == "\ufffd" or "\ue000" <= letter < "\uf900" for letter in text) > letters / 10:
            unclear.append(number)
    for numbers, what in (
        (unread, "hold no text, only images: run OCR on them (ocrmypdf, for one) to have them read"),
        (scans, "are an image with a line of text, and only that line was read: run OCR on them"),
        (unclear, "are set in a font that does not say its letters, and may be misread"),
    ):
        if numbers:
            named = ", ".join(map(str, numbers[:_PAGES_NAMED])) + (", …" if len(numbers) > _PAGES_NAMED else "")
            notes.warn(f"{len(numbers)} of {len(pages)} page(s) ({named}) {what}")

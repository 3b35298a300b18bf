"""PDF: the text that its pages hold. What only an image shows is not read."""

from collections.abc import Iterator
from typing import BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.text import PDF, faults_of, limited, refuse_other_format


def read_pdf(file: BinaryIO) -> str:
    """The text of each page. A scan holds none; a password that is empty is no hindrance."""
    head = file.read(1024)
    refuse_other_format(head, own=PDF)
    if b"%PDF-" not in head:
        raise UnreadableDocumentError("it is not a PDF. Name it for what it is, or save it as PDF.")
    with faults_of("PDF"):
        text = limited(_pdf_pages(file), "\n")
    if not text.strip():
        raise UnreadableDocumentError(
            "it holds no text, only images. Run OCR on it first (ocrmypdf, for one) and add the result."
        )
    return text


def _pdf_pages(file: BinaryIO) -> Iterator[str]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(file)
        locked = reader.is_encrypted and not reader.decrypt("")
    except DependencyError:
        raise UnreadableDocumentError(
            "it is encrypted with AES. Save it without encryption, or run `pip install cryptography`."
        ) from None
    if locked:
        raise UnreadableDocumentError("it is encrypted. Save it without its password and add that.")
    for page in reader.pages:
        yield page.extract_text()

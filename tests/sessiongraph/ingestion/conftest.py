"""Files to read: `read` writes one and gives the document that is read from it; pages of a PDF are written by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sessiongraph.ingestion.parsing import ParsedDocument, parse_file

Read = Callable[[str, str | bytes], ParsedDocument]
IMAGE = b"q 612 0 0 792 0 0 cm /I1 Do Q"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The document in a file of this name and content."""

    def parse(name: str, content: str | bytes) -> ParsedDocument:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return parse_file(path)

    return parse


def line(x: int, y: int, words: str, size: int = 11) -> bytes:
    """A line of a page, from `x` points on the left and `y` from below, in Latin letters."""
    return b"BT /F1 %d Tf %d %d Td (%s) Tj ET\n" % (size, x, y, words.encode("cp1252"))


def pdf(*pages: bytes) -> bytes:
    """A PDF of these pages: lines, or IMAGE for one that is scanned."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    font = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    image = add(
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Length 1 >>\nstream\n\x80\nendstream"
    )
    parent = len(objects) + 1 + 2 * len(pages)
    kids = []
    for content in pages:
        stream = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        kids.append(
            add(
                b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
                b"/Resources << /Font << /F1 %d 0 R >> /XObject << /I1 %d 0 R >> >> >>" % (parent, stream, font, image)
            )
        )
    add(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids)))
    root = add(b"<< /Type /Catalog /Pages %d 0 R >>" % parent)
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % at for at in offsets)
    return out + b"trailer << /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, root, start)

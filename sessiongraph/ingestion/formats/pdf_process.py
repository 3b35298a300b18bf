"""The process that a PDF is read in: its bytes on stdin, the runs of text of its pages as JSON on stdout.

It is started as a script, by `pdf`, and imports nothing of the project: PDFium is not made for threads, and what a
file that was made to harm it ends is this process alone. Memory is bounded here where the platform can, time by whoever
started it.
"""

import ctypes
import json
import sys
from collections.abc import Iterator
from typing import Any

_MEMORY_BYTES = 4 * 1024**3
_MOST_CHARACTERS = 50_000_000
_PASSWORD = 4
_HYPHENS = frozenset([2, 0xFFFE])  # PDFium's signs for one that parts a word at the end of a line


def main() -> None:
    _bound_memory()
    try:
        answer: dict[str, Any] = {"pages": list(_pages(sys.stdin.buffer.read()))}
    except MemoryError:
        answer = {"error": "it needs too much memory"}
    except _TooLong:
        answer = {"error": "too long"}
    except Exception as error:  # whatever a damaged file makes the library do
        code = getattr(error, "err_code", None)
        answer = {"error": "password" if code == _PASSWORD else f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)


class _TooLong(Exception):
    pass


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _pages(data: bytes) -> Iterator[dict[str, Any]]:
    """Of each page: `runs` (left, bottom, right, top, text), `empty`, and the share that its largest image covers."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(data)
    left = _MOST_CHARACTERS
    for number in range(len(document)):
        page = document[number]
        text_page = page.get_textpage()  # which ends with its last name
        runs = list(_runs(text_page.raw))
        left -= sum(len(run[4]) for run in runs)
        if left < 0:
            raise _TooLong
        area = max(page.get_width() * page.get_height(), 1)
        count, image = 0, 0.0
        for thing in page.get_objects(max_depth=4):
            count += 1
            if thing.type == pdfium.raw.FPDF_PAGEOBJ_IMAGE:
                x0, y0, x1, y1 = thing.get_bounds()
                image = max(image, abs((x1 - x0) * (y1 - y0)) / area)
        yield {"runs": runs, "empty": not count, "image": round(min(image, 1.0), 2)}
        page.close()


def _runs(text_page: Any) -> Iterator[tuple[float, float, float, float, str]]:
    """Pieces of lines: characters that follow each other without a gap as wide as they are high."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    letters: list[str] = []
    bounds = (0.0, 0.0, 0.0, 0.0)
    for index in range(raw.FPDFText_CountChars(text_page)):
        code = raw.FPDFText_GetUnicode(text_page, index)
        letter = "-" if code in _HYPHENS else chr(code) if 0 < code < 0x110000 else ""
        if 0xD800 <= code < 0xE000 or not letter:
            continue
        if letter in "\r\n":
            if letters:
                yield *bounds, "".join(letters)
            letters = []
            continue
        if letter.isspace():
            if letters:
                letters.append(" ")
            continue
        if not raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
            continue
        if letters and _is_apart(bounds, box):
            yield *bounds, "".join(letters)
            letters = []
        if letters:
            bounds = (
                *(min(bounds[0], box.left), min(bounds[1], box.bottom)),
                *(max(bounds[2], box.right), max(bounds[3], box.top)),
            )
        else:
            bounds = (box.left, box.bottom, box.right, box.top)
        letters.append(letter)
    if letters:
        yield *bounds, "".join(letters)


def _is_apart(bounds: tuple[float, float, float, float], box: Any) -> bool:
    left, bottom, right, top = bounds
    height = max(top - bottom, box.top - box.bottom, 1.0)
    gap = max(box.left - right, left - box.right)
    overlap = min(top, box.top) - max(bottom, box.bottom)
    return gap > height or overlap < 0.3 * min(top - bottom, box.top - box.bottom)


if __name__ == "__main__":
    main()

"""Markup: HTML and Word, each a tree of which a node gives pieces of text and further nodes."""

import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.text import (
    CONTROLS,
    ZIP,
    decoded,
    faults_of,
    limited,
    one_line,
    refuse_other_format,
    text_bytes,
)

MAX_UNPACKED_BYTES = 200_000_000

# Characters that no text has here, to mark what is laid out once all of it is known
_LINE = "\x01"  # what comes next starts a line, but leaves none blank
_ROW_START, _ROW_END = "\x02", "\x03"
_ROW = re.compile(f"{_ROW_START}([^{_ROW_START}{_ROW_END}]*){_ROW_END}")
_LINE_STARTS = re.compile(f"[{_LINE}{_ROW_START}{_ROW_END}]")
_SPACES = re.compile(r"[\s\x00-\x1f]+")
_PARAGRAPH, _BREAK, _CELL = "\n\n", "\n", " | "

_HTML_DROPPED = frozenset({"script", "style", "nav", "template", "noscript", "svg"})
_HTML_PARAGRAPHS = (
    *("title", "p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "ul", "ol", "dl"),
    *("article", "section", "header", "footer", "main", "aside"),
)
_HTML_LINES = (
    *("div", "li", "dt", "dd", "caption", "figure", "figcaption"),
    *("form", "option", "address"),
)
_HTML_GAPS = dict.fromkeys(_HTML_PARAGRAPHS, _PARAGRAPH) | dict.fromkeys(_HTML_LINES, _LINE)

_WORD_DROPPED = frozenset({"pPr", "rPr", "tblPr", "trPr", "tcPr", "sectPr", "del", "moveFrom", "Fallback"})
_WORD_GAPS = {"p": _PARAGRAPH, "tbl": _PARAGRAPH}
_WORD_CHARACTERS = {"br": _BREAK, "cr": _BREAK, "tab": " ", "noBreakHyphen": "-"}


def read_html(file: BinaryIO) -> str:
    """What a reader of the page sees but for navigation; paragraphs and headings on lines of their own."""
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    data = text_bytes(file)
    declared = EncodingDetector.find_declared_encoding(data[:4096], is_html=True)
    # As browsers do, "iso-8859-1" is read as its superset Windows-1252; the rest by our own order.
    known = re.fullmatch(r"windows-125\d|iso-8859-(?!1$)\d+|gb\w+|big5|euc-\w+|shift_jis|koi8-\w", declared or "")
    with faults_of("HTML"):
        soup = BeautifulSoup(decoded(data, declared if known else None), "lxml")
        return _laid_out(soup, _html_parts)


def _html_parts(node: Any) -> list[Any]:
    from bs4 import CData, NavigableString, Tag

    if type(node) in (NavigableString, CData):
        return [_SPACES.sub(" ", str(node))]
    if not isinstance(node, Tag) or node.name in _HTML_DROPPED:  # a comment, a doctype
        return []
    if node.name in ("br", "hr"):
        return [_BREAK]
    if node.name == "pre":
        return [_PARAGRAPH, CONTROLS.sub("", node.get_text()), _PARAGRAPH]
    return _element_parts(node.name, _HTML_GAPS, row="tr", cells=("td", "th"), children=node.contents)


def read_docx(file: BinaryIO) -> str:
    """Paragraphs and tables in document order, with text boxes and insertions, without deletions.

    Page headers and footers, footnotes and comments are not read.
    """
    from docx import Document

    refuse_other_format(file.read(16), own=ZIP)
    with faults_of("Word document (.docx)"):
        _refuse_bomb(file)
        return _laid_out(Document(file).element.body, _word_parts)


def _refuse_bomb(file: BinaryIO) -> None:
    """Members are read whole, so count XML as it unpacks, and of the others (images) what unpacking adds."""
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(
            member.file_size - (0 if member.filename.endswith((".xml", ".rels")) else member.compress_size)
            for member in archive.infolist()
        )
    if unpacked > MAX_UNPACKED_BYTES:
        raise UnreadableDocumentError(
            f"it unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB. Split it and add the pieces."
        )


def _word_parts(node: Any) -> list[Any]:
    name = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""  # a comment's tag is a function
    if not name or name in _WORD_DROPPED:
        return []
    if name == "t":
        return [_SPACES.sub(" ", node.text or "")]
    if name in _WORD_CHARACTERS:
        return [_WORD_CHARACTERS[name]]
    return _element_parts(name, _WORD_GAPS, row="tr", cells=("tc",), children=list(node))


def _element_parts(
    name: str, gaps: dict[str, str], *, row: str, cells: tuple[str, ...], children: list[Any]
) -> list[Any]:
    if name == row:
        return [_ROW_START, *children, _ROW_END]
    if name in cells:
        return [_CELL, *children]
    gap = gaps.get(name, "")
    return [gap, *children, gap]


def _laid_out(root: Any, parts: Callable[[Any], list[Any]]) -> str:
    """The text below `root`: each table row that holds no further row on one line, no other spaces kept."""
    text = limited(_pieces(root, parts), "")
    text = _ROW.sub(lambda row: _LINE + one_line(row[1]) + _LINE, text)
    return "\n".join(line for part in text.split(_BREAK) for line in _lines(part))


def _lines(part: str) -> list[str]:
    """The lines that are not blank, or one blank line: only breaks and paragraphs make those."""
    lines = (one_line(line).strip("| ") for line in _LINE_STARTS.split(part))
    return list(filter(None, lines)) or [""]


def _pieces(root: Any, parts: Callable[[Any], list[Any]]) -> Iterator[str]:
    """Depth first, without recursion: a page of unclosed tags is as deep as it is long."""
    pending = [root]
    while pending:
        node = pending.pop()
        if type(node) is str:
            yield node
        else:
            pending.extend(reversed(parts(node)))

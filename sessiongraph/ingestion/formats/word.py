"""Word (.docx): what stands on its pages, with what stands beside the text said to be that."""

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.csv_dialect import has_header
from sessiongraph.ingestion.formats.layout import BREAK, HEADER, PARAGRAPH, TABLE, element_parts, laid_out
from sessiongraph.ingestion.formats.text import ZIP, faults_of, one_line, refuse_other_format

MAX_UNPACKED_BYTES = 200_000_000

_DROPPED = frozenset({"pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "del", "moveFrom", "Fallback"})
_GAPS = {"p": PARAGRAPH, "tbl": PARAGRAPH + TABLE}
_CHARACTERS = {"br": BREAK, "cr": BREAK, "tab": " ", "noBreakHyphen": "-"}
_ROWS_LOOKED_AT = 20


def read_docx(file: BinaryIO, notes: Notes) -> str:
    """Page headers, then paragraphs and tables in their order, page footers, footnotes, endnotes and comments.

    Text boxes and insertions are read, deletions and hidden text are not.
    """
    from docx import Document

    refuse_other_format(file.read(16), own=ZIP)
    with faults_of("Word document (.docx)"):
        _refuse_bomb(file)
        document = Document(file)
        tree = _Tree()
        beside = _beside(document.part, tree)
        texts = [*beside["header"], laid_out(document.element.body, tree.parts), *beside["footer"], *beside["note"]]
        if tree.hidden:
            notes.warn(f"{tree.hidden} run(s) of hidden text left out")
        return "\n\n".join(filter(None, texts))


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


def _beside(part: Any, tree: "_Tree") -> dict[str, list[str]]:
    """The texts beside the main one, each once: of page headers, of page footers, and of notes, which say so."""
    found: dict[str, list[str]] = {"header": [], "footer": [], "note": []}
    for kind in ("header", "footer", "footnotes", "endnotes", "comments"):
        for relation in part.rels.values():
            if not relation.is_external and relation.reltype.endswith(f"/{kind}"):
                texts = found[kind if kind in found else "note"]
                texts += [text for text in _texts(relation.target_part.blob, kind, tree) if text not in texts]
    return found


def _texts(xml: bytes, kind: str, tree: "_Tree") -> Iterator[str]:
    from docx.oxml import parse_xml

    root = parse_xml(xml)
    if kind in ("header", "footer"):
        text = laid_out(root, tree.parts)
        if any(map(str.isalpha, text)):  # page numbers are no words
            yield text
        return
    for note in root:
        text = one_line(laid_out(note, tree.parts))
        if text and _attribute(note, "type") is None:  # those of a type are the lines that part notes from the text
            author = one_line(_attribute(note, "author") or "") if kind == "comments" else ""
            yield f"{kind.removesuffix('s').capitalize()}{f' by {author}' if author else ''}: {text}"


class _Tree:
    """The parts of a Word document's trees, and how many runs were left out as hidden."""

    def __init__(self) -> None:
        self.hidden = 0

    def parts(self, node: Any) -> list[Any]:
        name = _name(node)
        if not name or name in _DROPPED:
            return []
        if name == "t":
            return [" ".join(f"\0{node.text or ''}\0".split()).replace("\0", "")]
        if name in _CHARACTERS:
            return [_CHARACTERS[name]]
        if name == "r" and _is_hidden(node):
            self.hidden += any(_name(child) == "t" for child in node)
            return []
        children = [HEADER, *node] if name == "tr" and _is_header(node) else list(node)
        return element_parts(name, _GAPS, row="tr", cells=("tc",), children=children, span=_span(node))


def _name(node: Any) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""  # a comment's tag is a function


def _attribute(node: Any, name: str) -> str | None:
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), None)


def _property(node: Any, *path: str) -> Any:
    """The element at `path` below `node`, or None."""
    for name in path:
        node = next((child for child in node if _name(child) == name), None)
        if node is None:
            return None
    return node


def _is_on(node: Any) -> bool:
    return node is not None and _attribute(node, "val") not in ("0", "false", "off")


def _is_hidden(run: Any) -> bool:
    return _is_on(_property(run, "rPr", "vanish"))


def _span(cell: Any) -> int:
    spanned = _property(cell, "tcPr", "gridSpan") if _name(cell) == "tc" else None
    value = (_attribute(spanned, "val") or "") if spanned is not None else ""
    return int(value) if value.isdecimal() else 1


def _is_header(row: Any) -> bool:
    """Whether the cells of a table's row name its columns: it is marked as such, or reads so where it may be."""
    if _is_on(_property(row, "trPr", "tblHeader")):
        return True
    table = row.getparent()
    rows = [child for child in table[: _ROWS_LOOKED_AT + 2] if _name(child) == "tr"]
    look = _property(table, "tblPr", "tblLook")
    if not rows or rows[0] is not row or look is None or _attribute(look, "firstRow") in ("0", "false", None):
        return False
    cells = [[_words(cell) for cell in it if _name(cell) == "tc"] for it in rows]
    return len(rows) > 1 and len(cells[0]) > 1 and all(cells[0]) and has_header(cells)


def _words(cell: Any) -> str:
    return " ".join(node.text or "" for node in cell.iter() if _name(node) == "t").strip()

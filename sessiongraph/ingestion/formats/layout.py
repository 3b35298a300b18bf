"""Laying out what the tree of a page or of a Word document says: paragraphs, lines, and tables row by row.

A node of a tree gives pieces, which are texts, marks and further nodes.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sessiongraph.ingestion.formats.tabular import row_sentence
from sessiongraph.ingestion.formats.text import limited, one_line

# Characters that no text has here, to mark what is laid out once all of it is known
LINE = "\x01"  # what comes next starts a line, but leaves none blank
ROW_START, ROW_END = "\x02", "\x03"
HEADER = "\x04"  # within a row: its cells name the columns
CELL = "\x05"  # before each cell
TABLE = "\x06"  # where a table starts and ends
PARAGRAPH, BREAK = "\n\n", "\n"

_MARKS = f"{LINE}{ROW_START}{ROW_END}{HEADER}{CELL}{TABLE}"
_ROW = re.compile(f"{ROW_START}([^{ROW_START}{ROW_END}]*){ROW_END}|{TABLE}")
_LINE_STARTS = re.compile(f"[{LINE}{ROW_START}{ROW_END}]")


def laid_out(root: Any, parts: Callable[[Any], list[Any]]) -> str:
    """The text below `root`: each row of a table that holds no further one on one line, no other spaces kept.

    Where a table has a header, its rows name their columns.
    """
    text = limited(_rows_named(limited(_pieces(root, parts), "")), "")
    return "\n".join(line for part in text.split(BREAK) for line in _lines(part))


def _rows_named(text: str) -> Iterator[str]:
    columns: list[str] = []
    header = ""  # until a row has its names
    end = 0
    for match in _ROW.finditer(text):
        cells = [one_line(cell) for cell in (match[1] or "").replace(HEADER, "").split(CELL)][1:]
        named = match[0] != TABLE and HEADER not in match[0] and columns and len(cells) == len(columns) and any(cells)
        yield ("" if named else header) + text[end : match.start()]
        end, header = match.end(), ""
        if match[0] == TABLE:
            columns = []
        elif HEADER in match[0]:
            columns, header = cells, _row(cells)
        else:
            yield LINE + row_sentence(columns, cells) + LINE if named else _row(cells)
    yield header + text[end:]


def _row(cells: list[str]) -> str:
    return LINE + " | ".join(filter(None, cells)) + LINE


def _lines(part: str) -> list[str]:
    """The lines that are not blank, or one blank line: only breaks and paragraphs make those."""
    lines = (one_line(re.sub(f"[{_MARKS}]", " ", line)) for line in _LINE_STARTS.split(part))
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


def element_parts(
    name: str, gaps: dict[str, str], *, row: str, cells: tuple[str, ...], children: list[Any], span: int = 1
) -> list[Any]:
    """The pieces of an element: `row` and `cells` name those of tables, `span` says how many columns a cell takes."""
    if name == row:
        return [ROW_START, *children, ROW_END]
    if name in cells:
        return [CELL, *children, CELL * (min(span, 1000) - 1)]
    gap = gaps.get(name, "")
    return [gap, *children, gap]

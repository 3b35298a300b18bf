"""Markdown: as it is written, but for long tables, whose rows get their columns' names."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.tabular import row_sentence
from sessiongraph.ingestion.formats.text import limited, one_line, read_text

# A table that is longer falls into several passages, of which the first alone would have the header.
_LONG = 1000
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_RULE = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CELLS = re.compile(r"(?<!\\)\|")


def read_markdown(file: BinaryIO, notes: Notes) -> str:
    return limited(_lines(re.split(r"\r\n|\r|\n", read_text(file, notes))), "\n")


def _lines(lines: list[str]) -> Iterator[str]:
    fenced = False
    number = 0
    while number < len(lines):
        fenced ^= bool(_FENCE.match(lines[number]))
        size = 0 if fenced else _table_size(lines, number)
        table = lines[number : number + size]
        if sum(map(len, table)) > _LONG:
            columns = _cells(table[0])
            yield from (row_sentence(columns, _cells(row)) for row in table[2:])
        else:
            yield from table or [lines[number]]
        number += size or 1


def _table_size(lines: list[str], start: int) -> int:
    """How many lines the table has that starts at `start`; 0 where none does."""
    if start + 1 >= len(lines) or "|" not in lines[start] or "|" not in lines[start + 1]:
        return 0
    if not _RULE.fullmatch(lines[start + 1]) or len(_cells(lines[start])) != len(_cells(lines[start + 1])):
        return 0
    end = start + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    return end - start


def _cells(row: str) -> list[str]:
    cells = [one_line(cell.replace("\\|", "|")) for cell in _CELLS.split(row.strip())]
    return cells[not cells[0] : len(cells) - (len(cells) > 1 and not cells[-1])]

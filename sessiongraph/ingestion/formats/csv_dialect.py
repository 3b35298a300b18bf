"""The dialect of a CSV file: what separates its cells, which lines above the table are titles, whether it has a header.

Pure; what the rows become as text stands in tabular.py.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, pairwise

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.text import MAX_CHARACTERS

_SEPARATOR_LINE = re.compile(r"\"?sep=(\t|[^\w\s\"])\"?[ \t]*(?:\r\n|\r|\n|\Z)", re.IGNORECASE)
_ROWS_LOOKED_AT = 50
_NO_DELIMITER = "\x1f"
# What is a value and no column's name: a number, a day, a time, an address.
_VALUE = re.compile(
    r"[-+−(]?[\d.,’' \xa0]*\d[\d.,]*\)? ?[%€$£¥]?|[$€£¥] ?[\d.,]+|\d[\d./:\-T ]*\d(?:Z|[ap]m)?", re.IGNORECASE
)
_ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+|\+?[\d ()/-]{7,}|true|false", re.IGNORECASE)


def without_separator_line(text: str) -> tuple[str, str | None]:
    """`text` without the line in which Excel is told the delimiter, and that delimiter, if there is one."""
    if match := _SEPARATOR_LINE.match(text):
        return text[match.end() :], match[1]
    return text, None


def delimiter_of(text: str) -> str:
    """Which of , ; tab | gives the most of the first rows as many cells as each other; else one that is in no row.

    Not csv.Sniffer: it takes a frequent letter for a delimiter, and doubled quotes for two.
    """

    def fit(delimiter: str) -> tuple[int, int]:
        rows = first_rows(text, delimiter)
        width = table_width(rows)
        return (sum(len(row) == width for row in rows) if width > 1 else 0, width)

    best = max(",;\t|", key=fit)
    return best if fit(best)[0] else _NO_DELIMITER


def first_rows(text: str, delimiter: str) -> list[list[str]]:
    """The rows that a dialect is told by. A wrong quote in them is told when the rows are read for good."""
    rows: list[list[str]] = []
    with suppress(UnreadableDocumentError):
        for row in islice(rows_of(text, delimiter), _ROWS_LOOKED_AT):
            rows.append(row)
    return rows


def table_width(rows: Sequence[Sequence[str]]) -> int:
    """How many cells most of `rows` have; of two widths that are as common, the larger."""
    widths = Counter(map(len, rows))
    return max(widths, key=lambda width: (widths[width], width), default=0)


def rows_of(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows that are not blank. Raises UnreadableDocumentError with the line where quotes go wrong."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    # Strict: read leniently, one quote that is never closed swallows the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise UnreadableDocumentError(
            f"line {reader.line_num} is not valid CSV ({error}). Correct the quotes there."
        ) from None


def title_lines(rows: Sequence[Sequence[str]]) -> int:
    """How many of the first `rows` stand above the table: of one cell, where the table has several."""
    width = table_width(rows)
    if width < 2 or sum(len(row) == width for row in rows) < 2:
        return 0
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    first = next((number for number, row in enumerate(rows) if len(row) == width and filled[number] > 1), 0)
    return first if all(count == 1 for count in filled[:first]) else 0


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of `rows` names the columns: it holds no value, and nothing that stands below it again."""
    if len(rows) < 2:
        return True
    header = [cell.strip() for cell in rows[0]]
    if _counts_up(header):
        return True
    if any(is_value(cell) for cell in header):
        return False
    below = [{row[column].strip() for row in rows[1:] if column < len(row)} for column in range(len(header))]
    return not any(cell and cell in column for cell, column in zip(header, below, strict=True))


def is_value(cell: str) -> bool:
    """Whether `cell` is a number, a day, a time or an address, and so no name of a column."""
    return bool(_VALUE.fullmatch(cell) or _ADDRESS.fullmatch(cell))


def _counts_up(header: Sequence[str]) -> bool:
    """Whether the columns are numbered, or are years one after the other."""
    numbers = [int(cell) for cell in header if cell.isascii() and cell.isdigit() and len(cell) < 5]
    others = [cell for cell in header if cell and is_value(cell)]
    return len(numbers) > 1 and len(numbers) == len(others) and all(b - a == 1 for a, b in pairwise(numbers))

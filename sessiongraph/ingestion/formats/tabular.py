"""Tables and records: CSV, TSV, JSON and JSON Lines as lines that read as text and keep the fields' names."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.text import MAX_CHARACTERS, limited, one_line, read_text


def read_csv(file: BinaryIO) -> str:
    """Each row as "column: value; column: value."; what separates the values is found out."""
    text = read_text(file)
    return limited(_row_sentences(text, _delimiter(text)), "\n")


def read_tsv(file: BinaryIO) -> str:
    return limited(_row_sentences(read_text(file), "\t"), "\n")


def _delimiter(text: str) -> str:
    """Which of , ; tab | gives most of the first rows as many cells as the header; a comma where none does.

    Not csv.Sniffer: it takes a frequent letter for a delimiter, and doubled quotes for two.
    """

    def fit(delimiter: str) -> tuple[int, int]:
        rows: list[list[str]] = []
        with suppress(UnreadableDocumentError):  # a wrong quote is told when the rows are read for good
            for row in islice(_rows(text, delimiter), 20):
                rows.append(row)
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows) if width > 1 else 0, width)

    return max(",;\t|", key=fit)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    # Strict: read leniently, one quote that is never closed swallows the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise UnreadableDocumentError(
            f"line {reader.line_num} is not valid CSV ({error}). Correct the quotes there."
        ) from None


def _row_sentences(text: str, delimiter: str) -> Iterator[str]:
    rows = _rows(text, delimiter)
    columns = [one_line(name) for name in next(rows, [])]
    empty = True
    for row in rows:
        empty = False
        names = columns + [""] * (len(row) - len(columns))
        cells = ((name, one_line(cell)) for name, cell in zip(names, row, strict=False))
        sentence = "; ".join(f"{name}: {cell}" if name else cell for name, cell in cells if cell)
        yield sentence if sentence.endswith((".", "!", "?")) else sentence + "."
    if columns and empty:
        raise UnreadableDocumentError("it holds a header and no rows. Add rows below the header.")


def read_json(file: BinaryIO) -> str:
    value = _json(read_text(file))
    return limited(_records(value if isinstance(value, list) else [value]), "\n\n")


def read_jsonl(file: BinaryIO) -> str:
    lines = read_text(file).split("\n")
    values = (_json(line, number) for number, line in enumerate(lines, start=1) if line.strip())
    return limited(_records(values), "\n\n")


def _json(text: str, first_line: int = 1) -> Any:
    try:
        # Numbers stay as they are written: 1.10 is not 1.1, and a long one does not overflow.
        return json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        hint = " If each line is a value of its own, name the file .jsonl." if error.msg == "Extra data" else ""
        raise UnreadableDocumentError(
            f"it is not valid JSON: {error.msg} at line {first_line + error.lineno - 1}, "
            f"column {error.colno}. Correct it there.{hint}"
        ) from None
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> UnreadableDocumentError:
    return UnreadableDocumentError("its values are nested too deeply. Flatten it and add that.")


def _records(values: Iterable[Any]) -> Iterator[str]:
    """A paragraph a value: "path: value" lines, values that are empty left out."""
    for value in values:
        try:
            record = limited(_path_lines("", value), "\n")
        except RecursionError:
            raise _too_deep() from None
        if record:
            yield record


def _path_lines(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            name = one_line(key)
            yield from _path_lines(f"{path}.{name}" if path else name, item)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _path_lines(f"{path}[{index}]", item)
    else:
        items = value if isinstance(value, list) else [value]
        text = ", ".join(filter(None, map(_scalar, items)))
        if text:
            yield f"{path}: {text}" if path else text


def _scalar(value: str | bool | None) -> str:
    if isinstance(value, str):  # without blank lines: those part records
        return "\n".join(line.strip() for line in value.splitlines() if line.strip())
    return "" if value is None else str(value).lower()

"""Tables and records: CSV, TSV, JSON and JSON Lines as lines that read as text and keep the fields' names."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.chat_export import conversations, is_chat_export
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.csv_dialect import (
    delimiter_of,
    first_rows,
    has_header,
    rows_of,
    table_width,
    title_lines,
    without_separator_line,
)
from sessiongraph.ingestion.formats.text import limited, one_line, read_text


def read_csv(file: BinaryIO, notes: Notes) -> str:
    """Each row as "column: value; column: value."; what separates the values is found out."""
    text, delimiter = without_separator_line(read_text(file, notes))
    return limited(_table_lines(text, delimiter or delimiter_of(text), notes), "\n")


def read_tsv(file: BinaryIO, notes: Notes) -> str:
    text, _ = without_separator_line(read_text(file, notes))
    return limited(_table_lines(text, "\t" if "\t" in text else delimiter_of(text), notes), "\n")


def _table_lines(text: str, delimiter: str, notes: Notes) -> Iterator[str]:
    first = first_rows(text, delimiter)
    titles = title_lines(first)
    headed = has_header(first[titles:])
    rows = rows_of(text, delimiter)
    for row in islice(rows, titles):
        yield sentence(one_line(" ".join(row)))
    columns = [one_line(name) for name in next(rows, [])] if headed else []
    width = len(columns) if headed else table_width(first)
    if not headed:
        notes.warn("its first row holds values, so its columns have no names")
    empty, misfits = True, 0
    for row in rows:
        empty = False
        misfits += len(row) != width
        if len(row) == 1 and width > 2:  # a note among the rows
            yield sentence(one_line(row[0]))
        else:
            yield row_sentence(columns, [one_line(cell) for cell in row])
    if misfits:
        notes.warn(f"{misfits} row(s) do not have {width} cells, as the table has")
    if columns and empty:
        raise UnreadableDocumentError("it holds a header and no rows. Add rows below the header.")


def row_sentence(columns: Sequence[str], cells: Sequence[str]) -> str:
    """A row of a table as "column: value; column: value."; cells that are empty are left out."""
    names = [*columns[: len(cells)], *[""] * (len(cells) - len(columns))]
    return sentence(
        "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)
    )


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。")) else text + "."


def read_json(file: BinaryIO, notes: Notes) -> str:
    value = _json(read_text(file, notes))
    if is_chat_export(value):
        return limited(conversations(value, notes), "\n\n")
    return limited(_records(value if isinstance(value, list) else [value]), "\n\n")


def read_jsonl(file: BinaryIO, notes: Notes) -> str:
    lines = read_text(file, notes).split("\n")
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

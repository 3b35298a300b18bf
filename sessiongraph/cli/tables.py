"""Results in rows: as a table that fits, as one record under the other where none would, as JSON for programs.

Invariants: a word is broken only where it is longer than _LONGEST_WORD; in a pipe, each row is one line, whole. Ids are
shown as the shortest beginning that tells them apart in a terminal, and whole in a pipe.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from sessiongraph.cli.console import console, is_terminal, note, plain, show_json, width
from sessiongraph.types import User

T = TypeVar("T")

_LONGEST_WORD = 20
_GAP = 2
_SHORTEST_ID = 8
_ID = re.compile(r"[0-9a-f]{32,64}")


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole: str = "") -> None:
    """`rows` under `columns`; None is shown as nothing. The column `whole` holds ids, and is never broken."""
    cells = [["" if cell is None else str(plain(cell)) for cell in row] for row in rows]
    if whole:
        place = columns.index(whole)
        for row, id_ in zip(cells, short_ids([row[place] for row in cells]), strict=True):
            row[place] = id_
    out, fits = console(), width()
    out.print(plain(title, "bold"), soft_wrap=fits is None)
    if fits is None:
        return _print_lines(columns, cells)
    least = [_least_width(column, [row[n] for row in cells], column == whole) for n, column in enumerate(columns)]
    if sum(least) + _GAP * (len(least) - 1) > fits:
        return _print_records(columns, cells)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for column, wide in zip(columns, _widths(columns, cells, least, fits), strict=True):
        table.add_column(plain(column), width=wide, overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    out.print(table)


def _least_width(column: str, cells: Sequence[str], is_whole: bool) -> int:
    """What a column needs so that no word of it is broken."""
    words = [word for text in (column, *cells) for word in text.split()]
    if is_whole:
        return max(cell_len(text) for text in (column, *cells))
    return min(max(map(cell_len, words), default=1), _LONGEST_WORD)


def _widths(columns: Sequence[str], cells: Sequence[Sequence[str]], least: Sequence[int], fits: int) -> list[int]:
    """`least` and what is left of `fits`, given to those that need the fewest more first."""
    wanted = [
        max(cell_len(line) for text in (column, *(row[n] for row in cells)) for line in text.split("\n"))
        for n, column in enumerate(columns)
    ]
    widths, spare = list(least), fits - sum(least) - _GAP * (len(least) - 1)
    by_need = sorted(range(len(widths)), key=lambda n: wanted[n] - least[n])
    for place, n in enumerate(by_need):
        more = max(0, min(wanted[n] - least[n], spare // (len(by_need) - place)))
        widths[n] += more
        spare -= more
    return widths


def _print_lines(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *([" ".join(cell.split()) for cell in row] for row in cells)]
    widths = [max(cell_len(line[n]) for line in lines) for n in range(len(columns))]
    for line in lines:
        padded = (cell + " " * (wide - cell_len(cell)) for cell, wide in zip(line, widths, strict=True))
        console().print(Text((" " * _GAP).join(padded).rstrip()), soft_wrap=True)


def _print_records(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    for row in cells:
        console().print()
        show_record(dict(zip(columns, row, strict=True)))


def show_record(values: Mapping[str, object], gap: int = _GAP) -> None:
    """One thing: what is known of it, a line each, or more where it is long. What is empty is left out."""
    values = {name: value for name, value in values.items() if value not in (None, "")}
    names = max(map(cell_len, values), default=0)
    record = Table.grid(padding=(0, gap, 0, 0))
    record.add_column(width=names, style="dim")
    record.add_column(overflow="fold")
    for name, value in values.items():
        if width() is None:
            console().print(Text(f"{name:{names + gap}}{plain(value)}"), soft_wrap=True)
        else:
            record.add_row(plain(name), plain(value))
    if width() is not None:
        console().print(record)


def show_list(
    found: Sequence[T],
    as_json: bool,
    *,
    title: str,
    columns: Sequence[str],
    row: Callable[[T], Sequence[object]],
    empty: str,
    whole: str = "",
    json: Callable[[T], object] = lambda item: item,
) -> None:
    """What was found, as JSON or as a table of a `row` each; where there is nothing, `empty` says what to do."""
    if as_json:
        show_json([json(item) for item in found])
    elif found:
        show_table(title, columns, map(row, found), whole=whole)
    else:
        note(empty)


def show_users(found: Sequence[User], as_json: bool, *, title: str, empty: str) -> None:
    """Users by name, with their ids."""
    show_list(
        found,
        as_json,
        title=title,
        columns=["user", "id"],
        row=lambda user: (user.name, user.id),
        empty=empty,
        whole="id",
    )


def short_ids(ids: Sequence[str]) -> list[str]:
    """`ids` as they are shown: in a terminal, those that are hashes as their beginnings, long enough to differ."""
    hashes = {id_ for id_ in ids if _ID.fullmatch(id_)}
    if not is_terminal() or not hashes:
        return list(ids)
    length = _SHORTEST_ID
    while len({id_[:length] for id_ in hashes}) < len(hashes):
        length += 1
    return [id_[:length] if id_ in hashes else id_ for id_ in ids]


def short(id_: str | None) -> str:
    """One id as it is shown."""
    return short_ids([id_])[0] if id_ else ""

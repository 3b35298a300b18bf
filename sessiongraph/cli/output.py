"""How commands speak: results on stdout, everything else on stderr; tables, JSON, progress, errors.

Invariants:
- stdout carries results alone, so that a pipe gets nothing else; with --json it is one JSON document.
- Text from outside is shown as it is: no console here reads markup, and control characters (a terminal's escape
  sequences among them) are replaced.
"""

import asyncio
import dataclasses
import json
import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.types import Usage, User

T = TypeVar("T")

# Where there is no terminal to fit into: wide enough for ids to stay in one piece.
_PIPE_WIDTH = 160

# C0 and C1 but for tab and newline, and what turns the direction of writing around.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _console(stderr: bool) -> Console:
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    columns = os.environ.get("COLUMNS", "")
    # Said outright: for a terminal called dumb, rich takes 80 whatever COLUMNS says.
    width = None if is_terminal else int(columns) if columns.isdecimal() else _PIPE_WIDTH
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


_out = _console(stderr=False)
_err = _console(stderr=True)


def plain(value: object, style: str = "") -> Text:
    """`value` as text that cannot style, hide or move anything."""
    return Text(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value)), style)


def say(value: object, style: str = "") -> None:
    """A result, for people."""
    _out.print(plain(value, style), soft_wrap=not _out.is_terminal)


def note(value: object) -> None:
    """What helps but is no result, such as the next step."""
    _err.print(plain(value, "dim"), soft_wrap=True)


def warn(value: object) -> None:
    _err.print(plain(f"Warning: {value}", "yellow"), soft_wrap=True)


def fail(error: SessionGraphError) -> int:
    """Say `error` in one line; the exit code that it stands for."""
    _err.print(plain(f"Error: {' '.join(str(error).split())}", "bold red"), soft_wrap=True)
    return 2 if isinstance(error, InvalidInputError) else 1


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole: str = "") -> None:
    """`rows` under `columns`; None is shown as nothing. The column `whole` holds ids, and is never broken."""
    table = Table(title=plain(title), title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(plain(column), no_wrap=column == whole, overflow="fold")
    for row in rows:
        table.add_row(*(plain("" if cell is None else cell) for cell in row))
    _out.print(table)


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


def show_json(value: object) -> None:
    sys.stdout.write(to_json(value, indent=2) + "\n")


def to_json(value: object, indent: int | None = None) -> str:
    """`value` as JSON: dataclasses by their fields, times in ISO 8601 with their zone."""
    return json.dumps(value, indent=indent, default=_as_json)


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return _utc(value).isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def moment(value: datetime | None) -> str:
    """A time as tables show it, in UTC."""
    return f"{_utc(value):%Y-%m-%d %H:%M}" if value else ""


def _utc(value: datetime) -> datetime:
    """Times out of a dataset's store carry no zone; they are in UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def spent(usage: Usage) -> str:
    """What model calls used, in a few words."""
    if not (usage.calls or usage.embedding_calls):
        return "no model calls"
    cost = "price unknown" if usage.cost is None else f"${usage.cost:.4f}"
    tokens = usage.prompt_tokens + usage.completion_tokens + usage.embedding_tokens
    return f"{usage.calls} model and {usage.embedding_calls} embedding call(s), {tokens:,} tokens, {cost}"


def working(doing: str) -> AbstractContextManager[object]:
    """A spinner and the seconds gone by, on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    progress = Progress(*columns, console=_err, transient=True)
    progress.add_task(doing, total=None)
    return progress


def run(doing: str, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, with a spinner that says what is being done."""
    with working(doing):
        return asyncio.run(work)


def confirm(question: str, yes: bool) -> None:
    """Go on only where the answer is yes, or was given with --yes; where there is nobody to ask, refuse."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInputError(f"Not done without a yes: {question} Give --yes where nobody can be asked.")
    _err.print(plain(question, "bold"), end=" ")
    if input("[y/N] ").strip().lower() not in ("y", "yes"):
        note("Nothing was changed.")
        raise typer.Exit(1)

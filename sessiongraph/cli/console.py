"""Lines on stdout and stderr: results on stdout, everything else on stderr; errors, questions, and what helps.

Tables belong to `tables`, how far a command is to `progress`, and `output` has them all.

Invariants:
- stdout carries results alone, so that a pipe gets nothing else; with --json it is one JSON document.
- Text from outside is shown as it is: no console here reads markup, and control characters (a terminal's escape
  sequences among them) are replaced.
- In a terminal, lines are wrapped at words to its width; in a pipe nothing is wrapped or cut off.
"""

import dataclasses
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from sessiongraph.cli.wording import as_commands
from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.types import Usage

T = TypeVar("T")

# C0 and C1 but for tab and newline, and what turns the direction of writing around.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def console(stderr: bool = False) -> Console:
    """stdout, or stderr, as it is now: neither reads markup."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=_columns(stderr))


def _columns(stderr: bool) -> int | None:
    """What COLUMNS says, where it says something: for a terminal called dumb, rich would take 80 all the same."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and not is_terminal(stderr) else None


def is_terminal(stderr: bool = False) -> bool:
    return (sys.stderr if stderr else sys.stdout).isatty()


def width() -> int | None:
    """The columns that results have to fit into; None in a pipe, where nobody has said how many."""
    return console().width if is_terminal() else _columns(stderr=False)


def plain(value: object, style: str = "") -> Text:
    """`value` as text that cannot style, hide or move anything."""
    return Text(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value)), style)


def say(value: object, style: str = "") -> None:
    """A result, for people."""
    console().print(plain(value, style), soft_wrap=width() is None)


def note(value: object) -> None:
    """What helps but is no result."""
    _tell(value, "dim")


def next_step(command: str) -> None:
    """What to do next. Never wrapped, so that it can be copied."""
    console(stderr=True).print(plain(f"Next: {command}", "dim"), soft_wrap=True)


def warn(value: object) -> None:
    """What a person should know of. A library's call in it is said as the command that does the same."""
    _tell(f"Warning: {as_commands(str(value))}", "yellow")


class _LibraryWarnings(logging.Handler):
    """Says what the library, or what sends its spans, logs as a warning as all others are said."""

    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


@contextmanager
def library_warnings() -> Iterator[None]:
    """For as long as a command runs: without a handler, Python would print what is logged as bare lines."""
    loggers = [logging.getLogger(name) for name in ("sessiongraph", "opentelemetry")]
    handler = _LibraryWarnings(logging.WARNING)
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def fail(error: SessionGraphError, where: str = "") -> int:
    """Say `error` in one line, in commands, after `where` it came up; the exit code that it stands for."""
    _tell(f"Error: {where}{as_commands(' '.join(str(error).split()))}", "bold red")
    return exit_code(error)


def exit_code(error: SessionGraphError) -> int:
    return 2 if isinstance(error, InvalidInputError) else 1


def _tell(text: object, style: str) -> None:
    console(stderr=True).print(plain(text, style), soft_wrap=not is_terminal(stderr=True))


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


def confirm(question: str, yes: bool) -> None:
    """Go on only where the answer is yes, or was given with --yes; where there is nobody to ask, refuse."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInputError(f"Not done without a yes: {question} Give --yes where nobody can be asked.")
    console(stderr=True).print(plain(question, "bold"), end=" ")
    if input("[y/N] ").strip().lower() not in ("y", "yes"):
        note("Nothing was changed.")
        raise typer.Exit(1)

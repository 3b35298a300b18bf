"""Options that several commands share, so that each means the same everywhere."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.markup import escape

from sessiongraph.errors import InvalidInputError
from sessiongraph.types import User

UserName = Annotated[
    str | None,
    typer.Option("--user", "-u", metavar="NAME", help="Act as this user; without it, as the default user."),
]
DatasetName = Annotated[
    str, typer.Option("--dataset", "-d", metavar="NAME", help="The dataset, by name or owner/name.")
]
DatasetNames = Annotated[
    list[str] | None,
    typer.Option("--dataset", "-d", metavar="NAME", help="A dataset; may be repeated. Without it: all of yours."),
]
NodeSets = Annotated[
    list[str] | None,
    typer.Option("--node-set", "-n", metavar="NAME", help="Only what carries this tag; may be repeated."),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Try again what failed too often to be tried unasked.")
]
Reextract = Annotated[
    bool,
    typer.Option(
        "--reextract", help="Also extract anew what another model, schema or version extracted: see --dry-run."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and what it would cost.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to stdout, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


async def acting(name: str | None) -> User | None:
    """The user of that name, who is never created here; None means the default user."""
    from sessiongraph import users

    return await users.get(name) if name is not None else None


def examples(*commands: str, after: str = "") -> str:
    """What stands under a command's help: examples, each on a line of its own as it is typed, and what comes next."""
    shown = "\n\n".join(map(escape, commands))
    title = "Example" if len(commands) == 1 else "Examples"
    return f"[bold]{title}:[/]\n\n{shown}" + (f"\n\n[dim]{escape(after)}[/]" if after else "")


def user_pairs(pairs: list[str] | None) -> Mapping[str, str] | None:
    """What `--as-user OLD=NEW` says, given any number of times: who of elsewhere is who here; None for none."""
    if not pairs:
        return None
    found = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise InvalidInputError(f"--as-user is given as OLD=NEW, two names of users, not as {pair!r:.80}.")
        found[old] = new
    return found

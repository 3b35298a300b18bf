"""The command line: `sessiongraph COMMAND`. Each group of commands is a module; this one puts them together.

What belongs here is how a person is asked and answered; what is done stands in the Python API, which every command
calls once. Invariants, kept in `output`: stdout carries results alone (with --json, one JSON document), stderr all
else; nothing from outside is taken as markup. Nothing heavy is imported before a command runs.

Exit codes: 0 done; 1 failed, or some of it did (an error's message, or the report, says what); 2 refused as asked.
"""

import io
import sys
from typing import Annotated

import typer

from sessiongraph import telemetry
from sessiongraph.cli import (
    archive,
    changes,
    chat,
    datasets,
    dev,
    documents,
    entities,
    facts,
    forget,
    graph,
    hook,
    init,
    mcp,
    memory,
    persist,
    roles,
    search,
    serve,
    sessions,
    status,
    stored_documents,
    tenants,
    users,
    view,
    webhooks,
)
from sessiongraph.cli.console import library_warnings
from sessiongraph.cli.output import fail, say
from sessiongraph.errors import SessionGraphError

_MEMORY = "Build and ask, in this order"
_LOOK = "Look around"
_CARE = "Take care"

app = typer.Typer(
    name="sessiongraph",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""[bold]A first tour:[/]

sessiongraph add "Alice moved to Paris in 2010. She works as a software engineer." -d demo

sessiongraph cognify -d demo

sessiongraph search "Where does Alice live?" -d demo --session first

sessiongraph persist first -d demo

[dim]Everything is kept in $SESSIONGRAPH_HOME, by default .sessiongraph in this folder.
`sessiongraph COMMAND --help` has examples.[/]""",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"sessiongraph {version('sessiongraph')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Documents and conversations become one knowledge graph, and what was said in a session outlives its cache.

    The order of things: [bold]add[/] → [bold]cognify[/] → [bold]search[/] in a session → [bold]persist[/].
    """


documents.register(app, _MEMORY)
search.register(app, _MEMORY)
chat.register(app, _MEMORY)
persist.register(app, _MEMORY)
status.register(app, _LOOK)
view.register(app, _LOOK)
graph.register(app, _LOOK)
app.add_typer(changes.app, name="changes", rich_help_panel=_LOOK)
app.add_typer(stored_documents.app, name="documents", rich_help_panel=_LOOK)
app.add_typer(facts.app, name="facts", rich_help_panel=_LOOK)
app.add_typer(memory.app, name="memory", rich_help_panel=_LOOK)
app.add_typer(entities.app, name="entities", rich_help_panel=_LOOK)
app.add_typer(sessions.app, name="sessions", rich_help_panel=_LOOK)
app.add_typer(datasets.app, name="datasets", rich_help_panel=_LOOK)
app.add_typer(users.app, name="users", rich_help_panel=_LOOK)
app.add_typer(roles.app, name="roles", rich_help_panel=_LOOK)
app.add_typer(tenants.app, name="tenants", rich_help_panel=_LOOK)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=_LOOK)
serve.register(app, _LOOK)
mcp.register(app, _LOOK)
app.add_typer(hook.app, name="hook", rich_help_panel=_LOOK)
dev.register(app, _LOOK)
init.register(app, _LOOK)
archive.register(app, _CARE)
forget.register(app, _CARE)


def main() -> None:
    """Run the command that `sys.argv` holds, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a letter that the terminal does not have ends no command
    try:
        with library_warnings(), telemetry.exporting():
            app(prog_name="sessiongraph")
    except SessionGraphError as error:
        sys.exit(fail(error))

"""`dev`: the Dagster UI and its daemon, on the home that the other commands work on."""

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from sessiongraph.cli.output import note, warn
from sessiongraph.errors import InvalidInputError

_HOST = "127.0.0.1"
_WORKSPACE_COMMENT = "# Written anew by each `sessiongraph dev`. For more code locations: dagster dev -w FILE.\n"


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog="[bold]Example:[/]\n\nsessiongraph dev --port 3001\n\n[dim]Ctrl-C ends it.[/]",
    )(dev)


def dev(
    port: Annotated[
        int, typer.Option("--port", "-p", min=1, max=65535, help="Where the UI listens, on localhost.")
    ] = 3000,
) -> None:
    """Open the Dagster UI: assets, runs, schedules and sensors of this home. Ctrl-C ends it."""
    from sessiongraph.dagster.asset_keys import GRAPH_PAGE
    from sessiongraph.dagster_home import DagsterInstances, dagster_home
    from sessiongraph.settings import load_settings

    home = load_settings().home
    _refuse_taken_port(port)
    # Dagster's processes would all make its tables at once, and could break them.
    DagsterInstances().of(home)
    workspace = _write_workspace(home)
    note(f"Dagster's history is in {dagster_home(home)}. The UI will be at http://{_HOST}:{port}.")
    note(f"All assets at once: http://{_HOST}:{port}{GRAPH_PAGE}")
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home(home)), "SESSIONGRAPH_HOME": str(home)}
    raise typer.Exit(_run([*_DAGSTER_DEV, "-w", str(workspace), "-h", _HOST, "-p", str(port)], environment))


def _refuse_taken_port(port: int) -> None:
    """Raises InvalidInputError where nothing can listen on `port`: Dagster would say so in a traceback, and late."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((_HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                known = f"is taken. If `sessiongraph dev` runs already, open http://{_HOST}:{port}."
            else:
                known = f"cannot be used ({error.strerror})."
            raise InvalidInputError(f"Port {port} {known} Otherwise choose another: --port NUMBER.") from None


def _write_workspace(home: Path) -> Path:
    """The workspace of the project as it is installed now; what a person had written in its place is set aside."""
    from sessiongraph.project_files import project_folder, workspace_yaml

    file = home / "dagster" / "workspace.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    # As version 0.1.0 wrote it.
    if before and before != workspace_yaml() and not before.startswith(_WORKSPACE_COMMENT):
        aside = file.replace(file.with_name("workspace.old.yaml"))
        warn(f"{file} had been changed: it is {aside.name} now. To go on with it: dagster dev -w {aside}.")
    file.write_text(_WORKSPACE_COMMENT + workspace_yaml(project_folder()), encoding="utf-8")
    return file


# It says of itself that there is `dg dev`, which however runs only in a project's folder.
_DAGSTER_DEV = [sys.executable, "-W", "ignore", "-m", "dagster", "dev"]


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run `command` until it ends. Ctrl-C reaches it from the terminal, SIGTERM from here; it ends in its own time."""
    # Set first: what was started with SIGINT ignored, as shells do behind "&", would leave it so in the command, too.
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()

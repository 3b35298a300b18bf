"""`dev`: the Dagster UI and its daemon, on the home that the other commands work on."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from sessiongraph.cli.output import note

# The location's name is that of `pyproject.toml` and `workspace.yaml`: what is switched on under one is on in all.
_WORKSPACE = """\
load_from:
  - python_module:
      module_name: orchestration.definitions
      location_name: orchestration
"""


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
    from sessiongraph.dagster_home import DagsterInstances, write_dagster_home
    from sessiongraph.settings import load_settings

    home = load_settings().home
    dagster_home = Path(os.environ.get("DAGSTER_HOME") or write_dagster_home(home)).expanduser().absolute()
    workspace = dagster_home / "workspace.yaml"
    if not workspace.exists():
        workspace.write_text(_WORKSPACE, encoding="utf-8")
    note(f"Dagster's history is in {dagster_home}.")
    # Dagster's processes would all make its tables at once, and could break them.
    DagsterInstances().of(home)
    environment = {**os.environ, "DAGSTER_HOME": str(dagster_home), "SESSIONGRAPH_HOME": str(home)}
    raise typer.Exit(_run([*_DAGSTER_DEV, "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)], environment))


# It says of itself that there is `dg dev`, which however runs only in a project's folder.
_DAGSTER_DEV = [sys.executable, "-W", "ignore", "-m", "dagster", "dev"]


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run `command` until it ends. Ctrl-C reaches it from the terminal, SIGTERM from here; it ends in its own time."""
    # Set first: what was started with SIGINT ignored, as shells do behind "&", would leave it so in the command, too.
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()

"""`init`: the Dagster project, written out as one of the user's own."""

from pathlib import Path
from typing import Annotated

import typer

from sessiongraph.cli.options import examples
from sessiongraph.cli.output import note, say


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples("sessiongraph init my_memory", "cd my_memory", "dg dev"),
    )(init)


def init(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet, or is empty.", show_default=False)],
) -> None:
    """Write the Dagster project into a folder, to be changed: assets, resources, jobs, schedules, sensors, checks."""
    from sessiongraph.project_files import write_project

    write_project(folder)
    say(f"The project is in {folder}.")
    note(f"Next: cd {folder}; dg dev")

"""`users …`: who owns datasets and sessions."""

from typing import Annotated

import typer

import sessiongraph
from resources.types import User
from sessiongraph.cli.options import AsJson
from sessiongraph.cli.output import note, run, say, show_json, show_table

app = typer.Typer(no_args_is_help=True, help="Users: whose datasets and sessions there are.")


@app.command("list", epilog="[bold]Example:[/]\n\nsessiongraph users list")
def list_(as_json: AsJson = False) -> None:
    """All users, by name."""

    async def work() -> list[User]:
        return await sessiongraph.users.list()

    found = run("Looking up users…", work())
    if as_json:
        return show_json(found)
    if not found:
        return note("There is no user yet; the default user comes with the first thing done.")
    show_table("Users", ["user", "id"], [(user.name, user.id) for user in found], whole="id")


@app.command(epilog="[bold]Example:[/]\n\nsessiongraph users create ana@example.com")
def create(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AsJson = False) -> None:
    """A new user, whom --user then names."""

    async def work() -> User:
        return await sessiongraph.users.create(name)

    user = run("Creating…", work())
    if as_json:
        return show_json(user)
    say(f"User {user.name} was created.")

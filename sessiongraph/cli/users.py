"""`users …`: who owns datasets and sessions."""

from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli import keys
from sessiongraph.cli.options import AsJson, UserName, acting, examples
from sessiongraph.cli.output import run, say, show_json, show_users
from sessiongraph.types import User

app = typer.Typer(no_args_is_help=True, help="Users: whose datasets and sessions there are.")
app.add_typer(keys.app, name="key")


@app.command("list", epilog=examples("sessiongraph users list"))
def list_(user: UserName = None, as_json: AsJson = False) -> None:
    """The users whom the user may know of: those of their tenant, or all who are in none."""

    async def work() -> list[User]:
        return await sessiongraph.users.list(user=await acting(user))

    found = run("Looking up users…", work())
    show_users(found, as_json, title="Users", empty="There is no user yet. Make one: sessiongraph users create NAME")


@app.command(epilog=examples("sessiongraph users create ana@example.com"))
def create(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AsJson = False) -> None:
    """A new user, whom --user then names."""

    async def work() -> User:
        return await sessiongraph.users.create(name)

    user = run("Creating…", work())
    if as_json:
        return show_json(user)
    say(f"User {user.name} was created.")

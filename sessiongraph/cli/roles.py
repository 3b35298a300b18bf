"""`roles …`: named groups of users, to whom a dataset is granted at once."""

from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, UserName, Yes, acting, examples
from sessiongraph.cli.output import confirm, note, run, say, show_json, show_list, show_users
from sessiongraph.types import Role, User

app = typer.Typer(no_args_is_help=True, help="Roles: groups of users, to which datasets are granted.")

Name = Annotated[str, typer.Argument(metavar="ROLE", help="Its name, or tenant/name.")]
Other = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]


@app.command("list", epilog=examples("sessiongraph roles list"))
def list_(user: UserName = None, as_json: AsJson = False) -> None:
    """The roles that the user may know of."""

    async def work() -> list[Role]:
        return await sessiongraph.roles.list(user=await acting(user))

    found = run("Looking up roles…", work())
    show_list(
        found,
        as_json,
        title="Roles",
        columns=["role", "id"],
        row=lambda role: (role.key, role.id),
        empty="There is no role yet. Make one: sessiongraph roles create NAME",
        whole="id",
    )


@app.command(epilog=examples("sessiongraph roles create editors"))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="NAME", help="Of this tenant; without it, of the user's own.")
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """A new role, which `datasets grant --role` then names."""

    async def work() -> Role:
        owner = await acting(user)
        within = await sessiongraph.tenants.get(tenant, user=owner) if tenant is not None else None
        return await sessiongraph.roles.create(name, tenant=within, by=owner)

    role = run("Creating…", work())
    if as_json:
        return show_json(role)
    say(f"Role {role.key} was created.")
    note(f"Next: sessiongraph roles assign {role.key} USER")


@app.command(epilog=examples("sessiongraph roles users editors"))
def users(name: Name, user: UserName = None, as_json: AsJson = False) -> None:
    """Who is in a role."""

    async def work() -> list[User]:
        acting_user = await acting(user)
        role = await sessiongraph.roles.get(name, user=acting_user)
        return await sessiongraph.roles.users(role, user=acting_user)

    found = run("Looking up users…", work())
    empty = f"Nobody is in {name}. Put somebody in: sessiongraph roles assign {name} USER"
    show_users(found, as_json, title=f"Users in {name}", empty=empty)


@app.command(epilog=examples("sessiongraph roles assign editors ana@example.com"))
def assign(name: Name, other: Other, user: UserName = None) -> None:
    """Put a user into a role."""

    async def work() -> None:
        owner = await acting(user)
        role = await sessiongraph.roles.get(name, user=owner)
        await sessiongraph.roles.assign(role, await sessiongraph.users.get(other), by=owner)

    run("Assigning…", work())
    say(f"{other} is in {name}.")


@app.command(epilog=examples("sessiongraph roles unassign editors ana@example.com"))
def unassign(name: Name, other: Other, user: UserName = None) -> None:
    """Take a user out of a role."""

    async def work() -> None:
        owner = await acting(user)
        role = await sessiongraph.roles.get(name, user=owner)
        await sessiongraph.roles.unassign(role, await sessiongraph.users.get(other), by=owner)

    run("Unassigning…", work())
    say(f"{other} is not in {name}.")


@app.command(epilog=examples("sessiongraph roles delete editors"))
def delete(name: Name, user: UserName = None, yes: Yes = False) -> None:
    """Delete a role, and with it what was granted to it."""
    confirm(f"Delete role {name!r} with what was granted to it?", yes)

    async def work() -> None:
        owner = await acting(user)
        await sessiongraph.roles.delete(await sessiongraph.roles.get(name, user=owner), by=owner)

    run("Deleting…", work())
    say(f"Role {name} was deleted.")

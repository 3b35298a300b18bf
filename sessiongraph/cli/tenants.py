"""`tenants …`: users who see each other and nobody else."""

from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, UserName, Yes, acting, examples
from sessiongraph.cli.output import confirm, note, run, say, show_json, show_list, show_users
from sessiongraph.types import Tenant, User

app = typer.Typer(no_args_is_help=True, help="Tenants: users who see each other and nobody else.")

Name = Annotated[str, typer.Argument(metavar="TENANT", help="Its name.")]
Other = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]


@app.command("list", epilog=examples("sessiongraph tenants list"))
def list_(user: UserName = None, as_json: AsJson = False) -> None:
    """The tenants that the user owns or is in."""

    async def work() -> list[Tenant]:
        return await sessiongraph.tenants.list(user=await acting(user))

    found = run("Looking up tenants…", work())
    show_list(
        found,
        as_json,
        title="Tenants",
        columns=["tenant", "id"],
        row=lambda tenant: (tenant.name, tenant.id),
        empty="There is no tenant that this user owns or is in: all is shared by those who are in none.",
        whole="id",
    )


@app.command(epilog=examples("sessiongraph tenants create acme"))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME")], user: UserName = None, as_json: AsJson = False
) -> None:
    """A new tenant, owned by the user, with nobody in it."""

    async def work() -> Tenant:
        return await sessiongraph.tenants.create(name, by=await acting(user))

    tenant = run("Creating…", work())
    if as_json:
        return show_json(tenant)
    say(f"Tenant {tenant.name} was created.")
    note(f"Next: sessiongraph tenants add-user {tenant.name} USER")


@app.command(epilog=examples("sessiongraph tenants users acme"))
def users(name: Name, user: UserName = None, as_json: AsJson = False) -> None:
    """Who is in a tenant."""

    async def work() -> list[User]:
        acting_user = await acting(user)
        tenant = await sessiongraph.tenants.get(name, user=acting_user)
        return await sessiongraph.tenants.users(tenant, user=acting_user)

    found = run("Looking up users…", work())
    empty = f"Nobody is in {name}. Put somebody in: sessiongraph tenants add-user {name} USER"
    show_users(found, as_json, title=f"Users in {name}", empty=empty)


@app.command("add-user", epilog=examples("sessiongraph tenants add-user acme ana@example.com"))
def add_user(name: Name, other: Other, user: UserName = None) -> None:
    """Put a user into a tenant, who shares nothing with others yet."""

    async def work() -> None:
        owner = await acting(user)
        tenant = await sessiongraph.tenants.get(name, user=owner)
        await sessiongraph.tenants.add_user(tenant, await sessiongraph.users.get(other), by=owner)

    run("Adding…", work())
    say(f"{other} is in {name}.")


@app.command("remove-user", epilog=examples("sessiongraph tenants remove-user acme ana@example.com"))
def remove_user(name: Name, other: Other, user: UserName = None, yes: Yes = False) -> None:
    """Take a user out of a tenant. They keep what is theirs; what was shared with them, or by them, no longer is."""
    confirm(f"Take user {other!r} out of tenant {name!r}, and end what they share there?", yes)

    async def work() -> None:
        owner = await acting(user)
        tenant = await sessiongraph.tenants.get(name, user=owner)
        await sessiongraph.tenants.remove_user(tenant, await sessiongraph.users.get(other), by=owner)

    run("Removing…", work())
    say(f"{other} is not in {name}.")

"""`datasets …`: what a user may see, and who else may."""

from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli import dataset_schema
from sessiongraph.cli.options import AsJson, UserName, Yes, acting, examples
from sessiongraph.cli.output import confirm, run, say, show_json, show_list
from sessiongraph.types import Dataset, Permission, Role, User

app = typer.Typer(no_args_is_help=True, help="Datasets: the containers of documents, and who may do what with them.")
app.add_typer(dataset_schema.app, name="schema")

Name = Annotated[str, typer.Argument(metavar="DATASET", help="Its name, or owner/name.")]
Other = Annotated[str, typer.Argument(metavar="USER", help="The user's name, or the role's with --role.")]
IsRole = Annotated[bool, typer.Option("--role", help="USER is a role's name.")]
What = Annotated[Permission, typer.Argument(help="What they may do.")]


@app.command("list", epilog=examples("sessiongraph datasets list --user ana@example.com"))
def list_(user: UserName = None, as_json: AsJson = False) -> None:
    """The datasets that the user may read: their own, and those granted to them."""

    async def work() -> list[Dataset]:
        return await sessiongraph.datasets.list(user=await acting(user))

    found = run("Looking up datasets…", work())
    show_list(
        found,
        as_json,
        title="Datasets",
        columns=["dataset", "owner", "id"],
        row=lambda dataset: (dataset.name, dataset.owner_name, dataset.id),
        empty='There is no dataset yet. Begin one: sessiongraph add "…" --dataset NAME',
        whole="id",
        json=_as_json,
    )


def _as_json(dataset: Dataset) -> dict[str, str | bool]:
    return {
        "key": dataset.key,
        "name": dataset.name,
        "owner": dataset.owner_name,
        "id": dataset.id,
        "allow_secrets": dataset.allow_secrets,
    }


@app.command(epilog=examples("sessiongraph datasets create work"))
def create(
    name: Annotated[str, typer.Argument(metavar="DATASET")], user: UserName = None, as_json: AsJson = False
) -> None:
    """The user's dataset of that name, new or there already. (`add` creates what it is given, too.)"""

    async def work() -> Dataset:
        return await sessiongraph.datasets.create(name, user=await acting(user))

    dataset = run("Creating…", work())
    if as_json:
        return show_json(_as_json(dataset))
    say(f"{dataset.key} is there.")


@app.command(epilog=examples("sessiongraph datasets update vault --allow-secrets"))
def update(
    name: Name,
    allow_secrets: Annotated[
        bool, typer.Option("--allow-secrets/--mask-secrets", help="Whether keys, passwords and the like are let in.")
    ],
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Let secrets into a dataset, or have them masked in what comes in from now on, as they are by default."""

    async def work() -> Dataset:
        return await sessiongraph.datasets.update(name, allow_secrets=allow_secrets, user=await acting(user))

    dataset = run("Updating…", work())
    if as_json:
        return show_json(_as_json(dataset))
    say(f"Secrets are {'kept' if dataset.allow_secrets else 'masked'} in what comes into {dataset.key}.")


@app.command(epilog=examples("sessiongraph datasets grants work"))
def grants(name: Name, user: UserName = None, as_json: AsJson = False) -> None:
    """Who else may do what with a dataset."""

    async def work() -> list[tuple[User | Role, Permission]]:
        return await sessiongraph.datasets.grants(name, user=await acting(user))

    given = run("Looking up…", work())
    show_list(
        given,
        as_json,
        title=f"Grants on {name}",
        columns=["user", "may"],
        row=lambda grant: (f"role {grant[0].key}" if isinstance(grant[0], Role) else grant[0].name, grant[1]),
        empty=f"Nobody but its owner may do anything with {name}.",
        json=lambda grant: _grant_as_json(*grant),
    )


def _grant_as_json(to: User | Role, permission: Permission) -> dict[str, str]:
    whom = {"role": to.key} if isinstance(to, Role) else {"user": to.name}
    return {**whom, "permission": permission}


async def _grantee(name: str, is_role: bool, acting_user: User | None) -> User | Role:
    if is_role:
        return await sessiongraph.roles.get(name, user=acting_user)
    return await sessiongraph.users.get(name)


@app.command(epilog=examples("sessiongraph datasets grant work ana@example.com read"))
def grant(name: Name, other: Other, permission: What, role: IsRole = False, user: UserName = None) -> None:
    """Let another user, or whoever is in a role, read, write, delete or share a dataset."""

    async def work() -> None:
        granting = await acting(user)
        receiving = await _grantee(other, role, granting)
        await sessiongraph.datasets.grant(name, receiving, permission, by=granting)

    run("Granting…", work())
    say(f"{other} may {permission} {name}.")


@app.command(epilog=examples("sessiongraph datasets revoke work ana@example.com read"))
def revoke(name: Name, other: Other, permission: What, role: IsRole = False, user: UserName = None) -> None:
    """Take a permission back."""

    async def work() -> None:
        revoking = await acting(user)
        losing = await _grantee(other, role, revoking)
        await sessiongraph.datasets.revoke(name, losing, permission, by=revoking)

    run("Revoking…", work())
    say(f"{other} may no longer {permission} {name}.")


@app.command(epilog=examples("sessiongraph datasets delete work"))
def delete(name: Name, user: UserName = None, yes: Yes = False) -> None:
    """Delete a dataset with everything in it. Its sessions stay in the cache, where they are not expired."""
    confirm(f"Delete dataset {name!r} with its documents, its graph and its grants, for good?", yes)

    async def work() -> None:
        await sessiongraph.datasets.delete(name, user=await acting(user))

    run("Deleting…", work())
    say(f"Dataset {name} was deleted.")

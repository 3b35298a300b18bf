"""`entities …`: which names are taken for one entity and why, what it is, and a person's say in it."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting
from sessiongraph.cli.output import moment, note, run, say, show_json, show_list, show_table

if TYPE_CHECKING:
    from sessiongraph.api.entities import EntityCorrection
    from sessiongraph.entity_resolution.entity_resolver import Merge

app = typer.Typer(no_args_is_help=True, help="Entities: which names mean the same, what they are, and a say in it.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="One name, as a search shows it.")]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="The other name.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; shown with the merge.")]


@app.command(epilog="[bold]Example:[/]\n\nsessiongraph entities merges -d demo")
def merges(dataset: DatasetName, user: UserName = None, as_json: AsJson = False) -> None:
    """The names that were taken for another's, with the rule and the reason."""

    async def work() -> "list[Merge]":
        return await sessiongraph.entities.merges(dataset, user=await acting(user))

    found = run("Looking up merges…", work())
    if as_json:
        return show_json(found)
    if not found:
        return note(f"Every name in {dataset} is an entity of its own.")
    rows = [(merge.key, merge.into, merge.rule, merge.because) for merge in found]
    show_table(f"Merges in {dataset}", ["name", "is", "rule", "because"], rows)
    note("A wrong one? sessiongraph entities keep-apart NAME OTHER -d " + dataset)


@app.command(epilog='[bold]Example:[/]\n\nsessiongraph entities same "Bobby" "Robert Stone" -d demo')
def same(name: Name, other: Other, dataset: DatasetName, reason: Reason = "", user: UserName = None) -> None:
    """Take two names for one entity, whatever the rules say. `keep-apart` undoes it."""

    async def work() -> bool:
        return await sessiongraph.entities.same(dataset, name, other, reason=reason, user=await acting(user))

    say(f"{name} and {other} are one entity" + (" now." if run("Deciding…", work()) else ", as was decided before."))


@app.command(epilog='[bold]Example:[/]\n\nsessiongraph entities keep-apart "Alex" "Alex Chen" -d demo')
def keep_apart(name: Name, other: Other, dataset: DatasetName, reason: Reason = "", user: UserName = None) -> None:
    """Take two names for two entities, whatever the rules say. `same` undoes it."""

    async def work() -> bool:
        return await sessiongraph.entities.keep_apart(dataset, name, other, reason=reason, user=await acting(user))

    say(f"{name} and {other} are two entities" + (" now." if run("Deciding…", work()) else ", as was decided before."))


@app.command(epilog='[bold]Example:[/]\n\nsessiongraph entities correct "Acme" --type Organization -d demo')
def correct(
    name: Name,
    dataset: DatasetName,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="What it is: Person, Place, …")] = None,
    right: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What it is called.")] = None,
    user: UserName = None,
) -> None:
    """Say what an entity is, or what its right name is; the other one stays an alias."""

    async def work() -> bool:
        return await sessiongraph.entities.correct(dataset, name, type=type_, name=right, user=await acting(user))

    changed = run("Correcting…", work())
    say(f"{name} was corrected." if changed else f"{name} is that already.")


@app.command(epilog='[bold]Example:[/]\n\nsessiongraph entities undo "Acme" -d demo')
def undo(name: Name, dataset: DatasetName, user: UserName = None) -> None:
    """Take back what was said of the type and the name of an entity."""

    async def work() -> bool:
        return await sessiongraph.entities.undo(dataset, name, user=await acting(user))

    taken = run("Taking back…", work())
    say(f"{name} is what its sources say." if taken else f"Nobody corrected {name}: there is nothing to take back.")


@app.command(epilog="[bold]Example:[/]\n\nsessiongraph entities corrections -d demo")
def corrections(dataset: DatasetName, user: UserName = None, as_json: AsJson = False) -> None:
    """What people said of types and names of entities."""

    async def work() -> "list[EntityCorrection]":
        return await sessiongraph.entities.corrections(dataset, user=await acting(user))

    show_list(
        run("Looking up corrections…", work()),
        as_json,
        title=f"Corrected entities of {dataset}",
        columns=["name", "is a", "is called", "by", "on"],
        row=lambda it: (it.entity, it.type, it.name, it.corrected_by, moment(it.corrected_at)),
        empty=f"Nobody corrected an entity of {dataset}.",
    )

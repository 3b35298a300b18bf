"""`entities …`: which names are taken for one entity, why, and a person's say in it."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting
from sessiongraph.cli.output import note, run, say, show_json, show_table

if TYPE_CHECKING:
    from sessiongraph.entity_resolution.entity_resolver import Merge

app = typer.Typer(no_args_is_help=True, help="Entities: which names mean the same, and a say in it.")

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

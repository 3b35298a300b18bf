"""`entities …`: what a dataset knows of, which names are taken for one entity and why, and a person's say in it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.graph import facts_of, show_fact, sources
from sessiongraph.cli.ids import meant
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, note, run, say, short, show_json, show_list, show_record, show_table
from sessiongraph.errors import InvalidInputError
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    import networkx as nx

    from sessiongraph.api.entities import EntityCorrection
    from sessiongraph.entity_resolution.entity_resolver import Merge

app = typer.Typer(no_args_is_help=True, help="Entities: which names mean the same, what they are, and a say in it.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="One name, as a search shows it.")]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="The other name.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; shown with the merge.")]


@app.command("list", epilog=examples("sessiongraph entities list -d demo --type Person"))
def list_(
    dataset: DatasetName = MAIN_DATASET,
    type_: Annotated[str | None, typer.Option("--type", "-t", metavar="TYPE", help="Only those of this type.")] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """The entities of a dataset, those with the most facts first."""
    graph = run("Reading the graph…", _graph(dataset, user))
    found = [_summary(graph, id_) for id_ in graph if type_ in (None, graph.nodes[id_]["type"])]
    show_list(
        sorted(found, key=lambda entity: (-entity["facts"], entity["name"])),
        as_json,
        title=f"Entities of {dataset}",
        columns=["id", "entity", "type", "facts", "also called"],
        row=lambda it: (it["id"], it["name"], it["type"], it["facts"], ", ".join(it["aliases"])),
        empty=f"{dataset} has no entity of the type {type_}." if type_ else f"{dataset} has no entity.",
        whole="id",
    )


@app.command(epilog=examples('sessiongraph entities show "Alice" -d demo'))
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of its names, or its id, or how that begins.")],
    dataset: DatasetName = MAIN_DATASET,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """An entity: its names, what is known of it, and where that is stated."""
    graph = run("Reading the graph…", _graph(dataset, user))
    id_ = _meant(graph, name, dataset)
    entity, facts = graph.nodes[id_], [fact for fact in facts_of(graph) if id_ in (fact["from"], fact["to"])]
    if as_json:
        return show_json({"id": id_, **entity, "facts": facts})
    show_record(
        {
            "entity": entity["name"],
            "id": short(id_),
            "type": entity["type"],
            "also called": ", ".join(entity["aliases"]),
            "description": entity["description"],
            "node sets": ", ".join(entity["node_sets"]),
            "named in": sources(entity["evidence"]),
        }
    )
    for fact in facts:
        show_fact(fact)


async def _graph(dataset: str, user: str | None) -> "nx.MultiDiGraph":
    return await sessiongraph.graph(dataset, user=await acting(user))


def _summary(graph: "nx.MultiDiGraph", id_: str) -> dict[str, Any]:
    entity = graph.nodes[id_]
    aliases = [name for name in entity["aliases"] if name != entity["name"]]
    return {
        "id": id_,
        "name": entity["name"],
        "type": entity["type"],
        "facts": graph.degree(id_),
        "aliases": aliases,
        "description": entity["description"],
    }


def _meant(graph: "nx.MultiDiGraph", given: str, dataset: str) -> str:
    """The entity that bears that name or, where none does, that id. Raises InvalidInputError."""
    from sessiongraph.entity_resolution.entity_resolver import name_key

    key = name_key(given)
    bearing = [
        id_
        for id_, entity in graph.nodes(data=True)
        if key and key in {name_key(name) for name in (entity["name"], *entity["aliases"])}
    ]
    id_ = bearing[0] if bearing else meant(given, graph, "entities")
    if id_ not in graph:
        raise InvalidInputError(
            f"Dataset {dataset!r} has no entity called {given!r:.80}: `sessiongraph entities list` has all."
        )
    return id_


@app.command(epilog=examples("sessiongraph entities merges -d demo"))
def merges(dataset: DatasetName = MAIN_DATASET, user: UserName = None, as_json: AsJson = False) -> None:
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


@app.command(epilog=examples('sessiongraph entities same "Bobby" "Robert Stone" -d demo'))
def same(
    name: Name, other: Other, dataset: DatasetName = MAIN_DATASET, reason: Reason = "", user: UserName = None
) -> None:
    """Take two names for one entity, whatever the rules say. `keep-apart` undoes it."""

    async def work() -> bool:
        return await sessiongraph.entities.same(dataset, name, other, reason=reason, user=await acting(user))

    say(f"{name} and {other} are one entity" + (" now." if run("Deciding…", work()) else ", as was decided before."))


@app.command(epilog=examples('sessiongraph entities keep-apart "Alex" "Alex Chen" -d demo'))
def keep_apart(
    name: Name, other: Other, dataset: DatasetName = MAIN_DATASET, reason: Reason = "", user: UserName = None
) -> None:
    """Take two names for two entities, whatever the rules say. `same` undoes it."""

    async def work() -> bool:
        return await sessiongraph.entities.keep_apart(dataset, name, other, reason=reason, user=await acting(user))

    say(f"{name} and {other} are two entities" + (" now." if run("Deciding…", work()) else ", as was decided before."))


@app.command(epilog=examples('sessiongraph entities correct "Acme" --type Organization -d demo'))
def correct(
    name: Name,
    dataset: DatasetName = MAIN_DATASET,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="What it is: Person, Place, …")] = None,
    right: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What it is called.")] = None,
    user: UserName = None,
) -> None:
    """Say what an entity is, or what its right name is; the other one stays an alias."""

    async def work() -> bool:
        return await sessiongraph.entities.correct(dataset, name, type=type_, name=right, user=await acting(user))

    changed = run("Correcting…", work())
    say(f"{name} was corrected." if changed else f"{name} is that already.")


@app.command(epilog=examples('sessiongraph entities undo "Acme" -d demo'))
def undo(name: Name, dataset: DatasetName = MAIN_DATASET, user: UserName = None) -> None:
    """Take back what was said of the type and the name of an entity."""

    async def work() -> bool:
        return await sessiongraph.entities.undo(dataset, name, user=await acting(user))

    taken = run("Taking back…", work())
    say(f"{name} is what its sources say." if taken else f"Nobody corrected {name}: there is nothing to take back.")


@app.command(epilog=examples("sessiongraph entities corrections -d demo"))
def corrections(dataset: DatasetName = MAIN_DATASET, user: UserName = None, as_json: AsJson = False) -> None:
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

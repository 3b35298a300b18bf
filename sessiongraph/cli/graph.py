"""`graph`: what a dataset knows, as counts, as a table of facts, or as a GraphML file for other tools."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetName, NodeSets, UserName, acting, examples
from sessiongraph.cli.output import next_step, note, run, say, short_ids, show_json, show_table, to_json, width
from sessiongraph.errors import InvalidInputError
from sessiongraph.types import MAIN_DATASET, SESSION_NODE_SET

if TYPE_CHECKING:
    import networkx as nx

# How many of a kind the overview names.
_MOST = 10
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph graph --dataset demo",
            f"sessiongraph graph -d demo --table --node-set {SESSION_NODE_SET}",
            "sessiongraph graph --dataset demo --graphml demo.graphml",
        ),
    )(graph)


def graph(
    dataset: DatasetName = MAIN_DATASET,
    node_set: NodeSets = None,
    table: Annotated[bool, typer.Option("--table", help="Show every fact.")] = False,
    graphml: Annotated[
        Path | None,
        typer.Option("--graphml", metavar="FILE", dir_okay=False, help="Write the graph to a GraphML file."),
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """What a dataset knows: how many entities and facts there are, and which matter most."""
    if graphml is not None and not graphml.absolute().parent.is_dir():
        raise InvalidInputError(f"There is no folder {str(graphml.parent)!r} to write {graphml.name!r} into.")

    async def work() -> "nx.MultiDiGraph":
        return await sessiongraph.graph(dataset, user=await acting(user), node_sets=node_set)

    found = run("Reading the graph…", work())
    if graphml is not None:
        _write(found, graphml)
        note(f"{len(found)} entities and {found.number_of_edges()} facts were written to {graphml}.")
    if table:
        facts = facts_of(found)
        return show_json(facts) if as_json else _show_facts(facts, dataset)
    if as_json:
        return show_json({"dataset": dataset, **_overview(found)})
    if graphml is None:
        _show_overview(_overview(found), dataset)


def facts_of(graph: "nx.MultiDiGraph") -> list[dict[str, Any]]:
    """Every fact with the names that it connects, by subject."""
    names = graph.nodes(data="name")
    facts = [
        {"id": id_, "subject": names[subject], "object": names[object_], "from": subject, "to": object_, **fact}
        for subject, object_, id_, fact in graph.edges(keys=True, data=True)
    ]
    return sorted(facts, key=lambda fact: (fact["subject"], fact["relation"], fact["object"], fact["id"]))


def _overview(graph: "nx.MultiDiGraph") -> dict[str, Any]:
    import networkx as nx

    entities = [data for _, data in graph.nodes(data=True)]
    by_degree = sorted(graph.nodes, key=lambda node: (-graph.degree(node), graph.nodes[node]["name"]))
    return {
        "entities": len(entities),
        "facts": graph.number_of_edges(),
        "components": nx.number_weakly_connected_components(graph),
        "types": _counted(entity["type"] for entity in entities),
        "relations": _counted(fact["relation"] for *_, fact in graph.edges(data=True)),
        "node_sets": _counted(tag for entity in entities for tag in entity["node_sets"]),
        "most_connected": [
            {"name": graph.nodes[node]["name"], "type": graph.nodes[node]["type"], "facts": graph.degree(node)}
            for node in by_degree[:_MOST]
        ],
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value is there, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda count: (-count[1], count[0])))


def _show_overview(overview: dict[str, Any], dataset: str) -> None:
    say(f"{dataset}: {overview['entities']} entities, {overview['facts']} facts, {overview['components']} part(s).")
    rows = [(kind, *_named(overview[kind])) for kind in ("types", "relations", "node_sets") if overview[kind]]
    show_table(
        "What there is", ["", "how many", "the most frequent"], [(k.replace("_", " "), n, t) for k, n, t in rows]
    )
    entities = [tuple(entity.values()) for entity in overview["most_connected"]]
    show_table("Most connected entities", ["entity", "type", "facts"], entities)
    next_step(f"sessiongraph graph --dataset {dataset} --table")


def _named(counts: dict[str, int]) -> tuple[int, str]:
    listed = [f"{name} ({count})" for name, count in list(counts.items())[:_MOST]]
    return len(counts), ", ".join([*listed, "…"] if len(counts) > _MOST else listed)


def _show_facts(facts: list[dict[str, Any]], dataset: str) -> None:
    if width() is None:
        columns = ["subject", "relation", "object", "when", "statement", "by", "evidence"]
        rows = [
            (
                fact["subject"],
                fact["relation"],
                fact["object"],
                fact["valid_at"],
                fact["statement"],
                fact["stated_by"],
                sources(fact["evidence"]),
            )
            for fact in facts
        ]
        return show_table(f"Facts of {dataset}", columns, rows)
    say(f"Facts of {dataset}", "bold")
    for fact in facts:
        show_fact(fact)


def show_fact(fact: dict[str, Any]) -> None:
    """A fact in a terminal: what it says, and below it how it is kept and who states it where."""
    say("")
    say(fact["statement"])
    when = f" ({fact['valid_at']})" if fact["valid_at"] else ""
    say(f"  {fact['subject']} — {fact['relation']} — {fact['object']}{when}", "dim")
    who = "" if fact["stated_by"] == "document" else f"{fact['stated_by']}, "
    say(f"  {who}{sources(fact['evidence'])}", "dim")


def sources(evidence: list[dict[str, Any]]) -> str:
    """Where a fact or an entity is stated, each place once."""
    documents = short_ids([piece["document_id"] for piece in evidence])
    turns = short_ids([piece["turn_id"] or "" for piece in evidence])
    places = (
        f"turn {turn} of session {piece['session_id']}" if turn else f"document {piece['document']} ({document})"
        for piece, document, turn in zip(evidence, documents, turns, strict=True)
    )
    return ", ".join(dict.fromkeys(places))


def _write(graph: "nx.MultiDiGraph", file: Path) -> None:
    """GraphML knows no lists: attributes become strings, lists of names one a comma, evidence JSON."""
    import networkx as nx

    flat = nx.MultiDiGraph()
    for node, data in graph.nodes(data=True):
        flat.add_node(node, **{name: _flat(value) for name, value in data.items()})
    for subject, object_, key, data in graph.edges(keys=True, data=True):
        flat.add_edge(subject, object_, key=key, **{name: _flat(value) for name, value in data.items()})
    nx.write_graphml(flat, file)


def _flat(value: object) -> str:
    if isinstance(value, list):
        value = ", ".join(value) if all(isinstance(item, str) for item in value) else to_json(value)
    return _NOT_XML.sub("", "" if value is None else str(value))

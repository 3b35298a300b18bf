"""The story of sessiongraph, told by running it: what was said in a session outlives its cache.

    make demo        (or: python examples/session_persistence.py)

Everything is kept in SESSIONGRAPH_HOME, by default `.sessiongraph` in the working directory, for you to look at
afterwards. Run it again, and it says what is there already.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import sessiongraph
from sessiongraph import PersistReport, SearchType, get_default_user, persist_sessions_in_knowledge_graph_pipeline

DATASET = "session_demo"
SESSION = "demo_session"
NODE_SET = "user_sessions_from_cache"

# What is printed comes from documents and models, so nothing in it is markup.
console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 120)


async def main() -> None:
    user = await get_default_user()

    step("Add a document, and bring it into the graph")
    added = await sessiongraph.add(
        ["Alice moved to Paris in 2010. She works as a software engineer."], dataset_name=DATASET
    )
    console.print(f"{added.added} document added, {added.known} there already.")
    report = (await sessiongraph.cognify(datasets=[DATASET]))[DATASET]
    console.print(f"{report.count('persisted')} passage in the graph, {report.extracted} extracted now.")

    step("Ask twice in one session: the second question needs the first to be understood")
    await ask("Where does Alice live?", session_id=SESSION)
    await ask("What does she do for work?", session_id=SESSION)

    step("Persist the session into the graph")
    show_report(await persist(user))

    step("The cache goes")
    await sessiongraph.sessions.delete_session(SESSION)
    console.print(f"Turns in the cache: {len(await sessiongraph.sessions.get_turns(SESSION))}.")

    step("What was said is still found, in sources from sessions alone")
    await ask("Where does Alice live?", node_sets=[NODE_SET])

    step("Persisting once more finds nothing to do, and calls no model")
    show_report(await persist(user))

    step("The conversation goes on: one more turn, in which she is still Alice")
    question, answer = "Whom did she marry?", "She married Bob in Lisbon in 2015."
    await sessiongraph.sessions.add_turn(SESSION, question, answer, dataset=DATASET)
    console.print(f"{question} {answer}")
    show_report(await persist(user))

    step("What came into the graph from the session, and where each piece was said")
    show_graph(await sessiongraph.graph(DATASET, node_sets=[NODE_SET]))
    show_next()


def step(title: str) -> None:
    console.print()
    console.rule(title, align="left", style="cyan")


async def ask(question: str, **where: Any) -> None:
    """Ask the graph, and show the answer with what it rests on."""
    [result] = await sessiongraph.search(
        query_type=SearchType.GRAPH_COMPLETION, query_text=question, datasets=[DATASET], **where
    )
    console.print(question, style="dim")
    console.print(str(result), style="bold green")
    for citation in result.citations:
        place = f"session {citation.session_id}" if citation.session_id else f"document {citation.name}"
        console.print(f"  {citation.kind} of {place}: {' '.join(citation.text.split())}", style="dim")
    for warning in result.warnings:
        console.print(f"Warning: {warning}", style="yellow")


async def persist(user: sessiongraph.User) -> PersistReport:
    return await persist_sessions_in_knowledge_graph_pipeline(
        user=user, session_ids=[SESSION], dataset=DATASET, run_in_background=False
    )


def show_report(report: PersistReport) -> None:
    console.print(str(report), style="bold")
    console.print(f"Model calls: {report.usage.calls}, embedding calls: {report.usage.embedding_calls}.")
    for turn in report.sessions[SESSION].turns:
        reason = f" ({turn.reason})" if turn.reason else ""
        console.print(f"  turn {turn.turn_id}: {turn.disposition}{reason}, by run {turn.run_id}", style="dim")


def show_graph(graph: Any) -> None:
    """Entities and facts of the session; ids are cut to their first eight digits."""
    table = Table("", "what", "as it was said", "turn", "when (UTC)", "run")
    for _, entity in graph.nodes(data=True):
        add_row(table, "entity", f"{entity['name']} ({entity['type']})", entity["description"], entity["evidence"])
    for subject, object_, fact in graph.edges(data=True):
        names = (graph.nodes[subject]["name"], fact["relation"], graph.nodes[object_]["name"])
        add_row(table, "fact", " → ".join(names), fact["statement"], fact["evidence"])
    console.print(table)


def add_row(table: Table, kind: str, what: str, words: str, evidence: list[dict[str, Any]]) -> None:
    turns, runs = ("\n".join(dict.fromkeys(piece[name][:8] for piece in evidence)) for name in ("turn_id", "run_id"))
    table.add_row(kind, what, words, turns, f"{evidence[0]['said_at']:%Y-%m-%d %H:%M}", runs)


def show_next() -> None:
    step("Where to look next")
    beside_python = os.path.relpath(Path(sys.executable).with_name("sessiongraph"))
    command = "sessiongraph" if shutil.which("sessiongraph") else beside_python
    for purpose, arguments in (
        ("all of it in a browser: ask, look, add, put right", "view"),
        ("the Dagster UI, with what was done here in its history", "dev"),
        ("what there is, and what to do next", "status"),
        ("every fact, with its evidence", f"graph --dataset {DATASET} --table"),
        ("a conversation of your own", f"chat --dataset {DATASET} --session mine"),
        ("all of it, gone for good", f"forget --dataset {DATASET}"),
    ):
        console.print(f"  {command} {arguments}", style="bold", end="")
        console.print(f"   {purpose}", style="dim")


if __name__ == "__main__":
    asyncio.run(main())

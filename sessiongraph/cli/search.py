"""`search`: a question to the graph."""

from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli.answers import show_answer, show_warnings
from sessiongraph.cli.options import AsJson, DatasetNames, NodeSets, UserName, acting, examples
from sessiongraph.cli.output import note, run, say, short, show_json, spent
from sessiongraph.retrieval.results import SearchResult, SearchType

_TYPES = "One that answers: {}; or one that shows what it finds: {} (CYPHER takes a query as its question).".format(
    ", ".join(kind for kind in SearchType if kind.asks_model),
    ", ".join(kind for kind in SearchType if not kind.asks_model),
)
SessionId = Annotated[str | None, typer.Option("--session", "-s", metavar="ID", help="Ask in this session.")]
TopK = Annotated[int, typer.Option("--top-k", "-k", metavar="N", help="How many sources at the most.")]


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            'sessiongraph search "Where does Alice live?" -d demo --session first',
            'sessiongraph search "What does she do?" -d demo --session first',
            'sessiongraph search "Alice" --type chunks --sources',
            'sessiongraph search "MATCH (a)-[r]->(b) RETURN r.statement" -t cypher',
            after="Next: sessiongraph persist SESSION",
        ),
    )(search)


def search(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In quotation marks.")],
    query_type: Annotated[
        SearchType,
        typer.Option("--type", "-t", metavar="TYPE", case_sensitive=False, help=_TYPES),
    ] = SearchType.GRAPH_COMPLETION,
    session: SessionId = None,
    dataset: DatasetNames = None,
    top_k: TopK = 10,
    node_set: NodeSets = None,
    sources: Annotated[bool, typer.Option("--sources", help="Print the sources whole, not two lines of each.")] = False,
    only_context: Annotated[
        bool, typer.Option("--only-context", help="Print what a model would be given, and ask none.")
    ] = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Ask the graph. In a session, earlier questions are understood, and this one becomes its next turn."""

    async def work() -> list[SearchResult]:
        return await sessiongraph.search(
            question,
            query_type,
            datasets=dataset,
            session_id=session,
            user=await acting(user),
            top_k=top_k,
            node_sets=node_set,
            only_context=only_context,
        )

    [result] = run("Searching…", work())
    if as_json:
        show_warnings(result)
        return show_json(result)
    if only_context:
        show_warnings(result)
        return say(result.context)
    show_answer(result, whole=sources)
    if result.turn_id:
        note(f"Turn {short(result.turn_id)} of session {session}; {spent(result.usage)}.")

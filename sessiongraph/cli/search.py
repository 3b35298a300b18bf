"""`search`: a question to the graph."""

from typing import Annotated

import typer
from typer.models import OptionInfo

import sessiongraph
from sessiongraph.cli.answers import show_answer, show_warnings
from sessiongraph.cli.options import AsJson, DatasetNames, NodeSets, UserName, acting, examples
from sessiongraph.cli.output import note, run, say, short, show_json, spent
from sessiongraph.metadata import metadata_of_json
from sessiongraph.retrieval.results import SearchResult, SearchType

_TYPES = "One that answers: {}; or one that shows what it finds: {} (CYPHER takes a query as its question).".format(
    ", ".join(kind for kind in SearchType if kind.asks_model),
    ", ".join(kind for kind in SearchType if not kind.asks_model),
)
SessionId = Annotated[str | None, typer.Option("--session", "-s", metavar="ID", help="Ask in this session.")]
TopK = Annotated[int, typer.Option("--top-k", "-k", metavar="N", help="How many sources at the most.")]


def _date(option: str, meaning: str) -> OptionInfo:
    return typer.Option(option, metavar="DATE", help=f"{meaning} YYYY, YYYY-MM or YYYY-MM-DD.")


def _names(option: str, metavar: str, meaning: str) -> OptionInfo:
    return typer.Option(option, metavar=metavar, help=f"{meaning} May be repeated.")


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            'sessiongraph search "Where does Alice live?" -d demo --session first',
            'sessiongraph search "What does she do?" -d demo --session first',
            'sessiongraph search "Alice" --sources --said-since 2024-05 --kind session',
            """sessiongraph search "What is due?" --metadata '{"year": {"gte": 2024}}'""",
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
    said_since: Annotated[str | None, _date("--said-since", "Only what was said on this day or later.")] = None,
    said_until: Annotated[str | None, _date("--said-until", "Only what was said on this day or before.")] = None,
    valid_since: Annotated[str | None, _date("--valid-since", "Only facts that were true then or later.")] = None,
    valid_until: Annotated[str | None, _date("--valid-until", "Only facts that were true then or before.")] = None,
    kind: Annotated[list[str] | None, _names("--kind", "KIND", "document, transcript or session.")] = None,
    of_session: Annotated[list[str] | None, _names("--of-session", "ID", "Only turns of this session.")] = None,
    of_user: Annotated[list[str] | None, _names("--of-user", "NAME", "Only what this user said or added.")] = None,
    of_document: Annotated[list[str] | None, _names("--of-document", "ID", "Only this document.")] = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            "--metadata",
            metavar="JSON",
            help="Only what was given metadata that fits: a value, a list of values or a range for each name.",
        ),
    ] = None,
    sources: Annotated[bool, typer.Option("--sources", help="Print the sources whole, not two lines of each.")] = False,
    only_context: Annotated[
        bool, typer.Option("--only-context", help="Print what a model would be given, and ask none.")
    ] = False,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", metavar="N", help="With --only-context: how long it may be.")
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Ask the graph. In a session, earlier questions are understood, and this one becomes its next turn."""

    where = {
        "said_since": said_since,
        "said_until": said_until,
        "valid_since": valid_since,
        "valid_until": valid_until,
        "kinds": kind,
        "of_sessions": of_session,
        "of_users": of_user,
        "of_documents": of_document,
        "metadata": metadata_of_json(metadata),
    }
    given = {name: value for name, value in where.items() if value is not None}

    async def work() -> list[SearchResult]:
        return await sessiongraph.search(
            question,
            query_type,
            datasets=dataset,
            session_id=session,
            user=await acting(user),
            top_k=top_k,
            node_sets=node_set,
            where=given or None,
            only_context=only_context,
            max_tokens=max_tokens,
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

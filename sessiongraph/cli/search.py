"""`search` and `chat`: questions to the graph, one by one or as a conversation."""

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetNames, NodeSets, UserName, acting
from sessiongraph.cli.output import fail, moment, note, run, say, show_json, show_table, spent, to_json, warn, working
from sessiongraph.errors import InvalidInputError, LLMFailedError, StoreBusyError
from sessiongraph.ids import check_session_id
from sessiongraph.retrieval.results import Citation, SearchResult, SearchType
from sessiongraph.retrieval.search_types import SEARCH_PLANS

# What a question can meet without ending the conversation: the next one may fare better.
_PASSING = (InvalidInputError, LLMFailedError, StoreBusyError)

_TYPES = "One that answers: {}; or one that shows what it finds: {} (CYPHER takes a query as its question).".format(
    ", ".join(kind for kind in SearchType if kind not in SEARCH_PLANS or SEARCH_PLANS[kind].asks_model),
    ", ".join(kind for kind, known in SEARCH_PLANS.items() if not known.asks_model),
)
SessionId = Annotated[str | None, typer.Option("--session", "-s", metavar="ID", help="Ask in this session.")]
TopK = Annotated[int, typer.Option("--top-k", "-k", metavar="N", help="How many sources at the most.")]


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog="""[bold]Examples:[/]

sessiongraph search "Where does Alice live?" --dataset demo --session first

sessiongraph search "What does she do?" --dataset demo --session first

sessiongraph search "Alice" --type chunks --node-set user_sessions_from_cache

sessiongraph search "MATCH (a)-[r]->(b) RETURN a.name, r.statement" --type cypher

[dim]Next: sessiongraph persist SESSION --dataset NAME[/]""",
    )(search)
    app.command(
        rich_help_panel=panel,
        epilog="""[bold]Example:[/]

sessiongraph chat --session first --dataset demo

[dim]/quit or the end of the input (Ctrl-D) ends it. Next: sessiongraph persist SESSION[/]""",
    )(chat)


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
        _show_warnings(result)
        return show_json(result)
    if only_context:
        _show_warnings(result)
        return say(result.context)
    _show(result)
    if result.turn_id:
        note(f"Turn {result.turn_id} of session {session}; {spent(result.usage)}.")


def chat(
    session: SessionId = None,
    dataset: DatasetNames = None,
    user: UserName = None,
) -> None:
    """Talk to the graph: a session in the terminal. Without --session, a new one."""
    session_id = check_session_id(session or f"chat-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    with suppress(ImportError):  # line editing and history, where the platform has them
        import readline  # noqa: F401
    note(f"Session {session_id}. /quit ends it.")
    said = 0
    with asyncio.Runner() as runner:
        acting_user = runner.run(acting(user))
        while (question := _asked()) is not None:
            if not question:
                continue
            try:
                with working("Searching…"):
                    work = sessiongraph.search(question, datasets=dataset, session_id=session_id, user=acting_user)
                    [result] = runner.run(work)
            except _PASSING as error:
                fail(error)
                continue
            _show(result)
            said += result.turn_id is not None
    if said:
        where = f" --dataset {dataset[0]}" if dataset else ""
        note(f"{said} turn(s) are in the cache. Next: sessiongraph persist {session_id}{where}")


def _asked() -> str | None:
    """The next question, "" for an empty line, None at the end."""
    try:
        line = input("> " if sys.stdin.isatty() else "").strip()
    except (EOFError, KeyboardInterrupt):
        note("")  # what comes next is not to stand behind the prompt
        return None
    return None if line == "/quit" else line


def _show(result: SearchResult) -> None:
    if result.answer is not None:
        say(_marked(result), "bold" if result.answered else "")
    elif result.query_type is SearchType.GRAPH_REPORT:
        say(result.context)
    _show_warnings(result)
    if result.rows:
        _show_rows(result)
    if result.citations:
        _show_citations(result.citations, "Sources" if result.answered else "Sources, which do not answer it")
    elif not result.rows:
        note("No sources were found." if result.query_type is not SearchType.CYPHER else "The query found nothing.")


def _marked(result: SearchResult) -> str:
    """The answer, each sentence of it with the numbers of its sources as the table has them."""
    numbers = {citation.id: number for number, citation in enumerate(result.citations, 1)}
    sentences = []
    for claim in result.claims:
        marks = dict.fromkeys(numbers[citation.id] for citation in claim.citations if citation.id in numbers)
        sentences.append(f"{claim.text} {''.join(f'[{number}]' for number in marks)}".rstrip())
    return " ".join(sentences) or str(result)


def _show_rows(result: SearchResult) -> None:
    columns = list(dict.fromkeys(column for row in result.rows for column in row))
    rows = [[_cell(row.get(column)) for column in columns] for row in result.rows]
    show_table("Rows", columns, rows)


def _cell(value: object) -> object:
    return to_json(value) if isinstance(value, dict | list) else value


def _show_citations(citations: list[Citation], title: str) -> None:
    rows = [
        (number, _kind(citation), citation.text, _where(citation), citation.dataset, moment(citation.said_at))
        for number, citation in enumerate(citations, 1)
    ]
    show_table(title, ["", "kind", "text", "where", "dataset", "said (UTC)"], rows)


def _kind(citation: Citation) -> str:
    """What it is; of a fact that is true no more until when it was, of a corrected one by whom."""
    until = f"until {citation.valid_until}" if citation.valid_until else ""
    corrected = f"corrected by {citation.corrected_by}" if citation.corrected_by else ""
    return "\n".join(filter(None, (citation.kind, until, corrected)))


def _where(citation: Citation) -> str:
    if citation.session_id is None:
        return f"document {citation.name}\n{citation.document_id}"
    return f"session {citation.session_id}\nturn {citation.turn_id}"


def _show_warnings(result: SearchResult) -> None:
    for warning in result.warnings:
        warn(warning)

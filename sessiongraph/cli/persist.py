"""`persist`: what was said in sessions, into a dataset's graph, for good."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, DatasetName, DryRun, Reextract, RetryFailed, UserName, acting
from sessiongraph.cli.output import note, run, say, show_json, show_table, spent, warn
from sessiongraph.errors import InvalidInputError
from sessiongraph.types import MAIN_DATASET, SESSION_NODE_SET, User

if TYPE_CHECKING:
    from sessiongraph.persistence.estimate import PersistEstimate
    from sessiongraph.persistence.persist import PersistReport, TurnOutcome


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=f"""[bold]Examples:[/]

sessiongraph persist first --dataset demo

sessiongraph persist --all --dataset demo

sessiongraph persist --all --dataset demo --dry-run

[dim]Next: sessiongraph search "…" --node-set {SESSION_NODE_SET}[/]""",
    )(persist)


def persist(
    session_ids: Annotated[
        list[str] | None, typer.Argument(metavar="SESSION...", help="Session ids: sessions list.")
    ] = None,
    dataset: DatasetName = MAIN_DATASET,
    everything: Annotated[bool, typer.Option("--all", help="Every cached session of the user.")] = False,
    retry_failed: RetryFailed = False,
    reextract: Reextract = False,
    dry_run: DryRun = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Persist cached sessions into a dataset's graph, so that they outlive the cache.

    Only turns that are new, edited or rated otherwise are worked on, each exactly once.
    """
    if everything == bool(session_ids):
        raise InvalidInputError("Name the sessions to persist, or give --all: `sessiongraph sessions list` shows them.")

    async def named() -> "tuple[User | None, list[str]]":
        owner = await acting(user)
        return owner, session_ids or [it.session_id for it in await sessiongraph.sessions.list_sessions(user=owner)]

    async def estimate() -> "PersistEstimate":
        owner, ids = await named()
        return await sessiongraph.estimate_persist(owner, ids, dataset, retry_failed=retry_failed, reextract=reextract)

    async def work() -> "PersistReport":
        owner, ids = await named()
        persisting = sessiongraph.persist_sessions_in_knowledge_graph_pipeline
        return await persisting(owner, ids, dataset, retry_failed=retry_failed, reextract=reextract)

    if dry_run:
        _show_estimate(run("Looking at what would be done…", estimate()), dataset, as_json)
        return
    report = run("Persisting sessions…", work())
    if as_json:
        show_json(_summary(report))
    else:
        _show(report, dataset)
    for session_id in report.missing:
        warn(f"Neither the cache nor {dataset} knows session {session_id}.")
    for session_id, reason in report.unread.items():
        warn(f"Session {session_id} could not be read from the cache: {reason}")
    if report.quarantined:
        warn(f"{len(report.quarantined)} turn(s) failed too often to be tried again unasked: give --retry-failed.")
    if report.stale:
        note(f"{report.stale} turn(s) are stale: --reextract extracts them anew, with --dry-run it tells the price.")
    if report.failed or report.missing or report.unread:
        raise typer.Exit(1)


def _show_estimate(estimate: "PersistEstimate", dataset: str, as_json: bool) -> None:
    if as_json:
        show_json(estimate)
        return
    say(estimate)
    if estimate.turns:
        rows = [(it.session_id, it.turn_id, it.action, it.reason, "yes" if it.staged else "") for it in estimate.turns]
        columns = ["session", "turn", "would", "why", "staged"]
        show_table(f"Turns, if persisted into {dataset}", columns, rows, whole="turn")
        note("Nothing was written, and no model was called.")


def _summary(report: "PersistReport") -> dict[str, Any]:
    counts = {"persisted": report.persisted, "skipped": report.skipped, "failed": report.failed}
    counts["quarantined"] = len(report.quarantined)
    return {**asdict(report), **counts, "sessions": [asdict(outcome) for outcome in report.sessions.values()]}


def _became(turn: "TurnOutcome") -> str:
    return f"{turn.disposition}, quarantined" if turn.quarantined else turn.disposition


def _show(report: "PersistReport", dataset: str) -> None:
    say(report if report.sessions else "The cache holds no session, so none was persisted.")
    turns = [(id_, turn) for id_, outcome in report.sessions.items() for turn in outcome.turns]
    if turns:
        rows = [(session_id, turn.turn_id, _became(turn), turn.reason, turn.run_id) for session_id, turn in turns]
        columns = ["session", "turn", "became", "why", "by run"]
        show_table(f"Turns in {dataset}", columns, rows, whole="turn")
        note(f"{spent(report.usage)}. Next: sessiongraph graph --dataset {dataset} --node-set {SESSION_NODE_SET}")

"""`add` and `cognify`: documents into a dataset, and into its graph."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.options import (
    AsJson,
    DatasetName,
    DatasetNames,
    DryRun,
    Reextract,
    RetryFailed,
    UserName,
    acting,
    examples,
)
from sessiongraph.cli.output import Report, next_step, note, run, say, short, show_json, show_table, spent, warn
from sessiongraph.errors import InvalidInputError
from sessiongraph.metadata import metadata_of_json
from sessiongraph.types import MAIN_DATASET

if TYPE_CHECKING:
    from sessiongraph.extraction.build_graph import KnowledgeReport
    from sessiongraph.extraction.estimate import CognifyEstimate
    from sessiongraph.ingestion.ingest import IngestReport


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph add notes.md reports/ --dataset work",
            'sessiongraph add "Alice moved to Paris in 2010." -d demo --node-set people',
            'sessiongraph add plan.md --metadata \'{"project": "atlas"}\'',
            after="Next: sessiongraph cognify",
        ),
    )(add)
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph cognify --dataset work",
            "sessiongraph cognify --reextract --dry-run",
            "sessiongraph cognify --json",
            after='Next: sessiongraph search "…" --session NAME',
        ),
    )(cognify)


def add(
    things: Annotated[list[str], typer.Argument(metavar="PATH_OR_TEXT...", help="Files, folders, texts; - is stdin.")],
    dataset: DatasetName = MAIN_DATASET,
    node_set: Annotated[
        list[str] | None,
        typer.Option("--node-set", "-n", metavar="NAME", help="Tag the documents; may be repeated."),
    ] = None,
    said_at: Annotated[
        datetime | None,
        typer.Option(
            "--said-at",
            metavar="YYYY-MM-DD",
            formats=["%Y-%m-%d"],
            help="The day that they are of, where they do not say it themselves or say another.",
        ),
    ] = None,
    metadata: Annotated[
        str | None, typer.Option("--metadata", metavar="JSON", help="An object to search by; see search --metadata.")
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Put texts, files or folders (txt, md, html, csv, json, pdf, docx, vtt, srt, eml, mbox) into a dataset.

    What names something that is there is a path; what has several words is a text. The same content twice is one
    document.
    """
    data = [_path_or_text(thing) for thing in things]

    day = said_at.date() if said_at is not None else None

    async def work(progress: Report) -> "IngestReport":
        return await sessiongraph.add(
            data,
            dataset,
            user=await acting(user),
            node_set=node_set,
            said_at=day,
            metadata=metadata_of_json(metadata),
            progress=progress,
        )

    report = run("Reading documents…", work)
    for skipped in report.skipped:
        warn(f"Left out {skipped}")
    for name, warnings in report.warnings.items():
        warn(f"{name}: {'; '.join(warnings)}.")
    if as_json:
        return show_json(report)
    say(
        f"{report.added} document(s) added to {dataset} ({report.characters:,} characters), "
        f"{report.known} there already."
    )
    next_step(f"sessiongraph cognify --dataset {dataset}")


def _path_or_text(thing: str) -> str | Path:
    """A shell's user leaves out the "./" that the Python API tells paths by; a mistyped path must not become a text."""
    if thing == "-":
        return sys.stdin.read()
    if os.path.exists(thing):
        return Path(thing)
    if thing and not any(letter.isspace() for letter in thing) and "://" not in thing and not thing.startswith("~"):
        raise InvalidInputError(
            f"{thing!r} is not there, and one word is no text: check the path, or pipe the text in with `add -`."
        )
    return thing


def cognify(
    dataset: DatasetNames = None,
    retry_failed: RetryFailed = False,
    reextract: Reextract = False,
    dry_run: DryRun = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Bring what was added into the graph: entities, facts, and where each was stated.

    Only what is not there yet is sent to the model.
    """

    async def work(progress: Report) -> "dict[str, KnowledgeReport]":
        return await sessiongraph.cognify(
            dataset, user=await acting(user), retry_failed=retry_failed, reextract=reextract, progress=progress
        )

    async def estimate() -> "dict[str, CognifyEstimate]":
        return await sessiongraph.estimate_cognify(
            dataset, user=await acting(user), retry_failed=retry_failed, reextract=reextract
        )

    if dry_run:
        return _show_estimates(run("Looking at what would be done…", estimate()), as_json)
    reports = run("Reading documents into the graph…", work)
    summaries = [_summary(name, report) for name, report in reports.items()]
    if as_json:
        show_json(summaries)
    else:
        counts = ("dataset", "passages", "persisted", "failed", "extracted", "seconds")
        rows = [[summary[column] for column in counts] for summary in summaries]
        show_table("Documents in the graph", [*counts[:4], "extracted now", "seconds"], rows, whole="dataset")
        for name, report in reports.items():
            note(f"{name}: {spent(report.usage)}.")
    for name, report in reports.items():
        if report.dropped.total():
            from sessiongraph.graph_schema import dropped_by_schema

            note(f"{name}: {dropped_by_schema(report.dropped)}")
    if stale := sum(report.stale for report in reports.values()):
        note(f"{stale} passage(s) are stale: --reextract extracts them anew, with --dry-run it tells the price.")
    failures = [(summary["dataset"], failure) for summary in summaries for failure in summary["failures"]]
    for name, failure in failures:
        when = "with --retry-failed" if failure["quarantined"] else "by the next cognify"
        warn(f"Passage {short(failure['passage_id'])} of {name} failed, and is tried again {when}: {failure['reason']}")
    if failures:
        raise typer.Exit(1)


def _show_estimates(estimates: "dict[str, CognifyEstimate]", as_json: bool) -> None:
    if as_json:
        return show_json(estimates)
    for name, estimate in estimates.items():
        say(f"{name}: {estimate}")
    note("Nothing was written, and no model was called.")


def _summary(name: str, report: "KnowledgeReport") -> dict[str, Any]:
    return {
        "dataset": name,
        "run_id": report.run_id,
        "passages": report.passage_count,
        "persisted": report.count("persisted"),
        "failed": report.count("failed"),
        "quarantined": len(report.quarantined),
        "stale": report.stale,
        "extracted": report.extracted,
        "mentions": report.mentions,
        "claims": report.claims,
        "dropped": report.dropped,
        "usage": report.usage,
        "seconds": round(report.seconds, 2),
        "failures": [
            {"passage_id": passage_id, "reason": row.reason, "quarantined": row.quarantined}
            for passage_id, row in report.ledger.items()
            if row.disposition == "failed"
        ],
    }

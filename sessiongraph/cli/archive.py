"""`export`, `import`: a dataset as one file, to be kept, or to go on in another home."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, UserName, acting, examples, user_pairs
from sessiongraph.cli.output import Report, next_step, note, run, say, show_json
from sessiongraph.errors import InvalidInputError

if TYPE_CHECKING:
    from sessiongraph.api.archive import ExportReport, ImportReport


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        "export",
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph export work work.zip",
            "sessiongraph export work monday.zip --session monday",
            "sessiongraph export work may.zip --since 2026-05-01 --until 2026-06-01",
        ),
    )(export)
    app.command(
        "import",
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph import work.zip",
            "sessiongraph import work.zip --as work-of-may",
            "sessiongraph import work.zip --as-user ana=ana@example.com",
        ),
    )(import_)


def export(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Its name, or owner/name.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The file to write, which is not there yet.")],
    session: Annotated[
        list[str] | None,
        typer.Option("--session", "-s", metavar="ID", help="Only this session, without documents; may be repeated."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only sessions with a turn from then on (ISO 8601; else UTC)."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Only sessions with a turn before then.")
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Write a dataset into one file: documents, persisted sessions, graph, corrections and vectors. Its owner may."""

    async def work(report: Report) -> "ExportReport":
        return await sessiongraph.export_dataset(
            dataset,
            file,
            session_ids=session,
            since=_moment(since, "--since"),
            until=_moment(until, "--until"),
            user=await acting(user),
            progress=report,
        )

    done = run("Exporting…", work)
    if as_json:
        return show_json({**vars(done), "file": str(done.file)})
    say(
        f"{done.dataset} was written to {done.file}: {sum(done.rows.values()):,} rows, {done.files} original(s) and "
        f"{done.users} user(s) in {done.bytes:,} bytes."
    )
    note("It holds what was said, unencrypted, and `forget` does not reach it.")
    next_step(f"sessiongraph import {done.file.name}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="What `export` wrote.")],
    as_name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The dataset's name; without it, the one that it had.")
    ] = None,
    as_user: Annotated[
        list[str] | None,
        typer.Option(
            "--as-user", metavar="OLD=NEW", help="The archive's user OLD is the user NEW here; may be repeated."
        ),
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Make the dataset of an exported file, as it was, without calling a model. It belongs to you."""

    async def work(report: Report) -> "ImportReport":
        return await sessiongraph.import_dataset(
            file, as_name, as_users=user_pairs(as_user), user=await acting(user), progress=report
        )

    done = run("Importing…", work)
    if as_json:
        return show_json(_as_json(done))
    say(
        f"{done.dataset.key} was made of an export of {done.exported_at:%Y-%m-%d %H:%M} UTC: {done.documents} "
        f"document(s), {done.sessions} session(s) of {done.turns} turn(s)."
    )
    for old, new in done.users.items():
        note(f"The archive's {old} is {new} here.")
    next_step(f'sessiongraph search "…" --dataset {done.dataset.name}')


def _as_json(done: "ImportReport") -> dict[str, Any]:
    dataset = {"key": done.dataset.key, "name": done.dataset.name, "id": done.dataset.id}
    return {**vars(done), "dataset": dataset}


def _moment(value: str | None, option: str) -> date | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidInputError(
            f"{option} is a day or a time, such as 2026-05-01 or 2026-05-01T09:30+02:00, not {value!r:.60}."
        ) from error

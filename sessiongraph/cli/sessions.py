"""`sessions …`: what the cache holds, and what was persisted of it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.ids import meant
from sessiongraph.cli.options import AsJson, UserName, Yes, acting, examples, user_pairs
from sessiongraph.cli.output import (
    Report,
    confirm,
    moment,
    next_step,
    note,
    run,
    say,
    short_ids,
    show_json,
    show_list,
    show_table,
    warn,
)
from sessiongraph.cli.wording import as_commands
from sessiongraph.errors import CacheUnavailableError, InvalidInputError, SessionsNotFoundError
from sessiongraph.ids import check_session_id
from sessiongraph.secret_masking import told
from sessiongraph.types import SessionInfo, Turn, User

if TYPE_CHECKING:
    from sessiongraph.importers.import_sessions import ImportReport

# Sessions that are shown of an import.
_MOST_SHOWN = 20

app = typer.Typer(no_args_is_help=True, help="The sessions in the cache: what is not persisted yet can expire here.")


@app.command("list", epilog=examples("sessiongraph sessions list", "sessiongraph sessions list --persisted"))
def list_(
    persisted: Annotated[
        bool, typer.Option("--persisted", help="Those that are in a dataset, whether or not the cache has them still.")
    ] = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """The user's cached sessions, latest activity first."""
    if persisted:
        return _show_persisted(run("Looking into the datasets…", _persisted(user)), as_json)

    async def work() -> list[SessionInfo]:
        return await sessiongraph.sessions.list_sessions(user=await acting(user))

    found = run("Looking into the cache…", work())
    show_list(
        found,
        as_json,
        title="Cached sessions",
        columns=["session", "turns", "last activity (UTC)", "expires (UTC)"],
        row=lambda info: (info.session_id, info.turns, moment(info.last_activity), moment(info.expires_at)),
        empty='The cache holds no session. Begin one: sessiongraph search "…" --session NAME',
        whole="session",
    )


@dataclass(frozen=True)
class PersistedSession:
    """A session in a dataset: how many turns were staged there, and what became of them."""

    session_id: str
    dataset: str
    turns: int
    persisted: int
    failed: int
    since: datetime


async def persisted_sessions(user: User | None) -> list[PersistedSession]:
    """The user's sessions in all datasets that they may read."""
    owner = user or await sessiongraph.get_default_user()
    found = []
    for dataset in await sessiongraph.datasets.list(user=owner):
        for it in await sessiongraph.documents.list(dataset.id, user=owner):
            if it.session_id is not None and it.user_name == owner.name:
                name = dataset.name if dataset.owner_id == owner.id else dataset.key
                found.append(PersistedSession(it.session_id, name, it.passages, it.persisted, it.failed, it.added_at))
    return found


async def _persisted(user: str | None) -> list[PersistedSession]:
    return await persisted_sessions(await acting(user))


def _show_persisted(found: list[PersistedSession], as_json: bool) -> None:
    show_list(
        found,
        as_json,
        title="Persisted sessions",
        columns=["session", "dataset", "turns", "in the graph", "failed", "since (UTC)"],
        row=lambda it: (it.session_id, it.dataset, it.turns, it.persisted, it.failed, moment(it.since)),
        empty="No session was persisted. Persist one: sessiongraph persist SESSION",
        whole="session",
    )


@app.command(epilog=examples("sessiongraph sessions show first"))
def show(
    session_id: Annotated[str, typer.Argument(metavar="SESSION")], user: UserName = None, as_json: AsJson = False
) -> None:
    """The turns of a session, in the order in which they were said."""

    session_id, turns = run("Looking into the cache…", _turns(session_id, user))
    if not turns:
        raise _not_cached(session_id)
    if as_json:
        return show_json(turns)
    say(f"Session {session_id}", "bold")
    for turn, id_ in zip(turns, short_ids([turn.turn_id for turn in turns]), strict=True):
        rated = f", rated {turn.score}" if turn.score is not None else ""
        say("")
        say(f"turn {id_}, {moment(turn.created_at)} UTC{rated}", "dim")
        say(turn.question, "bold")
        say(turn.answer)


async def _turns(session_id: str, user: str | None) -> tuple[str, list[Turn]]:
    """The session that is meant by how its id begins, and its turns."""
    owner = await acting(user)
    session_id = await _cached(session_id, owner)
    return session_id, await sessiongraph.sessions.get_turns(session_id, user=owner)


async def _cached(session_id: str, user: User | None) -> str:
    return meant(
        check_session_id(session_id),
        [it.session_id for it in await sessiongraph.sessions.list_sessions(user=user)],
        "sessions",
    )


@app.command(
    "import",
    epilog=examples(
        "sessiongraph sessions import chatgpt.zip --dry-run",
        "sessiongraph sessions import chatgpt.zip --dataset work",
        'sessiongraph sessions import "WhatsApp Chat with Anna.zip" --me Ben',
        after="Next: sessiongraph persist --all",
    ),
)
def import_(
    export: Annotated[Path, typer.Argument(metavar="FILE", help="A zip, a JSON or JSONL file, or a folder of them.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", help="Where the turns belong. Without it: the user's main_dataset."
        ),
    ] = None,
    me: Annotated[
        str | None, typer.Option("--me", metavar="NAME", help="Who of them you are, in a chat of Slack or WhatsApp.")
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="chatgpt, claude, claude-code, slack, whatsapp or turns, where it is not to be found out.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Take the conversations of an export into the cache, from where they are persisted as any other session.

    Exports of ChatGPT, Claude, Claude Code, Slack, WhatsApp, and turns as JSONL. Importing again adds only what is new
    or was edited.
    """

    async def work(progress: Report) -> "ImportReport":
        return await sessiongraph.sessions.import_file(
            export,
            user=await acting(user),
            dataset=dataset,
            format=format_,
            me=me,
            dry_run=dry_run,
            progress=progress,
        )

    _show(run("Reading the export…", work), as_json)


def _show(report: "ImportReport", as_json: bool) -> None:
    _warn_of(report)
    if as_json:
        show_json(report)
    else:
        _show_import(report)
    if report.unread_count:
        raise typer.Exit(1)


@app.command(
    "import-cognee",
    epilog=examples(
        "sessiongraph sessions import-cognee redis://localhost:6379/0 --dry-run",
        "sessiongraph sessions import-cognee databases/cache.db -d work",
        "sessiongraph sessions import-cognee cache.db --as-user USER_ID=ana",
        after="Next: sessiongraph persist --all",
    ),
)
def import_cognee(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="cognee's Redis (redis://…), its cache.db, or the folder of its file cache."
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", help="Where the turns belong. Without it: each user's main_dataset."
        ),
    ] = None,
    as_user: Annotated[
        list[str] | None,
        typer.Option(
            "--as-user",
            metavar="ID=NAME",
            help="cognee's user ID is the user NAME here; may be repeated. Those left out stay out.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Take the sessions of cognee's session cache over, with their ids and ratings.

    Importing again adds only what is new, was edited or was rated.
    """

    async def work(progress: Report) -> "dict[str, ImportReport]":
        return await sessiongraph.sessions.import_cognee(
            source,
            as_users=user_pairs(as_user),
            user=await acting(user),
            dataset=dataset,
            dry_run=dry_run,
            progress=progress,
        )

    reports = run("Reading cognee's cache…", work)
    for report in reports.values():
        _warn_of(report)
    if as_json:
        show_json(reports)
    else:
        if not reports:
            say("cognee's cache holds no session.")
        for name, report in reports.items():
            if len(reports) > 1:
                say(f"Sessions of {name}", "bold")
            _show_import(report)
    if any(report.unread_count for report in reports.values()):
        raise typer.Exit(1)


@app.command(
    "import-langchain",
    epilog=examples(
        "sessiongraph sessions import-langchain redis://localhost:6379/0 --dry-run",
        "sessiongraph sessions import-langchain redis://localhost:6379/0 --dataset work",
        after="Next: sessiongraph persist --all",
    ),
)
def import_langchain(
    url: Annotated[str, typer.Argument(metavar="URL", help="The Redis: redis://host:port/database, or rediss://….")],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", "-d", metavar="NAME", help="Where the turns belong. Without it: the user's main_dataset."
        ),
    ] = None,
    key_prefix: Annotated[
        str | None, typer.Option("--key-prefix", metavar="TEXT", help="What the keys begin with, where you chose that.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Take over what LangChain's RedisChatMessageHistory keeps: langchain_community's or langchain-redis's.

    Importing again adds only what is new or was edited.
    """

    async def work() -> "ImportReport":
        return await sessiongraph.sessions.import_langchain(
            url, user=await acting(user), dataset=dataset, key_prefix=key_prefix, dry_run=dry_run
        )

    _show(run("Reading the Redis…", work()), as_json)


def _warn_of(report: "ImportReport") -> None:
    for place in report.unread:
        warn(f"Could not read {place}")
    if report.unread_count > len(report.unread):
        warn(f"Could not read {report.unread_count - len(report.unread):,} more place(s)")
    if report.secrets:
        warn(f"In what {'would be' if report.dry_run else 'was'} imported, {told(report.secrets)}.")
    if report.elsewhere:
        warn(
            f"{report.elsewhere:,} turn(s) belong to another dataset than {report.dataset} and stay there: to move "
            "them, delete the sessions from the cache and import again."
        )


def _show_import(report: "ImportReport") -> None:
    for what, count in report.left_out.items():
        note(f"Left out: {count:,} {what}")
    if report.sessions:
        show_table(
            "What would be imported" if report.dry_run else "Imported",
            ["session", "title", "turns", "new", "changed", "withdrawn", "first said (UTC)", "last said (UTC)"],
            [
                (
                    it.session_id,
                    it.title[:60],
                    it.turns,
                    it.new,
                    it.changed,
                    it.withdrawn,
                    moment(it.first_said) if it.first_said else "",
                    moment(it.last_said) if it.last_said else "",
                )
                for it in report.sessions[:_MOST_SHOWN]
            ],
        )
    if len(report.sessions) > _MOST_SHOWN:
        note(f"… and {len(report.sessions) - _MOST_SHOWN:,} more session(s): --json has them all.")
    say(("Would import " if report.dry_run else "") + as_commands(str(report)))
    if report.expires_at is not None:
        note(f"The cache keeps them until {moment(report.expires_at)} UTC: persist them before, or let Dagster do it.")
        next_step(f"sessiongraph persist --all --dataset {report.dataset}")


@app.command(
    epilog=examples("sessiongraph sessions delete first --yes", "sessiongraph sessions delete first --turn 31bc47d7")
)
def delete(
    session_id: Annotated[str, typer.Argument(metavar="SESSION")],
    turn: Annotated[str | None, typer.Option("--turn", metavar="ID", help="Only this turn of it.")] = None,
    user: UserName = None,
    yes: Yes = False,
) -> None:
    """Delete a session from the cache, or a turn. What was persisted of it stays, until it is forgotten."""

    async def find() -> tuple[str, str | None]:
        owner = await acting(user)
        found = await _cached(session_id, owner)
        if turn is None:
            return found, None
        known: list[Turn] = []
        with suppress(CacheUnavailableError):  # a damaged turn is to be deleted, too: by its whole id
            known = await sessiongraph.sessions.get_turns(found, user=owner)
        return found, meant(turn, [it.turn_id for it in known], "turns")

    async def work() -> bool:
        sessions, owner = sessiongraph.sessions, await acting(user)
        if turn_id is not None:
            return await sessions.delete_turn(found, turn_id, user=owner)
        return await sessions.delete_session(found, user=owner)

    found, turn_id = run("Looking into the cache…", find())
    what = f"turn {turn_id} of session {found}" if turn_id is not None else f"session {found}"
    confirm(f"Delete {what} from the cache?", yes)
    if not run("Deleting…", work()):
        raise _not_cached(found) if turn_id is None else InvalidInputError(f"The cache holds no {what}.")
    say(f"{what[0].upper()}{what[1:]} was deleted from the cache.")


def _not_cached(session_id: str) -> SessionsNotFoundError:
    return SessionsNotFoundError(
        f"The cache holds no session {session_id!r} of this user: `sessiongraph sessions list` shows those it holds.",
        (session_id,),
    )

"""`sessions …`: what the cache holds."""

from typing import Annotated

import typer

import sessiongraph
from sessiongraph.cli.options import AsJson, UserName, Yes, acting
from sessiongraph.cli.output import confirm, moment, run, say, show_json, show_list, show_table
from sessiongraph.errors import SessionsNotFoundError
from sessiongraph.types import SessionInfo, Turn

app = typer.Typer(no_args_is_help=True, help="The sessions in the cache: what is not persisted yet can expire here.")


@app.command("list", epilog="[bold]Example:[/]\n\nsessiongraph sessions list --json")
def list_(user: UserName = None, as_json: AsJson = False) -> None:
    """The user's cached sessions, latest activity first."""

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


@app.command(epilog="[bold]Example:[/]\n\nsessiongraph sessions show first")
def show(
    session_id: Annotated[str, typer.Argument(metavar="SESSION")], user: UserName = None, as_json: AsJson = False
) -> None:
    """The turns of a session, in the order in which they were said."""

    async def work() -> list[Turn]:
        return await sessiongraph.sessions.get_turns(session_id, user=await acting(user))

    turns = run("Looking into the cache…", work())
    if not turns:
        raise _not_cached(session_id)
    if as_json:
        return show_json(turns)
    rows = [(turn.turn_id, moment(turn.created_at), turn.question, turn.answer, turn.score) for turn in turns]
    columns = ["turn", "said (UTC)", "question", "answer", "score"]
    show_table(f"Session {session_id}", columns, rows, whole="turn")


@app.command(epilog="[bold]Example:[/]\n\nsessiongraph sessions delete first --yes")
def delete(
    session_id: Annotated[str, typer.Argument(metavar="SESSION")], user: UserName = None, yes: Yes = False
) -> None:
    """Delete a session from the cache. What was persisted of it stays, until it is forgotten."""
    confirm(f"Delete session {session_id!r} from the cache?", yes)

    async def work() -> bool:
        return await sessiongraph.sessions.delete_session(session_id, user=await acting(user))

    if not run("Deleting…", work()):
        raise _not_cached(session_id)
    say(f"Session {session_id} was deleted from the cache.")


def _not_cached(session_id: str) -> SessionsNotFoundError:
    return SessionsNotFoundError(
        f"The cache holds no session {session_id!r} of this user: `sessiongraph sessions list` shows those it holds.",
        (session_id,),
    )

"""`forget`: a turn, a session, a document, a user's sessions or all of a dataset, out of the graph for good."""

from typing import TYPE_CHECKING, Annotated

import typer

import sessiongraph
from sessiongraph.cli.ids import meant
from sessiongraph.cli.options import AsJson, Yes, acting, examples
from sessiongraph.cli.output import confirm, run, say, show_json
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name

if TYPE_CHECKING:
    from sessiongraph.api.forget import ForgetReport


def register(app: typer.Typer, panel: str) -> None:
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "sessiongraph forget --dataset demo --session first",
            "sessiongraph forget --dataset demo --session first --turn 0b7985d7",
            "sessiongraph forget --dataset demo --user ana@example.com",
            after="The ids stand in the sources of a search; how they begin is enough.",
        ),
    )(forget)


def forget(
    dataset: Annotated[str, typer.Option("--dataset", "-d", metavar="NAME", help="The dataset to forget it from.")],
    document: Annotated[str | None, typer.Option("--document", metavar="ID", help="A document.")] = None,
    session: Annotated[str | None, typer.Option("--session", "-s", metavar="ID", help="A session.")] = None,
    turn: Annotated[str | None, typer.Option("--turn", metavar="ID", help="A turn of that session.")] = None,
    # Without -u, which means the acting user elsewhere: a habit must not forget somebody.
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Whose session, or alone: all their sessions.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Act as this user.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take something out of the graph for good, as if it had never been put in: no word of it stays on disk.

    With --dataset alone, everything in the dataset. Turns leave the cache, too.
    """
    if turn is not None and session is None:
        raise InvalidInputError("Give the --session that the turn is in, too.")
    if document is not None:
        check_name(document, "document id")
    if document is not None or session is not None:
        document, session, turn = run("Looking it up…", _meant(dataset, document, session, turn, user, by))
    confirm(f"Forget {_target(document, session, turn, user)} of dataset {dataset!r}, for good?", yes)

    async def work() -> "ForgetReport":
        return await sessiongraph.forget(
            dataset,
            session_id=session,
            turn_id=turn,
            document_id=document,
            user=await acting(user),
            by=await acting(by),
        )

    report = run("Forgetting…", work())
    if as_json:
        return show_json(report)
    say(
        f"Forgotten: {report.documents} document(s) and session(s), {report.turns} turn(s); {report.cached_turns} "
        f"turn(s) left the cache, {report.extracted} were extracted anew without them."
    )


async def _meant(
    dataset: str, document: str | None, session: str | None, turn: str | None, user: str | None, by: str | None
) -> tuple[str | None, str | None, str | None]:
    """The whole ids of what is given by how its ids begin."""
    acting_user = await acting(by)
    known = await sessiongraph.documents.list(dataset, user=acting_user)
    if document is not None:
        return meant(document, [it.id for it in known], "documents"), session, turn
    assert session is not None
    owner = user or (acting_user or await sessiongraph.get_default_user()).name
    sessions = {it.session_id: it.id for it in known if it.session_id is not None and it.user_name == owner}
    session = meant(session, sessions, "sessions")
    if turn is not None and session in sessions:
        passages = (await sessiongraph.documents.get(dataset, sessions[session], user=acting_user)).passages_read
        turn = meant(turn, [it.turn_id for it in passages if it.turn_id is not None], "turns")
    return None, session, turn


def _target(document: str | None, session: str | None, turn: str | None, user: str | None) -> str:
    owner = f" of user {user!r}" if user else ""
    if document:
        return f"document {document!r}"
    if session:
        return f"turn {turn!r} of session {session!r}{owner}" if turn else f"session {session!r}{owner}"
    return f"all sessions{owner}" if user else "everything"

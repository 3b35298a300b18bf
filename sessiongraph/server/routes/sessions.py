"""`sessions.…`: what was said, written turn by turn, listed, rated, edited, deleted. Sessions are the caller's own."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile

from sessiongraph.api.session_import import import_file
from sessiongraph.api.session_states import SessionState, TurnState
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import (
    Deleted,
    EditBody,
    FeedbackBody,
    Imported,
    ItemPopped,
    ItemsBody,
    ItemsWritten,
    TurnBody,
    TurnWritten,
)
from sessiongraph.server.turn_keys import TurnKey
from sessiongraph.server.uploads import received_export
from sessiongraph.types import SessionInfo, Turn

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("")
async def list_sessions(client: Client, caller: Reader) -> list[SessionInfo]:
    """The caller's cached sessions, latest activity first."""
    return await client.sessions.list_sessions(user=caller.user)


@router.get("/states")
async def states(client: Client, caller: Reader) -> list[SessionState]:
    """All of the caller's sessions, cached or persisted: what waits, when it is due, and what datasets have."""
    return await client.sessions.states(user=caller.user)


@router.delete("")
async def clear(client: Client, caller: Writer) -> Deleted:
    """Delete all of the caller's sessions from the cache. What was persisted stays, until `forget`."""
    return Deleted(deleted=await client.sessions.clear(user=caller.user))


@router.post("/import")
async def import_sessions(
    file: Annotated[UploadFile, File(description="An export as it is: the zip, or a file of it.")],
    client: Client,
    caller: Writer,
    dataset: Annotated[str | None, Form()] = None,
    format: Annotated[str | None, Form()] = None,
    me: Annotated[str | None, Form(description="The caller's name in a chat among people.")] = None,
    dry_run: Annotated[bool, Form()] = False,
) -> Imported:
    """Take the conversations of an export into the cache: of ChatGPT, Claude, Claude Code, Slack, WhatsApp, or JSONL.

    A folder is sent as a zip. Importing again adds what is new.
    """
    async with received_export(file) as (path, name):
        report = await import_file(
            client.services, path, user=caller.user, dataset=dataset, format=format, me=me, dry_run=dry_run, name=name
        )
    return Imported.of(report)


@router.delete("/{session_id}")
async def delete_session(session_id: str, client: Client, caller: Writer) -> Deleted:
    """Delete a session from the cache. What was persisted stays, until `forget`."""
    return Deleted(deleted=await client.sessions.delete_session(session_id, user=caller.user))


@router.get("/{session_id}/items")
async def get_items(
    session_id: str, client: Client, caller: Reader, last: Annotated[int | None, Query(ge=1)] = None
) -> list[str]:
    """The data of the items that a program has put into a session, in order, or of the `last` ones."""
    return await client.sessions.get_items(session_id, user=caller.user, last=last)


@router.post("/{session_id}/items", status_code=201)
async def add_items(session_id: str, body: ItemsBody, client: Client, caller: Writer) -> ItemsWritten:
    """Add items of a program's own session, such as an agent's: messages, calls of tools, results. They make turns."""
    await client.sessions.add_items(session_id, body.items, user=caller.user, dataset=body.dataset)
    return ItemsWritten(added=len(body.items))


@router.delete("/{session_id}/items/last")
async def pop_item(session_id: str, client: Client, caller: Writer) -> ItemPopped:
    """Take the last item from a session, and from its turn. It is no `forget`: what was persisted stays."""
    return ItemPopped(data=await client.sessions.pop_item(session_id, user=caller.user))


@router.get("/{session_id}/turns", response_model_exclude={"__all__": {"items"}})
async def get_turns(
    session_id: str, client: Client, caller: Reader, last: Annotated[int | None, Query(ge=1)] = None
) -> list[Turn]:
    """The turns of a session in the order in which they were said, or its `last` ones; [] where there is none."""
    return await client.sessions.get_turns(session_id, user=caller.user, last=last)


@router.get("/{session_id}/outcomes")
async def outcomes(session_id: str, client: Client, caller: Reader) -> list[TurnState]:
    """The turns of a session, cached or persisted, with what became of each in which dataset, and why."""
    return await client.sessions.outcomes(session_id, user=caller.user)


@router.post("/{session_id}/turns", status_code=201)
async def add_turn(
    session_id: str, body: TurnBody, client: Client, caller: Writer, turn_key: TurnKey = None
) -> TurnWritten:
    """Add a turn to a session, which begins with its first. Sent again under the same key, it is the same turn."""
    turn_id = await client.sessions.add_turn(
        session_id,
        body.question,
        body.answer,
        user=caller.user,
        created_at=body.created_at,
        dataset=body.dataset,
        context=body.context,
        elements=body.elements,
        metadata=body.metadata,
        turn_id=turn_key,
    )
    return TurnWritten(turn_id=turn_id)


@router.patch("/{session_id}/turns/{turn_id}", response_model_exclude={"items"})
async def edit_turn(session_id: str, turn_id: str, body: EditBody, client: Client, caller: Writer) -> Turn:
    """Change what was said in a turn. The next persist retracts what only the old words supported."""
    return await client.sessions.edit_turn(
        session_id, turn_id, question=body.question, answer=body.answer, user=caller.user
    )


@router.put("/{session_id}/turns/{turn_id}/feedback", response_model_exclude={"items"})
async def add_feedback(session_id: str, turn_id: str, body: FeedbackBody, client: Client, caller: Writer) -> Turn:
    """Rate an answer from 1 (bad) to 5 (good). Answers rated 1 or 2 are kept out of the graph."""
    return await client.sessions.add_feedback(session_id, turn_id, score=body.score, text=body.text, user=caller.user)


@router.delete("/{session_id}/turns/{turn_id}")
async def delete_turn(session_id: str, turn_id: str, client: Client, caller: Writer) -> Deleted:
    """Delete a turn from the cache. What was persisted stays, until `forget`."""
    return Deleted(deleted=await client.sessions.delete_turn(session_id, turn_id, user=caller.user))

"""`forget`: a turn, a session, a document, a user's sessions or all of a dataset, out of the graph for good."""

from fastapi import APIRouter

from sessiongraph.api.forget import ForgetReport
from sessiongraph.api.forget_estimate import ForgetEstimate
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.known_users import known_user
from sessiongraph.server.schemas import ForgetBody, ForgetTarget

router = APIRouter(tags=["forget"])


@router.post("/forget")
async def forget(body: ForgetBody, client: Client, caller: Writer) -> ForgetReport:
    """Leave exactly the graph that would be there had the thing never been put in, and none of its words on disk.

    Needs the permission to delete on the dataset.
    """
    return await client.forget(
        body.dataset,
        session_id=body.session_id,
        turn_id=body.turn_id,
        document_id=body.document_id,
        user=None if body.user is None else await known_user(client, caller.user, body.user),
        by=caller.user,
        from_cache=body.from_cache,
    )


@router.post("/estimate_forget")
async def estimate_forget(body: ForgetTarget, client: Client, caller: Reader) -> ForgetEstimate:
    """The dry run of forget: what would go, and which facts and entities that nothing else states.

    Needs the permission to delete on the dataset.
    """
    return await client.estimate_forget(
        body.dataset,
        session_id=body.session_id,
        turn_id=body.turn_id,
        document_id=body.document_id,
        user=None if body.user is None else await known_user(client, caller.user, body.user),
        by=caller.user,
    )

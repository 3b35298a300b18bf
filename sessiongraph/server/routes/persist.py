"""`persist_sessions` and `estimate_persist`: what was said in sessions, into a dataset's graph, for good."""

from fastapi import APIRouter

from sessiongraph.persistence.estimate import PersistEstimate
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import PersistBody, Persisted

router = APIRouter(tags=["persist"])


@router.post("/persist_sessions")
async def persist_sessions(body: PersistBody, client: Client, caller: Writer) -> Persisted:
    """Persist the caller's cached sessions. Only turns that are new, edited or rated otherwise are worked on."""
    report = await client.persist_sessions(
        body.session_ids,
        body.dataset,
        user=caller.user,
        retry_failed=body.retry_failed,
        reextract=body.reextract,
        create=True,
    )
    return Persisted.of(report)


@router.post("/estimate_persist")
async def estimate_persist(body: PersistBody, client: Client, caller: Reader) -> PersistEstimate:
    """The dry run of persist_sessions: turn by turn what would be done, and what that would cost."""
    return await client.estimate_persist(
        body.session_ids, body.dataset, user=caller.user, retry_failed=body.retry_failed, reextract=body.reextract
    )

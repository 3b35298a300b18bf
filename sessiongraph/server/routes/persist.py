"""`persist_sessions` and `estimate_persist`: what was said in sessions, into a dataset's graph, for good."""

from typing import Any

from fastapi import APIRouter, Response

from sessiongraph.api.estimate import estimate_persist as estimate
from sessiongraph.api.persist import checked_session_ids
from sessiongraph.api.persist import persist_sessions as persist
from sessiongraph.persistence.estimate import PersistEstimate
from sessiongraph.persistence.persist import PersistReport
from sessiongraph.server.background import options_of, request_runs
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import PersistBody, Persisted, RunsRequested

router = APIRouter(tags=["persist"])


@router.post("/persist_sessions", responses={202: {"model": RunsRequested}})
async def persist_sessions(
    body: PersistBody, client: Client, caller: Writer, response: Response
) -> Persisted | RunsRequested:
    """Persist the caller's cached sessions. Only turns that are new, edited or rated otherwise are worked on."""
    if not body.wait:
        sessions = [{"user": caller.user.id, "session_id": it} for it in checked_session_ids(body.session_ids)]
        config: dict[str, dict[str, Any]] = {
            "session_turns": {"sessions": sessions, "whole": body.whole},
            "session_knowledge": options_of(body),
        }
        response.status_code = 202
        return await request_runs(client, caller, "persist_sessions", [body.dataset], config)
    report = await persist(
        client.services,
        body.session_ids,
        body.dataset,
        user=caller.user,
        run_in_background=False,
        retry_failed=body.retry_failed,
        reextract=body.reextract,
        create=True,
        whole=body.whole,
    )
    assert isinstance(report, PersistReport)
    return Persisted.of(report)


@router.post("/estimate_persist")
async def estimate_persist(body: PersistBody, client: Client, caller: Reader) -> PersistEstimate:
    """The dry run of persist_sessions: turn by turn what would be done, and what that would cost."""
    return await estimate(
        client.services,
        body.session_ids,
        body.dataset,
        user=caller.user,
        retry_failed=body.retry_failed,
        reextract=body.reextract,
        whole=body.whole,
    )

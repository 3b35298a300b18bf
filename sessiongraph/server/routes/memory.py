"""`memory.…`: what was learned of sessions beside their facts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from sessiongraph.api.memory import Profile, SessionLesson
from sessiongraph.persistence.lessons_estimate import LearnEstimate
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import LearnBody, Learned

router = APIRouter(prefix="/memory", tags=["memory"])


@router.get("/profiles")
async def profiles(
    dataset: str,
    client: Client,
    caller: Reader,
    speaker: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Profile]:
    """What stands about each person who speaks in sessions, or about one, by what it is about."""
    return await client.memory.profiles(dataset, speaker=speaker, limit=limit, user=caller.user)


@router.get("/lessons")
async def lessons(
    dataset: str,
    client: Client,
    caller: Reader,
    kind: Literal["decided", "open", "corrected", "worked"] | None = None,
    session_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[SessionLesson]:
    """What sessions teach as a whole, those read last first, each with the turns that it rests on."""
    return await client.memory.lessons(dataset, kind=kind, session_id=session_id, limit=limit, user=caller.user)


@router.post("/estimate_learn")
async def estimate_learn(body: LearnBody, client: Client, caller: Reader) -> LearnEstimate:
    """The dry run of learning: what it would read, and at which price. Writes nothing and calls no model."""
    return await client.memory.estimate_learn(
        body.dataset, retry_failed=body.retry_failed, relearn=body.relearn, user=caller.user
    )


@router.post("/learn")
async def learn(body: LearnBody, client: Client, caller: Writer) -> Learned:
    """Read the sessions of which something is new for what they teach: one call of the model each."""
    report = await client.memory.learn(
        body.dataset, retry_failed=body.retry_failed, relearn=body.relearn, user=caller.user
    )
    return Learned.of(report)

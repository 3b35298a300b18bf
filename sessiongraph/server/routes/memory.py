"""`memory.…`: what was learned of sessions beside their facts."""

from typing import Annotated

from fastapi import APIRouter, Query

from sessiongraph.api.memory import Profile
from sessiongraph.server.caller import Client, Reader

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

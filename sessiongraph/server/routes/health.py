"""`/livez` and `/readyz`: for whatever keeps the service running. They say nothing of anybody's data."""

import asyncio

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from sessiongraph.errors import CachingDisabledError, SessionGraphError
from sessiongraph.server.caller import Client
from sessiongraph.server.problems import describe, problem
from sessiongraph.server.who_persists import Persisting

router = APIRouter(tags=["health"])


class Live(BaseModel):
    alive: bool = True


class Ready(BaseModel):
    """`sessions` is whether they are kept at all, `persists` who brings what is said into the graph."""

    ready: bool = True
    sessions: bool
    persists: Persisting


@router.get("/livez")
async def livez() -> Live:
    """The process answers."""
    return Live()


@router.get("/readyz")
async def readyz(request: Request, client: Client) -> Ready:
    """Users and sessions can be read; a 503 where not."""
    try:
        sessions = await asyncio.to_thread(_check, client)
        return Ready(sessions=sessions, persists=request.app.state.persister.persisting)
    except SessionGraphError as error:
        described = {**describe(error, client.settings.home), "status": 503}
        return _as_it_is(problem(**described))


def _as_it_is(response: Response) -> Ready:
    return response  # type: ignore[return-value]  # FastAPI passes a Response on


def _check(client: Client) -> bool:
    client.services.access.default_user()
    try:
        client.services.cache.check()
    except CachingDisabledError:
        return False
    return True

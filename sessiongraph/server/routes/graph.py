"""Parts of graphs, to be looked at: `entities.neighbourhood` and `entities.outline`."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter
from starlette.responses import Response

from sessiongraph.api.fact_filter import FactFilter
from sessiongraph.api.neighbourhood import MOST_ENTITIES, Neighbourhood, Outline
from sessiongraph.server.caller import Client, Reader
from sessiongraph.server.schemas import Names

router = APIRouter(prefix="/graph", tags=["graph"])

_NEIGHBOURHOOD = TypeAdapter(Neighbourhood)
_Names = Annotated[Names, Query()]


@router.get("/neighbourhood")
async def neighbourhood(
    dataset: str,
    client: Client,
    caller: Reader,
    entity: _Names = [],  # noqa: B006  # FastAPI copies it
    query: str | None = None,
    expand: _Names = [],  # noqa: B006
    type: _Names = [],  # noqa: B006
    node_set: _Names = [],  # noqa: B006
    session_id: _Names = [],  # noqa: B006
    stated_by: _Names = [],  # noqa: B006
    said_since: date | None = None,
    said_until: date | None = None,
    held_at: Annotated[str | None, Query(description="YYYY, YYYY-MM or YYYY-MM-DD")] = None,
    include_superseded: bool = False,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTITIES)] = 200,
) -> Neighbourhood:
    """Entities around some, or those with the most facts, and the facts between them; and how much more there is."""
    only = FactFilter(type, node_set, session_id, stated_by, said_since, said_until, held_at, include_superseded)
    found = await client.entities.neighbourhood(
        dataset, entities=entity or None, query=query, expand=expand, only=only, limit=limit, user=caller.user
    )
    document = await asyncio.to_thread(_NEIGHBOURHOOD.dump_json, found)
    return Response(document, media_type="application/json")  # type: ignore[return-value]  # it may be large: made above


@router.get("/outline")
async def outline(dataset: str, client: Client, caller: Reader) -> Outline:
    """How much is in a graph, and what it can be narrowed to: types, node sets, sessions, who stated it, and when."""
    return await client.entities.outline(dataset, user=caller.user)

"""`facts.…`: facts one by one, and a person's word on one that is wrong."""

from typing import Annotated

from fastapi import APIRouter, Query

from sessiongraph.api.fact_records import Conflict, Fact
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import CorrectFactBody, FactBody

router = APIRouter(prefix="/facts", tags=["facts"])


@router.get("")
async def list_facts(
    dataset: str,
    client: Client,
    caller: Reader,
    entity: str | None = None,
    query: str | None = None,
    include_superseded: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Fact]:
    """Facts about an entity, with words of a query, or all; with who states them."""
    return await client.facts.list(
        dataset, entity=entity, query=query, include_superseded=include_superseded, limit=limit, user=caller.user
    )


@router.get("/fact")
async def fact(dataset: str, fact: str, client: Client, caller: Reader) -> Fact:
    """The fact whose id begins so, also one that is over, or that a person retracted."""
    return await client.facts.get(dataset, fact, user=caller.user)


@router.get("/conflicts")
async def conflicts(
    dataset: str, client: Client, caller: Reader, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[Conflict]:
    """Facts that contradict each other and of which none closes another: a person says which are right."""
    return await client.facts.conflicts(dataset, limit=limit, user=caller.user)


@router.post("/correct")
async def correct(body: CorrectFactBody, client: Client, caller: Writer) -> Fact:
    """Say what is right of a fact: its object, its relation, since when it holds, or when it ended."""
    return await client.facts.correct(
        body.dataset,
        body.fact,
        object=body.object,
        relation=body.relation,
        valid_at=body.valid_at,
        valid_until=body.valid_until,
        user=caller.user,
    )


@router.post("/retract")
async def retract(body: FactBody, client: Client, caller: Writer) -> Fact:
    """Say that a fact is wrong: it is shown and quoted as true no more."""
    return await client.facts.retract(body.dataset, body.fact, user=caller.user)


@router.post("/undo")
async def undo(body: FactBody, client: Client, caller: Writer) -> list[Fact]:
    """Take back what people said of a fact."""
    return await client.facts.undo(body.dataset, body.fact, user=caller.user)

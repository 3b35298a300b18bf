"""`entities.…`: entities, which names a dataset takes for one, why, and a person's say in it."""

from typing import Annotated

from fastapi import APIRouter, Query

from sessiongraph.api.entity_records import Entity, EntityCorrection, EntityRecord, NameDecision
from sessiongraph.entity_resolution.entity_resolver import Merge
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import Changed, CorrectEntityBody, EntityBody, EntityPairBody

router = APIRouter(prefix="/entities", tags=["entities"])


@router.get("")
async def list_entities(
    dataset: str,
    client: Client,
    caller: Reader,
    query: str | None = None,
    type: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Entity]:
    """Entities, those with the most facts first; with words of a query in a name, the best match first."""
    return await client.entities.list(dataset, query=query, type=type, limit=limit, user=caller.user)


@router.get("/entity")
async def entity(dataset: str, entity: str, client: Client, caller: Reader) -> EntityRecord:
    """The entity of that name or id: its names and why they are one, what people said of it, what names it."""
    return await client.entities.get(dataset, entity, user=caller.user)


@router.get("/decisions")
async def decisions(dataset: str, client: Client, caller: Reader) -> list[NameDecision]:
    """What people decided last of each two names: that they mean one entity, or two."""
    return await client.entities.decisions(dataset, user=caller.user)


@router.get("/merges")
async def merges(dataset: str, client: Client, caller: Reader) -> list[Merge]:
    """Every merge of two names, in their normal form, with the rule that it rests on and the reason."""
    return await client.entities.merges(dataset, user=caller.user)


@router.post("/same")
async def same(body: EntityPairBody, client: Client, caller: Writer) -> Changed:
    """Take two names for those of one entity, whatever the rules say."""
    return Changed(
        changed=await client.entities.same(body.dataset, body.a, body.b, reason=body.reason, user=caller.user)
    )


@router.post("/keep_apart")
async def keep_apart(body: EntityPairBody, client: Client, caller: Writer) -> Changed:
    """Take two names for those of two entities."""
    return Changed(
        changed=await client.entities.keep_apart(body.dataset, body.a, body.b, reason=body.reason, user=caller.user)
    )


@router.get("/corrections")
async def corrections(dataset: str, client: Client, caller: Reader) -> list[EntityCorrection]:
    """The types and names of entities that people corrected."""
    return await client.entities.corrections(dataset, user=caller.user)


@router.post("/correct")
async def correct(body: CorrectEntityBody, client: Client, caller: Writer) -> Changed:
    """Say what an entity is, or is called."""
    return Changed(
        changed=await client.entities.correct(
            body.dataset, body.entity, type=body.type, name=body.name, user=caller.user
        )
    )


@router.post("/undo")
async def undo(body: EntityBody, client: Client, caller: Writer) -> Changed:
    """Take back what people said of the type and the name of an entity."""
    return Changed(changed=await client.entities.undo(body.dataset, body.entity, user=caller.user))

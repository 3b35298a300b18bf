"""`entities.…`: which names a dataset takes for one entity, why, and a person's say in it."""

from fastapi import APIRouter

from sessiongraph.api.entities import EntityCorrection
from sessiongraph.entity_resolution.entity_resolver import Merge
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import Changed, CorrectEntityBody, EntityBody, EntityPairBody

router = APIRouter(prefix="/entities", tags=["entities"])


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

"""`entities.…`: which names a dataset takes for one entity, why, and a person's say in it."""

from fastapi import APIRouter

from sessiongraph.entity_resolution.entity_resolver import Merge
from sessiongraph.server.caller import Client, Reader, Writer
from sessiongraph.server.schemas import Changed, EntityPairBody

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

"""Entities: found by name, and one of them: its names and why they are one, its facts in time, what names it."""

from typing import Any

from starlette.responses import Response

from sessiongraph.api.fact_records import Fact
from sessiongraph.server.explorer.page import PageAsked, PageRouter

router = PageRouter()

_LISTED, _FACTS = 200, 500


@router.get("/entities")
async def entities(page: PageAsked, dataset: str, query: str = "", type: str = "") -> Response:
    """The entities of a dataset, those with the most facts first, or those that a query finds."""
    found = await page.client.entities.list(
        dataset, query=query.strip() or None, type=type or None, limit=_LISTED, user=page.user
    )
    outline = await page.client.entities.outline(dataset, user=page.user)
    return await page.show(
        "entities.html.j2",
        dataset=dataset,
        datasets=await page.datasets(),
        found=found,
        query=query,
        type=type,
        outline=outline,
        most=_LISTED,
    )


@router.get("/entity")
async def entity(page: PageAsked, dataset: str, entity: str) -> Response:
    """One entity, by a name or by its id."""
    record = await page.client.entities.get(dataset, entity, user=page.user)
    facts = await page.client.facts.list(
        dataset, entity=record.entity.id, include_superseded=True, limit=_FACTS, user=page.user
    )
    written = {name.key: name.wordings[0] for name in record.names}
    return await page.show(
        "entity.html.j2", dataset=dataset, record=record, written=written, most=_FACTS, **_by_state(facts)
    )


def _by_state(facts: list[Fact]) -> dict[str, Any]:
    """The facts that hold, those that are over and those that were never true, each in order of time."""
    holding = [it for it in facts if it.valid_until is None and not it.retracted]
    over = [it for it in facts if it.valid_until is not None and not it.retracted]
    return {
        "holding": sorted(holding, key=_since),
        "over": sorted(over, key=_since),
        "retracted": [it for it in facts if it.retracted],
        "replaced_by": {it.id: it for it in facts},
    }


def _since(fact: Fact) -> tuple[str, str]:
    return (fact.valid_at or f"{min(source.said_at for source in fact.sources):%Y-%m-%d}", fact.id)

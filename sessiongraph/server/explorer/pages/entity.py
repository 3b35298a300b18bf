"""Entities: found by name, and one of them: its names and why they are one, its facts in time, what names it."""

from starlette.responses import Response

from sessiongraph.api.list_pages import Place, entity_page, fact_page
from sessiongraph.server.explorer.page import PageAsked, PageRouter

router = PageRouter()

_LISTED, _FACTS = 100, 50


@router.get("/entities")
async def entities(page: PageAsked, dataset: str, query: str = "", type: str = "", page_number: int = 1) -> Response:
    """The entities of a dataset, those with the most facts first, or those that a query finds."""
    place = Place(page_number, _LISTED)
    found = await entity_page(page.client.services, dataset, query.strip() or None, type or None, place, page.user)
    outline = await page.client.entities.outline(dataset, user=page.user)
    return await page.show(
        "entities.html.j2",
        dataset=dataset,
        datasets=await page.datasets(),
        listed=found,
        query=query,
        type=type,
        outline=outline,
    )


@router.get("/entity")
async def entity(page: PageAsked, dataset: str, entity: str, page_number: int = 1) -> Response:
    """One entity, by a name or by its id."""
    record = await page.client.entities.get(dataset, entity, user=page.user)
    place = Place(page_number, _FACTS)
    facts = await fact_page(page.client.services, dataset, record.entity.id, place, page.user)
    written = {name.key: name.wordings[0] for name in record.names}
    return await page.show("entity.html.j2", dataset=dataset, record=record, written=written, facts=facts)

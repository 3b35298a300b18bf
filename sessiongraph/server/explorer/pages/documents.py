"""Documents: what is in a dataset, what failed and why, and what each passage brought; and where more is put in."""

from starlette.responses import Response

from sessiongraph.api.context import permitted
from sessiongraph.api.list_pages import Place, document_page
from sessiongraph.server.explorer.page import PageAsked, PageRouter
from sessiongraph.types import MAIN_DATASET

router = PageRouter()

_LISTED, _PASSAGES = 100, 50


@router.get("/documents")
async def documents(page: PageAsked, dataset: str = "", query: str = "", page_number: int = 1) -> Response:
    """The documents of a dataset, the newest first, and forms to add to it."""
    datasets = await page.datasets()
    chosen = await page.dataset(dataset, datasets)
    if chosen is None:
        return await page.show(
            "documents.html.j2", dataset=MAIN_DATASET, datasets=[], listed=None, allowed={"write"}, inbox=None, query=""
        )
    place = Place(page_number, _LISTED)
    return await page.show(
        "documents.html.j2",
        dataset=chosen.key,
        datasets=datasets,
        listed=await document_page(page.client.services, chosen, query, place),
        inbox=await page.client.documents.inbox(chosen.key, user=page.user),
        allowed=await page.allowed(chosen),
        query=query,
    )


@router.get("/documents/{document_id}")
async def document(document_id: str, page: PageAsked, dataset: str, page_number: int = 1) -> Response:
    """A document, passage by passage, with what is in the graph by each."""
    chosen = await permitted(page.client.services, page.user, dataset, "read")
    it = await page.client.documents.get(chosen.key, document_id, user=page.user)
    extracted = await page.client.documents.extracted(chosen.key, document_id, user=page.user)
    place = Place(page_number, _PASSAGES).within(len(it.passages_read))
    return await page.show(
        "document.html.j2",
        dataset=chosen.key,
        document=it,
        passages=it.passages_read[place.first : place.first + place.size],
        place=place,
        extracted={found.passage_id: found for found in extracted},
        entities=len({entity.id for found in extracted for entity in found.entities}),
        facts=len({fact.id for found in extracted for fact in found.facts}),
        allowed=await page.allowed(chosen),
    )

"""Documents: what is in a dataset, what failed and why, and what each passage brought; and where more is put in."""

from math import ceil

from starlette.responses import Response

from sessiongraph.api.context import permitted
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
            "documents.html.j2", dataset=MAIN_DATASET, datasets=[], found=[], allowed={"write"}, inbox=None, query=""
        )
    everything = await page.client.documents.list(chosen.key, user=page.user)
    added = [it for it in reversed(everything) if it.kind != "session"]
    found = [it for it in added if query.strip().casefold() in it.name.casefold()]
    number, pages = _place(page_number, len(found), _LISTED)
    return await page.show(
        "documents.html.j2",
        dataset=chosen.key,
        datasets=datasets,
        found=found[(number - 1) * _LISTED : number * _LISTED],
        count=len(found),
        total=len(added),
        new=sum(not it.passages for it in added),
        waiting=sum(it.waiting for it in added),
        failed=[it for it in added if it.failed],
        sessions=len(everything) - len(added),
        inbox=await page.client.documents.inbox(chosen.key, user=page.user),
        allowed=await page.allowed(chosen),
        query=query,
        number=number,
        pages=pages,
    )


@router.get("/documents/{document_id}")
async def document(document_id: str, page: PageAsked, dataset: str, page_number: int = 1) -> Response:
    """A document, passage by passage, with what is in the graph by each."""
    chosen = await permitted(page.client.services, page.user, dataset, "read")
    it = await page.client.documents.get(chosen.key, document_id, user=page.user)
    extracted = await page.client.documents.extracted(chosen.key, document_id, user=page.user)
    number, pages = _place(page_number, len(it.passages_read), _PASSAGES)
    return await page.show(
        "document.html.j2",
        dataset=chosen.key,
        document=it,
        passages=it.passages_read[(number - 1) * _PASSAGES : number * _PASSAGES],
        extracted={found.passage_id: found for found in extracted},
        entities=len({entity.id for found in extracted for entity in found.entities}),
        facts=len({fact.id for found in extracted for fact in found.facts}),
        allowed=await page.allowed(chosen),
        number=number,
        pages=pages,
    )


def _place(asked: int, count: int, most: int) -> tuple[int, int]:
    """Which page of a list of `count` is shown, `most` on each, and how many there are."""
    pages = max(1, ceil(count / most))
    return min(max(asked, 1), pages), pages

"""A fact: what it says, since when and until when, who states it in which words, and how it is put right."""

from contextlib import suppress

from starlette.responses import RedirectResponse, Response

from sessiongraph.errors import InvalidInputError
from sessiongraph.server.explorer.page import PageAsked, PageRouter
from sessiongraph.server.explorer.rendering import address

router = PageRouter()


@router.get("/fact")
async def fact(page: PageAsked, dataset: str, id: str) -> Response:
    """The fact of that id; an id that it had before leads to where it is now."""
    it = await page.client.facts.get(dataset, id, user=page.user)
    if not it.id.startswith(id.strip().lower()):
        return RedirectResponse(address("/fact", dataset=dataset, id=it.id), 302)
    later = None
    if it.superseded_by is not None:
        with suppress(InvalidInputError):  # it may go between the two looks
            later = await page.client.facts.get(dataset, it.superseded_by, user=page.user)
    return await page.show("fact.html.j2", dataset=dataset, fact=it, later=later)

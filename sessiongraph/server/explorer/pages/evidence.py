"""Evidence: the passage that something rests on, among its neighbours."""

from starlette.responses import RedirectResponse, Response

from sessiongraph.errors import InvalidInputError
from sessiongraph.server.explorer.page import PageAsked, PageRouter
from sessiongraph.server.explorer.rendering import address

router = PageRouter()


@router.get("/evidence")
async def evidence(page: PageAsked, dataset: str, id: str) -> Response:
    """A passage, or all those that state a fact; of a fact that is none any more, what became of it."""
    try:
        found = await page.client.evidence(dataset, id, user=page.user)
    except InvalidInputError as error:
        try:
            now = await page.client.facts.get(dataset, id, user=page.user)
        except InvalidInputError:
            raise error from None
        return RedirectResponse(address("/fact", dataset=dataset, id=now.id), 302)
    return await page.show("evidence.html.j2", dataset=dataset, id=id, found=found)

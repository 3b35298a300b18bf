"""Evidence: the passage that something rests on, among its neighbours."""

from starlette.responses import Response

from sessiongraph.server.explorer.page import PageAsked, PageRouter

router = PageRouter()


@router.get("/evidence")
async def evidence(page: PageAsked, dataset: str, id: str) -> Response:
    """A passage, or all those that state a fact."""
    found = await page.client.evidence(dataset, id, user=page.user)
    return await page.show("evidence.html.j2", dataset=dataset, id=id, found=found)

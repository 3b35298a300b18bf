"""The start page: the datasets that one may read, what is in them, and what to do next."""

from starlette.responses import Response

from sessiongraph.server.explorer.page import PageAsked, PageRouter

router = PageRouter()


@router.get("/")
async def start(page: PageAsked) -> Response:
    """All datasets."""
    return await page.show("start.html.j2", sizes=await page.client.datasets.sizes(user=page.user))

"""Graph: a part of a dataset's graph as a picture and as lists; its script asks `/v1` for what is to be shown."""

from starlette.responses import Response

from sessiongraph.server.explorer.page import PageAsked, PageRouter

router = PageRouter()

# The types that have the most entities can be chosen.
_TYPES = 40


@router.get("/graph")
async def graph(page: PageAsked, dataset: str = "") -> Response:
    """The graph of the `dataset`, or of the first that one may read."""
    datasets = await page.datasets()
    chosen = dataset or (datasets[0].key if datasets else "")
    outline = await page.client.entities.outline(chosen, user=page.user) if chosen else None
    key = next((it.key for it in datasets if dataset in (it.id, it.name)), chosen)
    types = dict(list(outline.types.items())[:_TYPES]) if outline else {}
    return await page.show("graph.html.j2", dataset=key, datasets=datasets, outline=outline, types=types)

"""Changes: what each run brought into a dataset's graph, with its evidence.

A page is rendered here from what the store holds now, which is what the file of it is made from too, rather than the
file served: so it is under the one policy, has links to entities and evidence, and shows nothing that was forgotten.
"""

import asyncio

from starlette.responses import Response

from sessiongraph.api.changes import change_of, change_pages
from sessiongraph.api.context import permitted
from sessiongraph.server.explorer.dagster_links import DagsterLinks
from sessiongraph.server.explorer.page import PageAsked, PageRouter

router = PageRouter()


@router.get("/changes")
async def changes(page: PageAsked, dataset: str = "") -> Response:
    """The runs that changed something, the newest first."""
    datasets = await page.datasets()
    chosen = await page.dataset(dataset, datasets)
    found = await change_pages(page.client.services, chosen.key, page.user) if chosen else []
    return await page.show("changes.html.j2", dataset=chosen and chosen.key, datasets=datasets, found=found)


@router.get("/changes/{asset}/{run_id}")
async def change(asset: str, run_id: str, page: PageAsked, dataset: str) -> Response:
    """What one run brought."""
    from sessiongraph.changes.html_page import MOST_ENTITIES, MOST_FACTS
    from sessiongraph.changes.svg_graph import lay_out

    chosen = await permitted(page.client.services, page.user, dataset, "read")
    found = await change_of(page.client.services, chosen.key, asset, run_id, page.user)
    return await page.show(
        "change.html.j2",
        dataset=chosen.key,
        change=found,
        drawing=await asyncio.to_thread(lay_out, found),
        new_entities=sorted(found.new_entities, key=lambda it: it.name.casefold()),
        most_facts=MOST_FACTS,
        most_entities=MOST_ENTITIES,
        dagster=DagsterLinks(page.client.settings),
    )

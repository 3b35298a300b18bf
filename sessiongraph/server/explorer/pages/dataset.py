"""Dataset: size, growth, what was done last and at which cost, how its checks stand, and who may do what."""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sessiongraph.api.changes import change_pages
from sessiongraph.api.dataset_overview import DatasetOverview
from sessiongraph.server.explorer.charts import growth_chart
from sessiongraph.server.explorer.dagster_links import DagsterLinks
from sessiongraph.server.explorer.page import Page, PageAsked, PageRouter
from sessiongraph.types import PERMISSIONS, Dataset, Role

router = PageRouter()

_MOST_DAYS, _MOST_CONFLICTS = 60, 20


@router.get("/dataset")
async def dataset(page: PageAsked, dataset: str = "") -> Response:
    """One dataset."""
    datasets = await page.datasets()
    chosen = await page.dataset(dataset, datasets)
    if chosen is None:
        return await page.show("dataset.html.j2", dataset=None, datasets=[])
    overview = await page.client.datasets.overview(chosen.key, user=page.user)
    history = await page.client.datasets.history(chosen.key, user=page.user)
    conflicts = await page.client.facts.conflicts(chosen.key, limit=_MOST_CONFLICTS, user=page.user)
    changed = await change_pages(page.client.services, chosen.key, page.user)
    allowed = await page.allowed(chosen)
    return await page.show(
        "dataset.html.j2",
        dataset=chosen.key,
        datasets=datasets,
        is_own=chosen.owner_id == page.user.id,
        overview=overview,
        charts=_charts(overview),
        growth=overview.growth[-_MOST_DAYS:],
        history=history,
        conflicts=conflicts,
        has_page={(it.asset, it.run_id) for it in changed},
        dagster=DagsterLinks(page.client.settings),
        allowed=allowed,
        permissions=PERMISSIONS,
        **await _sharing(page, chosen, "share" in allowed),
    )


def _charts(overview: DatasetOverview) -> list[Any]:
    days, today = [it.day for it in overview.growth], datetime.now(UTC).date()
    found = (
        growth_chart("Passages in the graph", days, [it.passages for it in overview.growth], today),
        growth_chart("Documents and sessions", days, [it.sources for it in overview.growth], today),
    )
    return [it for it in found if it is not None]


async def _sharing(page: Page, dataset: Dataset, may_share: bool) -> dict[str, Any]:
    """Whom it is shared with, and whom it could be; nothing for who may not share it."""
    if not may_share:
        return {"grants": None, "people": [], "roles": []}
    given = await page.client.datasets.grants(dataset.key, user=page.user)
    known = await page.client.users.list(user=page.user)
    return {
        "grants": [
            {"kind": "role", "name": to.key, "permission": permission}
            if isinstance(to, Role)
            else {"kind": "user", "name": to.name, "permission": permission}
            for to, permission in given
        ],
        "people": [it.name for it in known if it.id not in (dataset.owner_id, page.user.id)],
        "roles": [it.key for it in await page.client.roles.list(user=page.user)],
    }

"""What a run changed in a dataset's graph: which runs there are pages of, and what one brought, as it stands now."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.changes.page_store import PageName, list_pages, pages_of
from sessiongraph.errors import InvalidInputError
from sessiongraph.services import Services
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import User

if TYPE_CHECKING:
    from sessiongraph.changes.diff import Change


@dataclass(frozen=True)
class ChangePage:
    """A page of what the run `run_id` of `asset` brought; `path` is the file, which needs nothing else,
    or its address in the object store."""

    run_id: str
    asset: str
    made_at: datetime
    path: str


async def change_pages(services: Services, dataset: str, user: User | None) -> list[ChangePage]:
    """The pages of a dataset, the newest first. Raises DatasetNotFoundError, PermissionDeniedError."""
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    return await asyncio.to_thread(_pages, services.store(target))


async def change_of(services: Services, dataset: str, asset: str, run_id: str, user: User | None) -> "Change":
    """What a run brought that there is a page of. Raises InvalidInputError where there is none, and as `change_pages`.

    Collected anew from the store: what the page itself has been made from, and makes anew after a `forget`.
    """
    from sessiongraph.changes.diff import collect_change

    target = await permitted(services, await acting_user(services, user), dataset, "read")
    store = services.store(target)
    if not any((it.asset, it.run_id) == (asset, run_id) for it in await asyncio.to_thread(_pages, store)):
        raise InvalidInputError(f"Dataset {dataset!r} has no page of changes by run {run_id!r} of {asset!r}.")
    return await asyncio.to_thread(
        services.snapshots.read, store, lambda con, snapshot: collect_change(con, snapshot, asset, run_id)
    )


async def page_address(services: Services, dataset: str, page: ChangePage, user: User | None) -> str:
    """Where a browser of this machine opens the page. Raises as `change_pages`."""
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    files = pages_of(services.store(target))
    return await asyncio.to_thread(files.address, PageName(page.asset, page.run_id).file)


def _pages(store: GraphStore) -> list[ChangePage]:
    place = pages_of(store).location
    pages = [ChangePage(it.run_id, it.asset, made, f"{place}/{it.file}") for it, made in list_pages(store).items()]
    return sorted(pages, key=lambda it: it.made_at, reverse=True)

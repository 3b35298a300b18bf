"""The pages of a dataset's changes: `changes/<asset>/<run id>.html` in its files, the newest of each asset.

Invariants:
- What was said stands in pages, never in Dagster's events, which nobody can forget.
- A page holds only what is in the store. `forget` removes all of them before it deletes, and those that were made
  meanwhile are made again by who made them: where readers keep no writers out, each is looked after.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sessiongraph.changes.diff import PASSAGE_KINDS, Change, collect_change
from sessiongraph.files import Files
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.store.store_version import StoreVersion, continues

if TYPE_CHECKING:
    from sessiongraph.changes.html_page import PageRenderer

T = TypeVar("T")

# Pages kept of each asset.
MOST_PAGES = 100
_SUFFIX = ".html"


@dataclass(frozen=True, order=True)
class PageName:
    """The page of what a run of `asset` brought."""

    asset: str
    run_id: str

    @property
    def file(self) -> str:
        """Its name in the files of `pages_of`."""
        return f"{self.asset}/{self.run_id}{_SUFFIX}"


def write_page(
    store: GraphStore, snapshots: SnapshotReader, renderer: "PageRenderer", dataset: str, asset: str, run_id: str
) -> Change:
    """Make the page of what a run of `asset` brought, and give that; older ones beyond MOST_PAGES go. Blocks.

    `snapshots` and `renderer` are the process's, so that a page costs what has changed.
    """
    files, name = pages_of(store), PageName(asset, run_id)
    change = _undisturbed(store, snapshots, lambda con, graph: _write(con, graph, files, name, dataset, renderer))
    for _, page in _of_asset(files, asset)[:-MOST_PAGES]:
        files.remove(page.file)
    return change


def pages_of(store: GraphStore) -> Files:
    """Where a store's pages are."""
    return store.files.below("changes")


def list_pages(store: GraphStore) -> dict[PageName, datetime]:
    """The dataset's pages, of each asset the oldest first, and when they were made."""
    files = pages_of(store)
    return {page: made for asset in PASSAGE_KINDS for made, page in _of_asset(files, asset)}


def remove_pages(store: GraphStore) -> None:
    """Remove all of them. To be called under the store's lock."""
    pages_of(store).remove()


def rewrite_pages(
    store: GraphStore,
    snapshots: SnapshotReader,
    renderer: Callable[[], "PageRenderer"],
    dataset: str,
    pages: Sequence[PageName],
) -> None:
    """Make `pages` again from what the store holds now. `renderer`, which gives the process's, is asked where there are
    any. Blocks."""
    if pages:
        files, made_with = pages_of(store), renderer()

        def write(connection: StoreConnection, snapshot: Snapshot) -> None:
            for page in pages:
                _write(connection, snapshot, files, page, dataset, made_with)

        _undisturbed(store, snapshots, write)


def _undisturbed(store: GraphStore, snapshots: SnapshotReader, write: Callable[[StoreConnection, Snapshot], T]) -> T:
    """What `write` gives, once nothing was forgotten while it wrote."""
    if store.readers_keep_writers_out:
        return snapshots.read(store, write)

    def written(connection: StoreConnection, snapshot: Snapshot) -> tuple[StoreVersion, T]:
        return connection.version(), write(connection, snapshot)

    while True:
        version, result = snapshots.read(store, written)
        if store.read(partial(continues, known=version)):
            return result


def _write(
    connection: StoreConnection,
    snapshot: Snapshot,
    files: Files,
    page: PageName,
    dataset: str,
    renderer: "PageRenderer",
) -> Change:
    change = collect_change(connection, snapshot, page.asset, page.run_id)
    files.write(page.file, renderer.render(change, dataset).encode())
    return change


def page_renderer() -> "PageRenderer":
    """What makes pages. Jinja2 and networkx are imported here, for those alone who make pages."""
    from sessiongraph.changes.html_page import PageRenderer

    return PageRenderer()


def _of_asset(files: Files, asset: str) -> list[tuple[datetime, PageName]]:
    """The oldest first."""
    found = ((it.changed, it.parts[-1]) for it in files.entries(asset) if not it.is_link)
    return sorted((made, PageName(asset, name.removesuffix(_SUFFIX))) for made, name in found if name.endswith(_SUFFIX))

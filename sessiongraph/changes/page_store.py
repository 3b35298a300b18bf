"""The pages of a dataset's changes: `<dataset's folder>/changes/<asset>/<run id>.html`, the newest of each asset.

Invariants:
- What was said stands in pages, never in Dagster's events, which nobody can forget.
- A page holds only what is in the store: it is made, and written, while the store's lock is held, and `forget` removes
  all pages under the lock that it deletes under. So none can be written from what a `forget` has meanwhile deleted.
"""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.changes.diff import PASSAGE_KINDS, Change, collect_change
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore

if TYPE_CHECKING:
    from sessiongraph.changes.html_page import PageRenderer

# Pages kept of each asset.
MOST_PAGES = 100


def write_page(
    store: GraphStore, snapshots: SnapshotReader, renderer: "PageRenderer", dataset: str, asset: str, run_id: str
) -> Change:
    """Make the page of what a run of `asset` brought, and give that; older ones beyond MOST_PAGES go. Blocks.

    `snapshots` and `renderer` are the process's, so that a page costs what has changed.
    """
    path = page_path(store, asset, run_id)
    change = snapshots.read(store, lambda con, snapshot: _write(con, snapshot, path, dataset, renderer))
    for page in _pages_of(path.parent)[:-MOST_PAGES]:
        page.unlink(missing_ok=True)
    return change


def page_path(store: GraphStore, asset: str, run_id: str) -> Path:
    """Where the page of a run of `asset` is, or would be."""
    return _folder(store) / asset / f"{run_id}.html"


def list_pages(store: GraphStore) -> list[Path]:
    """The dataset's pages, the oldest first."""
    return [page for asset in PASSAGE_KINDS for page in _pages_of(_folder(store) / asset)]


def remove_pages(store: GraphStore) -> None:
    """Remove all of them. To be called under the store's lock."""
    shutil.rmtree(_folder(store), ignore_errors=True)


def rewrite_pages(store: GraphStore, snapshots: SnapshotReader, dataset: str, pages: list[Path]) -> None:
    """Make `pages` again from what the store holds now. Blocks."""
    if pages:
        renderer = page_renderer()
        snapshots.read(store, lambda con, snapshot: _rewrite(con, snapshot, pages, dataset, renderer))


def _rewrite(
    connection: StoreConnection,
    snapshot: Snapshot,
    pages: list[Path],
    dataset: str,
    renderer: "PageRenderer",
) -> None:
    for page in pages:
        _write(connection, snapshot, page, dataset, renderer)


def _write(
    connection: StoreConnection, snapshot: Snapshot, path: Path, dataset: str, renderer: "PageRenderer"
) -> Change:
    change = collect_change(connection, snapshot, path.parent.name, path.stem)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In place: whoever is killed here has not told anybody of the page, and a second file would be left behind.
    path.write_text(renderer.render(change, dataset), encoding="utf-8")
    return change


def page_renderer() -> "PageRenderer":
    """What makes pages. Jinja2 and networkx are imported here, for those alone who make pages."""
    from sessiongraph.changes.html_page import PageRenderer

    return PageRenderer()


def _folder(store: GraphStore) -> Path:
    return store.folder / "changes"


def _pages_of(folder: Path) -> list[Path]:
    """The oldest first. Another process may be removing some of them meanwhile."""
    found = []
    for page in folder.glob("*.html"):
        with suppress(FileNotFoundError):
            found.append((page.stat().st_mtime_ns, page))
    return [page for _, page in sorted(found)]

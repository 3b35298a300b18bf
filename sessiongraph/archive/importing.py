"""Making a dataset of an archive: beside the others, and among them once it is whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sessiongraph.archive.load import extract_originals, load_store
from sessiongraph.archive.manifest import Manifest, broken
from sessiongraph.archive.unfinished import unfinished_folder
from sessiongraph.archive.zip_reading import opened
from sessiongraph.changes.page_store import PageName, page_renderer, rewrite_pages
from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.services import Services, Shared
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import Dataset, User

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Imported:
    """The dataset that was made, of which archive; who its users are here, by the names that they had; and `counts` of
    documents, sessions and turns."""

    dataset: Dataset
    manifest: Manifest
    users: Mapping[str, User]
    counts: Mapping[str, int]


def import_archive(
    services: Services, file: Path, name: str | None, as_users: Mapping[str, str], by: User | None, told: Told
) -> Imported:
    """Make the dataset `name` (None: as it was called) of the archive `file`, owned by `by` (None: the default user).

    `as_users` says by name who here is which of the archive's users. Blocks. Raises InvalidInputError for an archive
    that is broken, foreign or newer, for users who are not to be told apart and for a name that is taken: nothing is
    written then.
    """
    with opened(file) as archive:
        manifest = archive.manifest
        users = [User(user.id, user.name) for user in manifest.users]
        arrival = services.access.arrivals.plan(name or manifest.dataset, users, as_users, by, manifest.allow_secrets)
        dataset = arrival.dataset
        store = services.store(dataset)
        if store.exists:
            raise _taken(dataset)
        with unfinished_folder(services.settings.home) as folder:
            made = DuckDBStore(folder / "graph.duckdb", services.shared.duckdb_pool)
            counts = load_store(archive, made, store.originals, arrival.users, told)
            if manifest.files:
                extract_originals(archive, folder / "files", told)
            _derive(made, manifest, dataset, services.shared)
            services.access.arrivals.admit(arrival)
            if not store.take(made, lambda: _bring_files(made, store)):
                raise _taken(dataset)
    return Imported(dataset, manifest, {user.name: arrival.users[user.id] for user in users}, counts)


def _bring_files(made: DuckDBStore, store: GraphStore) -> None:
    """Let the originals and pages of `made` be those of `store`, and nothing else that may have been left there."""
    for place in ("files", "changes"):
        store.files.remove(place)
        for file in filter(Path.is_file, (made.folder / place).rglob("*")):
            store.files.take(file, str(file.relative_to(made.folder).as_posix()))


def _derive(store: GraphStore, manifest: Manifest, dataset: Dataset, shared: Shared) -> None:
    """Make the pages of changes again. So the graph that searches will see has been seen to be one, too."""
    snapshots = SnapshotReader()
    pages = [PageName(page.asset, page.run_id) for page in manifest.pages]
    try:
        snapshots.read(store, lambda connection, snapshot: None)
        rewrite_pages(store, snapshots, partial(shared.made, page_renderer), dataset.key, pages)
    except (SessionGraphError, OSError):
        raise
    except Exception as error:
        raise broken(f"no graph can be made of its rows ({type(error).__name__})") from error
    finally:
        snapshots.close()


def _taken(dataset: Dataset) -> InvalidInputError:
    return InvalidInputError(
        f"The dataset {dataset.key!r} is there already and is not empty, so nothing was imported. Give another name "
        "with as_name, or remove that one first with datasets.delete(…)."
    )

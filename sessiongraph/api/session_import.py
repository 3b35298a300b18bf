"""Importing an export of conversations into the session cache."""

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.api.context import acting_user, check_flag
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError
from sessiongraph.importers.import_sessions import ImportReport, SessionImport
from sessiongraph.importers.open_export import OpenExport
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, Dataset, ProgressCallback, User

if TYPE_CHECKING:
    from sessiongraph.session_cache.base import SessionCache


async def import_file(
    services: Services,
    path: str | os.PathLike[str],
    *,
    user: User | None,
    dataset: str | None,
    format: str | None,
    me: str | None,
    dry_run: bool,
    progress: ProgressCallback | None = None,
    name: str | None = None,
) -> ImportReport:
    """As `Sessions.import_file` says; `name` is what the export is called, where it lies under another."""
    check_flag(dry_run, "dry_run")
    if not isinstance(path, str | os.PathLike):
        raise InvalidInputError(f"path is of type {type(path).__name__}: give the path of an export.")
    cache = services.cache
    owner = await acting_user(services, user)
    with ExitStack() as opened:
        export = opened.enter_context(
            await asyncio.to_thread(lambda: OpenExport(Path(path).expanduser(), format, me, name))
        )
        target = await asyncio.to_thread(import_target, services, owner, dataset, dry_run)
        report = ImportReport(export.format, dry_run, dataset or MAIN_DATASET)
        work = session_import(services, cache, owner, target, dataset, report)
        batches = export.batches()
        while batch := await asyncio.to_thread(next, batches, None):
            await asyncio.to_thread(work.take, batch)
            if progress is not None:
                progress(export.progress)
    return work.finish(export.notes, services.settings.session_ttl_seconds)


def import_target(services: Services, user: User, name: str | None, dry_run: bool) -> Dataset | None:
    """Where the turns belong: as with `add`, a new dataset of the user's own where there is none of that name.

    None where there is none yet, in a dry run, or no main dataset where none was named.
    """
    if name is None:
        own = services.access.list_datasets(user, "write")
        return next((it for it in own if it.name == MAIN_DATASET and it.owner_id == user.id), None)
    try:
        return services.access.resolve(user, name, "write")
    except DatasetNotFoundError:
        if "/" in name:
            raise
    return None if dry_run else services.access.create_dataset(user, name)


def session_import(
    services: Services,
    cache: "SessionCache",
    user: User,
    target: Dataset | None,
    dataset: str | None,
    report: ImportReport,
) -> SessionImport:
    """What takes conversations into the cache of `user`, for `target`, which was named `dataset`."""
    named = target.id if target is not None and dataset is not None else None
    store = services.store(target).read if target is not None else None
    return SessionImport(report, cache, services.access, user, named, store)

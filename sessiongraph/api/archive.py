"""`export_dataset` and `import_dataset`: a dataset as one file, to be kept, or to go on in another home."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sessiongraph.api.context import acting_user, names, permitted
from sessiongraph.archive.export import Selection, write_archive
from sessiongraph.archive.importing import Imported, import_archive
from sessiongraph.archive.manifest import Manifest
from sessiongraph.dagster.event_reporting import report_materialization
from sessiongraph.errors import InvalidInputError, PermissionDeniedError
from sessiongraph.ids import check_name, check_session_id, new_id
from sessiongraph.services import Services
from sessiongraph.types import Dataset, Progress, ProgressCallback, User

File = str | os.PathLike[str]

_ASSETS = ("documents", "knowledge_graph", "session_turns", "session_knowledge")


@dataclass(frozen=True)
class ExportReport:
    """What an archive holds: how many rows of which table, originals of documents and users, and in how many bytes."""

    file: Path
    dataset: str
    rows: Mapping[str, int]
    files: int
    users: int
    bytes: int


@dataclass(frozen=True)
class ImportReport:
    """What was imported, as which dataset. `users` are those who are others here, by the names that they had."""

    run_id: str
    dataset: Dataset
    documents: int
    sessions: int
    turns: int
    files: int
    pages: int
    exported_at: datetime
    users: Mapping[str, str] = field(default_factory=dict)


async def export_dataset(
    services: Services,
    dataset: str,
    file: File,
    *,
    session_ids: Sequence[str] | None,
    since: date | None,
    until: date | None,
    user: User | None,
    progress: ProgressCallback | None,
) -> ExportReport:
    """As `SessionGraph.export_dataset` says."""
    path = _path(file)
    selection = _selection(session_ids, since, until)
    acting = await acting_user(services, user)
    target = await permitted(services, acting, dataset, "read")
    if target.owner_id != acting.id:
        raise PermissionDeniedError(
            f"{acting.name!r} does not own {target.key!r}: its owner, {target.owner_name!r}, alone exports it."
        )
    if path.exists():
        raise InvalidInputError(f"There is a file {str(path)!r} already: name another, or move it away first.")
    if not path.absolute().parent.is_dir():
        raise InvalidInputError(f"There is no folder {str(path.parent)!r} to write {path.name!r} into.")
    manifest = await asyncio.to_thread(_export, services, target, path, selection, _told(progress))
    rows = {table: part.rows for table, part in manifest.tables.items()}
    size = path.stat().st_size
    return ExportReport(path, target.key, rows, len(manifest.files), len(manifest.users), size)


def _export(
    services: Services, dataset: Dataset, file: Path, selection: Selection | None, told: Callable[[str, int, int], None]
) -> Manifest:
    known = {user.id: user for user in services.access.list_users()}

    def user_named(id_: str, name: str | None) -> User:
        return known.get(id_) or User(id_, name or id_)

    return write_archive(services.store(dataset), dataset, file, selection, user_named, told)


async def import_dataset(
    services: Services,
    file: File,
    as_name: str | None,
    *,
    as_users: Mapping[str, str] | None,
    user: User | None,
    progress: ProgressCallback | None,
) -> ImportReport:
    """As `SessionGraph.import_dataset` says."""
    path = _path(file)
    if as_name is not None:
        check_name(as_name)
    others = _as_users(as_users)
    # Where there is no default user yet, the archive's becomes it: none is made before.
    acting = await acting_user(services, user) if user is not None else None
    done = await asyncio.to_thread(import_archive, services, path, as_name, others, acting, _told(progress))
    report = ImportReport(
        run_id=new_id(),
        dataset=done.dataset,
        **done.counts,
        files=len(done.manifest.files),
        pages=len(done.manifest.pages),
        exported_at=done.manifest.exported_at,
        users={name: user.name for name, user in done.users.items() if name != user.name},
    )
    await _report_assets(services, done, report)
    return report


async def _report_assets(services: Services, done: Imported, report: ImportReport) -> None:
    """Each asset of which something came is materialized."""

    def metadata() -> Mapping[str, Any]:
        import dagster as dg

        counts = {name: dg.MetadataValue.int(count) for name, count in done.counts.items()}
        return {**counts, "imported_from": dg.MetadataValue.text(f"an export of {report.exported_at.isoformat()}")}

    for asset in await asyncio.to_thread(_assets_in, services, done.dataset):
        await report_materialization(services, asset, done.dataset, report.run_id, metadata)


def _assets_in(services: Services, dataset: Dataset) -> list[str]:
    from sessiongraph.dagster.data_version import content

    store = services.store(dataset)
    # What is found of the evidence is kept: the report of each asset asks for it, too.
    return store.read(
        lambda connection: [it for it in _ASSETS if content(connection, it, store.findings).version != "empty"]
    )


def _path(file: Any) -> Path:
    if not isinstance(file, str | os.PathLike) or not str(file):
        raise InvalidInputError(f"The archive is given by its path, a string or a Path, not {file!r:.60}.")
    return Path(file).expanduser()


def _selection(session_ids: Sequence[str] | None, since: date | None, until: date | None) -> Selection | None:
    if session_ids is None and since is None and until is None:
        return None
    chosen = None if session_ids is None else [check_session_id(it) for it in names(session_ids, "session_ids")]
    if chosen == []:
        raise InvalidInputError("session_ids is empty: name at least one, or leave it out to mean all of them.")
    begin, end = _moment(since, "since"), _moment(until, "until")
    if begin and end and begin >= end:
        raise InvalidInputError("since is not before until, so there is no time between them.")
    return Selection(chosen, begin, end)


def _moment(value: Any, name: str) -> datetime | None:
    """A day is meant from its beginning, and what names no zone in UTC."""
    if value is None:
        return None
    if not isinstance(value, date):
        raise InvalidInputError(f"{name} is a date or a datetime, not {type(value).__name__}.")
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_users(as_users: Any) -> dict[str, str]:
    if as_users is None:
        return {}
    if not isinstance(as_users, Mapping):
        raise InvalidInputError(
            f"as_users says by name who is who here, in a dict, not in a {type(as_users).__name__}."
        )
    return {check_name(old, "user name"): check_name(new, "user name") for old, new in as_users.items()}


def _told(progress: ProgressCallback | None) -> Callable[[str, int, int], None]:
    """What a thread calls so that `progress` is called in this event loop."""
    if progress is None:
        return lambda what, done, total: None
    loop, call = asyncio.get_running_loop(), progress

    def told(what: str, done: int, total: int) -> None:
        loop.call_soon_threadsafe(call, Progress(what, done, total))

    return told

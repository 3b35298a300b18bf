"""Importing an export of conversations into the session cache."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sessiongraph.api.context import acting_user, check_flag
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError
from sessiongraph.importers.conversations import Conversation
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.import_sessions import ImportReport, SessionImport
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.importers.recognition import AMONG_PEOPLE, SHAPES, conversations, format_of, members_of
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, Dataset, Progress, ProgressCallback, User

if TYPE_CHECKING:
    from sessiongraph.session_cache.base import SessionCache

# What is read before it is written: bounds what is held in memory, and what a killed import does again.
_BATCH_MESSAGES = 5_000
_BATCH_CHARACTERS = 8_000_000
_MEGABYTE = 1_000_000


async def import_file(
    services: Services,
    path: str | os.PathLike[str],
    *,
    user: User | None,
    dataset: str | None,
    format: str | None,
    me: str | None,
    dry_run: bool,
    progress: ProgressCallback | None,
) -> ImportReport:
    """As `Sessions.import_file` says."""
    check_flag(dry_run, "dry_run")
    if not isinstance(path, str | os.PathLike):
        raise InvalidInputError(f"path is of type {type(path).__name__}: give the path of an export.")
    cache = services.cache
    owner = await acting_user(services, user)
    with ExitStack() as opened:
        files = opened.enter_context(await asyncio.to_thread(lambda: ExportFiles(Path(path).expanduser())))
        chosen = format if format is not None else await asyncio.to_thread(format_of, files)
        _check(chosen, me, files)
        names = await asyncio.to_thread(members_of, files, chosen)
        target = await asyncio.to_thread(_target, services, owner, dataset, dry_run)
        report = ImportReport(chosen, dry_run, dataset or MAIN_DATASET)
        work, notes = _work(services, cache, owner, target, dataset, report), ReadingNotes()
        batches = _batches(conversations(files, names, chosen, me, notes))
        total = files.size(names)
        while batch := await asyncio.to_thread(next, batches, None):
            await asyncio.to_thread(work.take, batch)
            if progress is not None:
                progress(
                    Progress("MB", min(files.read, total) // _MEGABYTE, -(-total // _MEGABYTE), notes.unread_count)
                )
    report.left_out, report.unread, report.unread_count = dict(notes.left_out), notes.unread, notes.unread_count
    work.finish()
    if not dry_run and (report.new or report.changed):
        report.expires_at = datetime.now(UTC) + timedelta(seconds=services.settings.session_ttl_seconds)
    return report


def _check(format_: str, me: str | None, files: ExportFiles) -> None:
    if format_ not in SHAPES:
        raise InvalidInputError(f"{format_!r:.60} is no format of an export: there are {', '.join(SHAPES)}.")
    if format_ in AMONG_PEOPLE and not me:
        raise InvalidInputError(
            f"{files.name} is a chat among people: say which of them you are, with me=… or --me NAME. What you say is "
            "then the question of a turn, and what the others say its answer. `add` reads the text of a chat as a "
            "transcript, as who said what, and needs to know of nobody."
        )
    if me is not None and format_ not in AMONG_PEOPLE:
        raise InvalidInputError(f"{files.name} says itself who the user is: leave out me (--me).")


def _target(services: Services, user: User, name: str | None, dry_run: bool) -> Dataset | None:
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


def _work(
    services: Services,
    cache: "SessionCache",
    user: User,
    target: Dataset | None,
    dataset: str | None,
    report: ImportReport,
) -> SessionImport:
    named = target.id if target is not None and dataset is not None else None
    store = services.store(target).read if target is not None else None
    return SessionImport(report, cache, services.access, user, named, store)


def _batches(found: Iterator[Conversation]) -> Iterator[list[Conversation]]:
    batch: list[Conversation] = []
    messages = characters = 0
    for conversation in found:
        batch.append(conversation)
        messages += len(conversation.messages)
        characters += sum(len(it.text) for it in conversation.messages)
        if messages >= _BATCH_MESSAGES or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, messages, characters = [], 0, 0
    if batch:
        yield batch

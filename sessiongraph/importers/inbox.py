"""Taking the exports that a person put into a dataset's inbox, into the cache of the dataset's owner.

What lies in the inbox's folder `sessions/` is an export, whatever it is called: a file, a zip, or a folder as such a
zip would be. The rest of an inbox are documents: a chat, a JSONL or a .txt may be either, and only who puts it there
knows which. In a folder `sessions/me=NAME/` lie those in which NAME is the user: chats among people, who do not say.

Invariants:
- An export is deleted after all that it says has been staged, so that a run killed anywhere loses nothing. It is not
  kept as the originals of documents are: one holds many sessions, and `forget` could not take a session out of it.
- One of which something cannot be read is not deleted: what can be is taken, and it is moved to `sessions/rejected/`,
  with a note beside it that says why.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.files import Entry, Files
from sessiongraph.importers.taken_in import Stage, TakenIn
from sessiongraph.ingestion.clean_text import clean_line
from sessiongraph.ingestion.inbox_folders import REJECTED, SESSIONS, files_below, free_name, move, visible
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, Dataset, User

if TYPE_CHECKING:
    from sessiongraph.importers.import_sessions import ImportReport

_ME = "me="
_REJECTED = f"{SESSIONS}/{REJECTED}"
_WHY = ".why.txt"
_MOST_READ = 2_000


async def take_exports(services: Services, dataset: Dataset, stage: Stage, taken: TakenIn) -> None:
    """Take what waits in the dataset's inbox, one export after the other.

    Raises CacheUnavailableError, StoreBusyError, FilesUnavailableError, and SessionGraphError where a file cannot be
    moved or deleted.
    """
    inbox = services.inbox(dataset)
    for export, me in await asyncio.to_thread(lambda: list(_waiting(inbox))):
        try:
            report = await _take(services, dataset, inbox, export, me, stage)
        except FileNotFoundError:
            continue  # another process took it
        except InvalidInputError as error:
            await asyncio.to_thread(_reject, inbox, export.name, [str(error)], taken)
            continue
        taken.add(report)
        if report.unread_count:
            await asyncio.to_thread(_reject, inbox, export.name, _unread(report), taken)
        else:
            await asyncio.to_thread(_delete, inbox, export.name)


def rejected_exports(inbox: Files, most: int) -> dict[str, str]:
    """Up to `most` of the exports that were rejected and still lie there, by path in the inbox, and why. Blocks."""
    files = (it.name for it in files_below(inbox, _REJECTED) if not it.name.endswith(_WHY))
    found = sorted({_rejected(name) for name in islice(files, most)})
    return {clean_line(name): _why(inbox, name) for name in found}


def _waiting(inbox: Files) -> Iterator[tuple[Entry, str | None]]:
    """The exports in `inbox`, and who the user is in them, where a folder says so."""
    for it in visible(inbox, SESSIONS):
        name = it.parts[-1]
        if name.startswith(_ME) and it.is_folder:
            yield from ((export, name.removeprefix(_ME)) for export in visible(inbox, it.name))
        elif name != REJECTED:
            yield it, None


async def _take(
    services: Services, dataset: Dataset, inbox: Files, it: Entry, me: str | None, stage: Stage
) -> "ImportReport":
    from sessiongraph.importers.import_sessions import ImportReport, SessionImport  # heavy, and mostly nothing waits
    from sessiongraph.importers.open_export import OpenExport

    if it.is_link:
        raise InvalidInputError(f"{clean_line(it.parts[-1])} is a link: put the file itself into the inbox.")
    owner = User(dataset.owner_id, dataset.owner_name)
    with ExitStack() as opened:
        path = await asyncio.to_thread(opened.enter_context, inbox.local(it.name))
        export = opened.enter_context(await asyncio.to_thread(OpenExport, path, None, me))
        report = ImportReport(export.format, dry_run=False, dataset=dataset.key)
        # As without --dataset: what belongs to the main dataset may say so, or nothing.
        target = None if dataset.name == MAIN_DATASET else dataset.id
        work = SessionImport(report, services.cache, services.access, owner, target, services.store(dataset).read)
        batches = export.batches()
        while batch := await asyncio.to_thread(next, batches, None):
            await stage(owner, await asyncio.to_thread(work.take, batch))
        return work.finish(export.notes, services.settings.session_ttl_seconds)


def _unread(report: "ImportReport") -> list[str]:
    """What could not be read: first how much, then where."""
    count = report.unread_count
    more = [f"… and {count - len(report.unread)} more."] if count > len(report.unread) else []
    return [f"{count} of its places could not be read. All else of it was taken.", *report.unread, *more]


def _reject(inbox: Files, name: str, why: list[str], taken: TakenIn) -> None:
    target = free_name(inbox, name.replace(SESSIONS, _REJECTED, 1))
    move(inbox, name, target)
    inbox.write(target + _WHY, "\n".join([*why, ""]).encode(errors="replace"))
    taken.failed[clean_line(name)] = why[0]


def _rejected(name: str) -> str:
    """The export that was rejected of which the file is, or is a part."""
    parts = PurePosixPath(name).relative_to(_REJECTED).parts
    return str(PurePosixPath(_REJECTED, *parts[: 2 if parts[0].startswith(_ME) else 1]))


def _why(inbox: Files, rejected: str) -> str:
    try:
        with inbox.local(rejected + _WHY) as path, path.open(encoding="utf-8", errors="replace") as note:
            return clean_line(note.readline(_MOST_READ)) or "Nothing says why."
    except OSError:
        return "Nothing says why: move it back into the folder above, to have it tried again."


def _delete(inbox: Files, name: str) -> None:
    try:
        inbox.remove(name)
    except OSError as error:
        raise SessionGraphError(
            f"{inbox.location}/{name} was taken and cannot be deleted ({error.strerror or error}). Make its folder one "
            "that you may write to; until then it is read again by each run, which adds nothing."
        ) from error

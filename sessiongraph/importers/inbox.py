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
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.importers.import_sessions import ImportReport, SessionImport
from sessiongraph.importers.open_export import OpenExport
from sessiongraph.importers.taken_in import Stage, TakenIn
from sessiongraph.ingestion.inbox import REJECTED, SESSIONS, files_below, free_path, move, visible
from sessiongraph.ingestion.parsing import clean_line
from sessiongraph.services import Services
from sessiongraph.types import MAIN_DATASET, Dataset, User

_ME = "me="
_WHY = ".why.txt"
_MOST_READ = 2_000


async def take_exports(services: Services, dataset: Dataset, stage: Stage, taken: TakenIn) -> None:
    """Take what waits in the dataset's inbox, one export after the other.

    Raises CacheUnavailableError, StoreBusyError, and SessionGraphError where a file cannot be moved or deleted.
    """
    folder = services.inbox(dataset) / SESSIONS
    for path, me in await asyncio.to_thread(lambda: list(_waiting(folder))):
        try:
            report = await _take(services, dataset, path, me, stage)
        except InvalidInputError as error:
            await asyncio.to_thread(_reject, folder, path, [str(error)], taken)
            continue
        taken.add(report)
        if report.unread_count:
            await asyncio.to_thread(_reject, folder, path, _unread(report), taken)
        else:
            await asyncio.to_thread(_delete, path)


def rejected_exports(inbox: Path, most: int) -> dict[str, str]:
    """Up to `most` of the exports that were rejected and still lie there, by path in the inbox, and why. Blocks."""
    folder = inbox / SESSIONS / REJECTED
    files = (path for path in files_below(folder) if not path.name.endswith(_WHY)) if folder.is_dir() else ()
    found = sorted({_rejected(path, folder) for path in islice(files, most)})
    return {clean_line(str(path.relative_to(inbox))): _why(path) for path in found}


def _waiting(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """The exports in `folder`, and who the user is in them, where a folder says so."""
    for path in visible(folder):
        if path.name.startswith(_ME) and path.is_dir():
            yield from ((it, path.name.removeprefix(_ME)) for it in visible(path))
        elif path.name != REJECTED:
            yield path, None


async def _take(services: Services, dataset: Dataset, path: Path, me: str | None, stage: Stage) -> ImportReport:
    if await asyncio.to_thread(path.is_symlink):
        raise InvalidInputError(f"{clean_line(path.name)} is a link: put the file itself into the inbox.")
    owner = User(dataset.owner_id, dataset.owner_name)
    with await asyncio.to_thread(OpenExport, path, None, me) as export:
        report = ImportReport(export.format, dry_run=False, dataset=dataset.key)
        # As without --dataset: what belongs to the main dataset may say so, or nothing.
        target = None if dataset.name == MAIN_DATASET else dataset.id
        work = SessionImport(report, services.cache, services.access, owner, target, services.store(dataset).read)
        batches = export.batches()
        while batch := await asyncio.to_thread(next, batches, None):
            await stage(owner, await asyncio.to_thread(work.take, batch))
        return work.finish(export.notes, services.settings.session_ttl_seconds)


def _unread(report: ImportReport) -> list[str]:
    """What could not be read: first how much, then where."""
    count = report.unread_count
    more = [f"… and {count - len(report.unread)} more."] if count > len(report.unread) else []
    return [f"{count} of its places could not be read. All else of it was taken.", *report.unread, *more]


def _reject(folder: Path, path: Path, why: list[str], taken: TakenIn) -> None:
    target = free_path(folder / REJECTED / path.relative_to(folder))
    move(path, target)
    _note(target).write_text("\n".join([*why, ""]), encoding="utf-8", errors="replace")
    taken.failed[clean_line(str(path.relative_to(folder.parent)))] = why[0]


def _note(rejected: Path) -> Path:
    return rejected.with_name(rejected.name + _WHY)


def _rejected(path: Path, folder: Path) -> Path:
    """The export that was rejected of which `path` is, or is a part."""
    parts = path.relative_to(folder).parts
    return folder.joinpath(*parts[: 2 if parts[0].startswith(_ME) else 1])


def _why(rejected: Path) -> str:
    try:
        with _note(rejected).open(encoding="utf-8", errors="replace") as note:
            return clean_line(note.readline(_MOST_READ)) or "Nothing says why."
    except OSError:
        return "Nothing says why: move it back into the folder above, to have it tried again."


def _delete(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise SessionGraphError(
            f"{path} was taken and cannot be deleted ({error.strerror or error}). Make its folder one that you may "
            "write to; until then it is read again by each run, which adds nothing."
        ) from error

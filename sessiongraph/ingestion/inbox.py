"""Taking what a person put into a dataset's inbox: parsed, stored, and the originals kept beside the store.

Invariants:
- An original leaves the inbox after what it says has been committed, so that a run killed anywhere loses
  nothing, and the next one finds the document known.
- A file that cannot be read is neither deleted nor overwritten: it is moved to `rejected/`.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from sessiongraph.errors import InvalidInputError, SessionGraphError, UnreadableDocumentError
from sessiongraph.ids import check_name
from sessiongraph.ingestion.ingest import IngestReport, document_id, ingest, without_secrets
from sessiongraph.ingestion.parsing import ParsedDocument, clean_line, parse_file
from sessiongraph.ingestion.resolve_inputs import HIDDEN_PREFIXES
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import User

REJECTED = "rejected"
# Of an inbox, the folder of what is no document: exports of conversations.
SESSIONS = "sessions"
# Files parsed before they are stored together: bounds what is held in memory at once.
_BATCH = 50


async def ingest_inbox(
    inbox: Path, files: Path, store: GraphStore, *, user: User, run_id: str, allow_secrets: bool = False
) -> IngestReport:
    """Store every document in the folder `inbox`, created where it is not there, and move its file to `files`.

    There it is named by its document's id. Of a file in which secrets were masked, the masked text is kept instead.
    `failed` of the report has the unreadable ones, by path in the inbox, and why.
    Raises SessionGraphError where a file cannot be moved.
    """
    report = IngestReport(run_id)
    await asyncio.to_thread(inbox.mkdir, parents=True, exist_ok=True)
    waiting = await asyncio.to_thread(lambda: sorted(waiting_files(inbox)))
    for start in range(0, len(waiting), _BATCH):
        parsed: dict[Path, ParsedDocument] = {}
        for path in waiting[start : start + _BATCH]:
            try:
                parsed[path] = await asyncio.to_thread(_parse, path, files, allow_secrets)
            except UnreadableDocumentError as error:
                report.failed[clean_line(str(path.relative_to(inbox)))] = str(error)
                await asyncio.to_thread(move, path, free_path(inbox / REJECTED / path.relative_to(inbox)))
        if parsed:
            documents = list(parsed.values())
            part = await ingest(store, documents, user=user, node_sets=(), run_id=run_id)
            _add_counts(report, part)
            for id_, (path, document) in zip(part.document_ids, parsed.items(), strict=True):
                report.warn(clean_line(str(path.relative_to(inbox))), document.warnings)
                await asyncio.to_thread(_keep, path, _original_path(files, id_, document, path), document)
    return report


def waiting_files(inbox: Path) -> Iterator[Path]:
    """The documents below the folder `inbox`; what is hidden, was rejected, or is no document stays where it is."""
    return (path for path in files_below(inbox) if _top_folder(path, inbox) not in (REJECTED, SESSIONS))


def waiting_session_files(inbox: Path) -> Iterator[Path]:
    """The files below the folder of `inbox` for exports; what is hidden or was rejected stays where it is."""
    folder = inbox / SESSIONS
    found = files_below(folder) if folder.is_dir() else iter(())
    return (path for path in found if _top_folder(path, folder) != REJECTED)


def _top_folder(path: Path, inbox: Path) -> str | None:
    """The folder directly in `inbox` in which `path` is, None where that is the inbox itself."""
    return next(iter(path.relative_to(inbox).parts[:-1]), None)


def rejected_files(inbox: Path, most: int) -> dict[str, str]:
    """Up to `most` of the files that were rejected and still lie there, by path in the inbox, and why. Blocks.

    They are read again, so that what a newer version can read is told too.
    """
    folder = inbox / REJECTED
    files = islice(files_below(folder), most) if folder.is_dir() else ()
    return {clean_line(str(path.relative_to(inbox))): _reason(path) for path in sorted(files)}


def _reason(path: Path) -> str:
    try:
        _parse(path, path.parent, allow_secrets=True)
    except UnreadableDocumentError as error:
        return str(error)
    return "It can be read by now: move it back into the inbox."


def survey_inboxes(root: Path, owners: set[str]) -> tuple[set[str], dict[str, str]]:
    """The keys of the datasets for which files wait in `root`, whether or not they exist, of `owners`, who do.

    And what lies where nobody takes it, by path, with the reason. Blocks.
    """
    keys: set[str] = set()
    strays: dict[str, str] = {}
    for owner in visible(root):
        try:
            folders = visible(owner) if owner.is_dir() else [owner]
            found = {str(it.relative_to(root)): _stray_reason(it, owners) for it in folders if _holds_files(it)}
        except OSError as error:
            found = {owner.name: f"cannot be read ({error.strerror})"}
        keys |= {key for key, reason in found.items() if reason is None}
        strays |= {clean_line(path): reason for path, reason in found.items() if reason is not None}
    return keys, strays


def visible(folder: Path) -> list[Path]:
    """What lies in `folder`, if there is one, and is not hidden."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if not path.name.startswith(HIDDEN_PREFIXES))


def _holds_files(path: Path) -> bool:
    return not path.is_dir() or next(chain(waiting_files(path), waiting_session_files(path)), None) is not None


def _stray_reason(folder: Path, owners: set[str]) -> str | None:
    """Why the files in `folder` belong to no dataset; None where they do."""
    if not folder.is_dir():
        return "is in no dataset's folder"
    if folder.parent.name not in owners:
        return f"there is no user {clean_line(folder.parent.name)!r}"
    try:
        check_name(folder.name)
    except InvalidInputError as error:
        return str(error)
    return None


def files_below(folder: Path) -> Iterator[Path]:
    """All files below `folder` that are not hidden."""
    for path in folder.iterdir():
        if path.name.startswith(HIDDEN_PREFIXES):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path)
        else:
            yield path


def _parse(path: Path, files: Path, allow_secrets: bool) -> ParsedDocument:
    """The document at `path`, its source being where the file will be kept. Raises UnreadableDocumentError."""
    if path.is_symlink():
        raise UnreadableDocumentError(f"{clean_line(path.name)} is a link: put the file itself into the inbox.")
    document = parse_file(path)
    if not allow_secrets:
        document = without_secrets(document)
        if document.secrets:
            document = replace(document, warnings=(*document.warnings, "its masked text is kept, and not the file"))
    return replace(document, source=str(_original_path(files, document_id(document.text), document, path)))


def _original_path(files: Path, id_: str, document: ParsedDocument, path: Path) -> Path:
    """Where the original `path` of `document` is kept, or the text in its place."""
    return files / f"{id_}{'.txt' if document.secrets else path.suffix.lower()}"


def _keep(path: Path, target: Path, document: ParsedDocument) -> None:
    """Move the original `path` to `target` or, where it holds secrets, put the masked text there and delete it."""
    if not document.secrets:
        return move(path, target)
    with _named_faults(path, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(document.text, encoding="utf-8")
        path.unlink()


def free_path(path: Path) -> Path:
    """`path`, or the first "name 2.txt", "name 3.txt", … that is not taken."""
    free, number = path, 1
    while free.exists() or free.is_symlink():
        number += 1
        free = path.with_stem(f"{path.stem} {number}")
    return free


def move(path: Path, target: Path) -> None:
    """Raises SessionGraphError, which names both."""
    with _named_faults(path, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)


@contextmanager
def _named_faults(path: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SessionGraphError(
            f"{path} cannot be moved to {target.parent} ({error.strerror or error}). "
            "Make both folders ones that you may write to, and materialize the asset again."
        ) from error


def _add_counts(total: IngestReport, part: IngestReport) -> None:
    total.document_ids += part.document_ids
    total.added += part.added
    total.known += part.known
    total.characters += part.characters
    total.secrets += part.secrets

"""Taking what a person put into a dataset's inbox: parsed, stored, and the originals kept beside the store.

Invariants:
- An original leaves the inbox after what it says has been committed, so that a run killed anywhere loses
  nothing, and the next one finds the document known.
- A file that cannot be read is neither deleted nor overwritten: it is moved to `rejected/`.
- A file that another process took meanwhile is left to that one. The original of a document that was forgotten while it
  was taken is not kept.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path, PurePosixPath

from sessiongraph.errors import InvalidInputError, SessionGraphError, UnreadableDocumentError
from sessiongraph.files import Entry, Files
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
    inbox: Files, store: GraphStore, *, user: User, run_id: str, allow_secrets: bool = False
) -> IngestReport:
    """Store every document in `inbox`, a folder that is created where it is not there, and move its file to the store's
    originals.

    There it is named by its document's id. Of a file in which secrets were masked, the masked text is kept instead.
    `failed` of the report has the unreadable ones, by path in the inbox, and why.
    Raises SessionGraphError where a file cannot be moved, FilesUnavailableError where the object store does not answer.
    """
    report = IngestReport(run_id)
    await asyncio.to_thread(inbox.make)
    waiting = await asyncio.to_thread(lambda: sorted(waiting_files(inbox), key=lambda it: it.parts))
    for start in range(0, len(waiting), _BATCH):
        parsed: dict[str, ParsedDocument] = {}
        for file in waiting[start : start + _BATCH]:
            try:
                parsed[file.name] = await asyncio.to_thread(_parse, inbox, file, store.originals, allow_secrets)
            except FileNotFoundError:
                continue
            except UnreadableDocumentError as error:
                report.failed[clean_line(file.name)] = str(error)
                await asyncio.to_thread(move, inbox, file.name, free_name(inbox, f"{REJECTED}/{file.name}"))
        if parsed:
            documents = list(parsed.values())
            part = await ingest(store, documents, user=user, node_sets=(), run_id=run_id)
            _add_counts(report, part)
            for id_, (name, document) in zip(part.document_ids, parsed.items(), strict=True):
                report.warn(clean_line(name), document.warnings)
                await asyncio.to_thread(_keep, inbox, name, store.originals, id_, document)
            await asyncio.to_thread(_drop_forgotten, store, part.document_ids)
    return report


def waiting_files(inbox: Files) -> Iterator[Entry]:
    """The documents in `inbox`; what is hidden, was rejected, or is no document stays where it is."""
    return (file for file in files_below(inbox) if _top_folder(file.name) not in (REJECTED, SESSIONS))


def waiting_session_files(inbox: Files) -> Iterator[Entry]:
    """The files in the folder of `inbox` for exports; what is hidden or was rejected stays where it is."""
    return (file for file in files_below(inbox, SESSIONS) if _top_folder(file.name, SESSIONS) != REJECTED)


def _top_folder(name: str, folder: str = "") -> str | None:
    """The folder directly in `folder` in which the file is, None where that is `folder` itself."""
    return next(iter(PurePosixPath(name).relative_to(folder).parts[:-1]), None)


def rejected_files(inbox: Files, most: int) -> dict[str, str]:
    """Up to `most` of the files that were rejected and still lie there, by path in the inbox, and why. Blocks.

    They are read again, so that what a newer version can read is told too.
    """
    files = sorted(islice(files_below(inbox, REJECTED), most), key=lambda it: it.parts)
    return {clean_line(file.name): _reason(inbox, file) for file in files}


def _reason(inbox: Files, file: Entry) -> str:
    try:
        _parse(inbox, file, inbox, allow_secrets=True)
    except UnreadableDocumentError as error:
        return str(error)
    except FileNotFoundError:
        pass  # moved away meanwhile
    return "It can be read by now: move it back into the inbox."


def survey_inboxes(root: Files, owners: set[str]) -> tuple[set[str], dict[str, str]]:
    """The keys of the datasets for which files wait in `root`, whether or not they exist, of `owners`, who do.

    And what lies where nobody takes it, by path, with the reason. Blocks.
    """
    keys: set[str] = set()
    strays: dict[str, str] = {}
    for owner in visible(root):
        try:
            folders = visible(root, owner.name) if owner.is_folder else [owner]
        except OSError as error:
            strays[clean_line(owner.name)] = f"cannot be read ({error.strerror})"
            continue
        for folder in folders:
            try:
                reason = _stray_reason(folder, owners) if _holds_files(root, folder) else ""
            except OSError as error:
                reason = f"cannot be read ({error.strerror})"
                keys.add(folder.name)  # it may hold files: they are waited for
            if reason is None:
                keys.add(folder.name)
            elif reason:
                strays[clean_line(folder.name)] = reason
    return keys, strays


def visible(files: Files, folder: str = "") -> list[Entry]:
    """What lies in `folder`, if there is one, and is not hidden."""
    found = (it for it in files.entries(folder) if not it.parts[-1].startswith(HIDDEN_PREFIXES))
    return sorted(found, key=lambda it: it.name)


def _holds_files(root: Files, it: Entry) -> bool:
    inbox = root.below(it.name)
    return not it.is_folder or next(chain(waiting_files(inbox), waiting_session_files(inbox)), None) is not None


def _stray_reason(it: Entry, owners: set[str]) -> str | None:
    """Why the files in the folder `it` belong to no dataset; None where they do."""
    if not it.is_folder or len(it.parts) < 2:
        return "is in no dataset's folder"
    owner, dataset = it.parts
    if owner not in owners:
        return f"there is no user {clean_line(owner)!r}"
    try:
        check_name(dataset)
    except InvalidInputError as error:
        return str(error)
    return None


def files_below(files: Files, folder: str = "") -> Iterator[Entry]:
    """All files below `folder` that are not hidden."""
    for it in files.entries(folder):
        if it.parts[-1].startswith(HIDDEN_PREFIXES):
            continue
        if it.is_folder and not it.is_link:
            yield from files_below(files, it.name)
        else:
            yield it


def _parse(inbox: Files, file: Entry, originals: Files, allow_secrets: bool) -> ParsedDocument:
    """The document of `file`, its source being where the file will be kept. Raises UnreadableDocumentError, and
    FileNotFoundError where another process took it."""
    if file.is_link:
        raise UnreadableDocumentError(f"{clean_line(file.parts[-1])} is a link: put the file itself into the inbox.")
    with inbox.local(file.name) as path:
        document = parse_file(path)
    if not allow_secrets:
        document = without_secrets(document)
        if document.secrets:
            document = replace(document, warnings=(*document.warnings, "its masked text is kept, and not the file"))
    kept = _original_name(document_id(document.text), document, file.name)
    return replace(document, source=f"{originals.location}/{kept}")


def _original_name(id_: str, document: ParsedDocument, name: str) -> str:
    """How the original of `document`, called `name`, or the text in its place is called where it is kept."""
    return f"{id_}{'.txt' if document.secrets else Path(name).suffix.lower()}"


def _keep(inbox: Files, name: str, originals: Files, id_: str, document: ParsedDocument) -> None:
    """Move the original `name` of `document` to `originals` or, where it holds secrets, put the masked text there and
    delete it."""
    kept = _original_name(id_, document, name)
    if not document.secrets:
        return move(inbox, name, kept, originals)
    with _named_faults(inbox, name, originals):
        originals.write(kept, document.text.encode())
        inbox.remove(name)


def _drop_forgotten(store: GraphStore, document_ids: Sequence[str]) -> None:
    query = "SELECT id FROM documents WHERE id IN (SELECT unnest(?))"
    known = {id_ for (id_,) in store.read(lambda con: con.execute(query, [list(document_ids)]).fetchall())}
    drop_originals(store, set(document_ids) - known)


def drop_originals(store: GraphStore, document_ids: set[str]) -> None:
    """Remove the originals of these documents: they are named by their ids, what a killed process left of one, too."""
    for original in list(store.originals.entries()) if document_ids else ():
        if original.name.lstrip(".").split(".")[0] in document_ids:
            store.originals.remove(original.name)


def free_name(files: Files, name: str) -> str:
    """`name`, or the first "name 2.txt", "name 3.txt", … that is not taken."""
    path, free, number = PurePosixPath(name), name, 1
    while files.exists(free):
        number += 1
        free = str(path.with_stem(f"{path.stem} {number}"))
    return free


def move(files: Files, name: str, target: str, to: Files | None = None) -> None:
    """To `target` in `to`, or in the same. Raises SessionGraphError, which names both."""
    with _named_faults(files, name, to or files), suppress(FileNotFoundError):
        files.move(name, to or files, target)


@contextmanager
def _named_faults(files: Files, name: str, to: Files) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SessionGraphError(
            f"{files.location}/{name} cannot be moved to {to.location} ({error.strerror or error}). "
            "Make both folders ones that you may write to, and materialize the asset again."
        ) from error


def _add_counts(total: IngestReport, part: IngestReport) -> None:
    total.document_ids += part.document_ids
    total.added += part.added
    total.known += part.known
    total.characters += part.characters
    total.secrets += part.secrets

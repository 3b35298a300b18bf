"""Taking what a person put into a dataset's inbox: parsed, stored, and the originals kept beside the store.

Invariants:
- An original leaves the inbox after what it says has been committed, so that a run killed anywhere loses
  nothing, and the next one finds the document known.
- A file that cannot be read is neither deleted nor overwritten: it is moved to `rejected/`.
- A file that another process took meanwhile is left to that one. The original of a document that was forgotten while it
  was taken is not kept.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.files import Entry, Files
from sessiongraph.ingestion.clean_text import clean_line
from sessiongraph.ingestion.inbox_folders import REJECTED, files_below, free_name, move, named_faults, waiting_files
from sessiongraph.ingestion.ingest import IngestReport, document_id, ingest, without_secrets
from sessiongraph.ingestion.parsing import ParsedDocument, parse_file
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import User

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
    with named_faults(inbox, name, originals):
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


def _add_counts(total: IngestReport, part: IngestReport) -> None:
    total.document_ids += part.document_ids
    total.added += part.added
    total.known += part.known
    total.characters += part.characters
    total.secrets += part.secrets

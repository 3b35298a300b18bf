"""Storing parsed documents: each once, by the hash of its text."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sessiongraph.ids import content_id
from sessiongraph.ingestion.parsing import ParsedDocument
from sessiongraph.metadata import Metadata, from_text, to_text
from sessiongraph.secret_masking import mask, mask_with_metadata, told
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Row, Transaction
from sessiongraph.types import User


@dataclass
class IngestReport:
    """What an ingestion did. `document_ids` are those of all documents given, new or known, in their order.

    `warnings` say by document what was left out of it or may be misread, in counts, never in its words.
    `secrets` counts by kind what was masked.
    """

    run_id: str
    document_ids: list[str] = field(default_factory=list)
    added: int = 0
    known: int = 0
    characters: int = 0
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    secrets: Counter[str] = field(default_factory=Counter)

    def warn(self, name: str, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self.warnings.setdefault(name, []).append(warning)


def document_id(text: str) -> str:
    """The id of the document that has this text."""
    return content_id("document", text)


def without_secrets(document: ParsedDocument) -> ParsedDocument:
    """`document` with its secrets masked, and a warning that says how many there were."""
    [text], metadata, counts = mask_with_metadata([document.text], document.metadata)
    if not counts:
        return document
    forms = [form for form in (document.text, document.prose) if form] if text != document.text else []
    return replace(
        document,
        text=text,
        prose=mask(document.prose).text if document.prose else None,
        warnings=(*document.warnings, told(counts)),
        secrets=counts,
        unmasked_ids=tuple(map(document_id, forms)),
        metadata=metadata,
    )


async def ingest(
    store: GraphStore,
    documents: Sequence[ParsedDocument],
    *,
    user: User,
    node_sets: Sequence[str],
    run_id: str,
) -> IngestReport:
    """Store those of `documents` that the dataset does not have, and tag all of them with `node_sets`."""
    documents = await asyncio.to_thread(store.read, lambda con: _as_stored(con, documents))
    ids = await asyncio.to_thread(_ids, store, documents)
    by_id = dict(reversed(list(zip(ids, documents, strict=True))))
    report = IngestReport(run_id, ids, secrets=sum((document.secrets for document in documents), Counter()))
    if not await asyncio.to_thread(store.read, lambda con: _has_all(con, list(by_id), node_sets)):
        added = await asyncio.to_thread(store.write, run_id, "documents", lambda tx: _store(tx, by_id, user, node_sets))
        report.added = len(added)
        report.characters = sum(len(by_id[new].text) for new in added)
    report.known = len(by_id) - report.added
    stored = await asyncio.to_thread(store.read, lambda con: _stored(con, list(by_id))) if report.known else {}
    for id_, document in zip(ids, documents, strict=True):
        report.warn(document.name, document.warnings)
        day, metadata = stored.get(id_, (document.said_on, document.metadata))
        kept = [
            name
            for name, given, there in (("day", document.said_on, day), ("metadata", document.metadata, metadata))
            if given and given != there
        ]
        if kept:
            it, other = " and ".join(kept), "others" if kept[-1] == "metadata" else "another"
            report.warn(document.name, [f"it is there already and keeps its {it}; forget it first to give it {other}"])
    return report


def _as_stored(connection: StoreConnection, documents: Sequence[ParsedDocument]) -> list[ParsedDocument]:
    """`documents`, those transcripts as prose that an earlier version stored so: read otherwise they would be two."""
    prose = {document_id(document.prose): document for document in documents if document.prose}
    if not prose:
        return list(documents)
    known = {id_ for id_ in _known_ids(connection, list(prose)) if document_id(prose[id_].text) != id_}
    return [_as_prose(it) if it.prose and document_id(it.prose) in known else it for it in documents]


def _as_prose(document: ParsedDocument) -> ParsedDocument:
    warning = "it is there already as prose; forget it first to have it read as a transcript"
    warnings = (*document.warnings, warning)
    return replace(document, text=document.prose or document.text, kind="document", prose=None, warnings=warnings)


def _ids(store: GraphStore, documents: Sequence[ParsedDocument]) -> list[str]:
    """The ids of `documents`: one that is there from before its secrets were masked is not put in beside itself."""
    unmasked = [id_ for document in documents for id_ in document.unmasked_ids]
    known = store.read(lambda con: _known_ids(con, unmasked)) if unmasked else set()
    return [
        next((id_ for id_ in document.unmasked_ids if id_ in known), document_id(document.text))
        for document in documents
    ]


def _known_ids(connection: StoreConnection, ids: list[str]) -> set[str]:
    rows = connection.execute("SELECT id FROM documents WHERE id IN (SELECT unnest(?))", [ids]).fetchall()
    return {id_ for (id_,) in rows}


def _stored(connection: StoreConnection, ids: list[str]) -> dict[str, tuple[date | None, Metadata | None]]:
    """The day and the metadata of each document that is there."""
    query = "SELECT id, said_on, metadata FROM documents WHERE id IN (SELECT unnest(?))"
    rows = connection.execute(query, [ids]).fetchall()
    return {id_: (date.fromisoformat(day) if day else None, from_text(metadata)) for id_, day, metadata in rows}


def _tags(connection: StoreConnection, ids: list[str]) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "SELECT document_id, name FROM node_sets WHERE document_id IN (SELECT unnest(?))", [ids]
        ).fetchall()
    )


def _wanted_tags(ids: list[str], node_sets: Sequence[str]) -> set[tuple[str, str]]:
    return {(document_id, name) for document_id in ids for name in node_sets}


def _has_all(connection: StoreConnection, ids: list[str], node_sets: Sequence[str]) -> bool:
    return _known_ids(connection, ids) == set(ids) and _wanted_tags(ids, node_sets) <= _tags(connection, ids)


def _store(tx: Transaction, documents: dict[str, ParsedDocument], user: User, node_sets: Sequence[str]) -> list[str]:
    ids = list(documents)
    known = _known_ids(tx.connection, ids)
    added = [new for new in reversed(ids) if new not in known]
    now = datetime.now(UTC).replace(tzinfo=None)
    tx.insert("documents", [_row(new, documents[new], user, now) for new in added])
    tags = _wanted_tags(ids, node_sets) - _tags(tx.connection, ids)
    tx.insert("node_sets", [{"document_id": document_id, "name": name} for document_id, name in sorted(tags)])
    return added


def _row(id_: str, document: ParsedDocument, user: User, now: datetime) -> Row:
    return {
        "id": id_,
        "kind": document.kind,
        "name": document.name,
        "source": document.source,
        "text": document.text,
        "user_id": user.id,
        "user_name": user.name,
        "session_id": None,
        "created_at": now,
        "said_on": document.said_on and document.said_on.isoformat(),
        "metadata": to_text(document.metadata),
    }

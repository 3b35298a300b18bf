"""What a dataset holds: its documents, and the sessions that were persisted into it, each with what became of it."""

import asyncio
import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.errors import InvalidInputError
from sessiongraph.files import Files
from sessiongraph.ids import check_name
from sessiongraph.importers.inbox import rejected_exports
from sessiongraph.ingestion.clean_text import clean_line
from sessiongraph.ingestion.inbox import rejected_files
from sessiongraph.ingestion.inbox_folders import waiting_files
from sessiongraph.metadata import from_text
from sessiongraph.services import Services
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import User

_DOCUMENTS = """
WITH passages AS (
    SELECT DISTINCT document_id, passage_id FROM chunks UNION SELECT DISTINCT document_id, passage_id FROM turns),
counted AS (
    SELECT document_id, count(*) AS passages, count(*) FILTER (WHERE disposition = 'persisted') AS persisted,
        count(*) FILTER (WHERE disposition = 'failed') AS failed,
        count(*) FILTER (WHERE disposition IS NULL) AS waiting,
        array_agg(DISTINCT reason ORDER BY reason) FILTER (WHERE disposition = 'failed') AS reasons
    FROM passages LEFT JOIN current_ledger USING (passage_id) GROUP BY document_id),
tagged AS (SELECT document_id, array_agg(DISTINCT name ORDER BY name) AS tags FROM node_sets GROUP BY document_id)
SELECT d.id, kind, name, source, user_name, session_id, created_at, said_on, coalesce(length(text), 0),
    coalesce(passages, 0), coalesce(persisted, 0), coalesce(failed, 0), coalesce(tags, ARRAY[]::VARCHAR[]),
    coalesce(waiting, 0), coalesce(reasons, ARRAY[]::VARCHAR[]), coalesce(substr(text, 1, 160), ''), metadata
FROM documents d LEFT JOIN counted c ON c.document_id = d.id LEFT JOIN tagged t ON t.document_id = d.id
"""
_PASSAGES = """
WITH passages AS (
    SELECT passage_id, NULL AS turn_id, substr(d.text, start + 1, stop - start) AS text, start AS place
    FROM chunks c JOIN documents d ON d.id = c.document_id WHERE c.document_id = $1
    UNION ALL SELECT passage_id, turn_id, concat_ws(chr(10), question, answer), row_number() OVER (
        ORDER BY created_at, position)
    FROM current_turns WHERE document_id = $1)
SELECT p.passage_id, turn_id, text, disposition, reason
FROM passages p LEFT JOIN current_ledger l USING (passage_id) ORDER BY place
"""


@dataclass(frozen=True)
class Passage:
    """A chunk of a document or a turn of a session; `disposition` is None where it is not in the graph yet."""

    id: str
    turn_id: str | None
    text: str
    disposition: str | None
    reason: str | None


@dataclass(frozen=True)
class Document:
    """A document, or a session that was persisted (`kind`), and how many of its passages are in the graph.

    `waiting` counts passages that nobody tried yet; `reasons` are those for which passages failed.
    `said_on` is the day that it is of, where it has one; `first_words` are at most 160 characters; `metadata` is what
    was given with it; `text` and `passages_read` are given by `get` alone.
    """

    id: str
    kind: str
    name: str
    source: str | None
    user_name: str
    session_id: str | None
    added_at: datetime
    said_on: str | None
    characters: int
    passages: int
    persisted: int
    failed: int
    node_sets: list[str]
    waiting: int = 0
    reasons: list[str] = field(default_factory=list)
    first_words: str = ""
    metadata: Mapping[str, Any] | None = None
    text: str | None = None
    passages_read: list[Passage] = field(default_factory=list)


@dataclass(frozen=True)
class ExtractedEntity:
    """An entity as a passage names it, under its id in the graph and the name that it has there."""

    id: str
    name: str
    type: str


@dataclass(frozen=True)
class ExtractedFact:
    """A fact of the graph that a passage states: in the passage's wording, and as it is in the graph.

    `replaced` says that a person called the wording wrong, `valid_until` that the fact is over.
    """

    id: str
    statement: str
    subject: str
    relation: str
    object: str
    stated_by: str
    replaced: bool
    valid_until: str | None


@dataclass(frozen=True)
class Extracted:
    """What is in the graph by a passage."""

    passage_id: str
    entities: list[ExtractedEntity]
    facts: list[ExtractedFact]


@dataclass(frozen=True)
class Inbox:
    """What lies in a dataset's inbox: files that the next run takes, and those that could not be read, with why.

    So many at the most: what could not be read is read again to say why.
    """

    waiting: list[str]
    rejected: dict[str, str]


Found = list[Document]
# Of an inbox.
_MOST_WAITING, _MOST_REJECTED = 100, 20


class Documents:
    """What a dataset holds: its documents, and the sessions that were persisted into it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, dataset: str, *, user: User | None = None) -> Found:
        """All documents and persisted sessions of a dataset, in the order in which they came.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        return await self._read(dataset, user, lambda con: read_documents(con, "ORDER BY d.seq, name, d.id", []))

    async def get(self, dataset: str, document_id: str, *, user: User | None = None) -> Document:
        """One of them, with its text and its passages. Raises InvalidInputError where there is none, and as `list`."""
        check_name(document_id, "document id")
        found = await self._read(dataset, user, lambda con: _document(con, document_id))
        if not found:
            raise InvalidInputError(
                f"Dataset {dataset!r} has no document {document_id!r}. documents.list({dataset!r}) gives their ids."
            )
        return found[0]

    async def extracted(self, dataset: str, document_id: str, *, user: User | None = None) -> builtins.list[Extracted]:
        """What is in the graph by each passage of a document or session; passages that brought nothing are left out.

        [] where there is no such document. Raises as `list`.
        """
        check_name(document_id, "document id")
        target = await permitted(self._services, await acting_user(self._services, user), dataset, "read")
        return await asyncio.to_thread(lambda: _extracted(self._services.snapshot(target), document_id))

    async def inbox(self, dataset: str, *, user: User | None = None) -> Inbox:
        """What lies in the dataset's inbox. Raises as `list`."""
        target = await permitted(self._services, await acting_user(self._services, user), dataset, "read")
        return await asyncio.to_thread(_inbox, self._services.inbox(target))

    async def _read(self, dataset: str, user: User | None, query: Callable[[StoreConnection], Found]) -> Found:
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        return await asyncio.to_thread(services.store(target).read, query)


def read_documents(connection: StoreConnection, condition: str, values: Sequence[str | int]) -> list[Document]:
    """Those that the end of a query (WHERE, ORDER BY) asks for."""
    rows = connection.execute(_DOCUMENTS + condition, values).fetchall()
    return [replace(Document(*row[:-1]), metadata=from_text(row[-1])) for row in rows]


def _document(connection: StoreConnection, document_id: str) -> list[Document]:
    found = read_documents(connection, "WHERE d.id = ?", [document_id])
    passages = [Passage(*row) for row in connection.execute(_PASSAGES, [document_id]).fetchall()]
    texts = connection.execute("SELECT text FROM documents WHERE id = ?", [document_id]).fetchall()
    return [
        replace(document, text=text, passages_read=passages) for document, (text,) in zip(found, texts, strict=True)
    ]


def _extracted(snapshot: Snapshot, document_id: str) -> list[Extracted]:
    rows = np.flatnonzero((snapshot.passages["document_id"] == document_id).to_numpy())
    ids = snapshot.passages["id"].array
    entities, facts = _entities_by_passage(snapshot, rows), _facts_by_passage(snapshot, rows)
    return [
        Extracted(str(ids[row]), entities.get(row, []), facts.get(row, []))
        for row in rows.tolist()
        if row in entities or row in facts
    ]


def _entities_by_passage(snapshot: Snapshot, rows: np.ndarray) -> dict[int, list[ExtractedEntity]]:
    mentions = snapshot.mentions[snapshot.mentions["passage"].isin(rows)]
    pairs = mentions[["passage", "entity"]].drop_duplicates()
    named = snapshot.entities[["id", "name", "type"]].iloc[pairs["entity"]]
    found: dict[int, list[ExtractedEntity]] = {}
    for passage, it in zip(pairs["passage"].tolist(), named.itertuples(index=False), strict=True):
        found.setdefault(passage, []).append(ExtractedEntity(it.id, it.name, it.type))
    return {passage: sorted(listed, key=lambda it: it.name.casefold()) for passage, listed in found.items()}


def _facts_by_passage(snapshot: Snapshot, rows: np.ndarray) -> dict[int, list[ExtractedFact]]:
    claims = snapshot.claims[snapshot.claims["passage"].isin(rows)]
    names = snapshot.entities["name"].array
    facts = snapshot.facts.iloc[claims["fact"]]
    found: dict[int, list[ExtractedFact]] = {}
    for claim, it in zip(claims.itertuples(index=False), facts.itertuples(index=False), strict=True):
        fact = ExtractedFact(
            it.id,
            claim.statement,
            str(names[it.subject]),
            it.relation,
            str(names[it.object]),
            claim.stated_by,
            bool(claim.replaced),
            it.valid_until,
        )
        found.setdefault(int(claim.passage), []).append(fact)
    return found


def _inbox(inbox: Files) -> Inbox:
    waiting = islice((clean_line(file.name) for file in waiting_files(inbox)), _MOST_WAITING)
    return Inbox(sorted(waiting), rejected_files(inbox, _MOST_REJECTED) | rejected_exports(inbox, _MOST_REJECTED))

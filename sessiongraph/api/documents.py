"""What a dataset holds: its documents, and the sessions that were persisted into it, each with what became of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb

from sessiongraph.api.context import acting_user, permitted
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name
from sessiongraph.services import Services
from sessiongraph.types import User

_DOCUMENTS = """
WITH passages AS (
    SELECT DISTINCT document_id, passage_id FROM chunks UNION SELECT DISTINCT document_id, passage_id FROM turns),
counted AS (
    SELECT document_id, count(*) AS passages, count(*) FILTER (disposition = 'persisted') AS persisted,
        count(*) FILTER (disposition = 'failed') AS failed
    FROM passages LEFT JOIN current_ledger USING (passage_id) GROUP BY document_id),
tagged AS (SELECT document_id, list(DISTINCT name ORDER BY name) AS tags FROM node_sets GROUP BY document_id)
SELECT d.id, kind, name, source, user_name, session_id, created_at, said_on, coalesce(length(text), 0),
    coalesce(passages, 0), coalesce(persisted, 0), coalesce(failed, 0), coalesce(tags, [])
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

    `said_on` is the day that it is of, where it has one; `text` and `passages_read` are given by `get` alone.
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
    text: str | None = None
    passages_read: list[Passage] = field(default_factory=list)


Found = list[Document]


class Documents:
    """What a dataset holds: its documents, and the sessions that were persisted into it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, dataset: str, *, user: User | None = None) -> Found:
        """All documents and persisted sessions of a dataset, in the order in which they came.

        Raises DatasetNotFoundError, PermissionDeniedError.
        """
        return await self._read(dataset, user, lambda con: _documents(con, "ORDER BY d.seq, name, d.id", []))

    async def get(self, dataset: str, document_id: str, *, user: User | None = None) -> Document:
        """One of them, with its text and its passages. Raises InvalidInputError where there is none, and as `list`."""
        check_name(document_id, "document id")
        found = await self._read(dataset, user, lambda con: _document(con, document_id))
        if not found:
            raise InvalidInputError(
                f"Dataset {dataset!r} has no document {document_id!r}. documents.list({dataset!r}) gives their ids."
            )
        return found[0]

    async def _read(
        self, dataset: str, user: User | None, query: Callable[[duckdb.DuckDBPyConnection], Found]
    ) -> Found:
        services = self._services
        target = await permitted(services, await acting_user(services, user), dataset, "read")
        return await asyncio.to_thread(services.store(target).read, query)


def _documents(connection: duckdb.DuckDBPyConnection, condition: str, values: list[str]) -> list[Document]:
    rows = connection.execute(_DOCUMENTS + condition, values).fetchall()
    return [Document(*row) for row in rows]


def _document(connection: duckdb.DuckDBPyConnection, document_id: str) -> list[Document]:
    found = _documents(connection, "WHERE d.id = ?", [document_id])
    passages = [Passage(*row) for row in connection.execute(_PASSAGES, [document_id]).fetchall()]
    texts = connection.execute("SELECT text FROM documents WHERE id = ?", [document_id]).fetchall()
    return [
        replace(document, text=text, passages_read=passages) for document, (text,) in zip(found, texts, strict=True)
    ]

"""Passages of stored documents: chunked once, each chunk with the end of the one before it as context."""

import asyncio
from collections.abc import Iterator, Sequence

import duckdb

from sessiongraph.document_dates import document_day, heading_days
from sessiongraph.extraction.chunking import chunk_offsets
from sessiongraph.extraction.ledger import Passage
from sessiongraph.ids import content_id
from sessiongraph.prompts.prompt_format import Part, Window, as_context
from sessiongraph.store.graph_store import GraphStore, Transaction


async def chunk_documents(store: GraphStore, run_id: str) -> int:
    """Cut the documents that have no chunks yet; how many there were."""
    if not await asyncio.to_thread(store.read, _unchunked):
        return 0
    return await asyncio.to_thread(store.write, run_id, "knowledge_graph", chunk)


def _unchunked(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    return connection.execute(
        """SELECT id, name, text, said_on FROM documents
        WHERE kind = 'document' AND id NOT IN (SELECT document_id FROM chunks) ORDER BY seq, id"""
    ).fetchall()


def chunk(tx: Transaction) -> int:
    """As `chunk_documents`, in a transaction."""
    documents = _unchunked(tx.connection)
    rows = [
        {
            "passage_id": content_id("chunk", document_id, str(start), str(stop)),
            "document_id": document_id,
            "start": start,
            "stop": stop,
            "said_on": day,
        }
        for document_id, name, text, said_on in documents
        for start, stop, day in _dated_offsets(name, text, said_on)
    ]
    tx.insert("chunks", rows)
    return len(documents)


def _dated_offsets(name: str, text: str, said_on: str | None) -> Iterator[tuple[int, int, str | None]]:
    """Of each chunk, start, stop and the day that it is of: the document's, else that of the heading above it.

    No chunk goes on beyond a heading of a day.
    """
    found = None if said_on is not None else document_day(name, text)
    whole = found.isoformat() if found else said_on
    headings = heading_days(text) if said_on is None else []
    begins = [(0, whole), *((offset, day.isoformat()) for offset, day in headings)]
    for (begin, day), (end, _) in zip(begins, [*begins[1:], (len(text), None)], strict=True):
        for start, stop in chunk_offsets(text[begin:end]):
            yield begin + start, begin + stop, day


def read_chunk_passages(connection: duckdb.DuckDBPyConnection, document_ids: Sequence[str] | None) -> list[Passage]:
    """The passages of the named documents, or of all that have been chunked, in the order of their texts."""
    rows = connection.execute(
        f"""SELECT passage_id, document_id, name, substr(text, start + 1, stop - start), c.said_on
        FROM chunks c JOIN documents d ON d.id = c.document_id
        {"WHERE document_id IN (SELECT unnest($1))" if document_ids is not None else ""}
        ORDER BY d.seq, document_id, start""",
        None if document_ids is None else [list(document_ids)],
    ).fetchall()
    passages: list[Passage] = []
    for passage_id, document_id, name, text, said_on in rows:
        before = passages[-1].window.parts if passages and passages[-1].document_id == document_id else ()
        source = f"document: {name}, {said_on}" if said_on else f"document: {name}"
        window = Window(source, as_context(before), (Part("document", text),))
        passages.append(Passage(passage_id, document_id, window))
    return passages

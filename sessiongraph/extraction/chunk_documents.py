"""Passages of stored documents: chunked once, each chunk with the end of the one before it as context.

A transcript is cut between utterances, at its days, and each passage says who speaks in all of it. What an earlier
version stored as prose stays that.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from sessiongraph.document_dates import document_day, heading_days
from sessiongraph.extraction.chunking import CHUNK_CHARS, chunk_offsets
from sessiongraph.extraction.ledger import Passage
from sessiongraph.ids import content_id
from sessiongraph.prompts.prompt_format import Part, Window, as_context
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.transcript_text import day_headings, goes_on, line_spans, split_speaker

MOST_SPEAKERS = 8
CONTEXT_UTTERANCES = 4


async def chunk_documents(store: GraphStore, run_id: str) -> int:
    """Cut the documents that have no chunks yet; how many there were."""
    if not await asyncio.to_thread(store.read, _unchunked):
        return 0
    return await asyncio.to_thread(store.write, run_id, "knowledge_graph", chunk)


def _unchunked(connection: StoreConnection) -> list[tuple[str, str, str, str, str | None]]:
    return connection.execute(
        """SELECT id, kind, name, text, said_on FROM documents d
        WHERE kind <> 'session' AND NOT EXISTS (SELECT 1 FROM chunks WHERE document_id = d.id) ORDER BY seq, id"""
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
        for document_id, kind, name, text, said_on in documents
        for start, stop, day in (_spoken_offsets if kind == "transcript" else _dated_offsets)(name, text, said_on)
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


def _spoken_offsets(name: str, text: str, said_on: str | None) -> Iterator[tuple[int, int, str | None]]:
    """The same of a transcript: the day is that of its utterances, else the document's."""
    headings = day_headings(text)
    head = text[: headings[0][0]] if headings else text
    found = None if said_on is not None else document_day(name, head)
    whole = found.isoformat() if found else said_on
    begins = [(0, whole), *((offset, day.isoformat() if day else whole) for offset, day in headings)]
    for (begin, day), (end, _) in zip(begins, [*begins[1:], (len(text), None)], strict=True):
        for start, stop in _utterance_offsets(text[begin:end]):
            yield begin + start, begin + stop, day


def _utterance_offsets(text: str) -> list[tuple[int, int]]:
    """Utterances gathered up to CHUNK_CHARS; one that is longer is cut as prose is."""
    chunks: list[tuple[int, int]] = []
    for start, stop in line_spans(text):
        if chunks and stop - chunks[-1][0] <= CHUNK_CHARS:
            chunks[-1] = (chunks[-1][0], stop)
        else:
            chunks += [(start + first, start + last) for first, last in chunk_offsets(text[start:stop])]
    return chunks


def read_chunk_passages(connection: StoreConnection, document_ids: Sequence[str] | None) -> list[Passage]:
    """The passages of the named documents, or of all that have been chunked, in the order of their texts."""
    rows = connection.execute(
        f"""SELECT passage_id, document_id, d.kind, name, substr(text, start + 1, stop - start), c.said_on
        FROM chunks c JOIN documents d ON d.id = c.document_id
        {"WHERE document_id IN (SELECT unnest($1))" if document_ids is not None else ""}
        ORDER BY d.seq, document_id, start""",
        None if document_ids is None else [list(document_ids)],
    ).fetchall()
    passages: list[Passage] = []
    for document_id, of_document in groupby(rows, key=itemgetter(1)):
        chunks = [(passage_id, kind, name, text, said_on) for passage_id, _, kind, name, text, said_on in of_document]
        _, kind, name, *_ = chunks[0]
        what = f"{kind}: {name}" + (_speakers(text for _, _, _, text, _ in chunks) if kind == "transcript" else "")
        before: tuple[Part, ...] = ()
        for passage_id, _, _, text, said_on in chunks:
            window = Window(f"{what}, {said_on}" if said_on else what, as_context(before), (Part(kind, text),))
            passages.append(Passage(passage_id, document_id, window))
            before = _last_utterances(before, text) if kind == "transcript" else window.parts
    return passages


def _speakers(texts: Iterable[str]) -> str:
    """Who speaks in a transcript, as its windows say it: up to MOST_SPEAKERS, and how many more."""
    lines = (text[start:stop] for text in texts for start, stop in line_spans(text))
    names = list(dict.fromkeys(speaker for line in lines if (speaker := split_speaker(line)[0])))
    if len(names) < 2:
        return f", speaker {names[0]}" if names else ""
    more = len(names) - MOST_SPEAKERS
    *first, last = [*names[:MOST_SPEAKERS], f"{more} more"] if more > 0 else names
    return f", speakers {', '.join(first)} and {last}"


def _last_utterances(before: Sequence[Part], text: str) -> tuple[Part, ...]:
    """The last utterances of a passage, as context of the next, and where they only go on, what they began with."""
    lines = [text[start:stop] for start, stop in line_spans(text)][-CONTEXT_UTTERANCES:]
    begun = [part for part in before if not goes_on(part.text)][-1:] if goes_on(lines[0]) else []
    return (*begun, *(Part("transcript", line) for line in lines))

"""What is to be done: passages as they should stand in the graph, held against what the ledger says of them.

Invariant: work is a set difference, never a count. A passage is settled when the ledger's newest row names
the very window (text, context and extractor) and verdict that it would get now; so an edit, a lost ledger row,
another dataset, a changed prompt or rating are all found the same way, and an unchanged passage costs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from resources.ids import content_id
from resources.llm.notation import Window


@dataclass(frozen=True)
class Passage:
    """A chunk or a turn with the window it is extracted as; `skip` says why it should not be in the graph."""

    id: str
    document_id: str
    window: Window
    skip: str | None = None


@dataclass(frozen=True)
class LedgerRow:
    """What last became of a passage: persisted, skipped or failed, why, and by which run."""

    window_id: str
    disposition: str
    reason: str | None
    run_id: str


# Reads the passages of the named documents, or of all that the asset is about.
Plan = Callable[[duckdb.DuckDBPyConnection, Sequence[str] | None], list[Passage]]


def window_id(window: Window, extractor: str) -> str:
    """The id of what `extractor` makes of `window`: the same wherever the same words stand in the same context."""
    parts = [text for part in (*window.context, *window.parts) for text in (part.role, part.text)]
    return content_id("window", extractor, window.source, str(len(window.parts)), *parts)


def is_settled(passage: Passage, row: LedgerRow | None, extractor: str) -> bool:
    """Whether the ledger already says of `passage` what it should."""
    if row is None:
        return False
    wanted = ("skipped", passage.skip) if passage.skip else ("persisted", None)
    return (row.disposition, row.reason) == wanted and row.window_id == window_id(passage.window, extractor)


def read_ledger(connection: duckdb.DuckDBPyConnection, document_ids: Sequence[str] | None) -> dict[str, LedgerRow]:
    """The newest ledger row of each passage of the named documents, or of all."""
    of_documents = """WHERE passage_id IN (
        SELECT passage_id FROM chunks WHERE list_contains($1, document_id)
        UNION SELECT passage_id FROM turns WHERE list_contains($1, document_id))"""
    rows = connection.execute(
        f"""SELECT passage_id, window_id, disposition, reason, run_id
        FROM current_ledger JOIN commits USING (seq) {of_documents if document_ids is not None else ""}""",
        None if document_ids is None else [list(document_ids)],
    ).fetchall()
    return {passage_id: LedgerRow(*row) for passage_id, *row in rows}

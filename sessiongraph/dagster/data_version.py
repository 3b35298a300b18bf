"""Version and size of an asset's content, as far as it is stored, and what one run did to it.

Invariant: a data version is a function of the content alone. The same content gives the same version whoever made it,
in however many runs and commits, and in a store built anew; so what did not change makes nothing stale.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessiongraph.dagster.content_digests import Digest, digest, evidence_digests, turns_digest
from sessiongraph.types import PASSAGE_TABLES

if TYPE_CHECKING:
    from sessiongraph.store.connection import StoreConnection

# The part of an asset's content of which each row is a document, a turn, a session's lessons, or a piece of live
# evidence of a fact.
_ROWS_OF = {"documents": 0, "session_turns": 0, "knowledge_graph": 2, "session_knowledge": 2, "session_lessons": 0}
# A column's name is part of the hash of its row: it is called as the first versions had it.
_DECIDED = """
SELECT key_a, key_b, same AS "arg_max(same, seq)" FROM (
    SELECT *, row_number() OVER (PARTITION BY key_a, key_b ORDER BY seq DESC) AS nth FROM decisions) newest
WHERE nth = 1
"""
# What people corrected is content of both, where there is anything: without it, versions are those of before.
_CORRECTED = (
    "SELECT subject_key, relation, object_key, of_valid_at, action, new_relation, new_object, new_valid_at, "
    "new_valid_until FROM (SELECT *, row_number() OVER (PARTITION BY subject_key, relation, object_key, of_valid_at "
    "ORDER BY seq DESC) AS nth FROM fact_corrections) newest WHERE nth = 1 AND action <> 'undo'",
    "SELECT key, type, name FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY seq DESC) AS nth "
    "FROM entity_corrections) newest WHERE nth = 1 AND (type IS NOT NULL OR name IS NOT NULL)",
)
# So it is with what tools gave.
_CONTEXTS = "SELECT passage_id, context FROM current_turns WHERE context IS NOT NULL"
# What the content of the others is. No row is there twice, or the two would cancel each other out.
_CONTENT = {
    "documents": (
        "SELECT id, name FROM documents WHERE kind <> 'session'",
        "SELECT DISTINCT document_id, n.name FROM node_sets n JOIN documents d ON d.id = document_id "
        "WHERE kind <> 'session'",
    ),
    "session_lessons": ("SELECT document_id, lessons FROM current_lessons",),
}

_WRITTEN_DOWN = """
SELECT coalesce(sum((disposition = 'persisted')::INT), 0)::INT AS persisted_by_run,
    coalesce(sum((disposition = 'skipped')::INT), 0)::INT AS skipped_by_run,
    coalesce(sum((disposition = 'failed')::INT), 0)::INT AS failed_by_run
FROM (
    SELECT disposition, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth
    FROM ledger JOIN commits c USING (seq) WHERE c.run_id = $1 AND c.asset = $2) said
WHERE nth = 1
"""
# Turns that came into the graph for the first time: how long the oldest had waited.
_QUEUE = """
SELECT max(extract(epoch FROM (c.committed_at - t.created_at)))::DOUBLE PRECISION FROM ledger l
JOIN commits c ON c.seq = l.seq AND c.run_id = $1 AND c.asset = $2 JOIN current_turns t ON t.passage_id = l.passage_id
WHERE l.disposition = 'persisted' AND NOT EXISTS (
    SELECT 1 FROM ledger b WHERE b.passage_id = l.passage_id AND b.seq < l.seq AND b.disposition = 'persisted')
"""


@dataclass(frozen=True)
class Content:
    """The data version of what there is, and how many documents, turns or pieces of live evidence of facts it has."""

    version: str
    rows: int


def content(connection: "StoreConnection", asset: str, findings: Path | None = None) -> Content:
    """What there is of `asset` in the dataset; with the `findings` of its store, at the cost of what is new."""
    parts = _digests(connection, asset, findings)
    is_empty = not any(part.count for part in parts)
    return Content("empty" if is_empty else "-".join(map(str, parts)), parts[_ROWS_OF[asset]].count)


def _digests(connection: "StoreConnection", asset: str, findings: Path | None) -> list[Digest]:
    if asset in PASSAGE_TABLES:
        parts = [*evidence_digests(connection, PASSAGE_TABLES[asset], findings), digest(connection, _DECIDED)]
        corrected = [digest(connection, query) for query in _CORRECTED]
        return parts + (corrected if any(part.count for part in corrected) else [])
    if asset == "session_turns":
        contexts = digest(connection, _CONTEXTS)
        return [turns_digest(connection, findings), *([contexts] if contexts.count else [])]
    return [digest(connection, query) for query in _CONTENT[asset]]


def run_figures(connection: "StoreConnection", asset: str, run_id: str) -> dict[str, Any]:
    """How many passages the run wrote down, by verdict; and `queue_seconds`, from said to in the graph, of its oldest.

    That is left out where no turn came into the graph for the first time.
    """
    counted = connection.execute(_WRITTEN_DOWN, [run_id, asset])
    names = [column[0] for column in counted.description]
    figures = dict(zip(names, counted.fetchall()[0], strict=True))
    waited = connection.execute(_QUEUE, [run_id, asset]).fetchall()[0][0]
    return figures if waited is None else figures | {"queue_seconds": max(0.0, round(waited, 3))}


def has_corrected(connection: "StoreConnection", run_id: str) -> bool:
    """Whether the run was a person's word on a fact."""
    query = "SELECT 1 FROM fact_corrections JOIN commits USING (seq) WHERE run_id = ? AND action <> 'undo' LIMIT 1"
    return bool(connection.execute(query, [run_id]).fetchall())

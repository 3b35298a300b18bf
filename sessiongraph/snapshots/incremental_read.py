"""What a store has that a reader has not taken in yet: the rows of commits after the last one that it read.

Invariants on which reading only those rests:
- Rows are only added, except where the file is written anew. `Version` tells that: a file whose commits up to the last
  one read, or whose numbers of rows, are not those that were read is read from the beginning.
- The words of a passage, and the evidence of a window, are there no later than the ledger row that makes them live, and
  all evidence of a window comes in one commit. So ledger rows alone say which passages are to be read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import duckdb
import numpy as np

from sessiongraph.columnar.growing_arrays import sorted_distinct
from sessiongraph.columnar.vectors import Array, text_hashes
from sessiongraph.entity_resolution.entity_resolver import Decision

Columns: TypeAlias = dict[str, Array]

# Nothing is deleted without rows of one of these.
_COUNTED = ("documents", "turns", "ledger", "node_sets")
# Where the texts of what became live are looked for: in the commits since, in so many before, and in all.
_BEFORE = (0, 50, None)
_PASSAGES_AT_ONCE = 20_000
_READING_MEMORY = "128MB"
# Vectors that are read at once, in units of DuckDB's own (2,048 rows).
_BATCH = 8

# Of each passage, the window that is in the graph; the newest row that is no failure decides.
_LEDGER = """
SELECT passage_id, arg_max(window_id, seq) AS window_id, arg_max(disposition, seq) AS disposition, max(seq) AS seq
FROM ledger WHERE seq > ? AND disposition <> 'failed' GROUP BY passage_id
"""
# `live` has passage_id, window_id and the seq of the ledger row: a turn is read as it was then. Only rows of commits
# after $texts and $documents are looked at: tables are sorted by seq, and what is new is usually about what is new.
_PASSAGES = """
WITH said AS (
    SELECT t.* EXCLUDE (seq), l.window_id, l.seq
    FROM turns t JOIN live l ON t.passage_id = l.passage_id AND t.seq <= l.seq
    WHERE t.seq > $texts QUALIFY row_number() OVER (PARTITION BY t.passage_id ORDER BY t.seq DESC) = 1)
SELECT p.* EXCLUDE (seq), c.run_id, w.summary, w.seq AS window_seq
FROM (
    SELECT l.passage_id AS id, l.window_id, d.id AS document_id, d.kind, d.name, d.user_id, d.session_id,
        NULL::VARCHAR AS turn_id, NULL::VARCHAR AS question, NULL::VARCHAR AS answer,
        substr(d.text, c.start + 1, c.stop - c.start) AS text,
        coalesce(CAST(c.said_on AS TIMESTAMP), d.created_at) AS said_at, c.start AS position, l.seq
    FROM live l JOIN chunks c ON c.passage_id = l.passage_id JOIN documents d ON d.id = c.document_id
    WHERE c.seq > $texts AND d.seq > $documents
    UNION ALL
    SELECT s.passage_id, s.window_id, d.id, d.kind, d.name, d.user_id, d.session_id,
        s.turn_id, s.question, s.answer, NULL, s.created_at, s.position, s.seq
    FROM said s JOIN documents d ON d.id = s.document_id WHERE d.seq > $documents
) p JOIN windows w ON w.id = p.window_id JOIN commits c ON c.seq = p.seq WHERE w.seq > $texts
"""
_DECISIONS = """
SELECT key_a, key_b, arg_max(same, seq), arg_max(source, seq), arg_max(reason, seq) FROM decisions WHERE seq > ?
GROUP BY key_a, key_b
"""
# `shown` has the window_id and the number of each passage read.
_MENTIONS = """
SELECT s.number AS passage, m.name, coalesce(m.type, '') AS type, coalesce(m.description, '') AS description,
    m.stated_by
FROM mentions m JOIN shown s USING (window_id) WHERE m.seq BETWEEN ? AND ?
"""
_CLAIMS = """
SELECT s.number AS passage, c.subject, c.relation, c.object, c.statement, coalesce(c.valid_at, '') AS valid_at,
    c.stated_by, md5_number_upper(c.statement) AS hash
FROM claims c JOIN shown s USING (window_id) WHERE c.seq BETWEEN ? AND ?
"""
_NODE_SETS = """
SELECT document_id, list_sort(list(DISTINCT name)) AS node_sets FROM node_sets
WHERE document_id IN (SELECT document_id FROM shown UNION SELECT document_id FROM node_sets WHERE seq > ?)
GROUP BY document_id
"""


@dataclass(frozen=True)
class Version:
    """How far a store was read: up to the commit `seq` of that `time`, with `rows` of each table."""

    seq: int
    time: object
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Changes:
    """What came after a version, or all there is.

    `settled`: ids of passages of which another window, or none, is live now.
    `passages`: those of them that are live, as they are.
    `node_sets`: by document id, of those documents whose node sets are other ones now.
    `decisions`: the newest about each pair of name keys.
    """

    settled: list[str]
    passages: Columns
    node_sets: dict[str, list[str]]
    decisions: dict[tuple[str, str], Decision]


def read_version(connection: duckdb.DuckDBPyConnection, until: int | None = None) -> Version:
    """The present version of the store behind `connection`, or what is left of that which it had `until` a commit."""
    which = "" if until is None else f"WHERE seq <= {until}"
    last = f"SELECT coalesce(max(seq), 0), arg_max(committed_at, seq) FROM commits {which}"
    [(seq, time)] = connection.execute(last).fetchall()
    counts = (f"SELECT {place}, count(*) FROM {table} {which}" for place, table in enumerate(_COUNTED))
    rows = dict(connection.execute(" UNION ALL ".join(counts)).fetchall())
    return Version(seq, time, tuple(rows[place] for place in range(len(_COUNTED))))


def continues(connection: duckdb.DuckDBPyConnection, known: Version) -> bool:
    """Whether the store behind `connection` still holds all that it did at `known`."""
    return known.seq == 0 or read_version(connection, known.seq) == known


def read_changes(connection: duckdb.DuckDBPyConnection, since: int) -> Changes:
    """What came after the commit `since`; all there is, for 0."""
    ledger = _columns(connection.execute(_LEDGER, [since]))
    live = ledger["disposition"] == "persisted"
    with _registered(connection, "live", {name: ledger[name][live] for name in ("passage_id", "window_id", "seq")}):
        passages = _read_passages(connection, int(live.sum()), since)
    with _registered(connection, "shown", {"document_id": passages["document_id"]}):
        tagged = connection.execute(_NODE_SETS, [since]).fetchall()
    decided = connection.execute(_DECISIONS, [since]).fetchall()
    decisions = {(a, b): Decision(same, source, reason) for a, b, same, source, reason in decided}
    return Changes(ledger["passage_id"].tolist(), passages, dict(tagged), decisions)


def read_evidence(connection: duckdb.DuckDBPyConnection, passages: Columns) -> Iterator[tuple[Columns, Columns]]:
    """The mentions and the claims in the windows of `passages`, by `passage` (its place there), batch by batch.

    All that stands in one passage is in one batch: what many strings take is needed only until they have codes.
    """
    seqs = passages["window_seq"]
    order = np.argsort(seqs, kind="stable")
    for batch in np.split(order, _batch_ends(seqs[order])) if len(order) else ():
        with _registered(connection, "shown", {"window_id": passages["window_id"][batch], "number": batch}):
            span = [int(seqs[batch[0]]), int(seqs[batch[-1]])]
            mentions = _columns(connection.execute(_MENTIONS, span))
            claims = _columns(connection.execute(_CLAIMS, span))
        yield mentions, claims


def _batch_ends(seqs: Array) -> Array:
    """Where batches of about _PASSAGES_AT_ONCE end, between commits."""
    ends = np.searchsorted(seqs, seqs[_PASSAGES_AT_ONCE::_PASSAGES_AT_ONCE])
    return sorted_distinct(ends[ends > 0])


def read_vectors(connection: duckdb.DuckDBPyConnection, model: str, since: int) -> Iterator[tuple[Array, Array]]:
    """The hashes of texts, (n,) uint64, and the vectors that `model` made of them, (n, d) float32, batch by batch."""
    # DuckDB would keep every block that it reads: all vectors a second time. Others use it afterwards, and RESET only
    # seems to take the limit back.
    [(usual,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    connection.execute(f"SET memory_limit = '{_READING_MEMORY}'")
    try:
        found = connection.execute("SELECT text_id, vector FROM embeddings WHERE model = ? AND seq > ?", [model, since])
        while len(batch := found.fetch_df_chunk(_BATCH)):
            joined = b"".join(batch["vector"].tolist())
            yield text_hashes(batch["text_id"].tolist()), np.frombuffer(joined, "<f4").reshape(len(batch), -1)
    finally:
        connection.execute(f"SET memory_limit = '{usual}'")


def _read_passages(connection: duckdb.DuckDBPyConnection, count: int, since: int) -> Columns:
    """The `count` passages that are `live`, in an order that does not depend on how they are read."""
    floors = [0 if before is None else max(since - before, 0) for before in _BEFORE]
    # A session's document is often much older than its last turn.
    for texts, documents in dict.fromkeys([*((floor, floor) for floor in floors[:-1]), (floors[-2], 0), (0, 0)]):
        found = _columns(connection.execute(_PASSAGES, {"texts": texts, "documents": documents}))
        if len(found["id"]) == count:
            break
    order = np.argsort(found["id"], kind="stable")
    order = order[np.lexsort((found["position"][order], found["said_at"][order]))]
    return {name: column[order] for name, column in found.items()}


def _columns(found: duckdb.DuckDBPyConnection) -> Columns:
    """What was found, column by column; None where there is no string."""
    return {name: np.ma.getdata(column) for name, column in found.fetchnumpy().items()}


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, name: str, columns: Columns) -> Iterator[None]:
    """While `columns` are a table called `name`."""
    connection.register(name, columns)
    try:
        yield
    finally:
        connection.unregister(name)

"""Incremental reading of a store: the rows of commits after the last one that was read.

Invariants that incremental reading rests on:
- Rows are only added, except where the file is rewritten. `StoreVersion` detects that: a file whose commits up to the
  last one read, or whose row counts, are not those that were read is read from the beginning.
- The words of a passage, and the evidence of a window, are there no later than the ledger row that makes them live, and
  all evidence of a window comes in one commit. So ledger rows, and newer versions of turns, say which passages must be
  read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sessiongraph.columnar.growing_arrays import sorted_unique
from sessiongraph.columnar.vectors import Array, text_hashes
from sessiongraph.entity_resolution.entity_resolver import Decision
from sessiongraph.snapshots.corrections import Words, read_words
from sessiongraph.store.connection import Columns, StoreConnection
from sessiongraph.types import BAD_SCORE

# The texts of new live passages are looked for in the commits since, then in so many before, then in all.
_COMMITS_BEFORE = (0, 50, None)
_BATCH_PASSAGES = 20_000

# Of each passage, the window that is in the graph; the newest row that is no failure decides.
# A turn that ever had a context is read again where there is a newer version: that one's context counts.
_LEDGER = """
SELECT passage_id, window_id, disposition, seq FROM (
    SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY seq DESC) AS nth FROM (
        SELECT * FROM ledger WHERE seq > $since UNION ALL
        SELECT * FROM ledger WHERE $since > 0 AND passage_id IN (
            SELECT passage_id FROM turns WHERE seq > $since AND passage_id IN (
                SELECT passage_id FROM turns WHERE context IS NOT NULL))) told
    WHERE disposition <> 'failed') newest
WHERE nth = 1
"""
# `live` has passage_id, window_id and the seq of the ledger row: a turn is read as it was then. Only rows of commits
# after $texts and $documents are looked at: tables are sorted by seq, and what is new is usually about what is new.
# Of a badly rated turn nothing is left but what the user told.
_PASSAGES = f"""
WITH live_turns AS (
    SELECT *, row_number() OVER (PARTITION BY passage_id ORDER BY turn_seq DESC) AS nth FROM (
        SELECT t.passage_id, t.document_id, t.turn_id, t.question, t.answer, t.score, t.created_at, t.position,
            t.seq AS turn_seq, l.window_id, l.seq,
            first_value(t.context) OVER (PARTITION BY t.passage_id ORDER BY t.seq DESC) AS context
        FROM turns t JOIN live l ON t.passage_id = l.passage_id WHERE t.seq > $texts) versions
    WHERE turn_seq <= seq)
SELECT p.id, p.window_id, p.document_id, p.kind, p.name, p.user_id, p.session_id, p.turn_id, p.question, p.answer,
    p.text, p.context, p.said_at, p.position, c.run_id, w.summary, w.seq AS window_seq
FROM (
    SELECT l.passage_id AS id, l.window_id, d.id AS document_id, d.kind, d.name, d.user_id, d.session_id,
        NULL::VARCHAR AS turn_id, NULL::VARCHAR AS question, NULL::VARCHAR AS answer,
        substr(d.text, c.start + 1, c.stop - c.start) AS text, NULL::VARCHAR AS context,
        coalesce(CAST(c.said_on AS TIMESTAMP), d.created_at) AS said_at, c.start AS position, l.seq
    FROM live l JOIN chunks c ON c.passage_id = l.passage_id JOIN documents d ON d.id = c.document_id
    WHERE c.seq > $texts AND d.seq > $documents
    UNION ALL
    SELECT s.passage_id, s.window_id, d.id, d.kind, d.name, d.user_id, d.session_id,
        s.turn_id, s.question, CASE WHEN s.score <= {BAD_SCORE} THEN '' ELSE s.answer END,
        NULL, s.context, s.created_at, s.position, s.seq
    FROM live_turns s JOIN documents d ON d.id = s.document_id WHERE nth = 1 AND d.seq > $documents
) p JOIN windows w ON w.id = p.window_id JOIN commits c ON c.seq = p.seq WHERE w.seq > $texts
"""
_DECISIONS = """
SELECT key_a, key_b, same, source, reason FROM (
    SELECT *, row_number() OVER (PARTITION BY key_a, key_b ORDER BY seq DESC) AS nth
    FROM decisions WHERE seq > ?) newest
WHERE nth = 1
"""
_SPEAKERS = """
SELECT user_id, min(user_name) FROM documents WHERE kind = 'session' AND user_name IS NOT NULL AND seq > ?
GROUP BY user_id
"""
# `reading` has the window_id and the number of each passage read.
_MENTIONS = """
SELECT s.number AS passage, m.name, coalesce(m.type, '') AS type, coalesce(m.description, '') AS description,
    m.stated_by
FROM mentions m JOIN reading s USING (window_id) WHERE m.seq BETWEEN ? AND ?
"""
_CLAIMS = """
SELECT s.number AS passage, c.subject, c.relation, c.object, c.statement, coalesce(c.valid_at, '') AS valid_at,
    c.stated_by, md5(c.statement) AS hash
FROM claims c JOIN reading s USING (window_id) WHERE c.seq BETWEEN ? AND ?
"""
_NODE_SETS = """
SELECT document_id, array_agg(DISTINCT name ORDER BY name) AS node_sets FROM node_sets
WHERE document_id IN (SELECT document_id FROM reading UNION SELECT document_id FROM node_sets WHERE seq > ?)
GROUP BY document_id
"""
VECTORS = "SELECT text_id, vector FROM embeddings WHERE model = ? AND seq > ?"


@dataclass(frozen=True)
class Changes:
    """The changes after a version, or all there is.

    `changed_passages`: ids of passages of which another window, or none, is live now.
    `passages`: those of them that are live, with their present contents.
    `node_sets`: by document id, for documents whose node sets have changed.
    `decisions`: the newest about each pair of name keys. `words`: those on facts and entities.
    `speakers`: by id, the account names of users whose sessions are new.
    """

    changed_passages: list[str]
    passages: Columns
    node_sets: dict[str, list[str]]
    decisions: dict[tuple[str, str], Decision]
    words: Words
    speakers: dict[str, str]


def read_changes(connection: StoreConnection, since: int) -> Changes:
    """The changes after the commit `since`; all there is, for 0."""
    ledger = connection.columns(_LEDGER, {"since": since})
    live = ledger["disposition"] == "persisted"
    with connection.registered("live", {name: ledger[name][live] for name in ("passage_id", "window_id", "seq")}):
        passages = _read_passages(connection, int(live.sum()), since)
    with connection.registered("reading", {"document_id": passages["document_id"]}):
        tagged = connection.execute(_NODE_SETS, [since]).fetchall()
    decided = connection.execute(_DECISIONS, [since]).fetchall()
    decisions = {(a, b): Decision(same, source, reason) for a, b, same, source, reason in decided}
    words = read_words(connection, since)
    speakers = dict(connection.execute(_SPEAKERS, [since]).fetchall())
    return Changes(ledger["passage_id"].tolist(), passages, dict(tagged), decisions, words, speakers)


def read_evidence(connection: StoreConnection, passages: Columns) -> Iterator[tuple[Columns, Columns]]:
    """The mentions and the claims in the windows of `passages`, by `passage` (its index there), batch by batch.

    All evidence of one passage is in one batch. Batches bound memory: strings are needed only until they are encoded.
    """
    seqs = passages["window_seq"]
    order = np.argsort(seqs, kind="stable")
    for batch in np.split(order, _batch_ends(seqs[order])) if len(order) else ():
        with connection.registered("reading", {"window_id": passages["window_id"][batch], "number": batch}):
            span = [int(seqs[batch[0]]), int(seqs[batch[-1]])]
            mentions = connection.columns(_MENTIONS, span)
            claims = connection.columns(_CLAIMS, span)
            claims["hash"] = text_hashes(claims["hash"].tolist())
        yield mentions, claims


def _batch_ends(seqs: Array) -> Array:
    """The ends of batches of about _BATCH_PASSAGES, which do not split a commit."""
    ends = np.searchsorted(seqs, seqs[_BATCH_PASSAGES::_BATCH_PASSAGES])
    return sorted_unique(ends[ends > 0])


def read_vectors(connection: StoreConnection, model: str, since: int) -> Iterator[tuple[Array, Array]]:
    """The hashes of texts, (n,) uint64, and the vectors that `model` made of them, (n, d) float32, batch by batch."""
    for batch in connection.batches(VECTORS, [model, since]):
        joined = b"".join(batch["vector"].tolist())
        yield text_hashes(batch["text_id"].tolist()), np.frombuffer(joined, "<f4").reshape(len(batch["vector"]), -1)


def _read_passages(connection: StoreConnection, count: int, since: int) -> Columns:
    """The `count` passages that are `live`, in an order that does not depend on how they are read."""
    floors = [0 if before is None else max(since - before, 0) for before in _COMMITS_BEFORE]
    # A session's document is often much older than its last turn.
    for texts, documents in dict.fromkeys([*((floor, floor) for floor in floors[:-1]), (floors[-2], 0), (0, 0)]):
        found = connection.columns(_PASSAGES, {"texts": texts, "documents": documents})
        if len(found["id"]) == count:
            break
    order = np.argsort(found["id"], kind="stable")
    order = order[np.lexsort((found["position"][order], found["said_at"][order]))]
    return {name: column[order] for name, column in found.items()}

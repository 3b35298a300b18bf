"""What a dataset holds, as plain values: to be held against another build of it, and counted for losses and doubles.

Runs, times and commits are left out: they are all in which two builds of the same turns and documents may differ.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from sessiongraph.snapshots.checkpoint import open_newest
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.text_index.tokenizer import Tokenizer

Rows = list[tuple[Any, ...]]

# What makes a row of each table the only one of its kind.
_KEYS = {
    "commits": "seq",
    "documents": "id",
    "node_sets": "document_id, name",
    "chunks": "passage_id",
    "turns": "passage_id, seq",
    "ledger": "passage_id, seq",
    "windows": "id",
    "mentions": "window_id, name, type, description, stated_by",
    "claims": "window_id, subject, relation, object, statement, valid_at, stated_by",
    "embeddings": "text_id, model",
    "decisions": "key_a, key_b, seq",
    "fact_corrections": "subject_key, relation, object_key, of_valid_at, seq",
    "entity_corrections": "key, seq",
}
# What must change from one version of a passage to the next; a failure may be written down again.
_VERSIONS = {
    "turns": ("content_hash, created_at, position, score, feedback", "true"),
    "ledger": ("window_id, extractor, disposition, reason", "disposition <> 'failed'"),
}
_LEDGER = """SELECT l.passage_id, coalesce(t.document_id, c.document_id), t.question, t.answer, t.score,
        l.window_id, l.disposition, CASE WHEN l.disposition <> 'failed' THEN l.reason END
    FROM current_ledger l LEFT JOIN current_turns t USING (passage_id) LEFT JOIN chunks c USING (passage_id)"""
_LIVE = {
    "windows": "SELECT passage_id, window_id, summary FROM live_windows JOIN windows ON id = window_id",
    "mentions": "SELECT DISTINCT window_id, name, type, description, stated_by FROM mentions "
    "WHERE window_id IN (SELECT window_id FROM live_windows)",
    "claims": "SELECT DISTINCT window_id, subject, relation, object, statement, valid_at, stated_by FROM claims "
    "WHERE window_id IN (SELECT window_id FROM live_windows)",
}


@dataclass(frozen=True)
class DatasetState:
    """`ledger`: what became of each passage, with its words. `windows`, `mentions`, `claims`: the live evidence.

    `entities` and `facts` are what a snapshot shows, by their ids, `retracted` what it does not show because a person
    said that it is wrong; `unembedded` counts the live texts without a vector.
    """

    documents: Rows
    ledger: Rows
    windows: Rows
    mentions: Rows
    claims: Rows
    passages: Rows
    entities: Rows
    facts: Rows
    retracted: Rows
    unembedded: int

    def differences(self, other: "DatasetState") -> dict[str, tuple[Rows, Rows]]:
        """By field, what only this state has and what only `other` has; empty where they are the same."""
        mine, theirs = asdict(self), asdict(other)
        mine["unembedded"], theirs["unembedded"] = [self.unembedded], [other.unembedded]
        return {
            name: (_without(mine[name], theirs[name]), _without(theirs[name], mine[name]))
            for name in mine
            if mine[name] != theirs[name]
        }


def read_state(store: GraphStore, embedding_model: str) -> DatasetState:
    """The present state of `store`, read from the beginning."""
    return store.read(lambda connection: _read(connection, SnapshotBuilder(embedding_model, Tokenizer())))


def read_opened_state(store: GraphStore, embedding_model: str) -> DatasetState | None:
    """The state that a process shows which opens the newest checkpoint; None where there is none to open."""

    def read(connection: StoreConnection) -> DatasetState | None:
        builder = open_newest(store, connection, embedding_model, Tokenizer())
        return None if builder is None else _read(connection, builder)

    return store.read(read)


def _read(connection: StoreConnection, builder: SnapshotBuilder) -> DatasetState:
    snapshot = builder.refresh(connection)
    # A document's time is that of its build, and so is that of what only documents state.
    passages = snapshot.passages.drop(columns=["run_id"])
    passages["said_at"] = passages["said_at"].where(passages["kind"] == "session")
    ids = snapshot.entities["id"].to_numpy()
    facts = snapshot.facts.drop(columns=["said_at", "valid_until", "corrected_at"]).assign(
        subject=ids[snapshot.facts["subject"].to_numpy(int)], object=ids[snapshot.facts["object"].to_numpy(int)]
    )
    tagged = "SELECT d.id, d.kind, d.text, n.name FROM documents d LEFT JOIN node_sets n ON n.document_id = d.id"
    bare = sum((~vectors[:].any(axis=1)).sum() for vectors in (snapshot.passage_vectors, snapshot.fact_vectors))
    return DatasetState(
        documents=_sorted(connection.execute(tagged).fetchall()),
        ledger=_sorted(connection.execute(_LEDGER).fetchall()),
        **{name: _sorted(connection.execute(query).fetchall()) for name, query in _LIVE.items()},
        passages=_sorted(_plain(passages)),
        entities=_sorted(_plain(snapshot.entities)),
        facts=_sorted(_plain(facts)),
        retracted=_sorted({(it.id, it.statement, it.claim) for it in snapshot.retracted}),
        unembedded=int(bare),
    )


def doubled(connection: StoreConnection) -> dict[str, int]:
    """By table, how many rows say once more what another says already; empty where all is well."""
    counts = {}
    for table, key in _KEYS.items():
        count = f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {table} GROUP BY {key}) counted"
        counts[table] = int(connection.execute(count).fetchall()[0][0])
    for table, (version, counted) in _VERSIONS.items():
        same = f"""SELECT count(*) FROM (
            SELECT *, row({version}) AS this, lag(row({version})) OVER (PARTITION BY passage_id ORDER BY seq) AS before
            FROM {table}) versions WHERE this = before AND {counted}"""
        counts[table] += int(connection.execute(same).fetchall()[0][0])
    return {table: count for table, count in counts.items() if count}


def _plain(frame: Any) -> Rows:
    return [tuple(map(_value, row)) for row in frame.itertuples(index=False, name=None)]


def _value(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(value)
    return None if pd.isna(value) else value


def _sorted(rows: Iterable[tuple[Any, ...]]) -> Rows:
    return sorted(rows, key=repr)


def _without(rows: list[Any], others: list[Any]) -> list[Any]:
    return [row for row in rows if row not in others]

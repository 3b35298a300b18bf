"""Taking documents, sessions and turns out of a dataset, with everything that only they support.

Invariant: afterwards the graph is the one that would be there had they never been put in, and their words are in no
table and in none of the file's bytes. What a session taught goes with any of its turns, for it was read as a whole; it
is read again when lessons are next made. What is forgotten goes first, in one transaction; turns that had it as context
lose their ledger rows with it, so that they are due again and are extracted anew from what is left. The pages of
changes, which quote what was said, are removed before that; who called makes them again from what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sessiongraph.changes.page_store import remove_pages
from sessiongraph.extraction.corrections import drop_unfounded, drop_words_of
from sessiongraph.extraction.merge_decisions import drop_unnamed
from sessiongraph.ids import text_id
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.prompts.prompt_format import turn_parts
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.types import BAD_SCORE

_READ = "reading_id IS NOT NULL"


@dataclass(frozen=True)
class Target:
    """What to forget, by id: whole documents (a session is one), single turns (by passage id), and what users
    corrected."""

    document_ids: Sequence[str] = ()
    passage_ids: Sequence[str] = ()
    user_ids: Sequence[str] = ()


@dataclass
class Forgotten:
    """What was taken out, and the sessions of which turns must be extracted anew, by document id."""

    documents: int = 0
    turns: int = 0
    affected: list[str] = field(default_factory=list)


def forget(store: GraphStore, target: Target, run_id: str, asset: str) -> Forgotten:
    """Delete `target` from the store, in a file written anew. Blocks."""

    def change(tx: Transaction) -> Forgotten:
        remove_pages(store)
        return drop(tx, target)

    return store.rewrite(run_id, asset, change)


def drop(tx: Transaction, target: Target) -> Forgotten:
    """Delete the rows of `target`, and those that only they support."""
    touched = _sessions_of(tx.connection, target.passage_ids)
    passages = [*target.passage_ids, *passages_of(tx.connection, target.document_ids)]
    turns = _count_turns(tx.connection, passages)
    tx.forgotten = len(set(passages))
    tx.delete("ledger", "passage_id", passages)
    tx.delete("turns", "passage_id", passages)
    tx.delete("chunks", "passage_id", passages)
    left = _with_turns(tx.connection, touched)
    documents = [*target.document_ids, *(touched - left)]
    tx.delete("documents", "id", documents)
    tx.delete("node_sets", "document_id", documents)
    tx.delete("session_lessons", "document_id", documents)
    # What is left of a session was never read by itself.
    tx.delete_where("session_lessons", f"{_READ} AND document_id IN (SELECT unnest(?))", [sorted(left)])
    drop_words_of(tx, target.user_ids)
    for session in sorted(left):
        _unsettle(tx, session)
    _collect_garbage(tx)
    return Forgotten(len(target.document_ids), turns, sorted(left))


def _sessions_of(connection: StoreConnection, passage_ids: Sequence[str]) -> set[str]:
    rows = connection.execute(
        "SELECT DISTINCT document_id FROM turns WHERE passage_id IN (SELECT unnest(?))", [list(passage_ids)]
    ).fetchall()
    return {document_id for (document_id,) in rows}


def passages_of(connection: StoreConnection, document_ids: Sequence[str]) -> list[str]:
    """The ids of all chunks and turns of documents and sessions."""
    rows = connection.execute(
        """SELECT passage_id FROM chunks WHERE document_id IN (SELECT unnest($1))
        UNION SELECT passage_id FROM turns WHERE document_id IN (SELECT unnest($1))""",
        [list(document_ids)],
    ).fetchall()
    return [passage_id for (passage_id,) in rows]


def _count_turns(connection: StoreConnection, passage_ids: Sequence[str]) -> int:
    return connection.execute(
        "SELECT count(DISTINCT passage_id) FROM turns WHERE passage_id IN (SELECT unnest(?))", [list(passage_ids)]
    ).fetchall()[0][0]


def _with_turns(connection: StoreConnection, document_ids: set[str]) -> set[str]:
    rows = connection.execute(
        "SELECT DISTINCT document_id FROM turns WHERE document_id IN (SELECT unnest(?))", [list(document_ids)]
    ).fetchall()
    return {document_id for (document_id,) in rows}


def _unsettle(tx: Transaction, session: str) -> None:
    """Drop the ledger rows of a session's turns that name another window than they would get now."""
    passages = {passage.id: passage for passage in read_turn_passages(tx.connection, [session])}
    rows = tx.connection.execute(
        "SELECT DISTINCT passage_id, window_id, extractor FROM ledger WHERE passage_id IN (SELECT unnest(?))",
        [list(passages)],
    ).fetchall()
    for passage_id, window_id, extractor in rows:
        if not passages[passage_id].is_window(window_id, extractor):
            tx.delete_where("ledger", "passage_id = ? AND window_id = ?", [passage_id, window_id])


def _collect_garbage(tx: Transaction) -> None:
    """Delete windows that no ledger row names, their evidence, embeddings, decisions and corrections of what is nowhere
    now, and schemas that the dataset has no more."""
    for table, column in (("windows", "id"), ("mentions", "window_id"), ("claims", "window_id")):
        tx.delete_where(table, f"NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.window_id = {table}.{column})")
    drop_unnamed(tx)
    drop_unfounded(tx)
    tx.delete_where("graph_schemas", "seq < (SELECT max(seq) FROM graph_schemas)")
    live = {text_id(text) for text in _texts(tx.connection)}
    stored = tx.connection.execute("SELECT DISTINCT text_id FROM embeddings").fetchall()
    tx.delete("embeddings", "text_id", [id_ for (id_,) in stored if id_ not in live])


def _texts(connection: StoreConnection) -> list[str]:
    """Every text that may have an embedding."""
    chunks = connection.execute(
        """SELECT substr(text, start + 1, stop - start) FROM chunks JOIN documents ON id = document_id
        UNION SELECT statement FROM claims"""
    ).fetchall()
    turns = connection.execute(
        f"SELECT question, answer FROM turns UNION SELECT question, '' FROM turns WHERE score <= {BAD_SCORE}"
    ).fetchall()
    texts = [text for (text,) in chunks]
    return texts + ["\n".join(part.text for part in turn_parts(question, answer)) for question, answer in turns]

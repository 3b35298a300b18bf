"""Evidence written straight into a store, for tests of what is derived from it. Nothing here calls a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessiongraph.store.graph_store import GraphStore, Transaction

# (name, type, description) and (subject, relation, object, statement, valid_at), each with who states it.
Mention = tuple[str, str, str, str]
Claim = tuple[str, str, str, str, str | None, str]


@dataclass(frozen=True)
class Evidence:
    """A document of one chunk or, with a `said_at`, a session of one turn; `id` names it, its passage, its window."""

    id: str
    text: str = "…"
    mentions: Sequence[Mention] = ()
    claims: Sequence[Claim] = ()
    node_sets: Sequence[str] = ()
    said_at: datetime | None = None
    disposition: str = "persisted"


def put(store: GraphStore, *given: Evidence, run_id: str = "run") -> None:
    """Write all of `given` in one commit."""
    store.write(run_id, "asset", lambda tx: [_put(tx, evidence) for evidence in given])


def settle(store: GraphStore, passage: str, window: str, disposition: str = "persisted", run_id: str = "run") -> None:
    """One more ledger row for a passage."""
    row = {"passage_id": passage, "window_id": window, "extractor": "x", "disposition": disposition, "reason": None}
    store.write(run_id, "asset", lambda tx: tx.insert("ledger", [row]))


def put_turn(
    tx: Transaction,
    id_: str,
    question: str,
    answer: str,
    said_at: datetime,
    session: str | None = None,
    position: int = 1,
) -> None:
    """A version of the turn `id_` of `session`, its own without one."""
    row = {"passage_id": id_, "document_id": session or id_, "turn_id": id_, "question": question, "answer": answer}
    row |= {"content_hash": question + answer, "created_at": said_at, "position": position}
    tx.insert("turns", [row | {"score": None, "feedback": None}])


def put_window(tx: Transaction, id_: str, mentions: Sequence[Mention], claims: Sequence[Claim]) -> None:
    tx.insert("windows", [{"id": id_, "summary": f"summary of {id_}"}])
    names = ("name", "type", "description", "stated_by")
    tx.insert("mentions", [{"window_id": id_, **dict(zip(names, row, strict=True))} for row in mentions])
    names = ("subject", "relation", "object", "statement", "valid_at", "stated_by")
    tx.insert("claims", [{"window_id": id_, **dict(zip(names, row, strict=True))} for row in claims])


def _put(tx: Transaction, it: Evidence) -> None:
    is_session = it.said_at is not None
    document = {"id": it.id, "kind": "session" if is_session else "document", "name": it.id, "source": None}
    document |= {"text": None if is_session else it.text, "user_id": "u", "user_name": "ana"}
    document |= {"session_id": it.id if is_session else None, "created_at": it.said_at or datetime(2024, 1, 1)}
    tx.insert("documents", [document])
    tx.insert("node_sets", [{"document_id": it.id, "name": name} for name in it.node_sets])
    if it.said_at is not None:
        put_turn(tx, it.id, it.text, "", it.said_at)
    else:
        chunk = {"passage_id": it.id, "document_id": it.id, "start": 0, "stop": len(it.text)}
        tx.insert("chunks", [chunk])
    put_window(tx, it.id, it.mentions, it.claims)
    ledger = {"passage_id": it.id, "window_id": it.id, "extractor": "x", "disposition": it.disposition}
    tx.insert("ledger", [ledger | {"reason": None}])

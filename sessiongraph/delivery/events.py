"""What happened in a dataset, read off its commit log: one event for each commit and kind.

Invariants: an event's id is a function of dataset, epoch (how often something was forgotten by then), seq and run, so
the same event has the same id whenever it is sent. It tells ids, counts and names of sessions and users, never what was
said: no document's name either, for it may be the beginning of its text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sessiongraph.extraction.ledger import ENDPOINT_AT_FAULT
from sessiongraph.ids import content_id
from sessiongraph.store.connection import StoreConnection
from sessiongraph.types import Dataset

# So many commits are read at a time, and so many sessions and documents named in an event.
_MOST_COMMITS = 100
_MOST_NAMED = 100

_NEXT_STEPS = {
    "model_unavailable": "It is tried again by itself; see that the model's endpoint answers.",
    "answer_unusable": "It is tried three times, then only when asked: persist_sessions and cognify with retry_failed.",
}

_COMMITS = f"""
SELECT * FROM (
    SELECT seq, run_id, committed_at, forgotten, count(forgotten) OVER (ORDER BY seq) AS epoch FROM commits) told
WHERE seq > $after ORDER BY seq LIMIT {_MOST_COMMITS}
"""
_PASSAGES = """
WITH told AS (SELECT * FROM ledger WHERE seq BETWEEN $first AND $last AND disposition IN ('persisted', 'failed')),
places AS (
    SELECT DISTINCT passage_id, document_id FROM turns WHERE passage_id IN (SELECT passage_id FROM told)
    UNION ALL SELECT passage_id, document_id FROM chunks WHERE passage_id IN (SELECT passage_id FROM told))
SELECT told.seq, disposition, d.id, d.session_id, d.user_name, count(*)
FROM told JOIN places USING (passage_id) JOIN documents d ON d.id = document_id
GROUP BY told.seq, disposition, d.id, d.session_id, d.user_name
ORDER BY told.seq, disposition, d.id, d.session_id, d.user_name
"""
_EVIDENCE = """
WITH told AS (SELECT DISTINCT seq, window_id FROM ledger
    WHERE seq BETWEEN $first AND $last AND disposition = 'persisted')
SELECT seq, coalesce(entities, 0), coalesce(facts, 0) FROM (SELECT DISTINCT seq FROM told) seqs
LEFT JOIN (
    SELECT told.seq, count(DISTINCT name) AS entities FROM told JOIN mentions USING (window_id) GROUP BY told.seq) named
    USING (seq)
LEFT JOIN (SELECT told.seq, count(*) AS facts FROM told JOIN claims USING (window_id) GROUP BY told.seq) stated
    USING (seq)
"""
_FAILURES = f"""
SELECT seq, CASE WHEN starts_with(reason, '{ENDPOINT_AT_FAULT}') THEN 'model_unavailable' ELSE 'answer_unusable' END,
    count(*)
FROM ledger WHERE seq BETWEEN $first AND $last AND disposition = 'failed' GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Event:
    """Something that happened at `moment`; `data` is what is told of it."""

    type: str
    id: str
    moment: datetime
    data: Mapping[str, Any]

    def payload(self) -> dict[str, Any]:
        """The body that is sent, as Standard Webhooks has it."""
        return {"type": self.type, "timestamp": self.moment.isoformat(), "data": dict(self.data)}


@dataclass(frozen=True)
class Commit:
    """A commit, and what is to be told of it; most have nothing."""

    seq: int
    events: Sequence[Event]


def last_commit_before(connection: StoreConnection, moment: datetime) -> int:
    """The seq of the last commit up to `moment`; 0 where there is none."""
    query = "SELECT coalesce(max(seq), 0) FROM commits WHERE committed_at <= ?"
    return int(connection.execute(query, [moment.astimezone(UTC).replace(tzinfo=None)]).fetchall()[0][0])


def last_commit(connection: StoreConnection) -> int:
    """The seq of the last commit; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM commits").fetchall()[0][0])


def read_commits(connection: StoreConnection, dataset: Dataset, after: int) -> list[Commit]:
    """The next commits after the one with that seq, in their order; [] where there is none."""
    commits = connection.execute(_COMMITS, {"after": after}).fetchall()
    if not commits:
        return []
    within = {"first": commits[0][0], "last": commits[-1][0]}
    passages = _by_seq(connection.execute(_PASSAGES, within).fetchall())
    evidence = _by_seq(connection.execute(_EVIDENCE, within).fetchall())
    failures = _by_seq(connection.execute(_FAILURES, within).fetchall())
    found = []
    for seq, run_id, committed_at, forgotten, epoch in commits:
        told: dict[str, dict[str, Any]] = {}
        rows = passages.get(seq, [])
        if persisted := [row[1:] for row in rows if row[0] == "persisted"]:
            entities, facts = evidence[seq][0]
            told["passages.persisted"] = {**_places(persisted), "entities": entities, "facts": facts}
        if failed := [row[1:] for row in rows if row[0] == "failed"]:
            told["passages.failed"] = {**_places(failed), "failures": _failures(failures[seq])}
        if forgotten is not None:
            told["passages.forgotten"] = {"passages": forgotten}
        about = {
            "dataset": dataset_told(dataset),
            "epoch": epoch,
            "seq": seq,
            "run_id": run_id,
        }
        moment = committed_at.replace(tzinfo=UTC)
        events = [
            Event(type_, _event_id(type_, dataset.id, epoch, seq, run_id), moment, {**about, **data})
            for type_, data in told.items()
        ]
        found.append(Commit(seq, events))
    return found


def dataset_told(dataset: Dataset) -> dict[str, str]:
    """How events name a dataset."""
    return {"id": dataset.id, "owner": dataset.owner_name, "name": dataset.name}


def _event_id(type_: str, dataset_id: str, epoch: int, seq: int, run_id: str) -> str:
    # The run tells commits apart that have one number in a home and in the backup that it was restored from.
    return "evt_" + content_id("event", type_, dataset_id, str(epoch), str(seq), run_id)


def _places(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """How many passages, and of which sessions and documents (by id, session, user, count)."""
    named = rows[:_MOST_NAMED]
    return {
        "passages": sum(row[-1] for row in rows),
        "sessions": [
            {"session_id": session, "user": user, "document_id": id_, "passages": count}
            for id_, session, user, count in named
            if session is not None
        ],
        "documents": [{"document_id": id_, "passages": count} for id_, session, _, count in named if session is None],
        "not_listed": len(rows) - len(named),
    }


def _failures(rows: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"class": class_, "passages": count, "next_step": _NEXT_STEPS[class_]} for class_, count in rows]


def _by_seq(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for seq, *row in rows:
        found.setdefault(seq, []).append(tuple(row))
    return found

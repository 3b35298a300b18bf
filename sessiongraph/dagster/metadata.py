"""Metadata of an asset's materialization: counts, tokens, cost, seconds, and small tables.

Runs and the events that the Python API reports say it in the same words, because both say it here.

Invariants: never a word of what was said, which could not be forgotten from an event (a failure's reason is
shown without what a provider quoted); and what is not known is called unknown, not 0.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from sessiongraph.extraction.build_graph import KnowledgeReport
    from sessiongraph.importers.taken_in import TakenIn
    from sessiongraph.ingestion.ingest import IngestReport
    from sessiongraph.persistence.estimate import PersistEstimate, PlannedAction
    from sessiongraph.persistence.persist import PersistReport
    from sessiongraph.persistence.session_lessons import LessonsReport
    from sessiongraph.persistence.session_staging import StagingReport
    from sessiongraph.store.connection import StoreConnection
    from sessiongraph.types import Usage

Metadata = dict[str, dg.MetadataValue]

# Rows shown of a table: an event is read by people, and kept forever.
_MOST_ROWS = 100
_FIRST = (
    *("changes", "explorer", "facts_added", "entities_added", "facts", "entities"),
    *("added", "turns_staged", "persisted", "failed", "skipped", "cost_usd", "seconds"),
)
_DISPOSITIONS = ("persisted", "skipped", "failed")
_QUOTED = re.compile(r"\s*\((?:.*\)|.*\Z)", re.DOTALL)


def in_order(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """`metadata` with what a person looks for first at its beginning: Dagster shows it in this order."""
    first = {name: metadata[name] for name in _FIRST if name in metadata}
    return {**first, **metadata}


def ingest_metadata(report: "IngestReport") -> Metadata:
    """What `documents` did."""
    return {
        "added": dg.MetadataValue.int(report.added),
        "known": dg.MetadataValue.int(report.known),
        "characters": dg.MetadataValue.int(report.characters),
        "secrets_masked": dg.MetadataValue.int(report.secrets.total()),
        "skipped": dg.MetadataValue.int(len(report.skipped)),
        "failed": dg.MetadataValue.int(len(report.failed)),
        "failures": table({"document": "string", "reason": "string"}, report.failed.items()),
        "warnings": dg.MetadataValue.int(sum(map(len, report.warnings.values()))),
        "warned": table(
            {"document": "string", "warning": "string"},
            [(name, warning) for name, warnings in report.warnings.items() for warning in warnings],
        ),
        "operation": dg.MetadataValue.text(report.run_id),
    }


def knowledge_metadata(report: "KnowledgeReport", names: Mapping[str, str]) -> Metadata:
    """What `knowledge_graph` or `session_knowledge` did; `names` of documents are those of `document_names`.

    `persisted`, `skipped` and `failed` count passages as they stand now; `sources` has the documents or sessions
    that this run changed, or that have failures.
    """
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    changed: set[str] = set()
    for passage in report.passages:
        if (row := report.ledger.get(passage.id)) is not None:
            name = names.get(passage.document_id, passage.document_id)
            outcomes[name][row.disposition] += 1
            if row.run_id == report.run_id or row.disposition == "failed":
                changed.add(name)
    verdicts = report.verdicts
    return {
        "passages": dg.MetadataValue.int(report.passage_count),
        **_counts({disposition: report.count(disposition) for disposition in _DISPOSITIONS}),
        "quarantined": dg.MetadataValue.int(len(report.quarantined)),
        "stale": dg.MetadataValue.int(report.stale),
        "unembedded": dg.MetadataValue.int(report.unembedded),
        "settled": dg.MetadataValue.int(report.settled),
        "windows_extracted": dg.MetadataValue.int(report.extracted),
        "mentions": dg.MetadataValue.int(report.mentions),
        "claims": dg.MetadataValue.int(report.claims),
        **_dropped(report),
        "sources": _outcome_table({name: outcomes[name] for name in sorted(changed)}),
        "reasons": _reason_table({(verdict, why): n for (verdict, why), n in verdicts.items() if why}),
        **_usage(report.usage, report.seconds),
        "operation": dg.MetadataValue.text(report.run_id),
    }


def staging_metadata(report: "StagingReport | PersistReport") -> Metadata:
    """What `session_turns` did."""
    from sessiongraph.persistence.session_staging import StagingReport

    found = report.found if isinstance(report, StagingReport) else list(report.sessions)
    return {
        "sessions": dg.MetadataValue.int(len(found)),
        "turns_staged": dg.MetadataValue.int(report.staged),
        "secrets_masked": dg.MetadataValue.int(report.secrets.total()),
        "missing": dg.MetadataValue.int(len(report.missing)),
        "missing_sessions": table({"session": "string"}, [(name,) for name in report.missing]),
        "unread": dg.MetadataValue.int(len(report.unread)),
        "unread_sessions": table({"session": "string", "reason": "string"}, report.unread.items()),
        "operation": dg.MetadataValue.text(report.run_id),
    }


def taken_in_metadata(taken: "TakenIn") -> Metadata:
    """What `session_turns` took in before it staged; nothing, where there was nothing to take in."""
    if not (taken.imports or taken.failed):
        return {}
    return {
        "imports": dg.MetadataValue.int(taken.imports),
        "turns_new": dg.MetadataValue.int(taken.new),
        "turns_changed": dg.MetadataValue.int(taken.changed),
        "turns_unchanged": dg.MetadataValue.int(taken.unchanged),
        "turns_withdrawn": dg.MetadataValue.int(taken.withdrawn),
        "left_out": table({"what": "string", "count": "int"}, taken.left_out.most_common()),
        "not_taken": table(
            {"source": "string", "reason": "string"},
            [(name, without_quotes(reason)) for name, reason in taken.failed.items()],
        ),
    }


def persist_metadata(report: "PersistReport") -> Metadata:
    """What `session_knowledge` did when it was called for named sessions."""
    outcomes = {
        session_id: Counter(turn.disposition for turn in session.turns)
        for session_id, session in report.sessions.items()
    }
    return {
        "passages": dg.MetadataValue.int(len(report.turns)),
        **_counts(sum(outcomes.values(), Counter())),
        "quarantined": dg.MetadataValue.int(len(report.quarantined)),
        "stale": dg.MetadataValue.int(report.stale),
        "windows_extracted": dg.MetadataValue.int(report.extracted),
        **_dropped(report),
        "sources": _outcome_table(outcomes),
        "reasons": _reason_table(Counter((turn.disposition, turn.reason) for turn in report.turns if turn.reason)),
        **_usage(report.usage, report.seconds),
        "operation": dg.MetadataValue.text(report.run_id),
    }


def estimate_metadata(estimate: "PersistEstimate") -> Metadata:
    """What a dry run of `persist_sessions` found."""
    turns = [(it.session_id, it.turn_id, it.action, it.reason or "") for it in estimate.turns if it.action != "settled"]
    actions: tuple[PlannedAction, ...] = ("extract", "reuse", "skip")
    unknown = dg.MetadataValue.text("unknown")
    return {
        "turns_to_stage": dg.MetadataValue.int(estimate.staged),
        **{f"turns_to_{action}": dg.MetadataValue.int(estimate.count(action)) for action in actions},
        "turns_settled": dg.MetadataValue.int(estimate.count("settled")),
        "llm_calls": dg.MetadataValue.int(estimate.calls),
        "prompt_tokens": dg.MetadataValue.int(estimate.prompt_tokens),
        "completion_tokens": dg.MetadataValue.int(estimate.completion_tokens),
        "cost_usd": unknown if estimate.cost is None else dg.MetadataValue.float(estimate.cost),
        "turns": table(dict.fromkeys(("session", "turn", "would", "why"), "string"), turns),
        "unread": dg.MetadataValue.int(len(estimate.unread)),
    }


def lessons_metadata(report: "LessonsReport") -> Metadata:
    """What `session_lessons` did."""
    return {
        "sessions_read": dg.MetadataValue.int(report.read),
        "unchanged": dg.MetadataValue.int(report.unchanged),
        "lessons": table({"kind": "string", "lessons": "int"}, sorted(report.lessons.items())),
        "dropped": dg.MetadataValue.int(report.dropped),
        "failed": dg.MetadataValue.int(len(report.failed)),
        "failures": table(
            {"session": "string", "reason": "string"},
            [(name, without_quotes(reason)) for name, reason in report.failed.items()],
        ),
        "quarantined": dg.MetadataValue.int(report.quarantined),
        "stale": dg.MetadataValue.int(report.stale),
        **_usage(report.usage, report.seconds),
        "operation": dg.MetadataValue.text(report.run_id),
    }


def document_names(connection: "StoreConnection", document_ids: Iterable[str]) -> dict[str, str]:
    """What documents are shown as, by id: "name (id)", or "user/session id" for a session."""
    return dict(
        connection.execute(
            """SELECT id, CASE kind WHEN 'session' THEN user_name || '/' || session_id
                ELSE name || ' (' || left(id, 8) || ')' END
            FROM documents WHERE id IN (SELECT unnest(?))""",
            [list(document_ids)],
        ).fetchall()
    )


def names_of(connection: "StoreConnection", report: "KnowledgeReport") -> dict[str, str]:
    """Those of the documents that a build has read."""
    return document_names(connection, {passage.document_id for passage in report.passages})


def _counts(outcomes: Mapping[str, int]) -> Metadata:
    return {name: dg.MetadataValue.int(outcomes.get(name, 0)) for name in _DISPOSITIONS}


def _dropped(report: "KnowledgeReport | PersistReport") -> Metadata:
    """How much the dataset's schema had no place for; nothing, where it drops nothing."""
    return {f"{what}_dropped": dg.MetadataValue.int(count) for what, count in sorted(report.dropped.items())}


def _usage(usage: "Usage", seconds: float) -> Metadata:
    unknown = dg.MetadataValue.text("unknown")
    return {
        "llm_calls": dg.MetadataValue.int(usage.calls),
        "prompt_tokens": dg.MetadataValue.int(usage.prompt_tokens),
        "completion_tokens": dg.MetadataValue.int(usage.completion_tokens),
        "embedding_calls": dg.MetadataValue.int(usage.embedding_calls),
        "embedding_tokens": dg.MetadataValue.int(usage.embedding_tokens),
        "llm_seconds": dg.MetadataValue.float(round(usage.seconds, 3)),
        "cost_usd": unknown if usage.cost is None else dg.MetadataValue.float(usage.cost),
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
    }


def _outcome_table(outcomes: Mapping[str, Mapping[str, int]]) -> dg.TableMetadataValue:
    rows: list[list[str | int]] = [
        [name, *(counts.get(disposition, 0) for disposition in _DISPOSITIONS)] for name, counts in outcomes.items()
    ]
    return table({"source": "string"} | dict.fromkeys(_DISPOSITIONS, "int"), rows)


def _reason_table(reasons: Mapping[tuple[str, str], int]) -> dg.TableMetadataValue:
    counted: Counter[tuple[str, str]] = Counter()
    for (disposition, reason), count in reasons.items():
        counted[disposition, without_quotes(reason)] += count
    rows = [(disposition, reason, count) for (disposition, reason), count in counted.most_common()]
    return table({"disposition": "string", "reason": "string", "passages": "int"}, rows)


def without_quotes(reason: str) -> str:
    """`reason` without its parentheses: where an error quotes a provider, which may have quoted what was said."""
    return _QUOTED.sub("", reason)


def table(columns: Mapping[str, str], rows: Iterable[Sequence[str | int]]) -> dg.TableMetadataValue:
    """`rows` under `columns`, which are types by name; no more rows than people read."""
    schema = dg.TableSchema([dg.TableColumn(name, type_) for name, type_ in columns.items()])
    records = [dg.TableRecord(dict(zip(columns, row, strict=True))) for row in rows]
    return dg.MetadataValue.table(records[:_MOST_ROWS], schema)

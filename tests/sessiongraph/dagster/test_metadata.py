"""What an event says: counts that are true, costs that are not made up, and nothing that was said."""

from typing import Any

import dagster as dg

from sessiongraph.dagster.metadata import (
    ingest_metadata,
    knowledge_metadata,
    persist_metadata,
    staging_metadata,
    without_quotes,
)
from sessiongraph.extraction.build_graph import KnowledgeReport
from sessiongraph.extraction.ledger import LedgerRow, Passage
from sessiongraph.ingestion.ingest import IngestReport
from sessiongraph.persistence.persist import PersistReport, SessionOutcome, TurnOutcome
from sessiongraph.persistence.session_staging import StagingReport
from sessiongraph.prompts.prompt_format import Part, Window
from sessiongraph.types import Usage


def rows(value: dg.MetadataValue) -> list[Any]:
    assert isinstance(value, dg.TableMetadataValue)
    return [tuple(record.data.values()) for record in value.records]


def passage(name: str, document: str) -> Passage:
    return Passage(name, document, Window("source", (), (Part("user", "a secret"),)))


def report(usage: Usage, **ledger: LedgerRow) -> KnowledgeReport:
    passages = [passage(name, name.rstrip("123")) for name in ledger]
    return KnowledgeReport("now", passages, ledger, extracted=2, usage=usage, seconds=1.5)


def test_an_unknown_cost_is_called_unknown() -> None:
    assert knowledge_metadata(report(Usage(calls=3, cost=None)), {})["cost_usd"].value == "unknown"
    assert knowledge_metadata(report(Usage(calls=3, cost=0.25)), {})["cost_usd"].value == 0.25


def test_the_sources_shown_are_those_that_changed_or_fail() -> None:
    done = report(
        Usage(),
        a1=LedgerRow("w", "x", "persisted", None, "now"),
        a2=LedgerRow("w", "x", "skipped", "empty", "before"),
        b1=LedgerRow("w", "x", "persisted", None, "before"),
        c1=LedgerRow("w", "x", "failed", "boom", "before"),
    )

    metadata = knowledge_metadata(done, {"a": "ana/s1"})

    assert rows(metadata["sources"]) == [("ana/s1", 1, 1, 0), ("c", 0, 0, 1)]
    assert [metadata[name].value for name in ("passages", "persisted", "skipped", "failed")] == [4, 2, 1, 1]


def test_reasons_are_counted_without_what_they_quote() -> None:
    ledger = {
        f"a{number}": LedgerRow(
            "w", "x", "failed", f"m failed: HTTP 400 (no (really) secret {number}). Try again.", "now"
        )
        for number in (1, 2)
    }

    metadata = knowledge_metadata(report(Usage(), **ledger), {})

    assert rows(metadata["reasons"]) == [("failed", "m failed: HTTP 400. Try again.", 2)]
    assert "secret" not in str(metadata)


def test_a_quotation_that_never_ends_is_left_out_too() -> None:
    assert without_quotes("m failed: HTTP 400 (it was cut off in the midd") == "m failed: HTTP 400"


def test_a_table_of_thousands_is_cut() -> None:
    missing = [f"s{number}" for number in range(5000)]

    metadata = staging_metadata(StagingReport("now", missing=missing))

    assert metadata["missing"].value == 5000 and len(rows(metadata["missing_sessions"])) == 100


def test_the_api_says_of_a_persist_what_a_run_says() -> None:
    turns = [TurnOutcome("t1", "persisted", None, "now"), TurnOutcome("t2", "skipped", "empty", "now")]
    persisted = PersistReport("now", {"s1": SessionOutcome("s1", turns)}, ["s2"], {"s3": "torn"}, staged=2)

    staged, known = staging_metadata(persisted), persist_metadata(persisted)

    assert [staged[name].value for name in ("sessions", "turns_staged", "missing", "unread")] == [1, 2, 1, 1]
    assert rows(known["sources"]) == [("s1", 1, 1, 0)] and rows(known["reasons"]) == [("skipped", "empty", 1)]
    assert set(known) <= set(knowledge_metadata(report(Usage()), {}))


def test_rejected_documents_are_named_with_their_reason() -> None:
    metadata = ingest_metadata(IngestReport("now", added=1, skipped=["x"], failed={"a.pdf": "it is not a PDF"}))

    assert rows(metadata["failures"]) == [("a.pdf", "it is not a PDF")]
    assert [metadata[name].value for name in ("added", "skipped", "failed")] == [1, 1, 1]


def test_what_was_left_out_of_documents_is_counted_and_named() -> None:
    report = IngestReport("now", added=2, warnings={"a.pdf": ["1 of 3 page(s) (2) hold no text"], "b.csv": ["x", "y"]})

    metadata = ingest_metadata(report)

    assert metadata["warnings"].value == 3
    assert rows(metadata["warned"]) == [("a.pdf", "1 of 3 page(s) (2) hold no text"), ("b.csv", "x"), ("b.csv", "y")]

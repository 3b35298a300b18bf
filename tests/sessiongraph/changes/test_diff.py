"""What a run is said to have added: what is new by it, and nothing that was known or that another supports too."""

from datetime import datetime
from pathlib import Path

import pytest

from sessiongraph.changes.diff import Change, collect_change
from sessiongraph.store.graph_store import GraphStore
from tests.support.evidence import Evidence, put, put_window, settle
from tests.support.snapshots import load_snapshot

NOON = datetime(2024, 5, 8, 12)


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    return GraphStore(tmp_path / "graph.duckdb")


def turn(id_: str, subject: str, object_: str, disposition: str = "persisted") -> Evidence:
    claim = (subject, "lives in", object_, f"{subject} lives in {object_}.", None, "user")
    return Evidence(id_, f"{subject} lives in {object_}.", (), (claim,), said_at=NOON, disposition=disposition)


def write(store: GraphStore, run_id: str, *turns: Evidence) -> None:
    from tests.support.evidence import _put

    store.write(run_id, "session_knowledge", lambda tx: [_put(tx, it) for it in turns])


def change(store: GraphStore, run_id: str) -> Change:
    return store.read(lambda con: collect_change(con, load_snapshot(con, ""), "session_knowledge", run_id))


def facts(found: Change) -> set[tuple[str, str]]:
    return {(found.entities[fact.subject].name, found.entities[fact.object].name) for fact in found.facts}


def test_a_fact_is_new_by_the_first_run_that_states_it_and_by_no_other(store: GraphStore) -> None:
    write(store, "first", turn("a", "Alice Smith", "Paris"))
    write(store, "second", turn("b", "Bob Jones", "Paris"), turn("c", "Alice Smith", "Paris"))

    second = change(store, "second")

    assert facts(second) == {("Bob Jones", "Paris")}
    assert [entity.name for entity in second.new_entities] == ["Bob Jones"]
    assert not second.entities[second.facts[0].object].new  # shown beside the new one, but it was there


def test_every_new_fact_comes_with_the_words_that_state_it(store: GraphStore) -> None:
    write(store, "run", turn("a", "Alice Smith", "Paris"), turn("b", "Alice Smith", "Paris"))

    (fact,) = change(store, "run").facts

    assert [(it.source, it.stated_by, it.text) for it in fact.quotations] == [
        ("a", "user", "Alice Smith lives in Paris."),
        ("b", "user", "Alice Smith lives in Paris."),
    ]


def test_what_a_passage_said_before_it_was_extracted_anew_is_not_new(store: GraphStore) -> None:
    write(store, "first", turn("a", "Alice Smith", "Paris"))
    claims = [(*("alice smith", "Lives in", place), f"… {place}", None, "user") for place in ("Paris", "Rome")]
    store.write("second", "session_knowledge", lambda tx: put_window(tx, "w2", (), claims))
    row = {"passage_id": "a", "window_id": "w2", "extractor": "y", "disposition": "persisted", "reason": None}
    store.write("second", "session_knowledge", lambda tx: tx.insert("ledger", [row]))

    second = change(store, "second")

    assert {(second.entities[fact.object].name) for fact in second.facts} == {"Rome"}
    assert change(store, "first").facts == []  # what it brought has been replaced


def test_verdicts_are_counted_as_the_run_left_them(store: GraphStore) -> None:
    write(store, "run", turn("a", "Alice Smith", "Paris", "failed"), turn("b", "Bob Jones", "Rome", "skipped"))
    write(store, "run", turn("c", "Carol Brown", "Oslo"))

    found = change(store, "run")

    assert found.outcomes == {"failed": 1, "skipped": 1, "persisted": 1} and found.sources == ["c"]
    assert change(store, "nobody").committed_at is None


def test_documents_and_sessions_of_one_run_are_two_changes(store: GraphStore) -> None:
    put(store, Evidence("doc", "…", (), (("Erin Green", "is in", "Bonn", "…", None, "document"),)), run_id="run")
    write(store, "run", turn("a", "Alice Smith", "Paris"))
    settle(store, "doc", "doc", run_id="run")

    assert facts(change(store, "run")) == {("Alice Smith", "Paris")}

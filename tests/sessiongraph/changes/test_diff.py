"""What a run is said to have added: what is new by it, and nothing that was known or that another supports too."""

import random
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sessiongraph.changes.diff import Change, collect_change
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.support.evidence import Evidence, put, put_window, settle
from tests.support.snapshots import load_snapshot

NOON = datetime(2024, 5, 8, 12)
PEOPLE, PLACES = ("Alice Smith", "Bob Jones", "Carol Brown"), ("Paris", "Rome", "Oslo")


@pytest.fixture
def store(tmp_path: Path) -> DuckDBStore:
    return DuckDBStore(tmp_path / "graph.duckdb")


def turn(id_: str, subject: str, object_: str, disposition: str = "persisted") -> Evidence:
    claim = (subject, "lives in", object_, f"{subject} lives in {object_}.", None, "user")
    return Evidence(id_, f"{subject} lives in {object_}.", (), (claim,), said_at=NOON, disposition=disposition)


def write(store: DuckDBStore, run_id: str, *turns: Evidence) -> None:
    from tests.support.evidence import _put

    store.write(run_id, "session_knowledge", lambda tx: [_put(tx, it) for it in turns])


def change(store: DuckDBStore, run_id: str) -> Change:
    return store.read(lambda con: collect_change(con, load_snapshot(con, ""), "session_knowledge", run_id))


def facts(found: Change) -> set[tuple[str, str]]:
    return {(found.entities[fact.subject].name, found.entities[fact.object].name) for fact in found.facts}


def test_a_fact_is_new_by_the_first_run_that_states_it_and_by_no_other(store: DuckDBStore) -> None:
    write(store, "first", turn("a", "Alice Smith", "Paris"))
    write(store, "second", turn("b", "Bob Jones", "Paris"), turn("c", "Alice Smith", "Paris"))

    second = change(store, "second")

    assert facts(second) == {("Bob Jones", "Paris")}
    assert [entity.name for entity in second.new_entities] == ["Bob Jones"]
    assert not second.entities[second.facts[0].object].new  # shown beside the new one, but it was there


def test_every_new_fact_comes_with_the_words_that_state_it(store: DuckDBStore) -> None:
    write(store, "run", turn("a", "Alice Smith", "Paris"), turn("b", "Alice Smith", "Paris"))

    (fact,) = change(store, "run").facts

    assert [(it.source, it.stated_by, it.text) for it in fact.quotations] == [
        ("a", "user", "Alice Smith lives in Paris."),
        ("b", "user", "Alice Smith lives in Paris."),
    ]


def test_what_a_passage_said_before_it_was_extracted_anew_is_not_new(store: DuckDBStore) -> None:
    write(store, "first", turn("a", "Alice Smith", "Paris"))
    claims = [(*("alice smith", "Lives in", place), f"… {place}", None, "user") for place in ("Paris", "Rome")]
    store.write("second", "session_knowledge", lambda tx: put_window(tx, "w2", (), claims))
    row = {"passage_id": "a", "window_id": "w2", "extractor": "y", "disposition": "persisted", "reason": None}
    store.write("second", "session_knowledge", lambda tx: tx.insert("ledger", [row]))

    second = change(store, "second")

    assert {(second.entities[fact.object].name) for fact in second.facts} == {"Rome"}
    assert change(store, "first").facts == []  # what it brought has been replaced


def test_verdicts_are_counted_as_the_run_left_them(store: DuckDBStore) -> None:
    write(store, "run", turn("a", "Alice Smith", "Paris", "failed"), turn("b", "Bob Jones", "Rome", "skipped"))
    write(store, "run", turn("c", "Carol Brown", "Oslo"))

    found = change(store, "run")

    assert found.outcomes == {"failed": 1, "skipped": 1, "persisted": 1} and found.sources == ["c"]
    assert change(store, "nobody").committed_at is None


def test_documents_and_sessions_of_one_run_are_two_changes(store: DuckDBStore) -> None:
    put(store, Evidence("doc", "…", (), (("Erin Green", "is in", "Bonn", "…", None, "document"),)), run_id="run")
    write(store, "run", turn("a", "Alice Smith", "Paris"))
    settle(store, "doc", "doc", run_id="run")

    assert facts(change(store, "run")) == {("Alice Smith", "Paris")}


def told_anew(store: DuckDBStore, draw: random.Random, runs: int) -> None:
    """A few people and places, said of each other in runs that also replace, skip and fail what others said."""
    for number in range(runs):
        claims = [
            (draw.choice(PEOPLE), draw.choice(("lives in", "likes")), draw.choice(PLACES), "…", None, "user")
            for _ in range(draw.randint(1, 3))
        ]
        said = [Evidence(f"p{number}-{n}", f"… {n}", (), claims, said_at=NOON) for n in range(draw.randint(1, 3))]
        write(store, f"run{number}", *said)
        old = f"p{draw.randint(0, number)}-0"
        store.write(
            f"run{number}", "session_knowledge", lambda tx, n=number, c=claims: put_window(tx, f"w{n}", (), c[:1])
        )
        disposition = draw.choice(["persisted", "persisted", "skipped", "failed"])
        row = {"passage_id": old, "window_id": f"w{number}", "extractor": "y", "disposition": disposition}
        store.write(
            f"run{number}", "session_knowledge", lambda tx, row=row: tx.insert("ledger", [row | {"reason": None}])
        )


@pytest.mark.parametrize("seed", range(4))
def test_a_change_is_what_only_the_runs_passages_support_and_did_not_say_before(store: DuckDBStore, seed: int) -> None:
    told_anew(store, random.Random(seed), 8)
    snapshot = store.read(lambda con: load_snapshot(con, ""))

    for run_id in (f"run{number}" for number in range(8)):
        of_run = set(np.flatnonzero(snapshot.passages["run_id"] == run_id))
        ledger = store.read(lambda con: con.execute("SELECT * EXCLUDE (seq), seq FROM ledger ORDER BY seq").fetchall())
        first = store.read(
            lambda con, run=run_id: dict(
                con.execute(
                    "SELECT passage_id, min(seq) FROM ledger JOIN commits USING (seq) WHERE run_id = ? GROUP BY 1",
                    [run],
                ).fetchall()
            )
        )
        before = {p: (w, d) for p, w, _, d, _, seq in ledger if d != "failed" and seq < first.get(p, 0)}
        windows = [window for window, disposition in before.values() if disposition == "persisted"]
        said_before = store.read(
            lambda con, windows=windows: set(
                con.execute(
                    "SELECT subject, relation, object FROM claims WHERE window_id IN (SELECT unnest(?))", [windows]
                ).fetchall()
            )
        )
        names = snapshot.entities["name"]
        expected = {
            (names[fact.subject], fact.relation, names[fact.object])
            for row, fact in enumerate(snapshot.facts.itertuples(index=False))
            if set(snapshot.claims["passage"][snapshot.claims["fact"] == row]) <= of_run
        } - said_before

        found = change(store, run_id)

        assert {
            (found.entities[it.subject].name, it.relation, found.entities[it.object].name) for it in found.facts
        } == expected
        assert set(found.sources) == set(snapshot.passages["name"].iloc[sorted(of_run)])

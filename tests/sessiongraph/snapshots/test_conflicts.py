"""Facts that contradict each other are found, whoever states them; and what only looks so is not."""

from datetime import datetime

import pytest

from sessiongraph.snapshots.conflicts import find_conflicts
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.support.evidence import Claim, Evidence, put
from tests.support.snapshots import load_snapshot

NOON = datetime(2024, 5, 8, 12)


def said(subject: str, relation: str, object_: str, by: str = "document", valid_at: str | None = None) -> Claim:
    return subject, relation, object_, f"{subject} {relation} {object_}.", valid_at, by


def conflicts(store: DuckDBStore, *passages: list[Claim]) -> list[tuple[str, str, set[str]]]:
    """Who, what about, and the statements, where each of `passages` makes these claims."""
    given = [
        Evidence(f"p{n}", claims=claims, said_at=NOON if claims[0][-1] != "document" else None)
        for n, claims in enumerate(passages)
    ]
    put(store, *given)
    found = store.read(lambda con: load_snapshot(con, ""))
    names, statements = found.entities["name"], found.facts["statement"]
    return [(names[it.subject], it.about, {statements[row] for row in it.facts}) for it in find_conflicts(found)]


PARIS, ROME = said("Ann", "lives in", "Paris"), said("Ann", "lives in", "Rome")


def test_two_homes_contradict_each_other_and_what_admits_several_does_not(store: DuckDBStore) -> None:
    visited = [[said("Ann", "visited", place)] for place in ("Oslo", "Lima")]
    found = conflicts(store, [PARIS], [ROME], [said("Bob", "lives in", "Rome")], *visited)
    assert found == [("Ann", "home", {"Ann lives in Paris.", "Ann lives in Rome."})]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (
            said("Ann", "lives in", "Paris", valid_at="2010"),
            said("Ann", "moved to", "Rome", valid_at="2015"),
            "it ended",
        ),
        (PARIS, said("Ann", "lives in", "Rome", by="assistant"), "an assistant's word contradicts nobody's"),
        (said("Ann", "works as", "nurse"), said("Ann", "works as", "head nurse"), "the same in more words"),
        (PARIS, said("Ann", "also lives in", "Rome"), "a person says that it is both"),
        (PARIS, said("Ann", "no longer lives in", "Rome"), "an end says nothing of what is"),
        (PARIS, said("Ann", "lives in", "peace"), "what is no name is no home"),
    ],
)
def test_no_contradiction_is_seen_where(store: DuckDBStore, one: Claim, other: Claim, why: str) -> None:
    assert conflicts(store, [one], [other]) == [], why


def test_who_says_both_at_once_means_both(store: DuckDBStore) -> None:
    assert conflicts(store, [PARIS, ROME]) == []


def test_a_place_within_another_is_no_other_one(store: DuckDBStore) -> None:
    inside = [said("Rome", "is located in", "Italy")]
    assert conflicts(store, [ROME], [said("Ann", "lives in", "Italy")], inside) == []
    assert len(conflicts(DuckDBStore(store.path.with_name("other.duckdb")), [ROME], [PARIS], inside)) == 1


def test_with_one_of_them_gone_there_is_none(store: DuckDBStore) -> None:
    assert conflicts(store, [PARIS], [ROME])
    store.rewrite("forget", "documents", lambda tx: tx.delete("ledger", "passage_id", ["p1"]))
    assert store.read(lambda con: find_conflicts(load_snapshot(con, ""))) == []

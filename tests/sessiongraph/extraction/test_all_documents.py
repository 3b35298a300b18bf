"""What a build of all documents reads: no more than what came since, and yet it finds all that is to be done."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sessiongraph.extraction.all_documents import AllDocuments
from sessiongraph.extraction.build_graph import DuePassages, read_due_passages
from sessiongraph.extraction.ledger import window_id
from sessiongraph.forgetting import Target, forget
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction
from tests.support.evidence import put_turn

NOON, EXTRACTOR = datetime(2024, 5, 8, 12), "x"
SESSIONS = ("s0", "s1", "s2", "s3")


@pytest.fixture
def store(tmp_path: Path) -> DuckDBStore:
    return DuckDBStore(tmp_path / "graph.duckdb")


def say(store: DuckDBStore, session: str, turn: int, answer: str) -> None:
    """A turn, or another version of it, and its session where that is new."""
    row = {"id": session, "kind": "session", "name": session, "source": None, "text": None, "user_id": "u"}
    row |= {"user_name": "ana", "session_id": session, "created_at": NOON}
    question, said_at = f"Where does Person {turn} live?", NOON + timedelta(minutes=turn)

    def write(tx: Transaction) -> None:
        known = tx.connection.execute("SELECT id FROM documents").fetchall()
        tx.insert("documents", [] if (session,) in known else [row])
        put_turn(tx, f"{session}-{turn}", question, answer, said_at, session)

    store.write("say", "session_turns", write)


def settle(store: DuckDBStore, passage_id: str, disposition: str = "as is", extractor: str = EXTRACTOR) -> None:
    """Write down of a turn what a build would, or that it failed."""
    passages = {it.id: it for it in store.read(lambda con: read_turn_passages(con, None))}
    skip, window = passages[passage_id].skip, passages[passage_id].window
    row = {"passage_id": passage_id, "window_id": window_id(window, extractor), "extractor": extractor}
    verdict = {"disposition": "skipped" if skip else "persisted", "reason": skip}
    if disposition == "failed":
        verdict = {"disposition": "failed", "reason": "HTTP 400"}
    store.write("build", "session_knowledge", lambda tx: tx.insert("ledger", [row | verdict]))


def everything(store: DuckDBStore, extractor: str = EXTRACTOR) -> AllDocuments:
    return AllDocuments(store, "session_knowledge", extractor, "model")


def looked(store: DuckDBStore, reextract: bool = False) -> tuple[AllDocuments, DuePassages]:
    """What a build finds, which keeps what it found."""
    look = everything(store)

    def read(connection: StoreConnection) -> DuePassages:
        documents = look.look(connection, reextract)
        passages, due = read_due_passages(connection, read_turn_passages, EXTRACTOR, documents, False, reextract)
        look.keep_statuses(passages, due.statuses)
        look.keep_unembedded(connection, {})
        return due

    return look, store.read(read)


def assert_nothing_is_overlooked(store: DuckDBStore, reextract: bool) -> None:
    look, found = looked(store, reextract)
    passages, wanted = store.read(
        lambda con: read_due_passages(con, read_turn_passages, EXTRACTOR, None, False, reextract)
    )
    assert {it.id for it in found.passages} == {it.id for it in wanted.passages}
    assert found.stale + look.stale_in_others == wanted.stale
    others = store.read(lambda con: look.other_verdicts(con, found.ledger))
    assert others.total() + len(found.ledger) == len(wanted.ledger)
    assert {it.id for it in passages if wanted.statuses[it.id] in ("due", "quarantined")} <= found.statuses.keys()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_all_that_is_due_is_found(store: DuckDBStore, seed: int) -> None:
    draw, turns = random.Random(seed), []
    for number in range(60):
        session = draw.choice(SESSIONS)
        turn = draw.choice(turns) if turns else None
        match draw.randrange(8):
            case 0 | 1 if number < 40:
                say(store, session, number, draw.choice(["I don't know.", f"In Town {number}."]))
                turns.append(f"{session}-{number}")
            case 2 if turn:
                say(store, *turn.split("-")[:1], int(turn.split("-")[1]), f"In Village {number}.")
            case 3 | 4 if turn:
                settle(store, turn)
            case 5 if turn:
                settle(store, turn, draw.choice(["failed", "as is"]), draw.choice([EXTRACTOR, "another"]))
            case 6 if turn:
                turns.remove(turn)
                forget(store, Target(passage_ids=[turn]), "forget", "session_turns")
            case 7 if turn:  # a lost row
                store.write("harm", "harm", lambda tx, turn=turn: tx.delete("ledger", "passage_id", [turn]))
            case _:
                continue
        if draw.random() < 0.7:
            assert_nothing_is_overlooked(store, draw.random() < 0.3)


def test_only_what_came_since_and_what_is_left_is_read(store: DuckDBStore) -> None:
    for number, session in enumerate(SESSIONS[:3]):
        say(store, session, number, "In Rome.")
        settle(store, f"{session}-{number}", "failed" if session == "s2" else "as is")
    assert store.read(lambda con: everything(store).look(con, False)) is None  # nobody has looked yet
    looked(store)

    say(store, "s3", 9, "In Oslo.")

    assert store.read(lambda con: everything(store).look(con, False)) == ["s2", "s3"]
    assert store.read(lambda con: everything(store, "another").look(con, False)) is None


def test_what_has_no_vector_is_read_again_until_it_has(store: DuckDBStore) -> None:
    say(store, "s0", 0, "In Rome.")
    look = everything(store)
    assert store.read(look.look_for_unembedded) is None
    store.read(lambda con: look.keep_unembedded(con, {"s0": 2}))
    assert store.read(everything(store).look_for_unembedded) == ["s0"]
    store.read(lambda con: look.keep_unembedded(con, {}))
    assert store.read(everything(store).look_for_unembedded) == []


def test_other_code_looks_at_everything_anew(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
    looked(store)
    assert store.read(lambda con: everything(store).look(con, False)) == []
    monkeypatch.setattr("sessiongraph.extraction.all_documents._JUDGING_CODE", "other")
    assert store.read(lambda con: everything(store).look(con, False)) is None


def test_what_is_forgotten_is_named_in_no_finding(store: DuckDBStore) -> None:
    say(store, "s0", 0, "In Rome.")
    looked(store)
    assert list(store.findings.iterdir())

    forget(store, Target(document_ids=["s0"]), "forget", "session_turns")

    assert not store.findings.exists()

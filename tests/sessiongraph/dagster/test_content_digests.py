"""Data versions that are kept up from run to run: the same as counted from the beginning, whatever has happened."""

import json
import random
from datetime import datetime
from pathlib import Path

import pytest

from sessiongraph.dagster.data_version import Content, content
from sessiongraph.forgetting import Target, forget
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction
from tests.support.evidence import Claim, Evidence, put, put_turn, put_window, settle

ASSETS = ("knowledge_graph", "session_turns", "session_knowledge")
FILE = "evidence_of_chunks.json"


@pytest.fixture
def store(tmp_path: Path) -> DuckDBStore:
    return DuckDBStore(tmp_path / "graph.duckdb")


def kept(store: DuckDBStore) -> list[Content]:
    return store.read(lambda con: [content(con, asset, store.findings) for asset in ASSETS])


def counted(store: DuckDBStore) -> list[Content]:
    return store.read(lambda con: [content(con, asset) for asset in ASSETS])


def claim(number: int) -> Claim:
    return (f"Person {number}", "lives in", f"Town {number % 3}", f"… {number}", None, "document")


def document(number: int) -> Evidence:
    return Evidence(f"d{number}", claims=[claim(number)], mentions=[(f"Person {number}", "Person", "…", "document")])


def say(store: DuckDBStore, turn: str, number: int) -> None:
    said_at = datetime(2024, 1, 1 + number % 28)
    store.write("said", "session_turns", lambda tx: put_turn(tx, turn, f"Question {number}?", "Yes.", said_at))


def extract_again(store: DuckDBStore, passage: str, number: int) -> None:
    window = f"w{number}"

    def write(tx: Transaction) -> None:
        put_window(tx, window, (), [claim(number), claim(number + 1)])
        row = {"passage_id": passage, "window_id": window, "extractor": "y", "disposition": "persisted", "reason": None}
        tx.insert("ledger", [row])

    store.write("again", "knowledge_graph", write)


@pytest.mark.parametrize("seed", range(3))
def test_after_any_commits_they_are_those_of_the_content(store: DuckDBStore, seed: int) -> None:
    draw, passages = random.Random(seed), ["d0"]
    put(store, document(0), Evidence("s0", said_at=datetime(2024, 1, 1)))
    for number in range(1, 40):
        passage = draw.choice(passages)
        match draw.randrange(7):
            case 0 | 1:
                put(store, document(number))
                passages.append(f"d{number}")
            case 2:
                extract_again(store, passage, number)
            case 3:
                settle(store, passage, passage, draw.choice(["skipped", "failed", "persisted"]))
            case 4 if len(passages) > 1:
                passages.remove(passage)
                forget(store, Target(document_ids=[passage]), "forget", "documents")
            case 5:
                say(store, draw.choice(["s0", "s1", "s2"]), number)
            case _:
                assert kept(store) == counted(store)
    assert kept(store) == counted(store)


def test_another_name_and_another_fact_are_another_version(tmp_path: Path) -> None:
    mention = ("Person 0", "Person", "…", "document")
    said = [
        Evidence("d0", claims=[claim(0)], mentions=[mention]),
        Evidence("d0", claims=[claim(0)], mentions=[("Person 0", "Organization", "…", "document")]),
        Evidence("d0", claims=[claim(1)], mentions=[mention]),
        Evidence("d0", claims=[claim(0)], mentions=[]),
    ]
    versions = set()
    for number, evidence in enumerate(said):
        store = DuckDBStore(tmp_path / str(number) / "graph.duckdb")
        put(store, evidence)
        versions.add(str(kept(store)[0]))
    assert len(versions) == len(said)


def test_what_is_kept_is_not_counted_again(store: DuckDBStore) -> None:
    put(store, document(0))
    kept(store)
    file = store.findings / FILE
    wrong = json.loads(file.read_text())
    wrong["value"][2] = [41, "0"]
    file.write_text(json.dumps(wrong))

    put(store, document(1))

    assert kept(store)[0].rows == 42
    forget(store, Target(document_ids=["d1"]), "forget", "documents")
    assert kept(store) == counted(store)  # what was forgotten cannot be taken out of a sum


def test_what_is_kept_of_another_store_counts_for_nothing(store: DuckDBStore, tmp_path: Path) -> None:
    other = DuckDBStore(tmp_path / "other" / "graph.duckdb")
    put(other, document(7))
    kept(other)
    put(store, document(0))
    store.findings.mkdir()
    (store.findings / FILE).write_bytes((other.findings / FILE).read_bytes())
    assert kept(store) == counted(store)

    (store.findings / FILE).write_text("no JSON")
    assert kept(store) == counted(store)

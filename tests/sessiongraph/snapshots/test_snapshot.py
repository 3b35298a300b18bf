"""Snapshots are derived from the live evidence, whoever wrote it, in whichever order."""

from datetime import datetime
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessiongraph.ids import text_id
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.support.evidence import Evidence, put, put_turn, put_window, settle
from tests.support.snapshots import load_snapshot

MORNING, NOON = datetime(2024, 5, 8, 9), datetime(2024, 5, 8, 12)


def snapshot(store: DuckDBStore) -> Snapshot:
    return store.read(lambda con: load_snapshot(con, "model"))


def entity(found: Snapshot, name: str) -> pd.Series:
    return found.entities[found.entities["name"] == name].iloc[0]


def contents(found: Snapshot) -> tuple[object, ...]:
    """All that is shown, whichever rows it stands in."""
    ids, entities = found.passages["id"], found.entities["id"]
    facts = found.facts.assign(subject=entities[found.facts["subject"]].tolist())
    facts["object"] = entities[found.facts["object"]].tolist()
    mentions = found.mentions.assign(entity=entities[found.mentions["entity"]].tolist())
    mentions["passage"] = ids[found.mentions["passage"]].tolist()
    claims = found.claims.assign(fact=found.facts["id"][found.claims["fact"]].tolist())
    claims["passage"] = ids[found.claims["passage"]].tolist()
    return tuple(
        sorted(map(repr, frame.astype("object").where(frame.notna(), None).to_dict("records")))
        for frame in (found.entities, facts, mentions, claims)
    )


EVIDENCE = [
    Evidence(
        "doc-1",
        mentions=[("Alice Smith", "Person", "an engineer", "document"), ("Paris", "Place", "a city", "document")],
        claims=[("Alice Smith", "lives in", "Paris", "Alice Smith lives in Paris.", "2010", "document")],
    ),
    Evidence(
        "doc-2",
        mentions=[("Alice", "Concept", "who likes tea", "document"), ("alice's", "Person", "of Paris", "document")],
        claims=[("Alice", "Lives  in", "paris", "She lives in Paris.", "2010", "document")],
    ),
    Evidence(
        "turn-1",
        mentions=[("Alice Smith", "Author", "claimed to write", "assistant")],
        claims=[("Alice Smith", "lives in", "Paris", "A. lives in Paris.", "2010", "assistant")],
        said_at=MORNING,
    ),
    Evidence("turn-2", mentions=[("PARIS", "City", "", "user")], said_at=NOON),
]


def test_entities_and_facts_do_not_depend_on_the_order_in_which_they_came(tmp_path: Path) -> None:
    seen = []
    for number, order in enumerate(list(permutations(EVIDENCE))[::5]):
        store = DuckDBStore(tmp_path / f"{number}.duckdb")
        for part in (order[:2], order[2:3], order[3:]):
            put(store, *part)
        seen.append(contents(snapshot(store)))
    assert all(one == seen[0] for one in seen)


def test_what_facts_only_say_of_something_is_a_value_until_one_is_about_it(store: DuckDBStore) -> None:
    said = [("Ana", "owns", "boat"), ("boat", "is", "red"), ("Ana", "has age", "42")]
    claims = [(*fact, f"{' '.join(fact)}.", None, "document") for fact in said]
    ana = ("Ana", "Person", "", "document")
    put(store, Evidence("a", claims=claims[:1], mentions=[ana]), Evidence("c", claims=claims[2:], mentions=[ana]))
    assert [entity(snapshot(store), name)["type"] for name in ("boat", "42", "Ana")] == ["Value", "Value", "Person"]

    reader = SnapshotReader()
    reader.snapshot(store, "model")
    put(store, Evidence("b", claims=claims[1:2]))

    for found in (snapshot(store), reader.snapshot(store, "model")):
        assert [entity(found, name)["type"] for name in ("boat", "red", "42")] == ["Concept", "Value", "Value"]

    wrong = {"subject_key": "boat", "relation": "is", "object_key": "red", "action": "retract", "user_id": "u"}
    store.write("said", "corrections", lambda tx: tx.insert("fact_corrections", [wrong]))

    for found in (snapshot(store), reader.snapshot(store, "model")):
        assert len(found.facts) == 2 and entity(found, "boat")["type"] == "Concept", "somebody spoke of it"


def test_a_turn_that_was_edited_is_read_again_for_what_stands_beside_it(store: DuckDBStore) -> None:
    """What tools gave is the newest version's, also while the window is the earlier one's."""
    turn = {"passage_id": "t", "document_id": "t", "turn_id": "t", "question": "Where?", "answer": "There."}
    turn |= {"content_hash": "h", "created_at": NOON, "position": 1}
    put(store, Evidence("t", said_at=NOON))
    store.write("said", "session_turns", lambda tx: tx.insert("turns", [turn | {"context": "the first page"}]))
    reader = SnapshotReader()
    assert reader.snapshot(store, "model").passages["context"].tolist() == ["the first page"]

    store.write("said", "session_turns", lambda tx: tx.insert("turns", [turn | {"context": "the second page"}]))

    for found in (snapshot(store), reader.snapshot(store, "model")):
        assert found.passages["context"].tolist() == ["the second page"]


def test_one_fact_has_all_of_its_evidence_and_one_entity_all_of_its_names(store: DuckDBStore) -> None:
    put(store, *EVIDENCE)
    found = snapshot(store)
    assert sorted(found.entities["name"]) == ["Alice Smith", "Paris"]
    assert entity(found, "Alice Smith")["aliases"] == ["Alice", "alice's"]
    assert len(found.facts) == 1
    assert sorted(found.claims["statement"]) == [
        "A. lives in Paris.",
        "Alice Smith lives in Paris.",
        "She lives in Paris.",
    ]


def test_validity_and_relation_distinguish_facts_and_the_sentence_does_not(store: DuckDBStore) -> None:
    claims = [
        ("Alice", "works at", "Acme", "one wording", None, "document"),
        ("Alice", "works  AT", "Acme", "another wording", None, "document"),
        ("Alice", "works at", "Acme", "since then", "2010", "document"),
        ("Alice", "left", "Acme", "and left", None, "document"),
    ]
    put(store, Evidence("d", claims=claims))
    facts = snapshot(store).facts
    assert sorted(zip(facts["relation"], facts["valid_at"].map(str), strict=True)) == [
        ("left", "None"),
        ("works at", "2010"),
        ("works at", "None"),
    ]


def test_what_a_user_or_document_states_stands_above_what_an_assistant_claimed(store: DuckDBStore) -> None:
    claim = ("Alice", "lives in", "Paris")
    put(
        store,
        Evidence(
            "early",
            mentions=[("Alice", "Person", "as the assistant has it", "assistant")],
            claims=[(*claim, "Another wording.", None, "assistant")],
            said_at=MORNING,
        ),
        Evidence(
            "late",
            mentions=[("Alice", "Person", "as one has it", "user")],
            claims=[(*claim, "The best wording.", None, "user")],
            said_at=NOON,
        ),
    )
    found = snapshot(store)
    assert entity(found, "Alice")["description"] == "as one has it as the assistant has it"
    assert found.facts[["statement", "stated_by"]].values.tolist() == [["The best wording.", "user"]]
    assert found.claims["statement"][found.claims_of(0)].tolist() == ["The best wording.", "Another wording."]


def test_a_fact_that_only_an_assistant_claimed_says_so(store: DuckDBStore) -> None:
    put(store, Evidence("t", claims=[("Bob", "lives in", "Rome", "Bob …", None, "assistant")], said_at=NOON))
    assert snapshot(store).facts["stated_by"].tolist() == ["assistant"]


def test_a_description_keeps_the_wordings_of_its_evidence(store: DuckDBStore) -> None:
    put(store, Evidence("a", mentions=[("Acme", "Organization", "a company", "document")]))
    put(store, Evidence("b", mentions=[("ACME", "Organization", "which makes anvils", "document")]))
    described = set(snapshot(store).mentions["description"])
    assert described == {"a company", "which makes anvils"}
    assert all(wording in snapshot(store).entities["description"].iloc[0] for wording in described)


def test_node_sets_are_those_of_the_documents_and_none_overwrites_another(store: DuckDBStore) -> None:
    put(store, Evidence("a", node_sets=["zoo", "alpha"]), Evidence("b", node_sets=["beta"]), Evidence("c"))
    passages = snapshot(store).passages.set_index("id")["node_sets"]
    assert list(passages["a"]) == ["alpha", "zoo"]
    assert list(passages["b"]) == ["beta"]


@pytest.mark.parametrize("disposition", ["skipped", "failed"])
def test_what_was_skipped_or_failed_is_not_seen(store: DuckDBStore, disposition: str) -> None:
    put(store, Evidence("a", mentions=[("Acme", "", "", "document")], disposition=disposition))
    found = snapshot(store)
    assert found.is_empty
    assert found.entities.empty


def test_evidence_of_an_edited_turn_lives_until_its_new_words_are_extracted(store: DuckDBStore) -> None:
    put(store, Evidence("t", "Bob is in Rome.", mentions=[("Bob", "", "", "user")], said_at=NOON))
    store.write("edit", "session_turns", lambda tx: put_turn(tx, "t", "Bea is in Oslo.", "", NOON))
    for failed in (False, True):
        if failed:
            settle(store, "t", "w2", "failed")
        found = snapshot(store)
        assert found.passages["text"].tolist() == ["Bob is in Rome."]
        assert found.entities["name"].tolist() == ["Bob"]
    store.write("again", "session_knowledge", lambda tx: put_window(tx, "w2", [("Bea", "", "", "user")], []))
    settle(store, "t", "w2", run_id="run-2")
    found = snapshot(store)
    assert found.passages["text"].tolist() == ["Bea is in Oslo."]
    assert found.passages["run_id"].tolist() == ["run-2"]
    assert found.entities["name"].tolist() == ["Bea"]


def test_a_later_skip_takes_a_turn_out_and_a_failure_after_it_does_not_bring_it_back(store: DuckDBStore) -> None:
    put(store, Evidence("t", said_at=NOON))
    settle(store, "t", "t", "skipped")
    settle(store, "t", "t", "failed")
    assert snapshot(store).is_empty


def test_a_document_and_a_session_side_by_side_stay_what_they_are(store: DuckDBStore) -> None:
    put(store, Evidence("d", "A text."), Evidence("s", "A question?", said_at=NOON))
    passages = snapshot(store).passages.set_index("id")
    columns = ["kind", "turn_id", "session_id", "text", "summary"]
    assert passages.loc["d", columns].tolist() == ["document", None, None, "A text.", "summary of d"]
    assert passages.loc["s", columns].tolist() == ["session", "s", "s", "A question?", "summary of s"]


def test_passages_without_evidence_and_an_empty_store_have_empty_frames(store: DuckDBStore) -> None:
    empty = snapshot(store)
    assert empty.is_empty
    assert empty.passage_vectors.shape[0] == 0
    put(store, Evidence("d", "Nothing to extract."))
    found = snapshot(store)
    assert len(found.passages) == 1
    for frame in (found.entities, found.facts, found.mentions, found.claims):
        assert frame.empty
    assert found.fact_index.scores("anything").shape == (0,)
    assert found.passage_index.scores("extract")[0] > 0


def test_a_fact_about_one_and_the_same_entity_is_none(store: DuckDBStore) -> None:
    mentions = [("Alice Smith", "Person", "", "document")]
    put(
        store,
        Evidence("d", mentions=mentions, claims=[("A. Smith", "is short for", "Alice Smith", "…", None, "document")]),
    )
    found = snapshot(store)
    assert len(found.entities) == 1
    assert found.facts.empty
    assert found.claims.empty


def test_vectors_are_those_of_the_asked_model_in_the_order_of_the_texts(store: DuckDBStore) -> None:
    put(store, Evidence("a", "first"), Evidence("b", "second"), Evidence("c", "third"))

    def embed(tx) -> None:  # type: ignore[no-untyped-def]
        rows = [("third", "model", [3, 0]), ("first", "model", [1, 0]), ("second", "other", [0, 2, 0])]
        tx.insert(
            "embeddings",
            [{"text_id": text_id(t), "model": m, "vector": np.array(v, "<f4").tobytes()} for t, m, v in rows],
        )

    store.write("r", "a", embed)
    found = snapshot(store)
    vectors = dict(zip(found.passages["text"], np.asarray(found.passage_vectors).tolist(), strict=True))
    assert vectors == {"first": [1, 0], "second": [0, 0], "third": [3, 0]}

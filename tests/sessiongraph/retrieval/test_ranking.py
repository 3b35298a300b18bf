"""What is found, signal by signal: each test fails where the signal that it names is lost."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from resources.graph_store.snapshot import load_snapshot
from resources.graph_store.store import GraphStore, Transaction
from resources.ids import text_id
from resources.types import Dataset
from sessiongraph.retrieval import ranking
from sessiongraph.retrieval.ranking import Scope, rank_facts, rank_passages
from tests.support.evidence import Evidence, put, put_window

TODAY = date(2024, 3, 14)
FILLER = [
    f"The {word} of harbour number {number} is painted." for number, word in enumerate(("mast", "keel", "deck", "bow"))
]

Build = Callable[..., Scope]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def scope(*given: Evidence, write: Callable[[Transaction], None] | None = None) -> Scope:
        store = GraphStore(tmp_path / "graph.duckdb")
        put(store, *given)
        if write is not None:
            store.write("run", "asset", write)
        return Scope(Dataset("d", "d", "u", "u"), store.read(lambda connection: load_snapshot(connection, "model")))

    return scope


def found(scope: Scope, question: str, vector: np.ndarray | None = None) -> list[str]:
    hits = rank_passages([scope], question, vector, 20, now=TODAY)
    return [scope.snapshot.passages["id"].iloc[hit.row] for hit in hits]


def facts(scope: Scope, question: str) -> list[str]:
    return [
        scope.snapshot.facts["statement"].iloc[hit.row] for hit in rank_facts([scope], question, None, 20, now=TODAY)
    ]


def claim(subject: str, relation: str, object_: str, valid_at: str | None = None, by: str = "document") -> tuple:  # type: ignore[type-arg]
    return (subject, relation, object_, f"{subject} {relation} {object_}.", valid_at, by)


def test_words_find_the_passage_that_has_them(build: Build) -> None:
    scope = build(*(Evidence(f"f{n}", text) for n, text in enumerate(FILLER)), Evidence("kiln", "The kiln is hot."))
    assert found(scope, "How hot is the kiln?")[0] == "kiln"


def test_vectors_find_what_shares_no_word(build: Build) -> None:
    texts = {f"f{n}": text for n, text in enumerate(FILLER)}
    vectors = np.eye(len(texts), dtype=np.float32)

    def embed(tx: Transaction) -> None:
        for text, vector in zip(texts.values(), vectors, strict=True):
            tx.insert("embeddings", [{"text_id": text_id(text), "model": "model", "vector": vector.tobytes()}])

    scope = build(*(Evidence(id_, text) for id_, text in texts.items()), write=embed)
    assert found(scope, "unrelated", vectors[2])[0] == "f2"


def _session(scope_id: str, *lines: str) -> Callable[[Transaction], None]:
    """A session of turns: what is said, a minute apart."""

    def write(tx: Transaction) -> None:
        row = {"id": scope_id, "kind": "session", "name": scope_id, "source": None, "text": None, "user_id": "u"}
        tx.insert("documents", [row | {"user_name": "ana", "session_id": scope_id, "created_at": datetime(2024, 1, 1)}])
        for number, line in enumerate(lines):
            id_ = f"{scope_id}{number}"
            turn = {"passage_id": id_, "document_id": scope_id, "turn_id": id_, "question": line, "answer": ""}
            turn |= {"content_hash": line, "created_at": datetime(2024, 1, 1, 12, number), "position": number}
            tx.insert("turns", [turn | {"score": None, "feedback": None}])
            put_window(tx, id_, (), ())
            ledger = {"passage_id": id_, "window_id": id_, "extractor": "x", "disposition": "persisted", "reason": None}
            tx.insert("ledger", [ledger])

    return write


def test_the_neighbours_of_what_fits_stand_above_turns_further_off(build: Build) -> None:
    scope = build(
        write=_session("s", "Hello.", "Hm.", "Well.", "Which glaze is the kiln for?", "Green.", "Fine.", "Bye.")
    )
    assert set(found(scope, "What is the kiln for?")[:3]) == {"s2", "s3", "s4"}


def test_a_turn_of_the_session_that_has_all_words_stands_above_its_twin_elsewhere(build: Build) -> None:
    def write(tx: Transaction) -> None:
        _session("z", "The kiln.", "Sad.", "Hm.", "It will be.", "Yes.", "Hm.", "The glaze.")(tx)
        _session("a", "The kiln.", "Sad.", "Hm.", "It will be.", "Yes.", "Hm.", "The kiln.")(tx)
        _session("b", "The glaze.", "Sad.", "Hm.", "It will be.", "Yes.", "Hm.", "The glaze.")(tx)

    ranked = found(build(write=write), "The kiln and the glaze")
    assert ranked.index("z3") < min(ranked.index("a3"), ranked.index("b3"))


def test_a_turn_of_the_session_with_the_best_turn_stands_above_its_twin_elsewhere(build: Build) -> None:
    def write(tx: Transaction) -> None:
        _session("z", "The kiln has a glaze.", "Sad.", "Hm.", "It will be.", "Yes.", "Hm.", "The mast.")(tx)
        _session("a", "The kiln has a mast.", "Sad.", "Hm.", "It will be.", "Yes.", "Hm.", "The glaze.")(tx)

    ranked = found(build(write=write), "The kiln and the glaze")
    assert ranked.index("z3") < ranked.index("a3")


def test_the_graph_finds_the_passage_two_steps_away(build: Build) -> None:
    scope = build(
        *(Evidence(f"f{n}", text, claims=[claim(f"Harbour {n}", "has", "paint")]) for n, text in enumerate(FILLER)),
        *(Evidence(f"g{n}", text, claims=[claim(f"Harbour {n}", "is", "open")]) for n, text in enumerate(FILLER)),
        Evidence("song", "Blue Tide is by Ines Falk.", claims=[claim("Blue Tide", "performed by", "Ines Falk")]),
        Evidence("singer", "Ines Falk grew up in Orlo.", claims=[claim("Ines Falk", "grew up in", "Orlo")]),
        Evidence("town", "Orlo has nine bridges.", claims=[claim("Orlo", "has", "nine bridges")]),
        Evidence("decoy", "Vasto has nine bridges.", claims=[claim("Vasto", "has", "nine bridges")]),
    )
    ranked = found(scope, "Where did the performer of Blue Tide grow up?")
    assert ranked[:2] == ["song", "singer"]
    assert ranked.index("town") < ranked.index("decoy")


def test_a_masked_passage_leads_nowhere(build: Build) -> None:
    """What may not be used is no bridge either: through it, one could tell that it is there."""
    built = build(
        *(Evidence(f"f{n}", text) for n, text in enumerate(FILLER)),
        Evidence("song", "Blue Tide is known.", [("Blue Tide", "Work", "", "document")]),
        Evidence("bridge", "It is hers.", claims=[claim("Blue Tide", "performed by", "Ines Falk")]),
        Evidence("singer", "She lives there.", claims=[claim("Ines Falk", "lives in", "Orlo")]),
    )
    open_ = found(built, "Who performed Blue Tide?")
    mask = (built.snapshot.passages["id"] != "bridge").to_numpy()
    scores = {
        hit.row: hit.score
        for hit in rank_passages([Scope(built.dataset, built.snapshot, mask)], "Who performed Blue Tide?", None, 20)
    }
    row = {id_: place for place, id_ in enumerate(built.snapshot.passages["id"])}
    assert open_.index("singer") < open_.index("f0")
    assert "bridge" in open_
    assert row["bridge"] not in scores
    assert scores[row["singer"]] == pytest.approx(scores[row["f0"]])


def test_a_turn_of_the_days_that_are_asked_about_stands_first(build: Build) -> None:
    scope = build(
        Evidence("may", "The kiln broke.", said_at=datetime(2023, 5, 9)),
        Evidence("june", "The kiln broke.", said_at=datetime(2023, 6, 29)),
    )
    assert found(scope, "What broke at the end of last June?")[0] == "june"
    assert found(scope, "What broke in the middle of last May?")[0] == "may"


def test_the_speaker_who_is_named_stands_first(build: Build) -> None:
    scope = build(
        Evidence("ana", "Ana: I mended the kiln.\nBen: Well done."),
        Evidence("ben", "Ana: Well done.\nBen: I mended the kiln."),
    )
    assert found(scope, "What has Ana mended?")[0] == "ana"
    assert found(scope, "What has Ben mended?")[0] == "ben"


def test_facts_about_what_is_named_stand_first(build: Build) -> None:
    scope = build(
        Evidence("a", claims=[("Ana", "mends", "kilns", "This one mends kilns.", None, "document")]),
        Evidence("b", claims=[("Ben", "mends", "kilns", "That one mends kilns.", None, "document")]),
    )
    assert facts(scope, "What does Ana mend?")[0] == "This one mends kilns."
    assert facts(scope, "What does Ben mend?")[0] == "That one mends kilns."


@pytest.mark.parametrize(("owns", "uses"), [("assistant", "user"), ("user", "assistant")])
def test_what_only_an_assistant_claims_stands_behind_what_a_user_states(build: Build, owns: str, uses: str) -> None:
    scope = build(
        Evidence("a", claims=[("Ana", "owns", "a kiln", "Ana has it.", None, owns)]),
        Evidence("b", claims=[("Ana", "uses", "a kiln", "Ana has it!", None, uses)]),
    )
    assert facts(scope, "What has Ana?")[0] == ("Ana has it." if owns == "user" else "Ana has it!")


def test_the_fact_of_the_year_that_is_asked_about_stands_first(build: Build) -> None:
    scope = build(
        Evidence("a", claims=[claim("Ana", "joined", "the club", "2019")]),
        Evidence("b", claims=[claim("Ana", "joined", "the choir", "2022-04")]),
    )
    assert facts(scope, "What did Ana join in 2022?")[0] == "Ana joined the choir."
    assert facts(scope, "What did Ana join in 2019?")[0] == "Ana joined the club."


def test_the_fact_that_holds_now_stands_first_and_then_the_one_that_held_then(build: Build) -> None:
    scope = build(
        Evidence("a", claims=[claim("Ana", "lives in", "Orlo", "2019")]),
        Evidence("b", claims=[claim("Ana", "lives in", "Vasto", "2022")]),
    )
    assert facts(scope, "Where does Ana live?")[0] == "Ana lives in Vasto."
    assert facts(scope, "Where did Ana live in 2019?")[0] == "Ana lives in Orlo."


def test_datasets_share_one_scale(tmp_path: Path) -> None:
    scopes = []
    for name, texts in (("one", [*FILLER, "The kiln is hot."]), ("two", FILLER)):
        store = GraphStore(tmp_path / name / "graph.duckdb")
        put(store, *(Evidence(f"{name}{n}", text) for n, text in enumerate(texts)))
        snapshot = store.read(lambda connection: load_snapshot(connection, "model"))
        scopes.append(Scope(Dataset(name, name, "u", "u"), snapshot))
    hits = rank_passages(scopes[::-1], "How hot is the kiln?", None, 3)
    assert hits[0].scope.dataset.id == "one"
    assert hits[0].score > hits[1].score


def test_turns_said_alike_are_told_apart_by_id_not_by_row(build: Build) -> None:
    given = [Evidence(id_, "The kiln is hot.") for id_ in ("b", "c", "a")]
    assert found(build(*given), "Is the kiln hot?") == ["a", "b", "c"]


def _many_facts(build: Build, count: int) -> Scope:
    """So many facts, each with a vector of its own, drawn from a seed."""
    claims = [claim(f"Ship {number}", "is moored near", f"Pier {number % 7}") for number in range(count)]
    vectors = np.random.default_rng(3).standard_normal((count, 256), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def embed(tx: Transaction) -> None:
        for made, vector in zip(claims, vectors, strict=True):
            tx.insert("embeddings", [{"text_id": text_id(made[3]), "model": "model", "vector": vector.tobytes()}])

    return build(Evidence("log", "The log.", claims=claims), write=embed)


def _near(scope: Scope, fact: int) -> np.ndarray:
    """A vector between that of `fact` and that of the next one, nearer to the first."""
    vectors = scope.snapshot.fact_vectors[:]
    between = vectors[fact] + 0.5 * vectors[fact + 1]
    return between / np.linalg.norm(between)


def test_facts_too_many_for_all_products_get_the_scores_that_all_products_give(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, question = _many_facts(build, 300), "Which ship is near Pier 3?"
    vector = _near(scope, 11)
    exact = rank_facts([scope], question, vector, 50, now=TODAY)
    monkeypatch.setattr(ranking, "_EXACT_FACTS", 0)
    chosen = rank_facts([scope], question, vector, 50, now=TODAY)
    assert [hit.row for hit in chosen] == [hit.row for hit in exact]
    assert [hit.score for hit in chosen] == pytest.approx([hit.score for hit in exact], abs=1e-4)


def test_signs_choose_the_facts_that_vectors_and_words_and_names_find(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = _many_facts(build, 300)
    statements = scope.snapshot.facts["statement"].tolist()
    monkeypatch.setattr(ranking, "_EXACT_FACTS", 0)
    monkeypatch.setattr(ranking, "_PROMISING_FACTS", 30)
    by_meaning = [hit.row for hit in rank_facts([scope], "unrelated", _near(scope, 11), 2, now=TODAY)]
    assert by_meaning == [11, 12]
    by_name = rank_facts(
        [scope], "What of Ship 44?", -_near(scope, statements.index("Ship 44 is moored near Pier 2.")), 1
    )
    assert statements[by_name[0].row] == "Ship 44 is moored near Pier 2."

"""Ranking, signal by signal: each test fails where the signal that it names is lost."""

import dataclasses
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from sessiongraph.ids import text_id
from sessiongraph.prompts import first_person
from sessiongraph.retrieval import context_scoring, document_scoring
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.ranking import Ranking
from sessiongraph.retrieval.ranking_weights import DEFAULT_WEIGHTS, ExactLimits, RankingWeights
from sessiongraph.retrieval.retrievers import RetrievalRequest, Retriever, passages, summaries
from sessiongraph.retrieval.scope import Hit, Scope
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction
from sessiongraph.types import Dataset
from tests.support.evidence import Evidence, put, put_window
from tests.support.snapshots import load_snapshot

TODAY = date(2024, 3, 14)
FILLER = [
    f"The {word} of harbour number {number} is painted." for number, word in enumerate(("mast", "keel", "deck", "bow"))
]
VECTORS = np.eye(len(FILLER), dtype=np.float32)

Build = Callable[..., Scope]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def scope(*given: Evidence, write: Callable[[Transaction], None] | None = None) -> Scope:
        store = DuckDBStore(tmp_path / "graph.duckdb")
        put(store, *given)
        if write is not None:
            store.write("run", "asset", write)
        return Scope(Dataset("d", "d", "u", "u"), store.read(lambda connection: load_snapshot(connection, "model")))

    return scope


def found(scope: Scope, question: str, vector: np.ndarray | None = None, is_sentence_vector: bool = False) -> list[str]:
    query = Query(question, vector, TODAY, is_sentence_vector=is_sentence_vector)
    hits = Ranking([scope], query).passages(20)
    return [scope.snapshot.passages["id"].iloc[hit.row] for hit in hits]


def facts(scope: Scope, question: str) -> list[str]:
    return [
        scope.snapshot.facts["statement"].iloc[hit.row]
        for hit in Ranking([scope], Query(question, None, TODAY)).facts(20)
    ]


def claim(subject: str, relation: str, object_: str, valid_at: str | None = None, by: str = "document") -> tuple:  # type: ignore[type-arg]
    return (subject, relation, object_, f"{subject} {relation} {object_}.", valid_at, by)


def test_words_side_by_side_as_in_the_question_find_the_passage_that_has_them_so(build: Build) -> None:
    scope = build(
        *(Evidence(f"f{n}", text) for n, text in enumerate(FILLER)),
        Evidence("apart", "The kiln is old and its door red."),
        Evidence("together", "The door is old and its red kiln."),
    )
    assert found(scope, "Where is the red kiln?")[0] == "together"
    assert found(scope, "Where is the red door?")[0] != "together"


def test_words_find_the_passage_that_has_them(build: Build) -> None:
    scope = build(*(Evidence(f"f{n}", text) for n, text in enumerate(FILLER)), Evidence("kiln", "The kiln is hot."))
    assert found(scope, "How hot is the kiln?")[0] == "kiln"


def test_vectors_find_what_shares_no_word(build: Build) -> None:
    assert found(_filler_with_vectors(build), "unrelated", VECTORS[2])[0] == "f2"


def test_a_single_word_in_common_does_not_outvote_vectors_of_sentences(build: Build) -> None:
    scope = _filler_with_vectors(build)
    assert found(scope, "Which evening suits the mast concert?", VECTORS[2], is_sentence_vector=True)[0] == "f2"
    assert found(scope, "Where is the mast?", VECTORS[2], is_sentence_vector=True)[0] == "f0", "all its words are known"
    assert found(scope, "Which evening suits the mast concert?", VECTORS[2])[0] == "f0", "vectors of words know no more"


def test_words_alone_count_in_full_however_few_are_known(build: Build) -> None:
    scope, question = _filler_with_vectors(build), "Which evening suits the mast concert?"
    [whole, *_] = Ranking([scope], Query(question, None, TODAY)).passages(1)
    for vector in (None, np.ones(3, np.float32)):
        [best, *_] = Ranking([scope], Query(question, vector, TODAY, is_sentence_vector=True)).passages(1)
        assert (best.row, best.score) == (whole.row, whole.score)


def _filler_with_vectors(build: Build) -> Scope:
    def embed(tx: Transaction) -> None:
        for text, vector in zip(FILLER, VECTORS, strict=True):
            tx.insert("embeddings", [{"text_id": text_id(text), "model": "model", "vector": vector.tobytes()}])

    return build(*(Evidence(f"f{n}", text) for n, text in enumerate(FILLER)), write=embed)


def _session(scope_id: str, *lines: str, user: str = "u") -> Callable[[Transaction], None]:
    """A session of turns: what `user` says, a minute apart."""

    def write(tx: Transaction) -> None:
        row = {"id": scope_id, "kind": "session", "name": scope_id, "source": None, "text": None, "user_id": user}
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


def test_a_chunk_gains_nothing_from_the_chunks_beside_it(build: Build) -> None:
    lines = ["Hm.", "Hm.", "Well.", "Which glaze is the kiln for?", "Green.", "Fine.", "Fine."]
    session = build(write=_session("s", *lines)).snapshot
    scores = np.arange(1, 8, dtype=np.float32)
    assert context_scoring.neighbour_scores(session, scores).tolist() == [2, 4, 6, 8, 10, 12, 6]
    chunks = dataclasses.replace(session, is_turn=np.zeros(7, bool))
    assert not context_scoring.neighbour_scores(chunks, scores).any()


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
        for hit in Ranking([Scope(built.dataset, built.snapshot, mask)], Query("Who performed Blue Tide?")).passages(20)
    }
    row = {id_: place for place, id_ in enumerate(built.snapshot.passages["id"])}
    assert open_.index("singer") < open_.index("f0")
    assert "bridge" in open_
    assert row["bridge"] not in scores
    assert scores[row["singer"]] == pytest.approx(scores[row["f0"]])


def test_what_repeats_the_best_passage_loses_and_the_next_step_does_not(build: Build) -> None:
    scope = build(
        *(Evidence(f"f{n}", text, claims=[claim(f"Harbour {n}", "has", "paint")]) for n, text in enumerate(FILLER)),
        *(Evidence(f"g{n}", text, claims=[claim(f"Harbour {n}", "is", "open")]) for n, text in enumerate(FILLER)),
        Evidence("song", "Blue Tide has one performer.", claims=[claim("Blue Tide", "performed by", "Ines Falk")]),
        Evidence("decoy", "Blue Tide is dark.", claims=[claim("Blue Tide", "is", "dark")]),
        Evidence("singer", "Ines Falk grew up in Orlo.", claims=[claim("Ines Falk", "grew up in", "Orlo")]),
    )
    ids = scope.snapshot.passages["id"]

    def scores(weights: RankingWeights) -> dict[str, float]:
        question = "Where did the performer of Blue Tide grow up?"
        hits = Ranking([scope], Query(question, None, TODAY), weights).passages(20)
        return {ids.iloc[hit.row]: hit.score for hit in hits}

    after = scores(DEFAULT_WEIGHTS)
    before = scores(dataclasses.replace(DEFAULT_WEIGHTS, redundancy=0.0))
    assert next(iter(after)) == "song"
    assert after["song"] == before["song"]
    assert after["singer"] == before["singer"]
    assert after["decoy"] < before["decoy"]


def test_the_session_that_is_about_it_stands_above_one_that_mentions_it(build: Build) -> None:
    def write(tx: Transaction) -> None:
        _session("a", "The kiln and its glaze.", "Sad.", "Hm.", "It will be.", "Yes.", "The mast.")(tx)
        _session("b", "The kiln and the glaze!", "Sad.", "The kiln.", "It will be.", "The glaze.", "Yes.")(tx)
        _session("c", "The mast.", "Sad.", "Hm.", "It will be.", "Yes.", "Fine.")(tx)

    scope = build(write=write)
    hits = Ranking([scope], Query("The kiln and the glaze")).documents(3)
    best = [scope.snapshot.passages["id"].iloc[hit.row] for hit in hits]
    assert [id_[0] for id_ in best] == ["b", "a", "c"]
    assert best[0] == "b0"
    assert hits[0].score > hits[1].score > hits[2].score


def test_a_document_has_the_score_of_its_best_passage_and_the_mean_of_its_best_three() -> None:
    documents, scores = np.array([1, 0, 1, 1, 0, 1, 2]), np.array([2.0, 5.0, 4.0, 0.0, 9.0, 3.0, 7.0])
    rows, ranked = document_scoring.score_documents(documents, scores, np.array([5, 3, 2, 0, 1]))
    assert rows.tolist() == [1, 2]
    assert ranked.tolist() == [5 + 5, 4 + 3]


def test_a_masked_passage_counts_for_no_session(build: Build) -> None:
    def write(tx: Transaction) -> None:
        _session("a", "The kiln and the glaze.", "The kiln and the glaze.", "Yes.")(tx)
        _session("b", "The kiln.", "Sad.", "Hm.")(tx)

    built = build(write=write)
    mask = ~built.snapshot.passages["id"].isin(["a0", "a1"]).to_numpy()
    hits = Ranking([Scope(built.dataset, built.snapshot, mask)], Query("The kiln and the glaze")).documents(5)
    assert [built.snapshot.passages["id"].iloc[hit.row] for hit in hits] == ["b0", "a2"]


def test_summaries_come_session_by_session_the_best_one_first(build: Build) -> None:
    def write(tx: Transaction) -> None:
        _session("a", "The kiln and its glaze.", "Hm.", "It will be.", "The mast.")(tx)
        _session("b", "The kiln and the glaze!", "One kiln.", "Yes.", "A glaze.")(tx)

    scope = build(write=write)

    def sessions(retriever: Retriever) -> list[str | None]:
        request = RetrievalRequest(Query("The kiln and the glaze"), [scope], 5, {scope.dataset.key: {}})
        return [citation.session_id for citation in retriever(request)]

    assert sessions(summaries) == ["b", "b", "b", "b", "a"]
    assert sessions(passages) != sessions(summaries)
    assert sorted(map(str, sessions(passages))) == ["a", "b", "b", "b", "b"]


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


def test_what_i_said_is_looked_for_in_my_own_turns(build: Build) -> None:
    def write(tx: Transaction) -> None:
        _session("a", "The kiln is broken.", user="ana")(tx)
        _session("b", "The kiln is broken.", user="ben")(tx)

    scope = build(write=write)

    def first(question: str, asking: str | None) -> str:
        [best, *_] = Ranking([scope], Query(question, None, TODAY, asking)).passages(2)
        return str(scope.snapshot.passages["id"].iloc[best.row])[0]

    assert [first("What did I say about the kiln?", user) for user in ("ana", "ben", None)] == ["a", "b", "a"]
    assert [first("What is broken about the kiln?", user) for user in ("ana", "ben")] == ["a", "a"]


@pytest.mark.parametrize(
    ("question", "of_self"),
    [
        ("What did I tell you about the kiln?", True),
        ("Where do I live?", True),
        ("What is my sister's name?", True),
        ("How do I mend a kiln?", False),
        ("Can I mend a kiln?", False),
        ("Tell me about the kiln.", False),
        ("Which myth is it in?", False),
    ],
)
def test_a_question_is_about_who_asks_where_it_says_so(question: str, of_self: bool) -> None:
    assert first_person.asks_about_self(question) is of_self


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
        store = DuckDBStore(tmp_path / name / "graph.duckdb")
        put(store, *(Evidence(f"{name}{n}", text) for n, text in enumerate(texts)))
        snapshot = store.read(lambda connection: load_snapshot(connection, "model"))
        scopes.append(Scope(Dataset(name, name, "u", "u"), snapshot))
    hits = Ranking(scopes[::-1], Query("How hot is the kiln?")).passages(3)
    assert hits[0].scope.dataset.id == "one"
    assert hits[0].score > hits[1].score


def test_turns_of_the_same_words_are_ordered_by_id_not_by_row(build: Build) -> None:
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


def _facts_of_many(
    scope: Scope, question: str, vector: np.ndarray, top_k: int, candidates: int = ExactLimits.candidates
) -> list[Hit]:
    """The best facts as they are ranked where they are too many for all products."""
    limits = ExactLimits(texts=0, candidates=candidates)
    return Ranking([scope], Query(question, vector, TODAY), limits=limits).facts(top_k)


def test_facts_too_many_for_all_products_get_the_scores_that_all_products_give(build: Build) -> None:
    scope, question = _many_facts(build, 300), "Which ship is near Pier 3?"
    vector = _near(scope, 11)
    exact = Ranking([scope], Query(question, vector, TODAY)).facts(50)
    chosen = _facts_of_many(scope, question, vector, 50)
    assert [hit.row for hit in chosen] == [hit.row for hit in exact]
    assert [hit.score for hit in chosen] == pytest.approx([hit.score for hit in exact], abs=1e-4)


def test_facts_without_vectors_are_found_by_words_however_many_they_are(build: Build) -> None:
    scope = build(Evidence("log", "The log.", claims=[claim(f"Ship {n}", "is near", f"Pier {n}") for n in range(20)]))
    hits = _facts_of_many(scope, "Where is Ship 7?", np.ones(256, np.float32) / 16, 1)
    assert scope.snapshot.facts["statement"].iloc[hits[0].row] == "Ship 7 is near Pier 7."


def test_signs_choose_the_facts_that_vectors_and_words_and_names_find(build: Build) -> None:
    scope = _many_facts(build, 300)
    statements = scope.snapshot.facts["statement"].tolist()
    by_meaning = [hit.row for hit in _facts_of_many(scope, "unrelated", _near(scope, 11), 2, candidates=30)]
    assert by_meaning == [11, 12]
    opposite = -_near(scope, statements.index("Ship 44 is moored near Pier 2."))
    by_name = _facts_of_many(scope, "What of Ship 44?", opposite, 1, candidates=30)
    assert statements[by_name[0].row] == "Ship 44 is moored near Pier 2."

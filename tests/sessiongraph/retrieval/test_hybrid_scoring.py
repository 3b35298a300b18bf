"""Texts too many for every product are scored by few products as by all."""

import dataclasses

import numpy as np
import pytest

from sessiongraph.columnar.vectors import GrowingVectors
from sessiongraph.retrieval.hybrid_scoring import HybridScale, TextSignals
from sessiongraph.retrieval.ranking_weights import DEFAULT_LIMITS, ExactLimits

VECTOR_SHARE = 0.45
ALL_CANDIDATES = ExactLimits(texts=0)
FEW_CANDIDATES = ExactLimits(texts=0, candidates=40)


def drawn(count: int) -> TextSignals:
    """So many texts, of which every tenth has a word of the question."""
    draw = np.random.default_rng(3)
    vectors = draw.standard_normal((count, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    heap, hashes = GrowingVectors(), draw.integers(0, 2**64, count, np.uint64)
    heap.add(hashes, vectors)
    words = np.where(np.arange(count) % 10, 0, draw.random(count)).astype(np.float32)
    ids = np.array([f"{n:05}" for n in range(count)], object)
    return TextSignals(words, heap.view(heap.find(hashes), hashes), None, ids)


def asked(texts: TextSignals, query: np.ndarray) -> TextSignals:
    return dataclasses.replace(texts, query_vector=query)


def scores(texts: TextSignals, limits: ExactLimits = DEFAULT_LIMITS) -> np.ndarray:
    return HybridScale.over([texts], VECTOR_SHARE, limits).scores(texts)


def candidates(texts: TextSignals, limits: ExactLimits) -> tuple[np.ndarray, np.ndarray]:
    return HybridScale.over([texts], VECTOR_SHARE, limits).candidate_scores(texts)


def test_candidates_have_the_scores_that_all_products_give() -> None:
    texts = drawn(2_000)
    texts = asked(texts, texts.vectors[:][11])
    exact = scores(texts)
    assert scores(texts, ALL_CANDIDATES) == pytest.approx(exact, abs=1e-4)
    rows, some = candidates(texts, ALL_CANDIDATES)
    assert some == pytest.approx(exact[rows], abs=1e-4) and len(rows) == 2_000


def test_the_best_by_meaning_and_the_best_by_words_are_the_best_of_few_products_too() -> None:
    texts = drawn(2_000)
    query = texts.vectors[:][11]
    rows, some = candidates(asked(texts, query), FEW_CANDIDATES)
    assert scores(asked(texts, query), FEW_CANDIDATES).argmax() == rows[some.argmax()] == 11 and len(rows) == 40
    assert {int(row) for row in rows} & set(np.argsort(-texts.bm25_scores)[:40].tolist()), "words choose as well"
    best_words = int(texts.bm25_scores.argmax())
    rows, _ = candidates(asked(texts, texts.vectors[:][best_words] + query), FEW_CANDIDATES)
    assert best_words in rows


def test_priority_rows_are_candidates_however_dissimilar_they_are() -> None:
    texts, priority_rows = drawn(2_000), np.array([3, 4, 5])
    texts = asked(texts, -texts.vectors[:][4])
    rows, some = candidates(dataclasses.replace(texts, priority_rows=priority_rows), FEW_CANDIDATES)
    assert set(priority_rows) <= set(rows) and rows[some.argmin()] == 4


def test_texts_that_may_not_be_used_are_no_candidates() -> None:
    texts = drawn(200)
    masked = dataclasses.replace(asked(texts, texts.vectors[:][11]), mask=np.arange(200) != 11)
    rows, _ = candidates(masked, FEW_CANDIDATES)
    assert 11 not in rows and len(rows) == 199


@pytest.mark.parametrize("query", [None, np.ones(3, np.float32)])
def test_without_vectors_to_compare_words_alone_count(query: np.ndarray | None) -> None:
    texts = dataclasses.replace(drawn(200), query_vector=query)
    ranked = np.argsort(-scores(texts, FEW_CANDIDATES), kind="stable")
    assert np.array_equal(ranked, np.argsort(-texts.bm25_scores, kind="stable"))

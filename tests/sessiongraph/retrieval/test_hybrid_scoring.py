"""Texts that are too many for every product are as near by few of them as by all."""

import dataclasses

import numpy as np
import pytest

from sessiongraph.columnar.vectors import VectorHeap
from sessiongraph.retrieval import hybrid_scoring
from sessiongraph.retrieval.hybrid_scoring import Texts, near, nearest

DENSE = 0.45


def drawn(count: int) -> Texts:
    """So many texts, of which every tenth has a word of the question."""
    draw = np.random.default_rng(3)
    vectors = draw.standard_normal((count, 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    heap, hashes = VectorHeap(), draw.integers(0, 2**64, count, np.uint64)
    heap.add(hashes, vectors)
    words = np.where(np.arange(count) % 10, 0, draw.random(count)).astype(np.float32)
    return Texts(words, heap.view(heap.find(hashes), hashes), np.array([f"{n:05}" for n in range(count)], object))


@pytest.fixture
def few_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hybrid_scoring, "_EXACT", 0)
    monkeypatch.setattr(hybrid_scoring, "_PROMISING", 40)


def test_what_is_nearest_has_the_score_that_all_products_give(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = drawn(2_000)
    query = texts.vectors[:][11]
    [exact] = near([texts], query, DENSE)
    monkeypatch.setattr(hybrid_scoring, "_EXACT", 0)
    [chosen] = near([texts], query, DENSE)
    assert chosen == pytest.approx(exact, abs=1e-4)
    [(rows, scores)] = nearest([texts], query, DENSE)
    assert scores == pytest.approx(exact[rows], abs=1e-4) and len(rows) == 2_000


@pytest.mark.usefixtures("few_products")
def test_the_best_by_meaning_and_the_best_by_words_are_the_best_of_few_products_too() -> None:
    texts = drawn(2_000)
    query = texts.vectors[:][11]
    [scores] = near([texts], query, DENSE)
    [(rows, some)] = nearest([texts], query, DENSE)
    assert scores.argmax() == rows[some.argmax()] == 11 and len(rows) == 40
    assert {int(row) for row in rows} & set(np.argsort(-texts.words)[:40].tolist()), "words choose as well"
    best_words = int(texts.words.argmax())
    [(rows, _)] = nearest([texts], texts.vectors[:][best_words] + query, DENSE)
    assert best_words in rows


@pytest.mark.usefixtures("few_products")
def test_what_is_favoured_is_looked_at_however_far_off_it_is() -> None:
    texts, favoured = drawn(2_000), np.array([3, 4, 5])
    query = -texts.vectors[:][4]
    [(rows, scores)] = nearest([dataclasses.replace(texts, favoured=favoured)], query, DENSE)
    assert set(favoured) <= set(rows) and rows[scores.argmin()] == 4


@pytest.mark.usefixtures("few_products")
def test_texts_that_may_not_be_used_are_not_among_the_nearest() -> None:
    texts = drawn(200)
    masked = dataclasses.replace(texts, mask=np.arange(200) != 11)
    [(rows, _)] = nearest([masked], texts.vectors[:][11], DENSE)
    assert 11 not in rows and len(rows) == 199


@pytest.mark.usefixtures("few_products")
@pytest.mark.parametrize("query", [None, np.ones(3, np.float32)])
def test_without_vectors_to_compare_words_alone_count(query: np.ndarray | None) -> None:
    texts = drawn(200)
    [scores] = near([texts], query, DENSE)
    assert np.array_equal(np.argsort(-scores, kind="stable"), np.argsort(-texts.words, kind="stable"))

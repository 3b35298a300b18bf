"""Words as they are matched, and BM25 as it is defined."""

import math

import numpy as np
import pytest

from resources.graph_store.lexical import K1, B, LexicalIndex, words


@pytest.mark.parametrize(
    ("one", "other"),
    [("CAFÉ", "cafe"), ("Zürich", "zurich"), ("dogs", "dog"), ("Straße", "STRASSE"), ("Ｐａｒｉｓ", "paris")],
)
def test_case_accents_and_plurals_do_not_matter(one: str, other: str) -> None:
    assert words(one) == words(other)


def test_words_that_only_look_alike_differ() -> None:
    assert len({tuple(words(word)) for word in ("bus", "but", "boss", "boat")}) == 4


def test_signs_and_emoji_are_no_words() -> None:
    assert words("— ?! 😀 …") == []


def test_scores_are_those_of_bm25() -> None:
    index = LexicalIndex(["apple pear", "apple apple plum kiwi", "plum"])
    idf = math.log1p((3 - 2 + 0.5) / (2 + 0.5))
    expected = [
        idf * n * (K1 + 1) / (n + K1 * (1 - B + B * length / (7 / 3))) if n else 0
        for n, length in ((1, 2), (2, 4), (0, 1))
    ]
    assert index.scores("apple").tolist() == pytest.approx(expected)


def test_a_rare_word_counts_more_than_a_common_one_and_a_word_asked_twice_counts_once() -> None:
    index = LexicalIndex(["apple kiwi", "apple plum", "apple pear"])
    assert index.scores("kiwi")[0] > index.scores("apple")[0]
    assert index.scores("kiwi kiwi").tolist() == index.scores("kiwi").tolist()


@pytest.mark.parametrize("texts", [[], ["", ""], ["?!", "apple"]])
@pytest.mark.parametrize("query", ["", "?!", "unknown", "apple"])
def test_nothing_in_common_scores_nothing_and_breaks_nothing(texts: list[str], query: str) -> None:
    scores = LexicalIndex(texts).scores(query)
    assert scores.shape == (len(texts),)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert [score > 0 for score in scores] == ["apple" in query and text == "apple" for text in texts]

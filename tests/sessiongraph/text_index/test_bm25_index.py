"""Words as they are matched, and BM25 as it is defined."""

import math

import numpy as np
import pytest

from sessiongraph.text_index.bm25_index import ROBERTSON, BM25Index, BM25View
from sessiongraph.text_index.tokenizer import Tokenizer


def stems(text: str) -> list[str]:
    return Tokenizer().stems(text)


def indexed(*texts: str) -> BM25View:
    index = BM25Index(Tokenizer())
    return index.view(index.add(texts))


def phrased(*texts: str) -> BM25View:
    index = BM25Index(Tokenizer(), bigrams=True)
    return index.view(index.add(texts))


@pytest.mark.parametrize(
    ("one", "other"),
    [("CAFÉ", "cafe"), ("Zürich", "zurich"), ("dogs", "dog"), ("Straße", "STRASSE"), ("Ｐａｒｉｓ", "paris")],
)
def test_case_accents_and_plurals_do_not_matter(one: str, other: str) -> None:
    assert stems(one) == stems(other)


def test_words_that_only_look_alike_differ() -> None:
    assert len({tuple(stems(word)) for word in ("bus", "but", "boss", "boat")}) == 4


def test_signs_and_emoji_are_no_words() -> None:
    assert stems("— ?! 😀 …") == []


def test_scores_are_those_of_bm25() -> None:
    index = indexed("apple pear", "apple apple plum kiwi", "plum")
    k1, b = ROBERTSON.k1, ROBERTSON.b
    idf = math.log1p((3 - 2 + 0.5) / (2 + 0.5))
    expected = [
        idf * n * (k1 + 1) / (n + k1 * (1 - b + b * length / (7 / 3))) if n else 0
        for n, length in ((1, 2), (2, 4), (0, 1))
    ]
    assert index.scores("apple").tolist() == pytest.approx(expected)


def test_a_rare_word_counts_more_than_a_common_one_and_a_word_asked_twice_counts_once() -> None:
    index = indexed("apple kiwi", "apple plum", "apple pear")
    assert index.scores("kiwi")[0] > index.scores("apple")[0]
    assert index.scores("kiwi kiwi").tolist() == index.scores("kiwi").tolist()


@pytest.mark.parametrize("texts", [[], ["", ""], ["?!", "apple"]])
@pytest.mark.parametrize("query", ["", "?!", "unknown", "apple"])
def test_nothing_in_common_scores_nothing_and_breaks_nothing(texts: list[str], query: str) -> None:
    scores = indexed(*texts).scores(query)
    assert scores.shape == (len(texts),)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert [score > 0 for score in scores] == ["apple" in query and text == "apple" for text in texts]


def test_texts_that_came_and_went_leave_no_trace_in_the_scores() -> None:
    """Of many small additions and removals, each score is what an index of the texts that are left gives."""
    texts = [
        " ".join(f"word{number % divisor}" for divisor in (2, 3, 5, 7, 11)[: 1 + number % 5]) for number in range(300)
    ]
    index = BM25Index(Tokenizer(), bigrams=True)
    slots = np.concatenate([index.add(texts[start : start + 7]) for start in range(0, len(texts), 7)])
    index.remove(texts[::3])
    kept = np.arange(len(texts)) % 3 != 0
    expected = phrased(*(text for text, is_kept in zip(texts, kept, strict=True) if is_kept))
    found = index.view(slots[kept])
    for query in ("word0", "word1 word4", "word0 word2 word4", "word6 word10 unknown"):
        np.testing.assert_allclose(found.scores(query), expected.scores(query), rtol=1e-5)
        np.testing.assert_allclose(found.bigram_scores(query), expected.bigram_scores(query), rtol=1e-5)


def test_a_view_does_not_change_with_the_index() -> None:
    index = BM25Index(Tokenizer())
    view = index.view(index.add(["apple pear", "apple"]))
    before = view.scores("apple plum").tolist()
    index.add(["apple plum", "plum"])
    assert view.scores("apple plum").tolist() == before


def test_words_side_by_side_as_in_the_question_count_by_how_rare_that_is() -> None:
    index = phrased("a red kiln in town", "the kiln is red", "red kilns burn", "no more")
    rare, shared = (math.log1p((4 - n + 0.5) / (n + 0.5)) for n in (1, 2))
    assert index.bigram_scores("Is the red kiln in use?").tolist() == pytest.approx([shared + rare, 0, shared, 0])


def test_function_words_side_by_side_say_nothing_and_texts_do_not_run_into_each_other() -> None:
    index = phrased("it is in the red", "kiln and so it is in the")
    assert not index.bigram_scores("it is in the").any() and not index.bigram_scores("red kiln").any()


def test_an_index_without_phrases_finds_none() -> None:
    assert not indexed("a red kiln").bigram_scores("a red kiln").any()

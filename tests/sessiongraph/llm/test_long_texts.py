"""Long texts are cut between two words, and a part counts for the whole by its length."""

import numpy as np
import pytest

from sessiongraph.llm.long_texts import halves, mean


def test_a_longer_part_counts_for_more() -> None:
    vector = mean((np.array([2.0, 0.0]), np.array([0.0, 5.0])), (300, 100))
    np.testing.assert_allclose(vector, [0.75, 0.25])


@pytest.mark.parametrize("text", ["one two three four five " * 10, "一二三四五六七八九十" * 20])
def test_the_halves_are_the_whole_text_and_no_word_is_cut(text: str) -> None:
    parts = halves(text)
    assert parts is not None and "".join(parts) == text
    assert " " not in text or parts[0].endswith(" ")


def test_what_is_short_has_no_halves() -> None:
    assert halves("two words") is None

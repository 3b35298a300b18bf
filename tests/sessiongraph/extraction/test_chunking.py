"""Chunks hold every word of a document once, in order, and none is larger than a citation may be."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessiongraph.extraction.chunking import CHUNK_CHARS, chunk_offsets

pieces = st.one_of(
    st.text(max_size=20),
    st.sampled_from([". ", "! ", "?\n", "\n\n", "...", '." ', "Dr. ", "e.g. ", "\u2028", "\x85", "\x1f", "\xa0"]),
    st.integers(1, 3 * CHUNK_CHARS).map("x".__mul__),
    st.integers(1, 400).map("two words ".__mul__),
    st.integers(1, 2 * CHUNK_CHARS).map(" ".__mul__),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(pieces, max_size=12).map("".join))
def test_chunks_are_ordered_bounded_and_together_all_of_the_words(text: str) -> None:
    chunks = chunk_offsets(text)
    end = 0
    for start, stop in chunks:
        assert end <= start < stop <= start + CHUNK_CHARS
        assert text[end:start].strip() == ""
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert text[end:].strip() == ""


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=1, max_size=30), min_size=1, max_size=400).map(" ".join))
def test_no_word_is_cut_that_fits_a_chunk(text: str) -> None:
    assert [word for start, stop in chunk_offsets(text) for word in text[start:stop].split()] == text.split()


def test_sentences_stay_whole_where_they_fit() -> None:
    text = " ".join(f"Sentence number {n} of this text ends here." for n in range(100))
    chunks = [text[start:stop] for start, stop in chunk_offsets(text)]
    assert len(chunks) > 1
    assert all(chunk.startswith("Sentence") and chunk.endswith("here.") for chunk in chunks)
    assert all(len(chunk) > CHUNK_CHARS / 2 for chunk in chunks[:-1])


@pytest.mark.parametrize(
    "sentence",
    [
        "这句话到这里结束。",
        "你明白了吗？",
        "「そうですか！」",
        "هل تفهم هذا النص؟",
        "यह वाक्य यहाँ समाप्त होता है।",
        "یہ جملہ یہاں ختم ہوتا ہے۔",
    ],
)
def test_sentences_stay_whole_in_scripts_with_marks_of_their_own(sentence: str) -> None:
    text = (sentence if sentence[-2] not in "نہह" else f"{sentence} ") * 300
    chunks = [text[start:stop] for start, stop in chunk_offsets(text)]
    assert len(chunks) > 1
    assert all(chunk.startswith(sentence) and chunk.endswith(sentence) for chunk in chunks)


@pytest.mark.parametrize("text", ["", "  ", "\n\n\t", "\u2028\x85"])
def test_nothing_but_white_space_has_no_chunk(text: str) -> None:
    assert chunk_offsets(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "." * 200_000 + "x",
        ".)" * 100_000,
        "!?" * 100_000 + "'",
        ".'" + "'" * 200_000,
        "x" * 300_000,
        "。)" * 100_000,
        "？" * 200_000 + "x",
        "….'" * 70_000,
    ],
)
def test_a_document_made_to_be_slow_is_not(text: str) -> None:
    """Within the time that any test has; it took minutes."""
    chunks = chunk_offsets(text)
    assert "".join(text[start:stop] for start, stop in chunks) == re.sub(r"\s", "", text)

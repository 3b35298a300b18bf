"""BM25 index over texts that are added and removed.

Term counts are kept; what depends on all texts is computed at query time.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009). Tokenization belongs to
`tokenizer`, bigrams to `bigram_index`.

Invariant: scores are those of an index made of the present texts alone, in whatever order they were added. The counts
of texts that were added together are a segment, which never changes; segments are merged so that each is at least twice
as long as the next. Document frequencies and the mean length are totals, updated as texts are added and removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sessiongraph.columnar.growing_arrays import GrowingArray, mask_of
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, is_mapped
from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.bigram_index import BigramIndex, SortedRun, bigram_keys, slots_with
from sessiongraph.text_index.tokenizer import Tokenizer, Tokens, Vocabulary


@dataclass(frozen=True)
class BM25Parameters:
    """`k1`: how fast repeated words saturate; `b`: how much of a text's length is normalised away, 0 to 1."""

    k1: float
    b: float


# Robertson's and Zaragoza's usual ones, for facts and for the turns of a session: texts of about the same length.
ROBERTSON = BM25Parameters(1.2, 0.75)
# Those of Anserini's baselines (Yang, Fang and Lin, 2017), for passages and whole documents: texts of any length.
ANSERINI = BM25Parameters(0.9, 0.4)


class Postings(NamedTuple):
    """A word's posting list: the slots of the texts it occurs in, its count in each, and the length of each.

    Slots of removed texts may be among them; `document_frequency` counts the present texts alone.
    """

    document_frequency: int
    slots: Array
    counts: Array
    lengths: Array


@dataclass(frozen=True)
class _Segment:
    """The posting lists of the texts of some slots, one after another: that of `terms[i]` starts at `starts[i]`.

    `lengths` are those of the texts, repeated for each term: read side by side, which is much faster than gathering.
    """

    terms: Array
    starts: Array
    slots: Array
    counts: Array
    lengths: Array

    def of(self, term: int) -> slice:
        place = int(np.searchsorted(self.terms, term))
        if place == len(self.terms) or self.terms[place] != term:
            return slice(0, 0)
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


class BM25Index:
    """An inverted index of texts. Each text has a slot, which is never used again.

    With `bigrams`, those of which at least one word is no stop word are indexed too.
    """

    def __init__(self, tokenizer: Tokenizer, bigrams: bool = False) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = Vocabulary(tokenizer)
        self._bigrams = BigramIndex() if bigrams else None
        self._lengths = GrowingArray(np.float32)
        self._document_frequencies = GrowingArray(np.int32)  # by term
        self._segments: list[_Segment] = []
        self._count = 0
        self._words = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, texts: Sequence[str]) -> Array:
        """Add `texts`; returns their slots."""
        first = len(self._lengths)
        if len(texts):
            tokens = self._vocabulary.tokens(texts)
            segment, lengths = self._counted(tokens, len(texts), first)
            self._lengths.extend(lengths)
            self._update_totals(segment, lengths, 1)
            self._append(segment)
            if self._bigrams is not None:
                self._bigrams.add(*self._bigrams_of(tokens.numbers, first))
        return np.arange(first, len(self._lengths), dtype=np.int32)

    def remove(self, texts: Sequence[str]) -> None:
        """Subtract `texts` from the totals; whoever added them leaves their slots out of later views."""
        if len(texts):
            self._update_totals(*self._counted(self._vocabulary.tokens(texts), len(texts), 0), -1)

    def view(self, slots: Array) -> "BM25View":
        """The present index for rows whose texts have the slots `slots`, an array that must not change."""
        mean = max(self._words / max(self._count, 1), 1.0)
        return BM25View(
            self._tokenizer,
            tuple(self._segments),
            self._bigrams.view() if self._bigrams is not None else (),
            self._vocabulary,
            self._document_frequencies.view(),
            self._lengths.view(),
            self._count,
            mean,
            slots,
        )

    def save(self, to: ArrayWriter, name: str) -> None:
        to.value(name, {"count": self._count, "words": self._words, "segments": len(self._segments)})
        self._vocabulary.save(to, f"{name}.vocabulary")
        self._lengths.save(to, f"{name}.lengths")
        self._document_frequencies.save(to, f"{name}.document_frequencies")
        for number, segment in enumerate(self._segments):
            for column, array in vars(segment).items():
                to.array(f"{name}.{column}{number}", array)
        if self._bigrams is not None:
            self._bigrams.save(to, f"{name}.bigrams")

    def load(self, saved: SavedArrays, name: str) -> None:
        about = saved.value(name)
        self._count, self._words = about["count"], about["words"]
        self._vocabulary.load(saved, f"{name}.vocabulary")
        self._lengths.load(saved, f"{name}.lengths")
        self._document_frequencies.load(saved, f"{name}.document_frequencies")
        columns = [field.name for field in fields(_Segment)]
        self._segments = [
            _Segment(*(saved.array(f"{name}.{column}{number}") for column in columns))
            for number in range(about["segments"])
        ]
        if self._bigrams is not None:
            self._bigrams.load(saved, f"{name}.bigrams")

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory."""
        counts = sum(3 * segment.slots.nbytes for segment in self._segments if not is_mapped(segment.slots))
        bigrams = self._bigrams.nbytes if self._bigrams is not None else 0
        totals = self._lengths.nbytes + self._document_frequencies.nbytes
        return counts + bigrams + totals + self._vocabulary.nbytes

    def _counted(self, tokens: Tokens, texts: int, first: int) -> tuple[_Segment, Array]:
        """The segment of so many texts, which have the slots from `first` on, and the lengths of the texts."""
        is_word = tokens.numbers >= 0
        text = np.cumsum(~is_word)[is_word]
        lengths = np.bincount(text[tokens.in_length[is_word]], minlength=texts).astype(np.float32)
        term_texts, counts = np.unique(tokens.numbers[is_word] * texts + text, return_counts=True)
        terms, starts = np.unique(term_texts // texts, return_index=True)
        text_numbers = term_texts % texts
        slots = (text_numbers + first).astype(np.int32)
        starts = np.append(starts, len(slots))
        return _Segment(terms, starts, slots, counts.astype(np.float32), lengths[text_numbers]), lengths

    def _bigrams_of(self, numbers: Array, first: int) -> tuple[Array, Array]:
        """The keys of bigrams other than of two stop words, and the slots of their texts, the first being `first`."""
        one, other = numbers[:-1], numbers[1:]
        counted = (one >= 0) & (other >= 0) & (np.maximum(one, other) >= self._vocabulary.stop_stems)
        slots = (np.cumsum(numbers < 0)[:-1] + first).astype(np.int32)
        return bigram_keys(one[counted], other[counted]), slots[counted]

    def _update_totals(self, segment: _Segment, lengths: Array, sign: int) -> None:
        self._count += sign * len(lengths)
        self._words += sign * int(lengths.sum())
        frequencies = self._document_frequencies
        frequencies.extend(np.zeros(len(self._vocabulary.stems) - len(frequencies), np.int32))
        texts = np.diff(segment.starts).astype(np.int32)
        frequencies.put(segment.terms, frequencies.array[segment.terms] + sign * texts)

    def _append(self, segment: _Segment) -> None:
        while self._segments and len(self._segments[-1].slots) < 2 * len(segment.slots):
            segment = _merged(self._segments.pop(), segment)
        self._segments.append(segment)


@dataclass(frozen=True)
class BM25View:
    """One state of an index, for rows whose texts have the slots `slots`."""

    tokenizer: Tokenizer
    segments: tuple[_Segment, ...]
    bigrams: tuple[SortedRun, ...]
    vocabulary: Vocabulary
    document_frequencies: Array
    lengths: Array
    count: int
    mean_length: float
    slots: Array

    def scores(self, query: str, parameters: BM25Parameters = ROBERTSON) -> Array:
        """The BM25 score of each row for `query`: (n,) float32."""
        return self.postings_scores(self.postings(query), parameters)

    def postings_scores(self, postings: Sequence[Postings], parameters: BM25Parameters) -> Array:
        """The BM25 score of each row for the words whose `postings` are given: (n,) float32."""
        k1, b = parameters.k1, parameters.b
        scores = np.zeros(len(self.lengths), np.float32)
        for frequency, slots, counts, lengths in postings:
            idf = np.float32(np.log1p((self.count - frequency + 0.5) / (frequency + 0.5)))
            norm = np.float32(k1 * b / self.mean_length) * lengths + np.float32(k1 * (1 - b))
            scores[slots] += idf * np.float32(k1 + 1) * (counts / (counts + norm))
        return scores[: len(self.slots)] if self._in_order else scores.take(self.slots)

    def bigram_scores(self, query: str) -> Array:
        """The summed inverse document frequencies of the bigrams that each row shares with `query`: (n,) float32."""
        scores = np.zeros(len(self.lengths), np.float32)
        for key in self._query_bigrams(query) if self.bigrams else ():
            slots = slots_with(self.bigrams, key)
            slots = slots[self._is_present[slots]]
            scores[slots] += np.float32(np.log1p((self.count - len(slots) + 0.5) / (len(slots) + 0.5)))
        return scores[: len(self.slots)] if self._in_order else scores.take(self.slots)

    def _query_bigrams(self, query: str) -> list[int]:
        terms = [self._term(stem) for stem in self.tokenizer.stems(query)]
        return list(
            dict.fromkeys(
                one << 32 | other
                for one, other in pairwise(terms)
                if one is not None and other is not None and max(one, other) >= self.vocabulary.stop_stems
            )
        )

    @cached_property
    def _is_present(self) -> Array:
        """By slot, whether its text is that of a row."""
        return mask_of(self.slots, len(self.lengths))

    @cached_property
    def _in_order(self) -> bool:
        """Whether each row's slot is its number, as it is until texts are removed: then nothing need be gathered."""
        return np.array_equal(self.slots, np.arange(len(self.slots)))

    def postings(self, query: str) -> list[Postings]:
        """The posting list of each word of `query` that occurs in a text."""
        terms = [self._term(stem) for stem in self.tokenizer.query_stems(query)]
        return [self._postings(term) for term in terms if term is not None and self.document_frequencies[term]]

    def word_frequencies(self, query: str) -> dict[str, int]:
        """By the stem of each word of `query`, how many texts hold it."""
        stems = self.tokenizer.query_stems(query)
        terms = [self._term(stem) for stem in stems]
        return {
            stem: 0 if term is None else int(self.document_frequencies[term])
            for stem, term in zip(stems, terms, strict=True)
        }

    def _term(self, stem: str) -> int | None:
        """The number of a term of this state: one that was added since belongs to later states."""
        term = self.vocabulary.stems.get(stem)
        return None if term is None or term >= len(self.document_frequencies) else term

    def _postings(self, term: int) -> Postings:
        here = [(segment, segment.of(term)) for segment in self.segments]
        parts = [
            (segment.slots[at], segment.counts[at], segment.lengths[at]) for segment, at in here if at.stop > at.start
        ]
        columns = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        return Postings(int(self.document_frequencies[term]), *columns)

    def lowest_document_frequency(self, text: str) -> int:
        """The document frequency of the rarest word of `text`; 0 where none is known."""
        terms = [self._term(stem) for stem in self.tokenizer.query_stems(text)]
        return min((int(self.document_frequencies[term]) for term in terms if term is not None), default=0)


def _merged(one: _Segment, other: _Segment) -> _Segment:
    """One segment of both; all slots of `other` are greater than those of `one`."""
    terms = np.concatenate([np.repeat(segment.terms, np.diff(segment.starts)) for segment in (one, other)])
    order = np.argsort(terms, kind="stable")
    distinct, starts = np.unique(terms[order], return_index=True)
    slots = np.concatenate([one.slots, other.slots])[order]
    counts = np.concatenate([one.counts, other.counts])[order]
    lengths = np.concatenate([one.lengths, other.lengths])[order]
    return _Segment(distinct, np.append(starts, len(order)), slots, counts, lengths)

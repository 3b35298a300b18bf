"""BM25 over texts that come and go. Counts of words are kept; what depends on all texts is computed when it is asked.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with their usual k1 and b.
What a word is belongs to `words`, which of them stand side by side to `pairs`.

Invariant: scores are those of an index made of the present texts alone, however they came. The counts of texts that
were added together are a segment, which never changes; segments are merged so that each is at least twice as long as
the next. What texts a word stands in and how long a text is on average are totals, kept as texts come and go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sessiongraph.columnar.growing_arrays import Column, marked
from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.bigram_index import Pairs, Run, pair, slots_of
from sessiongraph.text_index.tokenizer import Terms, asked_words, words

K1 = 1.2
B = 0.75


class Occurrences(NamedTuple):
    """Of a word: in how many texts it is, in what slots, how often in each, and how long each of them is.

    Slots that no row shows may be among them.
    """

    texts: int
    slots: Array
    counts: Array
    lengths: Array


@dataclass(frozen=True)
class _Segment:
    """How often terms stand in the texts of some slots: those of `terms[i]` from `starts[i]` on, by slot.

    `lengths` are those of the texts, once for each term: side by side they are read much faster than from all over.
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


class LexicalIndex:
    """Counts of words by text. Each text has a slot, which is never used again.

    With `phrases`, the pairs of words that stand side by side are kept too, of which one is no function word.
    """

    def __init__(self, phrases: bool = False) -> None:
        self._terms = Terms()
        self._pairs = Pairs() if phrases else None
        self._lengths = Column(np.float32)
        self._texts_with = Column(np.int32)  # by term
        self._segments: list[_Segment] = []
        self._count = 0
        self._words = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, texts: Sequence[str]) -> Array:
        """The slots that `texts` get."""
        first = len(self._lengths)
        if len(texts):
            numbers = self._terms.numbers(texts)
            segment, lengths = self._counted(numbers, len(texts), first)
            self._lengths.extend(lengths)
            self._total(segment, lengths, 1)
            self._keep(segment)
            if self._pairs is not None:
                self._pairs.add(*self._side_by_side(numbers, first))
        return np.arange(first, len(self._lengths), dtype=np.int32)

    def remove(self, texts: Sequence[str]) -> None:
        """Take `texts` out of the totals; whoever added them shows their slots no more."""
        if len(texts):
            self._total(*self._counted(self._terms.numbers(texts), len(texts), 0), -1)

    def view(self, slots: Array) -> "LexicalView":
        """The present index for rows whose texts stand in `slots`; an unchanging view of them must be given."""
        mean = max(self._words / max(self._count, 1), 1.0)
        return LexicalView(
            tuple(self._segments),
            self._pairs.view() if self._pairs is not None else (),
            self._terms,
            self._texts_with.view(),
            self._lengths.view(),
            self._count,
            mean,
            slots,
        )

    @property
    def nbytes(self) -> int:
        counts = sum(3 * segment.slots.nbytes for segment in self._segments)
        pairs = self._pairs.nbytes if self._pairs is not None else 0
        return counts + pairs + self._lengths.nbytes + self._texts_with.nbytes + 200 * len(self._terms)

    def _counted(self, numbers: Array, texts: int, first: int) -> tuple[_Segment, Array]:
        """How often the words of so many texts stand in each, which have the slots from `first` on; and lengths."""
        between = numbers < 0
        text = np.cumsum(between)[~between]
        lengths = np.bincount(text, minlength=texts).astype(np.float32)
        pairs, counts = np.unique(numbers[~between] * texts + text, return_counts=True)
        terms, starts = np.unique(pairs // texts, return_index=True)
        places = pairs % texts
        slots = (places + first).astype(np.int32)
        starts = np.append(starts, len(slots))
        return _Segment(terms, starts, slots, counts.astype(np.float32), lengths[places]), lengths

    def _side_by_side(self, numbers: Array, first: int) -> tuple[Array, Array]:
        """The pairs of words that tell something, and the slots of their texts, the first of which is `first`."""
        one, other = numbers[:-1], numbers[1:]
        telling = (one >= 0) & (other >= 0) & (np.maximum(one, other) >= self._terms.function_words)
        slots = (np.cumsum(numbers < 0)[:-1] + first).astype(np.int32)
        return pair(one[telling], other[telling]), slots[telling]

    def _total(self, segment: _Segment, lengths: Array, sign: int) -> None:
        self._count += sign * len(lengths)
        self._words += sign * int(lengths.sum())
        new = len(self._terms.stems) - len(self._texts_with)
        self._texts_with.extend(np.zeros(new, np.int32))
        texts = np.diff(segment.starts).astype(np.int32)
        self._texts_with.put(segment.terms, self._texts_with.array[segment.terms] + sign * texts)

    def _keep(self, segment: _Segment) -> None:
        while self._segments and len(self._segments[-1].slots) < 2 * len(segment.slots):
            segment = _merged(self._segments.pop(), segment)
        self._segments.append(segment)


@dataclass(frozen=True)
class LexicalView:
    """One state of an index, for rows whose texts stand in `slots`."""

    segments: tuple[_Segment, ...]
    pairs: tuple[Run, ...]
    terms: Terms
    texts_with: Array
    lengths: Array
    count: int
    mean_length: float
    slots: Array

    def scores(self, query: str, k1: float = K1, b: float = B) -> Array:
        """The BM25 score of each row for `query`: (n,) float32."""
        return self.bm25(self.occurrences(query), k1, b)

    def bm25(self, asked: Sequence[Occurrences], k1: float, b: float) -> Array:
        """The BM25 score of each row for the words `asked`: (n,) float32."""
        scores = np.zeros(len(self.lengths), np.float32)
        for texts, slots, counts, lengths in asked:
            idf = np.float32(np.log1p((self.count - texts + 0.5) / (texts + 0.5)))
            norm = np.float32(k1 * b / self.mean_length) * lengths + np.float32(k1 * (1 - b))
            scores[slots] += idf * np.float32(k1 + 1) * (counts / (counts + norm))
        return scores[: len(self.slots)] if self._in_order else scores.take(self.slots)

    def phrases(self, query: str) -> Array:
        """How rare the pairs of words are, in all, that stand side by side in `query` and in each row: (n,) float32."""
        scores = np.zeros(len(self.lengths), np.float32)
        for key in self._asked_pairs(query) if self.pairs else ():
            slots = slots_of(self.pairs, key)
            slots = slots[self._is_shown[slots]]
            scores[slots] += np.float32(np.log1p((self.count - len(slots) + 0.5) / (len(slots) + 0.5)))
        return scores[: len(self.slots)] if self._in_order else scores.take(self.slots)

    def _asked_pairs(self, query: str) -> list[int]:
        known = [self._known(word) for word in words(query)]
        return list(
            dict.fromkeys(
                one << 32 | other
                for one, other in pairwise(known)
                if one is not None and other is not None and max(one, other) >= self.terms.function_words
            )
        )

    @cached_property
    def _is_shown(self) -> Array:
        """By slot, whether a row shows its text."""
        return marked(self.slots, len(self.lengths))

    @cached_property
    def _in_order(self) -> bool:
        """Whether each row's slot is its number, as it is until texts are removed: then nothing need be looked up."""
        return np.array_equal(self.slots, np.arange(len(self.slots)))

    def occurrences(self, query: str) -> list[Occurrences]:
        """Of each word that `query` asks for and that is known."""
        found = []
        for word in asked_words(query):
            term = self._known(word)
            if term is not None and self.texts_with[term]:
                found.append(self._occurrences(term))
        return found

    def _known(self, stem: str) -> int | None:
        """The number of a term of this state: what came since is another's."""
        term = self.terms.stems.get(stem)
        return None if term is None or term >= len(self.texts_with) else term

    def _occurrences(self, term: int) -> Occurrences:
        here = [(segment, segment.of(term)) for segment in self.segments]
        parts = [
            (segment.slots[at], segment.counts[at], segment.lengths[at]) for segment, at in here if at.stop > at.start
        ]
        columns = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        return Occurrences(int(self.texts_with[term]), *columns)

    def rarest(self, text: str) -> int:
        """In how many texts that word of `text` stands which is in the fewest; 0 where none is known."""
        terms = [self._known(word) for word in asked_words(text)]
        return min((int(self.texts_with[term]) for term in terms if term is not None), default=0)


def _merged(one: _Segment, other: _Segment) -> _Segment:
    """Both in one; all slots of `other` are greater than those of `one`."""
    terms = np.concatenate([np.repeat(segment.terms, np.diff(segment.starts)) for segment in (one, other)])
    order = np.argsort(terms, kind="stable")
    distinct, starts = np.unique(terms[order], return_index=True)
    slots = np.concatenate([one.slots, other.slots])[order]
    counts = np.concatenate([one.counts, other.counts])[order]
    lengths = np.concatenate([one.lengths, other.lengths])[order]
    return _Segment(distinct, np.append(starts, len(order)), slots, counts, lengths)

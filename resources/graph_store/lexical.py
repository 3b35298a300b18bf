"""BM25 over texts that come and go. Counts of words are kept; what depends on all texts is computed when it is asked.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with their usual k1 and b;
words are stemmed by the Snowball stemmer for English (Porter, 2001).

Invariant: scores are those of an index made of the present texts alone, however they came. The counts of texts that
were added together are a segment, which never changes; segments are merged so that each is at least twice as long as
the next. What texts a word stands in and how long a text is on average are totals, kept as texts come and go.
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import snowballstemmer

from resources.graph_store.growing import Column
from resources.graph_store.vectors import Array

K1 = 1.2
B = 0.75

# A question's grammar says nothing of what it asks for; its names might be "Will" or "May".
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a am an and are as at be been being but by can could d did do does for from had has have he her hers him
        his how i if in into is it its ll m me my no nor not of on or our ours re s she should so t than that
        the their theirs them then there these they this those to too us ve was we were what when where which
        who whom whose why with would you your yours
        """,
    )
)
_WORD = re.compile(r"\w+")
# Stands between texts that are read as one, and is no letter of any word.
_BETWEEN = "\0"
_WORD_OR_BETWEEN = re.compile(r"\w+|\0")
# A stemmer keeps the word that it works on, and searches run in threads.
_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()
# Texts that are read as one: a call for each would cost more than the reading.
_TOGETHER = 5000


def words(text: str) -> list[str]:
    """The words of `text` as they are indexed: without case, accents and endings."""
    return [_stem(word) for word in _WORD.findall(_folded(text))]


def _asked_words(query: str) -> list[str]:
    """The words that `query` asks for, each once; its function words only where it has no others."""
    said = _WORD.findall(_folded(query))
    asked = [word for word in said if word not in _FUNCTION_WORDS]
    return list(dict.fromkeys(_stem(word) for word in asked or said))


def _folded(text: str) -> str:
    folded = text.casefold()
    if not folded.isascii():
        letters = unicodedata.normalize("NFKD", folded)
        folded = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return folded


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """`word` without its English ending; words of other languages lose the same ending in query and text."""
    if word[-1].isdigit():
        return word
    with _STEMMING:
        return _STEMMER.stemWord(word)


class _Terms(dict[str, int]):
    """The number of the term that each word is a form of, and of each stem; a new one gets the next."""

    def __init__(self) -> None:
        self.stems: dict[str, int] = {}
        self[_BETWEEN] = -1

    def __missing__(self, word: str) -> int:
        number = self[word] = self.stems.setdefault(_stem(word), len(self.stems))
        return number


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
    """Counts of words by text. Each text has a slot, which is never used again."""

    def __init__(self) -> None:
        self._terms = _Terms()
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
            segment, lengths = self._read(texts, first)
            self._lengths.extend(lengths)
            self._total(segment, lengths, 1)
            self._keep(segment)
        return np.arange(first, len(self._lengths), dtype=np.int32)

    def remove(self, texts: Sequence[str]) -> None:
        """Take `texts` out of the totals; whoever added them shows their slots no more."""
        if len(texts):
            self._total(*self._read(texts, 0), -1)

    def view(self, slots: Array) -> "LexicalView":
        """The present index for rows whose texts stand in `slots`; an unchanging view of them must be given."""
        mean = max(self._words / max(self._count, 1), 1.0)
        return LexicalView(
            tuple(self._segments),
            self._terms.stems,
            self._texts_with.view(),
            self._lengths.view(),
            self._count,
            mean,
            slots,
        )

    @property
    def nbytes(self) -> int:
        counts = sum(3 * segment.slots.nbytes for segment in self._segments)
        return counts + self._lengths.nbytes + self._texts_with.nbytes + 200 * len(self._terms)

    def _read(self, texts: Sequence[str], first: int) -> tuple[_Segment, Array]:
        """The words of `texts`, which get the slots from `first` on, and how many each has."""
        number_of = self._terms.__getitem__
        found = [
            np.fromiter(map(number_of, _WORD_OR_BETWEEN.findall(joined)), np.int64)
            for joined in (_joined(texts[start : start + _TOGETHER]) for start in range(0, len(texts), _TOGETHER))
        ]
        numbers = np.concatenate(found)
        between = numbers < 0
        text = np.cumsum(between)[~between]
        lengths = np.bincount(text, minlength=len(texts)).astype(np.float32)
        pairs, counts = np.unique(numbers[~between] * len(texts) + text, return_counts=True)
        terms, starts = np.unique(pairs // len(texts), return_index=True)
        places = pairs % len(texts)
        slots = (places + first).astype(np.int32)
        starts = np.append(starts, len(slots))
        return _Segment(terms, starts, slots, counts.astype(np.float32), lengths[places]), lengths

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
    stems: dict[str, int]
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

    @cached_property
    def _in_order(self) -> bool:
        """Whether each row's slot is its number, as it is until texts are removed: then nothing need be looked up."""
        return np.array_equal(self.slots, np.arange(len(self.slots)))

    def occurrences(self, query: str) -> list[Occurrences]:
        """Of each word that `query` asks for and that is known."""
        found = []
        for word in _asked_words(query):
            term = self.stems.get(word)
            # What came since is another state's.
            if term is not None and term < len(self.texts_with):
                found.append(self._occurrences(term))
        return found

    def _occurrences(self, term: int) -> Occurrences:
        here = [(segment, segment.of(term)) for segment in self.segments]
        parts = [
            (segment.slots[at], segment.counts[at], segment.lengths[at]) for segment, at in here if at.stop > at.start
        ]
        columns = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        return Occurrences(int(self.texts_with[term]), *columns)

    def rarest(self, text: str) -> int:
        """In how many texts that word of `text` stands which is in the fewest; 0 where none is known."""
        terms = [self.stems.get(word, len(self.texts_with)) for word in _asked_words(text)]
        return min((int(self.texts_with[term]) for term in terms if term < len(self.texts_with)), default=0)


def _joined(texts: Sequence[str]) -> str:
    """`texts` as one, folded, with _BETWEEN after each."""
    return "".join([_folded(text).replace(_BETWEEN, " ") + _BETWEEN for text in texts])


def _merged(one: _Segment, other: _Segment) -> _Segment:
    """Both in one; all slots of `other` are greater than those of `one`."""
    terms = np.concatenate([np.repeat(segment.terms, np.diff(segment.starts)) for segment in (one, other)])
    order = np.argsort(terms, kind="stable")
    distinct, starts = np.unique(terms[order], return_index=True)
    slots = np.concatenate([one.slots, other.slots])[order]
    counts = np.concatenate([one.counts, other.counts])[order]
    lengths = np.concatenate([one.lengths, other.lengths])[order]
    return _Segment(distinct, np.append(starts, len(order)), slots, counts, lengths)

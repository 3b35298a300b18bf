"""BM25 over a snapshot's texts, as one sparse matrix: a query is a sum of columns.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with their usual k1 and b;
words are stemmed by the first step of Porter, An Algorithm for Suffix Stripping (1980). Words of other languages
than English are left as they are, or lose the same ending in query and text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import sparse

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
_VOWEL = re.compile(r"[aeiouy]")


def words(text: str) -> list[str]:
    """The words of `text` as they are indexed: without case, accents and endings."""
    return [_stem(word) for word in _plain_words(text)]


def _asked_words(query: str) -> list[str]:
    """The words that `query` asks for, each once; its function words only where it has no others."""
    said = _plain_words(query)
    asked = [word for word in said if word not in _FUNCTION_WORDS]
    return list(dict.fromkeys(_stem(word) for word in asked or said))


def _plain_words(text: str) -> list[str]:
    folded = text.casefold()
    if not folded.isascii():
        letters = unicodedata.normalize("NFKD", folded)
        folded = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _WORD.findall(folded)


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """`word` without a plural's, a past tense's or a participle's ending."""
    if len(word) <= 3:
        return word
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "ies")) else word[:-1]
    for ending in ("ed", "ing"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1 and _VOWEL.search(stem):
            word = _undoubled(stem)
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


def _undoubled(stem: str) -> str:
    """The stem "plan" of "plann", but "call" of "call"."""
    return stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsz" else stem


class LexicalIndex:
    """BM25 weights of `texts`, one row each."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words(text)) for text in texts]
        self._columns: dict[str, int] = {}
        for count in counts:
            for word in count:
                self._columns.setdefault(word, len(self._columns))
        self._weights = self._weigh(counts).tocsc()

    def _weigh(self, counts: Sequence[Counter[str]]) -> sparse.csr_array:
        indptr = np.cumsum([0, *(len(count) for count in counts)])
        indices = np.fromiter((self._columns[word] for count in counts for word in count), np.int64, indptr[-1])
        frequency = np.fromiter((n for count in counts for n in count.values()), np.float32, indptr[-1])
        lengths = np.fromiter((count.total() for count in counts), np.float32, len(counts))
        found = np.bincount(indices, minlength=len(self._columns))
        idf = np.log1p((len(counts) - found + 0.5) / (found + 0.5)).astype(np.float32)
        norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if len(counts) else lengths
        per_entry = np.repeat(norm, np.diff(indptr))
        weights = idf[indices] * frequency * (K1 + 1) / (frequency + per_entry)
        return sparse.csr_array((weights, indices, indptr), shape=(len(counts), len(self._columns)))

    def scores(self, query: str) -> np.ndarray:
        """The BM25 score of every text for `query`: (n,) float32."""
        asked = [self._columns[word] for word in _asked_words(query) if word in self._columns]
        scores = np.zeros(self._weights.shape[0], np.float32)
        for column in asked:
            start, stop = self._weights.indptr[column], self._weights.indptr[column + 1]
            scores[self._weights.indices[start:stop]] += self._weights.data[start:stop]
        return scores

"""BM25 over a snapshot's texts, as one sparse matrix: a query is a sum of columns.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with their usual k1 and b.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import sparse

K1 = 1.2
B = 0.75

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words of `text` as they are indexed: case, accents and plain plurals folded."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return [_singular(word) for word in _WORD.findall(plain)]


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


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
        asked = [self._columns[word] for word in dict.fromkeys(words(query)) if word in self._columns]
        scores = np.zeros(self._weights.shape[0], np.float32)
        for column in asked:
            start, stop = self._weights.indptr[column], self._weights.indptr[column + 1]
            scores[self._weights.indices[start:stop]] += self._weights.data[start:stop]
        return scores

"""BM25 over a snapshot's texts, as one sparse matrix: a query is a sum of columns.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with their usual k1 and b;
words are stemmed by the Snowball stemmer for English (Porter, 2001).
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
import snowballstemmer
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
# A stemmer keeps the word that it works on, and searches run in threads.
_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()


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
    """`word` without its English ending; words of other languages lose the same ending in query and text."""
    with _STEMMING:
        return _STEMMER.stemWord(word)


class LexicalIndex:
    """BM25 weights of `texts`, one row each."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._columns: dict[str, int] = {}
        columns = self._columns
        found = [[columns.setdefault(word, len(columns)) for word in words(text)] for text in texts]
        self._weights = _weigh(found, len(columns)).tocsc()

    def scores(self, query: str) -> np.ndarray:
        """The BM25 score of every text for `query`: (n,) float32."""
        asked = [self._columns[word] for word in _asked_words(query) if word in self._columns]
        scores = np.zeros(self._weights.shape[0], np.float32)
        for column in asked:
            start, stop = self._weights.indptr[column], self._weights.indptr[column + 1]
            scores[self._weights.indices[start:stop]] += self._weights.data[start:stop]
        return scores


def _weigh(found: Sequence[Sequence[int]], width: int) -> sparse.csr_array:
    """BM25 weights of texts that are given as the columns of their words: (n, `width`)."""
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    columns = np.fromiter(chain.from_iterable(found), np.int64, starts[-1])
    counts = sparse.csr_array((np.ones(len(columns), np.float32), columns, starts), shape=(len(found), width))
    counts.sum_duplicates()
    texts = np.bincount(counts.indices, minlength=width)
    idf = np.log1p((len(found) - texts + 0.5) / (texts + 0.5)).astype(np.float32)
    norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if len(found) else lengths
    per_entry = np.repeat(norm, np.diff(counts.indptr)).astype(np.float32)
    counts.data = idf[counts.indices] * counts.data * (K1 + 1) / (counts.data + per_entry)
    return counts

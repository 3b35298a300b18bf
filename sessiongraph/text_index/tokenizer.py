"""Tokens of texts and queries: words without case, accents and English endings, and the numbers of their stems.

Words are stemmed by the Snowball stemmer for English (Porter, 2001).
"""

import re
import threading
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import snowballstemmer

from sessiongraph.accent_folding import strip_accents
from sessiongraph.columnar.vectors import Array

# Texts that are tokenized as one: a call for each would cost more than the work itself.
_BATCH_TEXTS = 5000
# Stems that a tokenizer remembers: a search stems all words of the passages that it looks at closely.
_REMEMBERED_STEMS = 1 << 16
# A question's grammar says nothing of what it asks for. "Will" and "May" are not among them: they are names, too.
_STOP_WORDS = frozenset(
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
# Separates texts that are tokenized as one, and is no letter of any word.
_SEPARATOR = "\0"
_WORD_OR_SEPARATOR = re.compile(r"\w+|\0")


class Tokenizer:
    """Splits texts into stems, and remembers the stem of each word. Safe for use by several threads."""

    def __init__(self) -> None:
        # A stemmer keeps the word that it works on, and searches run in threads.
        self._stemmer = snowballstemmer.stemmer("english")
        self._stemming = threading.Lock()
        # functools' own, not cachetools': it is looked up for each word, and is some ten times as fast.
        self.stem = lru_cache(_REMEMBERED_STEMS)(self._stem)

    def stems(self, text: str) -> list[str]:
        """The stems of the words of `text`, as they are indexed."""
        return list(map(self.stem, _WORD.findall(_folded(text))))

    def query_stems(self, query: str) -> list[str]:
        """The distinct stems that `query` asks for; those of stop words only where it has no others."""
        words = _WORD.findall(_folded(query))
        content_words = [word for word in words if word not in _STOP_WORDS]
        return list(dict.fromkeys(map(self.stem, content_words or words)))

    def _stem(self, word: str) -> str:
        """`word` without its English ending; words of other languages lose the same ending in query and text."""
        if word[-1].isdigit():
            return word
        with self._stemming:
            stem: str = self._stemmer.stemWord(word)
            return stem


class Vocabulary(dict[str, int]):
    """The number of each word's stem; a new stem gets the next number. The first ones are those of stop words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._stem = tokenizer.stem
        stop_stems = dict.fromkeys(map(self._stem, sorted(_STOP_WORDS)))
        self.stems: dict[str, int] = {stem: number for number, stem in enumerate(stop_stems)}
        self.stop_stems = len(stop_stems)
        self[_SEPARATOR] = -1

    def __missing__(self, word: str) -> int:
        number = self[word] = self.stems.setdefault(self._stem(word), len(self.stems))
        return number

    def numbers(self, texts: Sequence[str]) -> Array:
        """The numbers of the words of `texts` in their order, with a -1 after each text: (n,) int64."""
        number_of = self.__getitem__
        batches = [
            np.fromiter(map(number_of, _WORD_OR_SEPARATOR.findall(joined)), np.int64)
            for joined in (_joined(texts[start : start + _BATCH_TEXTS]) for start in range(0, len(texts), _BATCH_TEXTS))
        ]
        return np.concatenate(batches)


def _folded(text: str) -> str:
    return strip_accents(text.casefold())


def _joined(texts: Sequence[str]) -> str:
    """`texts` as one, folded, with _SEPARATOR after each."""
    return "".join([_folded(text).replace(_SEPARATOR, " ") + _SEPARATOR for text in texts])

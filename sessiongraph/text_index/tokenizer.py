"""What a word is: as texts are indexed and questions are asked, without case, accents and endings, and its number.

Words are stemmed by the Snowball stemmer for English (Porter, 2001).
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import snowballstemmer

from sessiongraph.columnar.vectors import Array

# Texts that are read as one: a call for each would cost more than the reading.
_TOGETHER = 5000
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


def words(text: str) -> list[str]:
    """The words of `text` as they are indexed: without case, accents and endings."""
    return [_stem(word) for word in _WORD.findall(_folded(text))]


def asked_words(query: str) -> list[str]:
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


class Terms(dict[str, int]):
    """The number of the term that each word is a form of, and of each stem; a new one gets the next.

    The first ones are those of function words.
    """

    def __init__(self) -> None:
        stems = dict.fromkeys(map(_stem, sorted(_FUNCTION_WORDS)))
        self.stems: dict[str, int] = {stem: number for number, stem in enumerate(stems)}
        self.function_words = len(stems)
        self[_BETWEEN] = -1

    def __missing__(self, word: str) -> int:
        number = self[word] = self.stems.setdefault(_stem(word), len(self.stems))
        return number

    def numbers(self, texts: Sequence[str]) -> Array:
        """The numbers of the words of `texts` as they stand there, with a -1 after each text: (n,) int64."""
        number_of = self.__getitem__
        found = [
            np.fromiter(map(number_of, _WORD_OR_BETWEEN.findall(joined)), np.int64)
            for joined in (_joined(texts[start : start + _TOGETHER]) for start in range(0, len(texts), _TOGETHER))
        ]
        return np.concatenate(found)


def _joined(texts: Sequence[str]) -> str:
    """`texts` as one, folded, with _BETWEEN after each."""
    return "".join([_folded(text).replace(_BETWEEN, " ") + _BETWEEN for text in texts])

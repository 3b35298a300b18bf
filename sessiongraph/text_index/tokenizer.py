"""Tokens of texts and queries: words without case, accents and endings, and the numbers of their stems.

Words are stemmed by Snowball (Porter, 2001) in the language that their script tells: English for Latin letters, none
for a script of which Snowball knows no language. Where words are written without spaces, `ngrams` stand for them.
"""

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
import snowballstemmer

from sessiongraph.accent_folding import strip_accents
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.columnar.texts import StringCodes
from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.ngrams import STOP_NGRAMS, has_ngrams_or_marks, tokens_of_words, words_and_ngrams
from sessiongraph.writing_systems import BEYOND_LATIN

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
_FIRST_GREEK = "\u0370"
# Of each language the letters of a word, as it is folded. A letter that it has not is another's: Ukrainian or Persian
# words are left as they are.
_LETTERS = {
    "greek": re.compile("[\u0386-\u03ce]+"),
    "russian": re.compile("[а-я]+"),
    "armenian": re.compile("[\u0561-\u0587]+"),
    "arabic": re.compile("[\u0621-\u063a\u0641-\u064a]+"),
    "hindi": re.compile("[\u0900-\u0932\u0934-\u0963]+"),
    "tamil": re.compile("[\u0b80-\u0bff]+"),
}
# Separates texts that are tokenized as one, and is no letter of any word.
_SEPARATOR = "\0"
_WORD_OR_SEPARATOR = re.compile(r"\w+|\0")


class Tokenizer:
    """Splits texts into stems, and remembers the stem of each word. Safe for use by several threads."""

    def __init__(self) -> None:
        # A stemmer keeps the word that it works on, and searches run in threads.
        self._stemmers = {"english": snowballstemmer.stemmer("english")}
        self._stemming = threading.Lock()
        # functools' own, not cachetools': it is looked up for each word, and is some ten times as fast.
        self.stem = lru_cache(_REMEMBERED_STEMS)(self._stem)

    def stems(self, text: str) -> list[str]:
        """The stems of the words of `text`, as they are indexed."""
        return list(map(self.stem, _words(text)))

    def query_stems(self, query: str) -> list[str]:
        """The distinct stems that `query` asks for; those of stop words only where it has no others."""
        words = _words(query)
        content_words = [word for word in words if word not in _STOP_WORDS and word not in STOP_NGRAMS]
        return list(dict.fromkeys(map(self.stem, content_words or words)))

    def _stem(self, word: str) -> str:
        """`word` without its ending; words of other languages in the same letters lose the same in query and text."""
        language = _language(word)
        if language is None or word[-1].isdigit():
            return word
        with self._stemming:
            if language not in self._stemmers:
                self._stemmers[language] = snowballstemmer.stemmer(language)
            stem: str = self._stemmers[language].stemWord(word)
            return stem


class Tokens(NamedTuple):
    """The tokens of some texts: the numbers of their stems, -1 after each text, (n,) int64; and which of them a text's
    length counts, (n,) bool. Of n-grams it counts the first: an English text is no longer for a Chinese name in it."""

    numbers: Array
    in_length: Array


class Vocabulary(dict[str, int]):
    """The number of the stem of each word that was asked for; a new stem gets the next number.

    `stems` has the numbers of all stems. The first ones are those of stop words.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._stem = tokenizer.stem
        stop_stems = list(dict.fromkeys(map(self._stem, sorted(_STOP_WORDS))))
        self.stems = StringCodes()
        self.stems.encode(stop_stems)
        self.stop_stems = len(stop_stems)
        self[_SEPARATOR] = -1

    def __missing__(self, word: str) -> int:
        number = self[word] = self.stems.code(self._stem(word))
        return number

    def save(self, to: ArrayWriter, name: str) -> None:
        self.stems.save(to, f"{name}.stems")

    def load(self, saved: SavedArrays, name: str) -> None:
        self.stems.load(saved, f"{name}.stems")

    @property
    def nbytes(self) -> int:
        return 100 * len(self) + self.stems.nbytes

    def tokens(self, texts: Sequence[str]) -> "Tokens":
        """The tokens of `texts` in their order, with a separator after each text."""
        numbers, in_length = [np.zeros(0, np.int64)], [np.zeros(0, bool)]
        for start in range(0, len(texts), _BATCH_TEXTS):
            folded = [_folded(text).replace(_SEPARATOR, " ") for text in texts[start : start + _BATCH_TEXTS]]
            for is_plain, group in groupby(folded, key=lambda text: not has_ngrams_or_marks(text)):
                if is_plain:
                    words = _WORD_OR_SEPARATOR.findall("".join([text + _SEPARATOR for text in group]))
                    numbers.append(self._numbers(words))
                    in_length.append(np.ones(len(words), bool))
                else:
                    split = [tokens for text in group for tokens in (*tokens_of_words(text), [_SEPARATOR])]
                    numbers.append(self._numbers([token for tokens in split for token in tokens]))
                    in_length.append(np.array([not place for tokens in split for place in range(len(tokens))], bool))
        return Tokens(np.concatenate(numbers), np.concatenate(in_length))

    def _numbers(self, words: Sequence[str]) -> Array:
        return np.fromiter(map(self.__getitem__, words), np.int64, len(words))


def _folded(text: str) -> str:
    return strip_accents(text.casefold())


def _words(text: str) -> list[str]:
    if text.isascii():
        return _WORD.findall(text.lower())
    folded = _folded(text)
    return words_and_ngrams(folded) if has_ngrams_or_marks(folded) else _WORD.findall(folded)


def _language(word: str) -> str | None:
    """The language that the script of `word` tells, as Snowball calls it; None for one that it cannot stem."""
    if word.isascii() or word[0] < _FIRST_GREEK:
        return "english"
    for language, letters in _LETTERS.items():
        if letters.fullmatch(word):
            return language
    return None if BEYOND_LATIN.match(word) else "english"

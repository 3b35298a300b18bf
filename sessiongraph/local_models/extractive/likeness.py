"""How far the words of a source say the words of a question: the same, of one stem, or alike in meaning.

What is alike in meaning is told by a small list of synonyms and by word vectors, which count only where they are close:
below that everything is a little like everything.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cachetools import LRUCache

from sessiongraph.local_models.extractive import lexicon

if TYPE_CHECKING:
    import numpy as np

_CACHED_WORDS = 20_000

_SYNONYM = 0.7
_SAME_STEM = 0.7
_STEM = 5
# Vectors that are at least so close are of words that are alike.
_CLOSE = 0.3


class WordVectors:
    """Unit vectors of single words, those of late remembered. Thread-safe."""

    def __init__(self, embed: "Callable[[list[str]], np.ndarray]") -> None:
        self._embed = embed
        self._vectors: LRUCache[str, np.ndarray] = LRUCache(_CACHED_WORDS)
        self._lock = threading.Lock()

    def of(self, words: Sequence[str]) -> "np.ndarray":
        """(len(words), d)."""
        import numpy as np

        with self._lock:
            known = {word: self._vectors[word] for word in words if word in self._vectors}
        new = [word for word in dict.fromkeys(words) if word not in known]
        known |= dict(zip(new, self._embed(new), strict=True))
        with self._lock:
            self._vectors.update(known)
        return np.stack([known[word] for word in words])

    def forget(self) -> None:
        """Drop what is remembered."""
        with self._lock:
            self._vectors.clear()


class Likeness:
    """How much each of `asked` words is said by each word of a `vocabulary`, from 0 to 1.

    Without `vectors`, what is alike in meaning is only what the list of synonyms says.
    """

    def __init__(self, asked: Iterable[str], vocabulary: frozenset[str], vectors: WordVectors | None) -> None:
        self._alike = _alike(list(asked), sorted(vocabulary), vectors)

    def share(self, word: str, said: frozenset[str]) -> float:
        """How much of the asked `word` is in `said`."""
        alike = self._alike[word]
        return max((alike[other] for other in alike.keys() & said), default=0.0)


def _alike(asked: list[str], others: list[str], vectors: WordVectors | None) -> Mapping[str, Mapping[str, float]]:
    if not asked or not others:
        return {word: {} for word in asked}
    if vectors is None:
        close = [[0.0] * len(others) for _ in asked]
    else:
        close = (vectors.of(asked) @ vectors.of(others).T).tolist()
    return {
        word: {other: value for other, near in zip(others, row, strict=True) if (value := _value(word, other, near))}
        for word, row in zip(asked, close, strict=True)
    }


def _value(word: str, other: str, close: float) -> float:
    if word == other:
        return 1.0
    if {word, other} <= lexicon.RELATIVES and other not in lexicon.told_as(word):
        return 0.0  # close in meaning, and still others: a brother is no sister
    if other in lexicon.alike(word):
        return max(_SYNONYM, close)
    if len(word) > _STEM < len(other) and other[:_STEM] == word[:_STEM]:
        return max(_SAME_STEM, close)
    return close if close >= _CLOSE else 0.0

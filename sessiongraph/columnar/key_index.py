"""The number of each of some distinct texts: a dict, above the sorted hashes of those that were saved before.

Invariant: a text is found by its hash and then compared, so that two of one hash are two.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.columnar.text_arrays import ENCODING, ERRORS
from sessiongraph.columnar.vectors import Array

_NONE = -1


class KeyIndex:
    """Numbers by text. `texts` has, at the number of each text that was saved and has not been put since, that text."""

    def __init__(self, texts: Any) -> None:
        self._texts = texts
        self._put: dict[str, int] = {}  # -1 for one that was removed
        self._hashes, self._numbers = np.zeros(0, np.uint64), np.zeros(0, np.int32)

    def get(self, text: str) -> int:
        """The number of `text`, -1 for none."""
        found = self._put.get(text)
        if found is None:
            found = self._saved(text) if len(self._hashes) else _NONE
        return found

    def find(self, texts: Iterable[str]) -> Array:
        """The number of each of `texts`, -1 for none: (n,) int32."""
        return np.fromiter(map(self.get, texts), np.int32)

    def put(self, text: str, number: int) -> None:
        self._put[text] = number

    def update(self, texts: Iterable[str], numbers: Array) -> None:
        self._put.update(zip(texts, numbers.tolist(), strict=True))

    def pop(self, text: str) -> int:
        """Remove `text`; returns the number that it had, -1 for none."""
        number = self.get(text)
        if not len(self._hashes):
            self._put.pop(text, None)
        elif number >= 0:
            self._put[text] = _NONE
        return number

    def copy(self, texts: Any) -> "KeyIndex":
        """A copy, of a copy of the texts."""
        copied = KeyIndex(texts)
        copied._put, copied._hashes, copied._numbers = dict(self._put), self._hashes, self._numbers
        return copied

    def save(self, to: ArrayWriter, name: str) -> None:
        put = np.array(list(self._put.values()), np.int32)
        put_hashes = hashes_of(list(self._put))
        kept = self._untouched(put_hashes)
        hashes = np.concatenate([self._hashes[kept], put_hashes[put >= 0]])
        numbers = np.concatenate([self._numbers[kept], put[put >= 0]])
        order = np.argsort(hashes, kind="stable")
        to.array(f"{name}.hashes", hashes[order])
        to.array(f"{name}.numbers", numbers[order])

    def load(self, saved: SavedArrays, name: str) -> None:
        self._put = {}
        self._hashes, self._numbers = saved.array(f"{name}.hashes"), saved.array(f"{name}.numbers")

    def _saved(self, text: str) -> int:
        [wanted] = hashes_of([text])
        place = int(np.searchsorted(self._hashes, wanted))
        while place < len(self._hashes) and self._hashes[place] == wanted:
            number = int(self._numbers[place])
            if number < len(self._texts) and self._texts[number] == text:
                return number
            place += 1
        return _NONE

    def _untouched(self, put_hashes: Array) -> Array:
        """A mask of the saved texts that were not put since; `put_hashes` are those of the ones that were."""
        kept = ~np.isin(self._hashes, put_hashes)
        for place in np.flatnonzero(~kept).tolist():
            # Another text of the same hash stays.
            number = int(self._numbers[place])
            text = self._texts[number] if number < len(self._texts) else None
            if text is not None and text not in self._put and hashes_of([text])[0] == self._hashes[place]:
                kept[place] = True
        return kept

    @property
    def nbytes(self) -> int:
        return 120 * len(self._put)


def hashes_of(texts: Sequence[str]) -> Array:
    """Hashes of `texts` that are the same everywhere: (n,) uint64."""
    digests = [hashlib.blake2b(text.encode(ENCODING, ERRORS), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), "<u8")

"""Bigram index of texts: two words side by side in both question and text say more than each word alone.

Metzler and Croft, A Markov Random Field Model for Term Dependencies (2005), whose ordered pairs these are. A bigram is
identified by the numbers of its two terms, so that no vocabulary of bigrams is kept.

Invariant: lookups give what an index of the present texts alone would give, in whatever order they were added. The
bigrams of texts that were added together are a sorted run, which never changes; runs are merged so that each is at
least twice as long as the next. Document frequencies are counted at query time: a question has few bigrams.
"""

from typing import NamedTuple

import numpy as np

from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, is_mapped
from sessiongraph.columnar.vectors import Array


class SortedRun(NamedTuple):
    """Sorted bigram keys, (n,) int64, and for each the slot of a text that contains it: (n,) int32."""

    keys: Array
    slots: Array


class BigramIndex:
    """An inverted index from bigrams to the slots of texts."""

    def __init__(self) -> None:
        self._runs: list[SortedRun] = []

    def add(self, keys: Array, slots: Array) -> None:
        """Add the bigrams of new texts, whose slots are greater than those of all texts before."""
        order = np.lexsort((slots, keys))
        keys, slots = keys[order], slots[order]
        first = np.ones(len(keys), bool)
        first[1:] = (keys[1:] != keys[:-1]) | (slots[1:] != slots[:-1])
        run = SortedRun(keys[first], slots[first])
        while self._runs and len(self._runs[-1].keys) < 2 * len(run.keys):
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)

    def view(self) -> tuple[SortedRun, ...]:
        """The present runs, which never change."""
        return tuple(self._runs)

    def save(self, to: ArrayWriter, name: str) -> None:
        to.value(name, len(self._runs))
        for number, run in enumerate(self._runs):
            to.array(f"{name}.keys{number}", run.keys)
            to.array(f"{name}.slots{number}", run.slots)

    def load(self, saved: SavedArrays, name: str) -> None:
        self._runs = [
            SortedRun(saved.array(f"{name}.keys{number}"), saved.array(f"{name}.slots{number}"))
            for number in range(saved.value(name))
        ]

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory."""
        return sum(run.keys.nbytes + run.slots.nbytes for run in self._runs if not is_mapped(run.keys))


def bigram_keys(first_terms: Array, second_terms: Array) -> Array:
    """The keys of bigrams, from the numbers of their terms."""
    keys: Array = first_terms.astype(np.int64) << 32 | second_terms.astype(np.int64)
    return keys


def slots_with(runs: tuple[SortedRun, ...], key: int) -> Array:
    """The slots of all texts that contain the bigram `key`, removed texts included."""
    return np.concatenate([run.slots[slice(*np.searchsorted(run.keys, [key, key + 1]))] for run in runs])


def _merged(older: SortedRun, newer: SortedRun) -> SortedRun:
    keys = np.concatenate([older.keys, newer.keys])
    order = np.argsort(keys, kind="stable")
    return SortedRun(keys[order], np.concatenate([older.slots, newer.slots])[order])

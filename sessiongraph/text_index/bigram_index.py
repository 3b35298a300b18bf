"""Words that stand side by side, by text: what a question says in one breath tells more than its words one by one.

Metzler and Croft, A Markov Random Field Model for Term Dependencies (2005), whose ordered pairs these are. A pair is
known by the numbers of its two terms, so that no vocabulary of pairs is kept.

Invariant: what is found is what an index of the present texts alone would find, however they came. The pairs of texts
that were added together are a run, which never changes; runs are merged so that each is at least twice as long as the
next. In how many texts a pair stands is counted when it is asked: they are few.
"""

from typing import NamedTuple

import numpy as np

from sessiongraph.columnar.vectors import Array


class Run(NamedTuple):
    """Pairs in order, (n,) int64, and the slot of a text that has each: (n,) int32."""

    keys: Array
    slots: Array


class Pairs:
    """Pairs by slot of the texts that they stand in."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def add(self, keys: Array, slots: Array) -> None:
        """Add pairs that stand in texts of new slots, which are greater than those of all texts before."""
        order = np.lexsort((slots, keys))
        keys, slots = keys[order], slots[order]
        first = np.ones(len(keys), bool)
        first[1:] = (keys[1:] != keys[:-1]) | (slots[1:] != slots[:-1])
        run = Run(keys[first], slots[first])
        while self._runs and len(self._runs[-1].keys) < 2 * len(run.keys):
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)

    def view(self) -> tuple[Run, ...]:
        """The present pairs, which stay as they are."""
        return tuple(self._runs)

    @property
    def nbytes(self) -> int:
        return sum(run.keys.nbytes + run.slots.nbytes for run in self._runs)


def pair(one: Array, other: Array) -> Array:
    """The keys of pairs of terms, by their numbers."""
    keys: Array = one.astype(np.int64) << 32 | other.astype(np.int64)
    return keys


def slots_of(runs: tuple[Run, ...], key: int) -> Array:
    """The slots of the texts that have the pair `key`, also of those that are there no more."""
    return np.concatenate([run.slots[slice(*np.searchsorted(run.keys, [key, key + 1]))] for run in runs])


def _merged(one: Run, other: Run) -> Run:
    keys = np.concatenate([one.keys, other.keys])
    order = np.argsort(keys, kind="stable")
    return Run(keys[order], np.concatenate([one.slots, other.slots])[order])

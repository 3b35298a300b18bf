"""Fusion of signals of different units: z-scores over all candidates, and selection of the best. Pure.

z-scores, because fusion by rank alone loses how much better the best one is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

# How many values are compared by the best of them first.
_BLOCK = 64


@dataclass(frozen=True)
class ZScale:
    """The scale of one signal: the mean and the standard deviation of its values, 0 where these are all alike.

    It is taken over the candidates of all datasets that are searched together, so that z-scores of one dataset compare
    with those of another.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, parts: Sequence[np.ndarray]) -> "ZScale":
        """The scale of the values of all `parts` together."""
        count = sum(map(len, parts))
        mean = sum(float(values.sum(dtype=np.float64)) for values in parts) / max(count, 1)
        # Never below 0 by more than rounding: a variance is not negative.
        squares = sum(float(np.dot(values, values)) for values in (values - np.float32(mean) for values in parts))
        deviation = float(np.sqrt(squares / max(count, 1)))
        return cls(mean, 0.0 if deviation <= 1e-6 * max(abs(mean), 1e-12) else deviation)

    def z_scores(self, values: np.ndarray) -> np.ndarray:
        """`values` as standard deviations from the mean: (n,) float32; zeros where the scale has no deviation."""
        if not self.deviation:
            return np.zeros(len(values), np.float32)
        return (values - np.float32(self.mean)) / np.float32(self.deviation)


def expected_best_z_score(count: int) -> float:
    """The expected z-score of the best of `count` values that differ by chance (Blom, 1958)."""
    return NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count else 0.0


def best_rows(scores: np.ndarray, mask: np.ndarray | None, count: int, ids: np.ndarray) -> np.ndarray:
    """The rows of the `count` best of `scores` that `mask` allows, in no order; of equals those with the first `ids`.

    Linear: the best of each block bound the best of all from below, so that few are sorted.
    """
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    if len(scores) > 4 * _BLOCK and count < len(scores) // _BLOCK:
        in_blocks = len(scores) - len(scores) % _BLOCK
        tops = scores[:in_blocks].reshape(-1, _BLOCK).max(axis=1)
        rows = np.flatnonzero(scores >= np.partition(tops, -count)[-count])
    else:
        rows = np.arange(len(scores))
    rows = rows[scores[rows] > -np.inf]
    if count >= len(rows):
        return rows
    least = np.partition(scores[rows], -count)[-count]
    better, equal = rows[scores[rows] > least], rows[scores[rows] == least]
    wanted = count - len(better)
    return np.concatenate([better, equal[np.argpartition(np.asarray(ids[equal]), wanted - 1)[:wanted]]])

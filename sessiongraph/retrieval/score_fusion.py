"""Fusion of signals of different units: z-scores over all candidates, and selection of the best. Pure.

z-scores, because fusion by rank alone loses how much better the best one is.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

# How many values are compared by the best of them first.
_BLOCK = 64


def z_scores(parts: Sequence[np.ndarray], allowed: Sequence[np.ndarray | None]) -> list[np.ndarray]:
    """Each of `parts` as standard deviations from the mean, both taken over all allowed values of all parts together.

    Zeros where all are alike. A mask of None allows all.
    """
    counted = [part if mask is None else part[mask] for part, mask in zip(parts, allowed, strict=True)]
    return on_scale_of(counted, parts)


def on_scale_of(counted: Sequence[np.ndarray], parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each of `parts` as standard deviations of `counted` from their mean; zeros where these are all alike."""
    count = sum(map(len, counted))
    mean = sum(float(values.sum(dtype=np.float64)) for values in counted) / max(count, 1)
    # Never below 0 by more than rounding: a variance is not negative.
    squares = sum(float(np.dot(values, values)) for values in (values - np.float32(mean) for values in counted))
    spread = float(np.sqrt(squares / max(count, 1)))
    if spread <= 1e-6 * max(abs(mean), 1e-12):
        return [np.zeros(len(part), np.float32) for part in parts]
    return [(part - np.float32(mean)) / np.float32(spread) for part in parts]


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
    return np.concatenate([better, equal[np.argpartition(ids[equal], wanted - 1)[:wanted]]])

"""Redundancy of passages: how much of a question they cover that the best passage covers already. Pure.

A question of several steps is answered by passages that cover different parts of it. One that shares with the question
only words that the best passage has, too, adds little: what counts is its marginal relevance (Carbonell and Goldstein,
1998).
"""

from collections.abc import Sequence

import numpy as np

from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.bm25_index import BM25View, Postings


def repeated_share(passages: BM25View, postings: Sequence[Postings], rows: Array, best: int) -> Array:
    """The share of the words of `postings` that each of `rows` has in common with row `best`: (k,), 0 to 1.

    Words are weighted by their inverse document frequency, as in BM25.
    """
    row_slots = passages.slots[np.append(rows, best)]
    contains = np.zeros(len(passages.lengths), bool)
    common, total = np.zeros(len(rows)), 0.0
    for frequency, slots, *_ in postings:
        idf = float(np.log1p((passages.count - frequency + 0.5) / (frequency + 0.5)))
        total += idf
        contains[slots] = True
        if contains[row_slots[-1]]:
            common += idf * contains[row_slots[:-1]]
        contains[slots] = False
    return common / (total or 1.0)

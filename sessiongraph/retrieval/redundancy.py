"""How much of a question a passage says over again once the best one is there. Pure.

A question that takes several steps is answered by passages that differ in what they say of it. Those that have of its
words what the best one has already are near it by that alone: the relevance that is left is marginal (Carbonell and
Goldstein, 1998).
"""

from collections.abc import Sequence

import numpy as np

from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.bm25_index import LexicalView, Occurrences


def repeated(passages: LexicalView, asked: Sequence[Occurrences], rows: Array, best: int) -> Array:
    """The share of the words `asked` that each of `rows` has in common with row `best`: (k,), 0 to 1.

    Each word counts by how rare it is (BM25's inverse document frequency).
    """
    shown = passages.slots[np.append(rows, best)]
    has = np.zeros(len(passages.lengths), bool)
    common, total = np.zeros(len(rows)), 0.0
    for texts, slots, *_ in asked:
        rarity = float(np.log1p((passages.count - texts + 0.5) / (texts + 0.5)))
        total += rarity
        has[slots] = True
        if has[shown[-1]]:
            common += rarity * has[shown[:-1]]
        has[slots] = False
    return common / (total or 1.0)

"""How well documents and sessions as wholes fit a question, by the scores of their passages. Pure.

One passage that fits is what a question asks for; several that do tell a session about it from one that mentions it.
"""

import numpy as np

from sessiongraph.columnar.vectors import Array

# How many of a document's best passages say what it is about.
BEST = 3


def rank_documents(documents: Array, scores: Array, rows: Array) -> tuple[Array, Array]:
    """For each document that one of `rows` is of: the row of its best one of these, and its score by all of them.

    `documents` has the number of each passage's document, `scores` each passage's score. A document's is that of its
    best passage and the mean of its BEST best ones.
    """
    order = rows[np.lexsort((rows, -scores[rows], documents[rows]))]
    _, first, group = np.unique(documents[order], return_index=True, return_inverse=True)
    counted = np.arange(len(order)) - first[group] < BEST
    means = np.bincount(group[counted], scores[order[counted]]) / np.bincount(group[counted])
    return order[first], scores[order[first]] + means

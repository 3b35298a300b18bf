"""Scores of whole documents and sessions for a question, from the scores of their passages. Pure.

One passage that fits is what a question asks for; several of them tell a session that is about it from one that only
mentions it.
"""

import numpy as np

from sessiongraph.columnar.vectors import Array

# So many of a document's best passages count.
BEST_PASSAGES = 3


def score_documents(documents: Array, scores: Array, rows: Array) -> tuple[Array, Array]:
    """For each document of the passages `rows`: the row of its best passage among them, and the document's score.

    `documents` has the number of each passage's document, `scores` each passage's score. A document's score is the sum
    of its best passage's and the mean of its BEST_PASSAGES best ones.
    """
    order = rows[np.lexsort((rows, -scores[rows], documents[rows]))]
    _, first, group = np.unique(documents[order], return_index=True, return_inverse=True)
    counted = np.arange(len(order)) - first[group] < BEST_PASSAGES
    means = np.bincount(group[counted], scores[order[counted]]) / np.bincount(group[counted])
    return order[first], scores[order[first]] + means

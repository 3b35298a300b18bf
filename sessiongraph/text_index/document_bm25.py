"""BM25 over whole documents and sessions, from the postings of their passages: no second index of the same words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sessiongraph.columnar.growing_arrays import sorted_unique
from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.bm25_index import ANSERINI, BM25View, Postings

# Sorting fewer documents than this fraction of all takes less time than scanning all.
_SORTED_FRACTION = 16


@dataclass(frozen=True)
class _Statistics:
    """What BM25 needs to know of documents: `document_of` gives a slot's, -1 for none; `norms` are by document."""

    count: int
    nonempty: int
    document_of: Array
    norms: Array


class DocumentIndex:
    """The documents that the rows of `passages` belong to: `documents` has the number of each row's.

    Statistics are computed when scores are first asked for, and kept.
    """

    def __init__(self, passages: BM25View, documents: Array) -> None:
        self._passages, self._documents = passages, documents

    def scores(self, postings: Sequence[Postings]) -> Array:
        """The BM25 score of each document for the words whose `postings` are given, by its number: float32."""
        of = self._statistics
        # The last place is for passages that are no row's any more, whose document is -1.
        scores, counts = np.zeros((2, of.count + 1), np.float32)
        for _, slots, passage_counts, _ in postings:
            documents = of.document_of.take(slots)
            np.add.at(counts, documents, passage_counts)
            counts[-1] = 0
            few = len(documents) < of.count // _SORTED_FRACTION
            distinct = sorted_unique(documents[documents >= 0]) if few else np.flatnonzero(counts)
            idf = np.log1p((of.nonempty - len(distinct) + 0.5) / (len(distinct) + 0.5))
            scores[distinct] += idf * (ANSERINI.k1 + 1) * counts[distinct] / (counts[distinct] + of.norms[distinct])
            counts[distinct] = 0
        return scores[:-1]

    @cached_property
    def _statistics(self) -> _Statistics:
        passages, documents = self._passages, self._documents
        count = int(documents.max()) + 1 if len(documents) else 0
        lengths = np.bincount(documents, passages.lengths[passages.slots], count).astype(np.float32)
        document_of = np.full(len(passages.lengths), -1, np.int32)
        document_of[passages.slots] = documents
        nonempty = max(int((lengths > 0).sum()), 1)
        k1, b = ANSERINI.k1, ANSERINI.b
        norms = np.float32(k1) * (1 - b + b * lengths / max(lengths.sum() / nonempty, 1.0))
        return _Statistics(count, nonempty, document_of, norms)

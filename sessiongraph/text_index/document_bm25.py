"""BM25 over whole documents and sessions, by the words of their passages: no second index of the same words."""

from collections.abc import Sequence

import numpy as np

from sessiongraph.columnar.growing_arrays import sorted_distinct
from sessiongraph.columnar.vectors import Array
from sessiongraph.text_index.bm25_index import LexicalView, Occurrences

# Those that Anserini's baselines use (Yang, Fang and Lin, 2017).
K1 = 0.9
B = 0.4
# Sorting fewer than this part of all takes less time than looking at all.
_FEW = 16


class DocumentIndex:
    """The documents that the rows of `passages` belong to: `documents` has the number of each row's."""

    def __init__(self, passages: LexicalView, documents: Array) -> None:
        self._count = int(documents.max()) + 1 if len(documents) else 0
        lengths = np.bincount(documents, passages.lengths[passages.slots], self._count).astype(np.float32)
        self._document_of = np.full(len(passages.lengths), -1, np.int32)  # by slot
        self._document_of[passages.slots] = documents
        self._live = max(int((lengths > 0).sum()), 1)
        self._norms = np.float32(K1) * (1 - B + B * lengths / max(lengths.sum() / self._live, 1.0))

    def scores(self, asked: Sequence[Occurrences]) -> Array:
        """The BM25 score of each document for the words `asked` of its passages, by its number: float32."""
        # The last is nobody's: that of passages which are shown no more, whose number is -1.
        scores, often = np.zeros((2, self._count + 1), np.float32)
        for _, slots, counts, _ in asked:
            documents = self._document_of.take(slots)
            np.add.at(often, documents, counts)
            often[-1] = 0
            few = len(documents) < self._count // _FEW
            distinct = sorted_distinct(documents[documents >= 0]) if few else np.flatnonzero(often)
            idf = np.log1p((self._live - len(distinct) + 0.5) / (len(distinct) + 0.5))
            scores[distinct] += idf * (K1 + 1) * often[distinct] / (often[distinct] + self._norms[distinct])
            often[distinct] = 0
        return scores[:-1]

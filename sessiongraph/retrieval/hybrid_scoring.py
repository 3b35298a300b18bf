"""Hybrid retrieval: BM25 and the cosine of embeddings, each as z-scores, in a weighted mean. Pure.

Words count by the share of the question's words that any text holds. Where texts put it otherwise, the one word that a
text happens to share stands out as much as an answer does, and would outvote vectors that know the answer.

Of very many texts (`ExactLimits`), only candidates have their vectors compared with the question's exactly: those whose
BM25 score and similarity estimated from sign bits are best together. (Of sentences embedded by wordllama, the most
similar one is in 98 % of cases among the 0.5 % that agree in most sign bits, and in 99.8 % among 2 %; words choose as
well.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sessiongraph.columnar.vectors import Array, Vectors
from sessiongraph.retrieval.ranking_weights import DEFAULT_LIMITS, ExactLimits
from sessiongraph.retrieval.score_fusion import ZScale, best_rows


@dataclass(frozen=True)
class TextSignals:
    """How the passages or the facts of one dataset, n texts, match a question: by words, and by vectors.

    `bm25_scores`: (n,) float32. `vectors`: (n, d); `query_vector` is the question's: (d,), None for none. `ids`, (n,),
    break ties. A `mask`, (n,) bool, says which may be used; None allows all. Of very many texts, the best of
    `priority_rows` are candidates, too.
    """

    bm25_scores: Array
    vectors: Vectors
    query_vector: Array | None
    ids: Array
    mask: Array | None = None
    priority_rows: Array | None = None

    @cached_property
    def similarities(self) -> Array:
        """The cosine of each text's vector with the question's: (n,) float32; zeros where they do not compare."""
        if self.query_vector is None or not self.has_comparable_vectors:
            return np.zeros(len(self.vectors), np.float32)
        return self.vectors @ self.query_vector

    @cached_property
    def estimated_similarities(self) -> Array:
        """The same, estimated from sign bits."""
        assert self.query_vector is not None
        return self.vectors.estimate(self.query_vector)

    @property
    def sampled_similarities(self) -> Array:
        """The cosines of a sample, from which the mean and deviation of all are estimated: (k,) float32."""
        return self._cosines(self.vectors.sample)

    @property
    def has_comparable_vectors(self) -> bool:
        """Whether the question has a vector, of as many dimensions as the texts' own."""
        return self.query_vector is not None and self.vectors.shape[1] == len(self.query_vector)

    def similarities_of(self, rows: Array) -> Array:
        """The cosines of the texts `rows` alone: (k,) float32."""
        return self._cosines(self.vectors[rows])

    def allowed(self, values: Array) -> Array:
        """Those of `values`, one a text, that belong to texts that may be used."""
        return values if self.mask is None else values[self.mask]

    @property
    def allowed_rows(self) -> Array:
        return np.arange(len(self.bm25_scores)) if self.mask is None else np.flatnonzero(self.mask)

    def _cosines(self, vectors: Array) -> Array:
        assert self.query_vector is not None
        cosines: Array = np.vecdot(vectors, self.query_vector)
        return cosines


@dataclass(frozen=True)
class HybridScale:
    """What the BM25 scores and similarities of all datasets' texts are z-scores of, and the weight of the vectors.

    The words have the rest of the weight, times the `known_share` of the question's words (`known_words`).
    `estimates` is the scale of the estimated similarities where the texts are too many for each product, else None;
    then `candidates` texts of each dataset have theirs computed.
    """

    words: ZScale
    similarities: ZScale
    vector_share: float
    known_share: float = 1.0
    estimates: ZScale | None = None
    candidates: int = 0

    @classmethod
    def over(
        cls,
        datasets: Sequence[TextSignals],
        vector_share: float,
        limits: ExactLimits = DEFAULT_LIMITS,
        known_share: float = 1.0,
    ) -> "HybridScale":
        """The scale over the texts of `datasets` that may be used; both shares count where any vector compares."""
        words = ZScale.of([texts.allowed(texts.bm25_scores) for texts in datasets])
        if _are_too_many(datasets, limits):
            similarities = ZScale.of([texts.sampled_similarities for texts in datasets])
            estimates = ZScale.of([texts.estimated_similarities for texts in datasets])
            return cls(words, similarities, vector_share, known_share, estimates, limits.candidates)
        if not any(texts.similarities.any() for texts in datasets):
            vector_share, known_share = 0.0, 1.0
        similarities = ZScale.of([texts.allowed(texts.similarities) for texts in datasets])
        return cls(words, similarities, vector_share, known_share)

    def scores(self, texts: TextSignals) -> Array:
        """The hybrid score of each of `texts`: (n,) float32, in standard deviations.

        Of very many, those that are no candidates have the score that their estimated similarity gives.
        """
        if self.estimates is None:
            return self._fused(texts.bm25_scores, texts.similarities)
        rows, similarities = self._candidate_rows(texts), texts.estimated_similarities.copy()
        similarities[rows] = texts.similarities_of(rows)
        return self._fused(texts.bm25_scores, similarities)

    def candidate_scores(self, texts: TextSignals) -> tuple[Array, Array]:
        """The rows of the texts that may be used, of very many those of the candidates, and their hybrid scores."""
        if self.estimates is None:
            rows = texts.allowed_rows
            return rows, self.scores(texts)[rows]
        rows = self._candidate_rows(texts)
        return rows, self._fused(texts.bm25_scores[rows], texts.similarities_of(rows))

    def _fused(self, bm25_scores: Array, similarities: Array) -> Array:
        words, vectors = self.words.z_scores(bm25_scores), self.similarities.z_scores(similarities)
        word_share = (1 - self.vector_share) * self.known_share
        fused: Array = np.float32(word_share) * words + np.float32(self.vector_share) * vectors
        return fused

    def _candidate_rows(self, texts: TextSignals) -> Array:
        """The rows with the best sums of the z-scores of words and estimates, and the best of the priority rows."""
        assert self.estimates is not None
        rough = self.words.z_scores(texts.bm25_scores) + self.estimates.z_scores(texts.estimated_similarities)
        rows = best_rows(rough, None, self.candidates, texts.ids)
        if (priority := texts.priority_rows) is not None:
            best = best_rows(rough[priority], None, self.candidates, texts.ids[priority])
            rows = np.union1d(rows, priority[best])
        return rows


def _are_too_many(datasets: Sequence[TextSignals], limits: ExactLimits) -> bool:
    comparable = all(texts.has_comparable_vectors and texts.mask is None for texts in datasets)
    return comparable and sum(len(texts.bm25_scores) for texts in datasets) > limits.texts

"""Hybrid scores of texts for a question: z-scores of BM25 and of vector similarity, fused. Pure.

Of very many texts (`ExactLimits`), only candidates have their vectors compared with the question's exactly: those whose
BM25 score and similarity estimated from sign bits are best together. (Of sentences embedded by wordllama, the most
similar one is in 98 % of cases among the 0.5 % that agree in most sign bits, and in 99.8 % among 2 %; words choose as
well.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sessiongraph.columnar.vectors import Array, Vectors
from sessiongraph.retrieval.ranking_weights import DEFAULT_LIMITS, ExactLimits
from sessiongraph.retrieval.score_fusion import best_rows, on_scale_of, z_scores


@dataclass(frozen=True)
class TextSignals:
    """The passages or facts of a dataset: their BM25 scores, vectors and ids, and a mask of those that may be used.

    A `mask` of None allows all. Of very many texts, the best of `priority_rows` are candidates, too.
    """

    bm25_scores: Array
    vectors: Vectors
    ids: Array
    mask: Array | None = None
    priority_rows: Array | None = None


def hybrid_scores(
    datasets: Sequence[TextSignals], query: Array | None, vector_share: float, limits: ExactLimits = DEFAULT_LIMITS
) -> list[Array]:
    """The fused scores of all texts of each dataset; `vector_share` is the weight of the vectors.

    `query` is the question's vector, None for none. Of very many texts, those that are no candidates have the score
    that their estimated similarity gives.
    """
    if query is None or not _need_candidates(datasets, query, limits):
        return _exact_scores(datasets, query, vector_share)
    words, similarities = _word_z_scores(datasets), _estimated_similarities(datasets, query)
    chosen = _candidate_rows(datasets, words, similarities, limits)
    for texts, values, rows in zip(datasets, similarities, chosen, strict=True):
        values[rows] = np.vecdot(texts.vectors[rows], query)
    return _fused(words, on_scale_of(_sampled_similarities(datasets, query), similarities), vector_share)


def candidate_scores(
    datasets: Sequence[TextSignals], query: Array | None, vector_share: float, limits: ExactLimits = DEFAULT_LIMITS
) -> list[tuple[Array, Array]]:
    """As `hybrid_scores`, but of allowed texts and, of very many, of candidates alone: their rows and scores."""
    if query is None or not _need_candidates(datasets, query, limits):
        scores = _exact_scores(datasets, query, vector_share)
        rows = [_allowed_rows(texts) for texts in datasets]
        return [(some, found[some]) for some, found in zip(rows, scores, strict=True)]
    words = _word_z_scores(datasets)
    rows = _candidate_rows(datasets, words, _estimated_similarities(datasets, query), limits)
    similarities = [np.vecdot(texts.vectors[chosen], query) for texts, chosen in zip(datasets, rows, strict=True)]
    candidate_words = [scores[chosen] for scores, chosen in zip(words, rows, strict=True)]
    on_scale = on_scale_of(_sampled_similarities(datasets, query), similarities)
    return list(zip(rows, _fused(candidate_words, on_scale, vector_share), strict=True))


def _need_candidates(datasets: Sequence[TextSignals], query: Array, limits: ExactLimits) -> bool:
    comparable = all(texts.vectors.shape[1] == len(query) and texts.mask is None for texts in datasets)
    return comparable and sum(len(texts.bm25_scores) for texts in datasets) > limits.texts


def _exact_scores(datasets: Sequence[TextSignals], query: Array | None, vector_share: float) -> list[Array]:
    similarities = [_similarities(texts.vectors, query) for texts in datasets]
    if not any(values.any() for values in similarities):
        vector_share = 0.0
    masks = [texts.mask for texts in datasets]
    words = z_scores([texts.bm25_scores for texts in datasets], masks)
    return _fused(words, z_scores(similarities, masks), vector_share)


def _word_z_scores(datasets: Sequence[TextSignals]) -> list[Array]:
    return z_scores([texts.bm25_scores for texts in datasets], [None] * len(datasets))


def _similarities(vectors: Vectors, query: Array | None) -> Array:
    """Cosine with `query`; zeros where the dataset has no vectors of this model."""
    if query is None or vectors.shape[1] != len(query):
        return np.zeros(len(vectors), np.float32)
    return vectors @ query


def _fused(words: Sequence[Array], similarities: Sequence[Array], vector_share: float) -> list[Array]:
    return [
        np.float32(1 - vector_share) * lexical + np.float32(vector_share) * similarity
        for lexical, similarity in zip(words, similarities, strict=True)
    ]


def _estimated_similarities(datasets: Sequence[TextSignals], query: Array) -> list[Array]:
    return [texts.vectors.estimate(query) for texts in datasets]


def _sampled_similarities(datasets: Sequence[TextSignals], query: Array) -> list[Array]:
    """Exact similarities of a sample, from which the mean and deviation of all are estimated."""
    return [np.vecdot(texts.vectors.sample, query) for texts in datasets]


def _candidate_rows(
    datasets: Sequence[TextSignals], words: Sequence[Array], estimates: Sequence[Array], limits: ExactLimits
) -> list[Array]:
    """The rows with the best sums of the z-scores of words and estimates, and the best of the priority rows."""
    found = []
    for texts, lexical, similarity in zip(datasets, words, z_scores(estimates, [None] * len(estimates)), strict=True):
        rough = lexical + similarity
        rows = best_rows(rough, None, limits.candidates, texts.ids)
        if (priority := texts.priority_rows) is not None:
            best = best_rows(rough[priority], None, limits.candidates, texts.ids[priority])
            rows = np.union1d(rows, priority[best])
        found.append(rows)
    return found


def _allowed_rows(texts: TextSignals) -> Array:
    return np.arange(len(texts.bm25_scores)) if texts.mask is None else np.flatnonzero(texts.mask)

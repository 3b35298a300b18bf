"""Ranking of one dataset's passages, and of its documents, for a question.

score(passage) = hybrid score
               + neighbours + best of its document + words of its document        (context)
               + closeness in the graph to the best facts and the entities named  (times how sure the facts are)
               + speaker + time - what the best passage says already

in standard deviations, weighted by `RankingWeights`. Speaker, time and redundancy are looked at for the best of the
rest alone.
"""

from functools import cached_property

import numpy as np

from sessiongraph.columnar.vectors import Array
from sessiongraph.retrieval import (
    context_scoring,
    document_scoring,
    personalized_pagerank,
    redundancy,
    speaker_scoring,
    temporal_scoring,
)
from sessiongraph.retrieval.fact_ranking import DatasetFacts
from sessiongraph.retrieval.hybrid_scoring import HybridScale
from sessiongraph.retrieval.ranking_weights import candidate_count
from sessiongraph.retrieval.scope import Hit, passage_hits
from sessiongraph.retrieval.score_fusion import ZScale, best_rows


class DatasetPassages:
    """The passages of the dataset of `facts`, n of them; the two scales are those of all datasets together."""

    def __init__(self, facts: DatasetFacts, scale: HybridScale, document_scale: ZScale) -> None:
        self._facts, self._asked = facts, facts.asked
        self._scope, self._snapshot, self._weights = self._asked.scope, self._asked.snapshot, self._asked.weights
        self._ids = self._asked.passage_signals.ids
        self._scale, self._document_scale = scale, document_scale

    def best(self, top_k: int) -> list[Hit]:
        """The passages that may be among the best `top_k` of all datasets, in no order."""
        rows, scores = self._best(top_k)
        return passage_hits(self._scope, rows, scores - self._redundancy_penalty(rows, scores))

    def documents(self, top_k: int) -> list[Hit]:
        """The documents of these passages: each as its best passage, with the score of the document."""
        documents, scores = self._snapshot.documents, self._scores.copy()
        rows, best_scores = self._best(top_k)
        scores[rows] = best_scores
        rows = np.flatnonzero(np.isin(documents, documents[rows]) & self._scope.allowed)
        rows, document_scores = document_scoring.score_documents(documents, scores, rows)
        return passage_hits(self._scope, rows, document_scores + self._document_word_scores[rows])

    def _best(self, top_k: int) -> tuple[Array, Array]:
        """The rows that may be among the best `top_k`, and their scores with speaker and time."""
        rows = best_rows(self._scores, self._scope.mask, candidate_count(top_k), self._ids)
        return rows, self._scores[rows] + self._speaker_and_time_scores(rows)

    @cached_property
    def _scores(self) -> Array:
        """The scores of all passages, without those of speaker, time and redundancy: (n,)."""
        scores = self._with_context(self._scale.scores(self._asked.passage_signals))
        self._add_graph_scores(scores)
        return scores

    def _with_context(self, own: Array) -> Array:
        """Passages' `own` scores plus those of their context."""
        weights, snapshot, mask = self._weights, self._snapshot, self._scope.mask
        allowed = own if mask is None else np.where(mask, own, np.float32(0))
        scores = own + np.float32(weights.neighbours) * context_scoring.neighbour_scores(snapshot, allowed)
        scores += np.float32(weights.best_of_document) * context_scoring.best_document_scores(snapshot, own, mask)
        scores += np.float32(weights.document_words) * self._document_word_scores
        return scores

    @cached_property
    def _document_word_scores(self) -> Array:
        """The z-score of the BM25 score of each passage's whole document: (n,)."""
        scores = self._document_scale.z_scores(self._asked.document_bm25_scores)
        return context_scoring.document_word_scores(self._snapshot, scores)

    def _add_graph_scores(self, scores: Array) -> None:
        """Add what each passage gains by its closeness, in the graph, to the best facts and the entities named."""
        facts = self._facts
        if not facts.graph_confidence:
            return
        graph = self._scope.graph
        seeds = personalized_pagerank.seed_weights(
            self._snapshot, graph, self._asked.entities, facts.rows[facts.seeds], facts.scores[facts.seeds]
        )
        rows, shares = personalized_pagerank.walk(graph, seeds)
        weight = self._weights.graph_walk * facts.graph_confidence
        scores[rows] += (weight * personalized_pagerank.closeness(shares)).astype(np.float32)

    def _speaker_and_time_scores(self, rows: Array) -> Array:
        """What passages gain for having been said by whom, and when, the question asks about: (k,)."""
        passages, weights, asked = self._snapshot.passages, self._weights, self._asked
        texts, tokenizer = passages["text"].array[rows], self._snapshot.passage_index.tokenizer
        scores = weights.speaker * speaker_scoring.named_speaker_scores(texts, asked.query.text, tokenizer)
        if asked.speakers:
            scores += weights.speaker * speaker_scoring.own_turn_scores(passages, rows, asked.speakers)
        if asked.days is not None:
            scores += weights.time * temporal_scoring.passage_time_scores(passages, rows, asked.days)
        return scores

    def _redundancy_penalty(self, rows: Array, scores: Array) -> Array | float:
        """What passages lose for covering only words of the question that their dataset's best one covers: (k,)."""
        if not self._facts.graph_confidence or not len(rows):
            return 0.0
        best = np.lexsort((self._ids[rows], -scores))[0]
        index, postings = self._snapshot.passage_index, self._asked.postings
        repeated = redundancy.repeated_share(index, postings, rows, rows[best])
        repeated[best] = 0.0
        return self._weights.redundancy * self._facts.graph_confidence * repeated

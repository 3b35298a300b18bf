"""Ranking of passages, documents and facts for a question, over one dataset or several. Pure: snapshots in, hits out.

Each dataset is ranked by itself, its facts first (`fact_ranking`), then its passages (`passage_ranking`), which their
facts lead to. The scales of the signals are those of all datasets together, so that scores compare across them.
"""

from collections.abc import Sequence
from functools import cached_property

from sessiongraph.retrieval.fact_ranking import DatasetFacts
from sessiongraph.retrieval.hybrid_scoring import HybridScale
from sessiongraph.retrieval.passage_ranking import DatasetPassages
from sessiongraph.retrieval.query import DatasetQuery, Query
from sessiongraph.retrieval.ranking_weights import DEFAULT_LIMITS, DEFAULT_WEIGHTS, ExactLimits, RankingWeights
from sessiongraph.retrieval.scope import Hit, Scope, best_hits, passage_hits
from sessiongraph.retrieval.score_fusion import ZScale, best_rows
from sessiongraph.text_index.bm25_index import ANSERINI


class Ranking:
    """The ranking for one question over `scopes`; what passages and facts are both ranked by is computed once."""

    def __init__(
        self,
        scopes: Sequence[Scope],
        query: Query,
        weights: RankingWeights = DEFAULT_WEIGHTS,
        limits: ExactLimits = DEFAULT_LIMITS,
    ) -> None:
        self._query, self._weights, self._limits = query, weights, limits
        days = query.days(scopes)
        self._asked = [DatasetQuery(scope, query, days, weights) for scope in scopes]

    def passages(self, top_k: int) -> list[Hit]:
        """The best passages, best first; scores in standard deviations."""
        return best_hits((hit for dataset in self._passages for hit in dataset.best(top_k)), top_k)

    def documents(self, top_k: int) -> list[Hit]:
        """The best documents and sessions, best first: each as its best passage, with the score of the document."""
        return best_hits((hit for dataset in self._passages for hit in dataset.documents(top_k)), top_k)

    def facts(self, top_k: int) -> list[Hit]:
        """The best facts, best first; scores in standard deviations."""
        return best_hits((hit for dataset in self._facts for hit in dataset.best(top_k)), top_k)

    @cached_property
    def _facts(self) -> list[DatasetFacts]:
        signals = [asked.fact_signals for asked in self._asked]
        known_share = self._query.known_share([asked.snapshot.fact_index for asked in self._asked])
        scale = HybridScale.over(signals, self._weights.fact_vector_share, self._limits, known_share)
        return [DatasetFacts(asked, scale) for asked in self._asked]

    @cached_property
    def _passages(self) -> list[DatasetPassages]:
        signals = [asked.passage_signals for asked in self._asked]
        known_share = self._query.known_share([asked.snapshot.passage_index for asked in self._asked])
        scale = HybridScale.over(signals, self._weights.passage_vector_share, self._limits, known_share)
        document_scale = ZScale.of([asked.allowed_document_bm25_scores for asked in self._asked])
        return [DatasetPassages(facts, scale, document_scale) for facts in self._facts]


def rank_lexically(scopes: Sequence[Scope], query: str, top_k: int) -> list[Hit]:
    """The best passages by BM25 alone, best first, without those that share no word with the query."""
    return best_hits((hit for scope in scopes for hit in _lexical_hits(scope, query, top_k)), top_k)


def _lexical_hits(scope: Scope, query: str, top_k: int) -> list[Hit]:
    scores = scope.snapshot.passage_index.scores(query, ANSERINI)
    rows = best_rows(scores, scope.allowed & (scores > 0), top_k, scope.snapshot.passages["id"].array)
    return passage_hits(scope, rows, scores[rows])

"""Ranking of one dataset's facts for a question: how well their statements match it, then who stated them and when.

score(fact) = hybrid score + named entity - assistant alone + time, or - superseded

in standard deviations, weighted by `RankingWeights`. The best facts also seed the walk that ranks passages.
"""

from functools import cached_property

import numpy as np

from sessiongraph.columnar.vectors import Array
from sessiongraph.retrieval import personalized_pagerank, temporal_scoring
from sessiongraph.retrieval.hybrid_scoring import HybridScale
from sessiongraph.retrieval.query import DatasetQuery
from sessiongraph.retrieval.ranking_weights import candidate_count
from sessiongraph.retrieval.scope import Hit, fact_hits
from sessiongraph.retrieval.score_fusion import best_rows, expected_best_z_score


class DatasetFacts:
    """The facts of one dataset: `rows` of those that are considered, (k,), and their hybrid `scores` on `scale`."""

    def __init__(self, asked: DatasetQuery, scale: HybridScale) -> None:
        self.asked = asked
        self.rows, self.scores = scale.candidate_scores(asked.fact_signals)
        self._ids = asked.fact_signals.ids[self.rows]

    def best(self, top_k: int) -> list[Hit]:
        """The facts that may be among the best `top_k` of all datasets, in no order."""
        snapshot, weights = self.asked.snapshot, self.asked.weights
        scores = self.scores - np.float32(weights.assistant_penalty) * snapshot.assistant_only[self.rows]
        if self.asked.entities:
            scores += np.float32(weights.named_entity) * self._entity_matches()
        best = best_rows(scores, None, candidate_count(top_k), self._ids)
        rows = self.rows[best]
        return fact_hits(self.asked.scope, rows, scores[best] + self._validity_scores(rows))

    @cached_property
    def seeds(self) -> Array:
        """The places in `rows` of the facts that a walk through the graph starts from, and of the next best one."""
        best = best_rows(self.scores, None, personalized_pagerank.SEED_FACTS + 1, self._ids)
        return best[np.argsort(-self.scores[best])]

    @cached_property
    def graph_confidence(self) -> float:
        """By how much the best fact's z-score exceeds that of the best of as many by chance; 0 where it does not."""
        by_chance = expected_best_z_score(int(self.asked.scope.allowed_facts.sum()))
        by_chance = self.asked.weights.chance_factor * by_chance
        return max(float(self.scores[self.seeds[0]]) - by_chance, 0.0) if len(self.seeds) else 0.0

    def _entity_matches(self) -> Array:
        """1 for each fact whose subject the question names, a half for one whose object it names: (k,)."""
        facts, named = self.asked.snapshot.facts, self.asked.entities
        subjects, objects = (np.isin(facts[side].to_numpy()[self.rows], named) for side in ("subject", "object"))
        matches: Array = np.maximum(subjects, objects / np.float32(2))
        return matches

    def _validity_scores(self, rows: Array) -> Array:
        """What facts gain for having been true when the question asks about or, where it names no time, lose if they
        are no longer true: (n,)."""
        facts, weights = self.asked.scope.facts, self.asked.weights
        if self.asked.days is not None:
            return weights.time * temporal_scoring.fact_time_scores(facts, rows, self.asked.days)
        return -weights.superseded_penalty * temporal_scoring.has_ended(facts, rows, self.asked.query.asked_on)

"""Queries: a question as it is ranked for, and as one dataset understands it: its words, entities, speakers and days.

Pure. What matches it how well belongs to `fact_ranking` and `passage_ranking`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from sessiongraph.columnar.growing_arrays import mask_of
from sessiongraph.columnar.vectors import Array
from sessiongraph.prompts.first_person import asks_about_self
from sessiongraph.retrieval.context_scoring import allowed_documents
from sessiongraph.retrieval.entity_linking import find_entities
from sessiongraph.retrieval.hybrid_scoring import TextSignals
from sessiongraph.retrieval.known_words import known_share
from sessiongraph.retrieval.ranking_weights import RankingWeights
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.time_expressions import DateRange, asker_today, parse_date_range
from sessiongraph.text_index.bm25_index import ANSERINI, BM25View, Postings


@dataclass(frozen=True)
class Query:
    """What is asked: its text, its embedding ((d,) float32, None to rank by words alone), when, and by which user.

    `is_sentence_vector` says that its embedder reads sentences, so that it knows what no word of the question tells.
    """

    text: str
    vector: Array | None = None
    asked_on: date = field(default_factory=asker_today)
    asker_id: str | None = None
    is_sentence_vector: bool = False

    @cached_property
    def asks_about(self) -> str | None:
        """The id of whoever asks, where they ask about themselves."""
        return self.asker_id if asks_about_self(self.text) else None

    def known_share(self, indexes: Sequence[BM25View]) -> float:
        """The share of its words that are known to any of `indexes`, where its vector can stand in for others; else 1.

        A word that no text holds may be said in another way. Vectors that are sums of words', as the default's are,
        know little of that, and nothing in languages whose words they lack: there a shared word is the best there is.
        """
        return known_share(indexes, self.text) if self.is_sentence_vector else 1.0

    def days(self, scopes: Sequence[Scope]) -> DateRange | None:
        """The days that it is about; a date without a year is the last one before the newest thing said in `scopes`."""
        passages = [scope.snapshot.passages for scope in scopes if not scope.snapshot.is_empty]
        newest = [rows["said_at"].to_numpy().max().astype("datetime64[D]").item() for rows in passages]
        return parse_date_range(self.text, self.asked_on, max(newest, default=None))


class DatasetQuery:
    """A query as the dataset of `scope` understands it. What passages and facts are both ranked by is computed once.

    `days` are those that it is about; `weights` say how much each signal counts.
    """

    def __init__(self, scope: Scope, query: Query, days: DateRange | None, weights: RankingWeights) -> None:
        self.scope, self.query, self.days, self.weights = scope, query, days, weights
        self.snapshot = scope.snapshot

    @cached_property
    def entities(self) -> list[int]:
        """The rows of the entities that it names, and of whoever asks about themselves."""
        found = find_entities(self.snapshot, self.query.text)
        asker = self.snapshot.speaker(self.query.asks_about) if self.query.asks_about else None
        return list(dict.fromkeys([*found, *([asker] if asker is not None else [])]))

    @cached_property
    def speakers(self) -> set[str]:
        """The ids of the users whom it is about."""
        users = self.snapshot.users_by_entity
        named = {users[entity] for entity in self.entities if entity in users}
        return named | ({self.query.asks_about} if self.query.asks_about else set())

    @cached_property
    def postings(self) -> list[Postings]:
        """The posting lists of its words in the passages."""
        return self.snapshot.passage_index.postings(self.query.text)

    @cached_property
    def passage_signals(self) -> TextSignals:
        """How the passages match it: by BM25 of its words and bigrams, and by vectors."""
        snapshot = self.snapshot
        bigrams = np.float32(self.weights.bigrams) * snapshot.passage_index.bigram_scores(self.query.text)
        words = snapshot.passage_index.postings_scores(self.postings, ANSERINI) + bigrams
        ids = snapshot.passages["id"].array
        return TextSignals(words, snapshot.passage_vectors, self.query.vector, ids, self.scope.mask)

    @cached_property
    def fact_signals(self) -> TextSignals:
        """How the facts match it: by BM25 and vectors of their statements. Those about what it names have priority."""
        snapshot, scope = self.snapshot, self.scope
        words, ids = snapshot.fact_index.scores(self.query.text), snapshot.facts["id"].array
        return TextSignals(
            words, snapshot.fact_vectors, self.query.vector, ids, scope.fact_mask, self._facts_about_entities()
        )

    @cached_property
    def document_bm25_scores(self) -> Array:
        """The BM25 score of each whole document or session, by its number: float32."""
        return self.snapshot.document_index.scores(self.postings)

    @property
    def allowed_document_bm25_scores(self) -> Array:
        """Those of documents with a passage that may be used."""
        scores = self.document_bm25_scores
        return scores[allowed_documents(self.snapshot, self.scope.mask, len(scores))]

    def _facts_about_entities(self) -> Array | None:
        """The rows of the facts about one of the entities that it names; None where it names none."""
        if not self.entities:
            return None
        is_named = mask_of(np.array(self.entities), len(self.snapshot.entities))
        subjects, objects = (is_named.take(self.snapshot.facts[side].to_numpy()) for side in ("subject", "object"))
        return np.flatnonzero(subjects | objects)

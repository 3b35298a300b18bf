"""Ranking of passages and facts for a question: words, vectors, the graph, time and context.

A passage's score is the weighted mean of the z-scores of its words (BM25) and its vector, plus terms in the same unit:
shares of its neighbours' scores and of its session's or document's; the speaker and the days that the question names;
and its closeness, in the graph, to the facts and entities that match the question, times how much better the best of
these facts fits than one would by chance. A penalty is subtracted for what the best passage has said of the question
already. Over several datasets all share one scale. Pure: snapshots in, scores out. How much each term counts is a
`RankingWeights`.
"""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import mask_of
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.name_normalization import MAX_NAME_WORDS, name_key
from sessiongraph.prompts.first_person import asks_about_self
from sessiongraph.retrieval import (
    context_scoring,
    document_scoring,
    personalized_pagerank,
    redundancy,
    speaker_scoring,
    temporal_scoring,
)
from sessiongraph.retrieval.hybrid_scoring import TextSignals, candidate_scores, hybrid_scores
from sessiongraph.retrieval.ranking_weights import DEFAULT_LIMITS, DEFAULT_WEIGHTS, ExactLimits, RankingWeights
from sessiongraph.retrieval.scope import Hit, Scope
from sessiongraph.retrieval.score_fusion import best_rows, expected_best_z_score
from sessiongraph.retrieval.time_expressions import DateRange, asker_today, parse_date_range
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.text_index.bm25_index import ANSERINI, Postings
from sessiongraph.text_index.ngrams import is_korean, unspaced_runs

# So many of the best, at least, are looked at one by one for what is not known of all.
_MIN_CONSIDERED = 50
# Longer names are not looked for in words without spaces.
_MAX_NAME_LETTERS = 20


def find_entities(snapshot: Snapshot, text: str) -> list[int]:
    """Rows of the entities whose names occur in `text`, longest names first and each word used once."""
    words = name_key(text).split()
    found: list[int] = []
    used = [False] * len(words)
    for length in range(min(MAX_NAME_WORDS, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            span = slice(start, start + length)
            entity = snapshot.entity_keys.get(" ".join(words[span]))
            if entity is not None and not any(used[span]):
                used[span] = [True] * length
                found.append(entity)
    for word, is_used in zip(words, used, strict=True):
        for letters in () if is_used else unspaced_runs(word):
            found += _names_within(snapshot, letters)
    return list(dict.fromkeys(found))


def _names_within(snapshot: Snapshot, letters: Sequence[str]) -> list[int]:
    """Rows of the entities whose names stand in a run of words without spaces, from its start on, longest names first.

    A name of one letter is found only where it stands alone; in Korean a name begins its word, and particles follow it.
    """
    found: list[int] = []
    start = 0
    while start < len(letters) - 1 and not (start and is_korean(letters[0])):
        for stop in range(min(start + _MAX_NAME_LETTERS, len(letters)), start + 1, -1):
            entity = snapshot.entity_keys.get("".join(letters[start:stop]))
            if entity is not None:
                found.append(entity)
                start = stop
                break
        else:
            start += 1
    return found


def rank_lexically(scopes: Sequence[Scope], query: str, top_k: int) -> list[Hit]:
    """The best passages by BM25 alone, without those that share no word with the query."""
    scores = [scope.snapshot.passage_index.scores(query, ANSERINI) for scope in scopes]
    allowed = [scope.allowed & (score > 0) for scope, score in zip(scopes, scores, strict=True)]
    hits: list[Hit] = []
    for scope, score, mask in zip(scopes, scores, allowed, strict=True):
        rows = best_rows(score, mask, top_k, _ids(scope.snapshot.passages))
        hits += _hits(scope, rows, score[rows])
    return _best(hits, top_k, "passages")


class Ranking:
    """The ranking for one question over `scopes`; what passages and facts are both ranked by is computed once.

    The question is asked on `today` (the present day, for None) by the user of `asking_user_id`.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        query: str,
        query_vector: np.ndarray | None,
        today: date | None = None,
        asking_user_id: str | None = None,
        weights: RankingWeights = DEFAULT_WEIGHTS,
        limits: ExactLimits = DEFAULT_LIMITS,
    ) -> None:
        self._scopes, self._query, self._query_vector = scopes, query, query_vector
        self._today = today or asker_today()
        self._asking_user_id = asking_user_id
        self._weights, self._limits = weights, limits

    def passages(self, top_k: int) -> list[Hit]:
        """The best passages, best first."""
        hits: list[Hit] = []
        for place, scope in enumerate(self._scopes):
            rows, scores = self._best_passages(place, top_k)
            hits += _hits(scope, rows, scores - self._redundancy_penalty(place, rows, scores))
        return _best(hits, top_k, "passages")

    def documents(self, top_k: int) -> list[Hit]:
        """The best documents and sessions, best first: each as its best passage, with the score of the document."""
        hits: list[Hit] = []
        for place, scope in enumerate(self._scopes):
            documents, scores = scope.snapshot.documents, self._passage_scores[place].copy()
            rows, best_scores = self._best_passages(place, top_k)
            scores[rows] = best_scores
            rows = np.flatnonzero(np.isin(documents, documents[rows]) & scope.allowed)
            rows, document_scores = document_scoring.score_documents(documents, scores, rows)
            hits += _hits(scope, rows, document_scores + self._document_word_scores[place][rows])
        return _best(hits, top_k, "passages")

    def facts(self, top_k: int) -> list[Hit]:
        """The best facts, best first."""
        hits: list[Hit] = []
        for scope, named, (facts, fact_scores) in zip(
            self._scopes, self._named_entities, self._fact_scores, strict=True
        ):
            snapshot = scope.snapshot
            scores = fact_scores - np.float32(self._weights.assistant_penalty) * snapshot.assistant_only[facts]
            if named:
                scores += np.float32(self._weights.named_entity) * _entity_matches(snapshot, facts, named)
            best = best_rows(scores, None, _considered(top_k), _ids(snapshot.facts)[facts])
            rows = facts[best]
            hits += _hits(scope, rows, scores[best] + self._validity_scores(snapshot, rows))
        return _best(hits, top_k, "facts")

    def _best_passages(self, place: int, top_k: int) -> tuple[Array, Array]:
        """The rows that may be among the best `top_k`, and their scores with speaker and time."""
        scope, scores = self._scopes[place], self._passage_scores[place]
        rows = best_rows(scores, scope.mask, _considered(top_k), _ids(scope.snapshot.passages))
        return rows, scores[rows] + self._speaker_and_time_scores(scope, rows)

    @cached_property
    def _passage_scores(self) -> list[Array]:
        """The scores of all passages, without those of speaker, time and redundancy."""
        signals = [
            TextSignals(
                self._word_scores(scope, postings),
                scope.snapshot.passage_vectors,
                _ids(scope.snapshot.passages),
                scope.mask,
            )
            for scope, postings in zip(self._scopes, self._postings, strict=True)
        ]
        fused = hybrid_scores(signals, self._query_vector, self._weights.passage_vector_share, self._limits)
        scores = [
            self._with_context(scope, own, document_words)
            for scope, own, document_words in zip(self._scopes, fused, self._document_word_scores, strict=True)
        ]
        for place, values in enumerate(scores):
            self._add_graph_scores(values, place)
        return scores

    def _word_scores(self, scope: Scope, postings: list[Postings]) -> Array:
        """BM25 scores of the passages for words and bigrams of the question."""
        index = scope.snapshot.passage_index
        bigrams = np.float32(self._weights.bigrams) * index.bigram_scores(self._query)
        scores: Array = index.postings_scores(postings, ANSERINI) + bigrams
        return scores

    @cached_property
    def _document_word_scores(self) -> list[Array]:
        scopes = self._scopes
        return context_scoring.document_word_scores(
            [scope.snapshot for scope in scopes], self._postings, [scope.mask for scope in scopes]
        )

    @cached_property
    def _postings(self) -> list[list[Postings]]:
        """The postings of the question's words in the passages, by scope."""
        return [scope.snapshot.passage_index.postings(self._query) for scope in self._scopes]

    def _with_context(self, scope: Scope, own: Array, document_words: Array) -> Array:
        """Passages' `own` scores plus those of their context."""
        weights, snapshot = self._weights, scope.snapshot
        allowed = own if scope.mask is None else np.where(scope.mask, own, np.float32(0))
        scores = own + np.float32(weights.neighbours) * context_scoring.neighbour_scores(snapshot, allowed)
        best = context_scoring.best_document_scores(snapshot, own, scope.mask)
        scores += np.float32(weights.best_of_document) * best
        scores += np.float32(weights.document_words) * document_words
        return scores

    def _add_graph_scores(self, scores: Array, place: int) -> None:
        """Add what each passage gains by its closeness, in the graph, to the best facts and the entities named."""
        scope, (facts, fact_scores), best = self._scopes[place], self._fact_scores[place], self._seed_facts[place]
        if not self._graph_confidence[place]:
            return
        named = self._named_entities[place]
        seeds = personalized_pagerank.seed_weights(scope.snapshot, scope.graph, named, facts[best], fact_scores[best])
        rows, shares = personalized_pagerank.walk(scope.graph, seeds)
        weight = self._weights.graph_walk * self._graph_confidence[place]
        scores[rows] += (weight * personalized_pagerank.closeness(shares)).astype(np.float32)

    def _redundancy_penalty(self, place: int, rows: Array, scores: Array) -> Array | float:
        """What passages lose for covering only words of the question that their dataset's best one covers."""
        if not self._graph_confidence[place] or not len(rows):
            return 0.0
        snapshot = self._scopes[place].snapshot
        best = np.lexsort((_ids(snapshot.passages)[rows], -scores))[0]
        repeated = redundancy.repeated_share(snapshot.passage_index, self._postings[place], rows, rows[best])
        repeated[best] = 0.0
        return self._weights.redundancy * self._graph_confidence[place] * repeated

    @cached_property
    def _graph_confidence(self) -> list[float]:
        """How much better the best fact of each dataset fits than one would by chance; 0 where none does."""
        confidence = []
        for scope, (_, scores), best in zip(self._scopes, self._fact_scores, self._seed_facts, strict=True):
            by_chance = self._weights.chance_factor * expected_best_z_score(int(scope.allowed_facts.sum()))
            confidence.append(max(float(scores[best[0]]) - by_chance, 0.0) if len(best) else 0.0)
        return confidence

    @cached_property
    def _seed_facts(self) -> list[Array]:
        """Indices into `_fact_scores` of the facts a walk starts from, and of the next best one; best first."""
        seeds = []
        for scope, (facts, scores) in zip(self._scopes, self._fact_scores, strict=True):
            best = best_rows(scores, None, personalized_pagerank.SEED_FACTS + 1, _ids(scope.snapshot.facts)[facts])
            seeds.append(best[np.argsort(-scores[best])])
        return seeds

    def _speaker_and_time_scores(self, scope: Scope, rows: Array) -> Array:
        """What passages gain for having been said by whom, and when, the question asks about."""
        passages, weights = scope.snapshot.passages, self._weights
        texts, tokenizer = passages["text"].to_numpy()[rows], scope.snapshot.passage_index.tokenizer
        scores = weights.speaker * speaker_scoring.named_speaker_scores(texts, self._query, tokenizer)
        if users := self._users_asked_about(scope):
            scores += weights.speaker * speaker_scoring.own_turn_scores(passages, rows, users)
        if self._days is not None:
            scores += weights.time * temporal_scoring.passage_time_scores(passages, rows, self._days)
        return scores

    def _validity_scores(self, snapshot: Snapshot, rows: Array) -> Array:
        """What facts gain for having been true when the question asks about or, where it names no time, lose if they
        are no longer true."""
        if self._days is not None:
            return self._weights.time * temporal_scoring.fact_time_scores(snapshot.facts, rows, self._days)
        return -self._weights.superseded_penalty * temporal_scoring.has_ended(snapshot.facts, rows, self._today)

    @cached_property
    def _named_entities(self) -> list[list[int]]:
        """By scope: the rows of the entities that the question names, and of whoever asks about themselves."""
        named = []
        for scope in self._scopes:
            found = find_entities(scope.snapshot, self._query)
            asker = scope.snapshot.speaker(self._asks_of_self) if self._asks_of_self else None
            named.append(list(dict.fromkeys([*found, *([asker] if asker is not None else [])])))
        return named

    @cached_property
    def _asks_of_self(self) -> str | None:
        """The id of whoever asks, where they ask about themselves."""
        return self._asking_user_id if asks_about_self(self._query) else None

    def _users_asked_about(self, scope: Scope) -> set[str]:
        """The ids of the speakers whom the question is about."""
        users = scope.snapshot.users_by_entity
        place = self._scopes.index(scope)
        named = {users[entity] for entity in self._named_entities[place] if entity in users}
        return named | ({self._asks_of_self} if self._asks_of_self else set())

    @cached_property
    def _fact_scores(self) -> list[tuple[Array, Array]]:
        """By scope: the rows of the facts that are considered, and their hybrid scores."""
        signals = []
        for scope, named in zip(self._scopes, self._named_entities, strict=True):
            snapshot = scope.snapshot
            words, matching = snapshot.fact_index.scores(self._query), _facts_about(snapshot, named)
            signals.append(TextSignals(words, snapshot.fact_vectors, _ids(snapshot.facts), scope.fact_mask, matching))
        return candidate_scores(signals, self._query_vector, self._weights.fact_vector_share, self._limits)

    @cached_property
    def _days(self) -> DateRange | None:
        """The days that the question is about; a date without a year is the last one before the newest thing said."""
        passages = [scope.snapshot.passages for scope in self._scopes if not scope.snapshot.is_empty]
        newest = [rows["said_at"].to_numpy().max().astype("datetime64[D]").item() for rows in passages]
        return parse_date_range(self._query, self._today, max(newest, default=None))


def _facts_about(snapshot: Snapshot, entities: Sequence[int]) -> Array | None:
    """The facts (rows) that are about one of `entities`; None where there are no entities."""
    if not entities:
        return None
    is_named = mask_of(np.array(entities), len(snapshot.entities))
    subjects, objects = (is_named.take(snapshot.facts[side].to_numpy()) for side in ("subject", "object"))
    return np.flatnonzero(subjects | objects)


def _entity_matches(snapshot: Snapshot, facts: Array, entities: Sequence[int]) -> Array:
    """1 for each of `facts` (rows) whose subject is one of `entities`, a half for one whose object is."""
    subjects, objects = (np.isin(snapshot.facts[side].to_numpy()[facts], entities) for side in ("subject", "object"))
    matches: Array = np.maximum(subjects, objects / np.float32(2))
    return matches


def _ids(rows: pd.DataFrame) -> Array:
    ids: Array = rows["id"].to_numpy()
    return ids


def _considered(top_k: int) -> int:
    """How many of the best are looked at one by one for what is not known of all: who said it, and when."""
    return max(_MIN_CONSIDERED, 2 * top_k)


def _hits(scope: Scope, rows: Array, scores: Array) -> list[Hit]:
    return [Hit(scope, row, score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]


def _best(hits: Sequence[Hit], top_k: int, frame: Literal["passages", "facts"]) -> list[Hit]:
    """The best `top_k` of `hits`, best first; ties are broken by id, as the order of rows means nothing."""
    snapshots = {id(hit.scope): hit.scope.snapshot for hit in hits}
    ids = {key: getattr(snapshot, frame)["id"].to_numpy() for key, snapshot in snapshots.items()}
    return sorted(hits, key=lambda hit: (-hit.score, ids[id(hit.scope)][hit.row]))[:top_k]

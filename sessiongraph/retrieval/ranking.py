"""How passages and facts are scored for a question: words, vectors, the graph, time and what stands around them.

A passage's score is the weighted mean of the z-scores of its words (BM25) and its vector, and what is added to that in
the same unit: parts of its neighbours' scores and of its session's or document's; the speaker and the days that the
question names; and how near it is, in the graph, to the facts and entities that the question touches, times how much
better the best of these facts fits than one would by chance. By as much it loses what the best passage has said of the
question already. Over several datasets all share one scale. Pure: snapshots in, scores out.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import marked
from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.entity_resolver import name_key
from sessiongraph.retrieval import (
    context_scoring,
    document_scoring,
    personalized_pagerank,
    redundancy,
    speaker_scoring,
    temporal_scoring,
)
from sessiongraph.retrieval.hybrid_scoring import Texts, near, nearest
from sessiongraph.retrieval.scope import Hit, Scope
from sessiongraph.retrieval.score_fusion import best_by_chance, best_rows
from sessiongraph.retrieval.time_expressions import Span, time_span
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.text_index.bm25_index import Occurrences
from sessiongraph.text_index.document_bm25 import K1, B

# The share of the vectors' z-scores, of passages and of facts; the rest is the words'.
DENSE_SHARE = 0.45
FACTS_DENSE_SHARE = 0.5
# What two words side by side, as in the question, count beside each of them, in the unit of BM25.
PHRASE_WEIGHT = 0.5
# What a turn gains from its two neighbours, and a passage from the best one of its document or session and from the
# words of all.
NEIGHBOUR_WEIGHT = 0.35
DOCUMENT_WEIGHT = 0.4
DOCUMENT_WORDS_WEIGHT = 0.4
# What it gains for having been said by whom the question names or by who asks of themselves, and for being of the time
# that it speaks of.
SPEAKER_WEIGHT = 1.0
TIME_WEIGHT = 1.5
# How well the fact that fits the question best does so: what its z-score is above SURE times that of the best of as
# many by chance. Where none fits, the graph says nothing.
SURE = 4 / 3
# Times that, what the passage that the walk reaches most gains, and what one loses that says of the question no more
# than the best one does.
WALK_WEIGHT = 3.0
NOVELTY_WEIGHT = 0.5
# What facts that touch an entity of the question gain; what a claim that only an assistant made loses, and one that a
# later one has replaced.
TOUCHING_WEIGHT = 1.0
ASSISTANT_PENALTY = 0.25
SUPERSEDED_PENALTY = 0.5
_LONGEST_NAME = 6
_LEAST_CONSIDERED = 50


def entities_named(snapshot: Snapshot, text: str) -> list[int]:
    """Rows of the entities whose names stand in `text`, longest names first and each word used once."""
    tokens = name_key(text).split()
    found: list[int] = []
    used = [False] * len(tokens)
    for length in range(min(_LONGEST_NAME, len(tokens)), 0, -1):
        for start in range(len(tokens) - length + 1):
            span = slice(start, start + length)
            entity = snapshot.entity_keys.get(" ".join(tokens[span]))
            if entity is not None and not any(used[span]):
                used[span] = [True] * length
                found.append(entity)
    return list(dict.fromkeys(found))


def rank_passages(
    scopes: Sequence[Scope], query: str, vector: np.ndarray | None, top_k: int, *, now: date | None = None
) -> list[Hit]:
    """The best passages of all `scopes` for a question that is asked on `now` (today, for None)."""
    return Ranking(scopes, query, vector, now).passages(top_k)


def rank_documents(
    scopes: Sequence[Scope], query: str, vector: np.ndarray | None, top_k: int, *, now: date | None = None
) -> list[Hit]:
    """The best documents and sessions for a question, each as its best passage with the score of the whole."""
    return Ranking(scopes, query, vector, now).documents(top_k)


def rank_facts(
    scopes: Sequence[Scope], query: str, vector: np.ndarray | None, top_k: int, *, now: date | None = None
) -> list[Hit]:
    """The best facts by their statements, those around the question's entities and of its time first."""
    return Ranking(scopes, query, vector, now).facts(top_k)


def rank_lexically(scopes: Sequence[Scope], query: str, top_k: int) -> list[Hit]:
    """The best passages by BM25 alone; those without a word of the query are none."""
    scores = [scope.snapshot.passage_index.scores(query, K1, B) for scope in scopes]
    allowed = [scope.allowed & (score > 0) for scope, score in zip(scopes, scores, strict=True)]
    hits: list[Hit] = []
    for scope, score, mask in zip(scopes, scores, allowed, strict=True):
        rows = best_rows(score, mask, top_k, _ids(scope.snapshot.passages))
        hits += _hits(scope, rows, score[rows])
    return _best(hits, top_k, "passages")


class Ranking:
    """One question to `scopes`; what passages and facts are both ranked by is computed once.

    `asking` is the id of the user who asks.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        query: str,
        vector: np.ndarray | None,
        now: date | None = None,
        asking: str | None = None,
    ) -> None:
        self._scopes, self._query, self._vector, self._asking = scopes, query, vector, asking
        self._now = now or datetime.now(UTC).date()

    def passages(self, top_k: int) -> list[Hit]:
        """The best passages, best first."""
        hits: list[Hit] = []
        for place, scope in enumerate(self._scopes):
            rows, scores = self._best_passages(place, top_k)
            hits += _hits(scope, rows, scores - self._repeating(place, rows, scores))
        return _best(hits, top_k, "passages")

    def documents(self, top_k: int) -> list[Hit]:
        """The best documents and sessions, best first: each as its best passage, with the score of the whole."""
        hits: list[Hit] = []
        for place, scope in enumerate(self._scopes):
            documents, scores = scope.snapshot.documents, self._passage_scores[place].copy()
            rows, told = self._best_passages(place, top_k)
            scores[rows] = told
            rows = np.flatnonzero(np.isin(documents, documents[rows]) & scope.allowed)
            rows, wholes_ = document_scoring.rank_documents(documents, scores, rows)
            hits += _hits(scope, rows, wholes_ + self._words_around[place][rows])
        return _best(hits, top_k, "passages")

    def facts(self, top_k: int) -> list[Hit]:
        """The best facts, best first."""
        hits: list[Hit] = []
        for scope, named, (facts, own) in zip(self._scopes, self._named, self._facts, strict=True):
            snapshot = scope.snapshot
            scores = own - np.float32(ASSISTANT_PENALTY) * snapshot.claimed[facts]
            if named:
                scores += _gain_by_touching(snapshot, facts, named)
            best = best_rows(scores, None, _considered(top_k), _ids(snapshot.facts)[facts])
            rows = facts[best]
            hits += _hits(scope, rows, scores[best] + self._held_then(snapshot, rows))
        return _best(hits, top_k, "facts")

    def _best_passages(self, place: int, top_k: int) -> tuple[Array, Array]:
        """The rows that may be among the best `top_k` and, by what is looked at one by one too, their scores."""
        scope, scores = self._scopes[place], self._passage_scores[place]
        rows = best_rows(scores, scope.mask, _considered(top_k), _ids(scope.snapshot.passages))
        return rows, scores[rows] + self._told_by(scope, rows)

    @cached_property
    def _passage_scores(self) -> list[Array]:
        """The scores of the passages, but for what is looked at one by one."""
        texts = [
            Texts(
                self._words_of(scope, asked), scope.snapshot.passage_vectors, _ids(scope.snapshot.passages), scope.mask
            )
            for scope, asked in zip(self._scopes, self._asked_of_passages, strict=True)
        ]
        fused = near(texts, self._vector, DENSE_SHARE)
        scores = [
            self._with_surroundings(scope, own, around)
            for scope, own, around in zip(self._scopes, fused, self._words_around, strict=True)
        ]
        for place, some in enumerate(scores):
            self._add_walk(some, place)
        return scores

    def _words_of(self, scope: Scope, asked: list[Occurrences]) -> Array:
        """How well the passages' words fit, and those that stand side by side in the question."""
        index = scope.snapshot.passage_index
        fits: Array = index.bm25(asked, K1, B) + np.float32(PHRASE_WEIGHT) * index.phrases(self._query)
        return fits

    @cached_property
    def _words_around(self) -> list[Array]:
        scopes = self._scopes
        return context_scoring.words_of_documents(
            [scope.snapshot for scope in scopes], self._asked_of_passages, [scope.mask for scope in scopes]
        )

    @cached_property
    def _asked_of_passages(self) -> list[list[Occurrences]]:
        """Where the words of the question stand."""
        return [scope.snapshot.passage_index.occurrences(self._query) for scope in self._scopes]

    def _with_surroundings(self, scope: Scope, own: Array, words_around: Array) -> Array:
        lent = own if scope.mask is None else np.where(scope.mask, own, np.float32(0))
        scores = own + np.float32(NEIGHBOUR_WEIGHT) * context_scoring.neighbours(scope.snapshot, lent)
        scores += np.float32(DOCUMENT_WEIGHT) * context_scoring.best_of_document(scope.snapshot, own, scope.mask)
        scores += np.float32(DOCUMENT_WORDS_WEIGHT) * words_around
        return scores

    def _add_walk(self, scores: Array, place: int) -> None:
        """What each passage gains for being near, in the graph, to the best facts and the entities named."""
        scope, (facts, fits), best = self._scopes[place], self._facts[place], self._seed_facts[place]
        if not self._fitting[place]:
            return
        start = personalized_pagerank.seeds(scope.snapshot, scope.graph, self._named[place], facts[best], fits[best])
        rows, shares = personalized_pagerank.walk(scope.graph, start)
        scores[rows] += (WALK_WEIGHT * self._fitting[place] * personalized_pagerank.closeness(shares)).astype(
            np.float32
        )

    def _repeating(self, place: int, rows: Array, scores: Array) -> Array | float:
        """What passages lose for saying of the question what the best of their dataset says: it loses nothing."""
        if not self._fitting[place] or not len(rows):
            return 0.0
        snapshot = self._scopes[place].snapshot
        best = np.lexsort((_ids(snapshot.passages)[rows], -scores))[0]
        lost = redundancy.repeated(snapshot.passage_index, self._asked_of_passages[place], rows, rows[best])
        lost[best] = 0.0
        return NOVELTY_WEIGHT * self._fitting[place] * lost

    @cached_property
    def _fitting(self) -> list[float]:
        """How much better the best fact of each dataset fits than one would by chance; 0 where none does."""
        fitting = []
        for scope, (_, fits), best in zip(self._scopes, self._facts, self._seed_facts, strict=True):
            chance = SURE * best_by_chance(int(scope.allowed_facts.sum()))
            fitting.append(max(float(fits[best[0]]) - chance, 0.0) if len(best) else 0.0)
        return fitting

    @cached_property
    def _seed_facts(self) -> list[Array]:
        """Places in `_facts` of those a walk starts from, and of one more that they are better than; best first."""
        seeds = []
        for scope, (facts, fits) in zip(self._scopes, self._facts, strict=True):
            best = best_rows(fits, None, personalized_pagerank.SEED_FACTS + 1, _ids(scope.snapshot.facts)[facts])
            seeds.append(best[np.argsort(-fits[best])])
        return seeds

    def _told_by(self, scope: Scope, rows: Array) -> Array:
        """What passages gain for having been said when, and by whom, the question asks about."""
        passages = scope.snapshot.passages
        gain = SPEAKER_WEIGHT * speaker_scoring.said_by_named(passages["text"].to_numpy()[rows], self._query)
        if self._asking is not None and speaker_scoring.asks_of_self(self._query):
            gain += SPEAKER_WEIGHT * speaker_scoring.said_by(passages, rows, self._asking)
        if self._span is not None:
            gain += TIME_WEIGHT * temporal_scoring.said_closeness(passages, rows, self._span)
        return gain

    def _held_then(self, snapshot: Snapshot, rows: Array) -> Array:
        """What facts gain for having held when the question asks about, or now, where it names no time."""
        if self._span is not None:
            return TIME_WEIGHT * temporal_scoring.held_closeness(snapshot.facts, rows, self._span)
        return -SUPERSEDED_PENALTY * temporal_scoring.is_over(snapshot.facts, rows, self._now)

    @cached_property
    def _named(self) -> list[list[int]]:
        return [entities_named(scope.snapshot, self._query) for scope in self._scopes]

    @cached_property
    def _facts(self) -> list[tuple[Array, Array]]:
        """The facts (rows) worth looking at, and how well their words and vectors fit."""
        texts = [
            Texts(words, snapshot.fact_vectors, _ids(snapshot.facts), scope.fact_mask, _touching(snapshot, named))
            for scope, named in zip(self._scopes, self._named, strict=True)
            for snapshot in [scope.snapshot]
            for words in [snapshot.fact_index.scores(self._query)]
        ]
        return nearest(texts, self._vector, FACTS_DENSE_SHARE)

    @cached_property
    def _span(self) -> Span | None:
        """The days that the question speaks of; the newest thing said is what a date without its year is before."""
        passages = [scope.snapshot.passages for scope in self._scopes if not scope.snapshot.is_empty]
        newest = [said["said_at"].to_numpy().max().astype("datetime64[D]").item() for said in passages]
        return time_span(self._query, self._now, max(newest, default=None))


def _touching(snapshot: Snapshot, named: Sequence[int]) -> Array | None:
    """The facts (rows) that are about one of the entities `named`; None where there is none of these."""
    if not named:
        return None
    is_named = marked(np.array(named), len(snapshot.entities))
    subjects, objects = (is_named.take(snapshot.facts[side].to_numpy()) for side in ("subject", "object"))
    return np.flatnonzero(subjects | objects)


def _gain_by_touching(snapshot: Snapshot, facts: Array, named: Sequence[int]) -> Array:
    """What each of `facts` (rows) gains for being about an entity that the question names; half as much its object."""
    subjects, objects = (np.isin(snapshot.facts[side].to_numpy()[facts], named) for side in ("subject", "object"))
    return np.float32(TOUCHING_WEIGHT) * np.maximum(subjects, objects / np.float32(2))


def _ids(rows: pd.DataFrame) -> Array:
    ids: Array = rows["id"].to_numpy()
    return ids


def _considered(top_k: int) -> int:
    """How many of the best are looked at one by one for what is not known of all: who said it, and when."""
    return max(_LEAST_CONSIDERED, 2 * top_k)


def _hits(scope: Scope, rows: Array, scores: Array) -> list[Hit]:
    return [Hit(scope, row, score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]


def _best(hits: Sequence[Hit], top_k: int, kind: Literal["passages", "facts"]) -> list[Hit]:
    """The best `top_k` of `hits`, best first; equals by their ids, as the order of rows tells nothing."""
    snapshots = {id(hit.scope): hit.scope.snapshot for hit in hits}
    ids = {key: getattr(snapshot, kind)["id"].to_numpy() for key, snapshot in snapshots.items()}
    return sorted(hits, key=lambda hit: (-hit.score, ids[id(hit.scope)][hit.row]))[:top_k]

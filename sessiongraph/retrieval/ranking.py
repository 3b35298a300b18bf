"""How passages and facts are scored for a question: words, vectors and the graph around it, over several datasets.

All signals are z-scores over the candidates, because rank-only fusion throws away how much better the best one is.
Pure: snapshots in, scores out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from resources.graph_store.resolution import name_key
from resources.graph_store.snapshot import Snapshot
from resources.types import Dataset

# What a passage gains from its two neighbours, and from the best one of its document or session.
NEIGHBOUR_WEIGHT = 0.35
DOCUMENT_WEIGHT = 0.4
# What it gains for naming the entities that the question names.
ENTITY_WEIGHT = 0.4
# What facts that touch an entity of the question gain, and what a claim that only an assistant made loses.
TOUCHING_WEIGHT = 1.0
ASSISTANT_PENALTY = 0.25
_LONGEST_NAME = 6


@dataclass(frozen=True)
class Scope:
    """A dataset's snapshot, and which of its passages may be used: a (n,) mask, or None for all."""

    dataset: Dataset
    snapshot: Snapshot
    mask: np.ndarray | None = None

    @cached_property
    def allowed(self) -> np.ndarray:
        return np.ones(len(self.snapshot.passages), bool) if self.mask is None else self.mask

    @cached_property
    def allowed_facts(self) -> np.ndarray:
        """Facts that an allowed passage states."""
        claims = self.snapshot.claims
        allowed = np.zeros(len(self.snapshot.facts), bool)
        allowed[claims["fact"].to_numpy()[self.allowed[claims["passage"].to_numpy()]]] = True
        return allowed


@dataclass(frozen=True)
class Hit:
    """Row `row` of the passages or facts of `scope`, with its score."""

    scope: Scope
    row: int
    score: float


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


def rank_passages(scopes: Sequence[Scope], query: str, vector: np.ndarray | None, top_k: int) -> list[Hit]:
    """The best passages of all `scopes` by words, meaning, neighbourhood and the entities of the question."""
    fused = _fused(
        [scope.snapshot.passage_index.scores(query) for scope in scopes],
        [_similarity(scope.snapshot.passage_vectors, vector) for scope in scopes],
        [scope.allowed for scope in scopes],
    )
    scores = [
        _with_neighbours(base, scope) + ENTITY_WEIGHT * _entity_scores(scope.snapshot, query)
        for base, scope in zip(fused, scopes, strict=True)
    ]
    return _best(scopes, scores, [scope.allowed for scope in scopes], top_k)


def rank_lexically(scopes: Sequence[Scope], query: str, top_k: int) -> list[Hit]:
    """The best passages by BM25 alone; those without a word of the query are none."""
    scores = [scope.snapshot.passage_index.scores(query) for scope in scopes]
    allowed = [scope.allowed & (score > 0) for scope, score in zip(scopes, scores, strict=True)]
    return _best(scopes, scores, allowed, top_k)


def rank_facts(scopes: Sequence[Scope], query: str, vector: np.ndarray | None, top_k: int) -> list[Hit]:
    """The best facts by words and meaning of their statements, those around the question's entities first."""
    allowed = [scope.allowed_facts for scope in scopes]
    fused = _fused(
        [scope.snapshot.fact_index.scores(query) for scope in scopes],
        [_similarity(scope.snapshot.fact_vectors, vector) for scope in scopes],
        allowed,
    )
    scores = [
        base + TOUCHING_WEIGHT * _touching(scope.snapshot, query) - ASSISTANT_PENALTY * _assistant(scope.snapshot)
        for base, scope in zip(fused, scopes, strict=True)
    ]
    return _best(scopes, scores, allowed, top_k)


def _similarity(vectors: np.ndarray, query: np.ndarray | None) -> np.ndarray:
    """Cosine with `query`; zeros where the dataset has no vectors of this model."""
    if query is None or vectors.shape[1] != len(query):
        return np.zeros(len(vectors), np.float32)
    return vectors @ query


def _fused(
    lexical: Sequence[np.ndarray], dense: Sequence[np.ndarray], allowed: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Mean of the two signals' z-scores, taken over all allowed candidates of all scopes together."""
    if not lexical:
        return []
    mask = np.concatenate(allowed)
    both = _z(np.concatenate(lexical), mask) + _z(np.concatenate(dense), mask)
    return np.split(both / 2, np.cumsum([len(part) for part in lexical])[:-1])


def _z(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    counted = scores[mask]
    spread = counted.std() if len(counted) else 0.0
    return (scores - counted.mean()) / spread if spread > 0 else np.zeros_like(scores)


def _with_neighbours(base: np.ndarray, scope: Scope) -> np.ndarray:
    """`base` plus what neighbours in the same document and the document's best passage lend.

    A passage that is not allowed lends nothing.
    """
    if len(base) == 0:
        return base
    lent = np.where(scope.allowed, base, 0.0)
    documents = scope.snapshot.passages["document_id"].to_numpy()
    same = documents[1:] == documents[:-1]
    neighbours = np.zeros_like(base)
    neighbours[1:][same] += lent[:-1][same]
    neighbours[:-1][same] += lent[1:][same]
    starts = np.flatnonzero(np.r_[True, ~same])
    best = np.repeat(np.maximum.reduceat(lent, starts), np.diff(np.r_[starts, len(base)]))
    return base + NEIGHBOUR_WEIGHT * neighbours + DOCUMENT_WEIGHT * best


def _entity_scores(snapshot: Snapshot, query: str) -> np.ndarray:
    """How much each passage names of the question's entities, a rare one counting more: (n,), 1 for all of it."""
    scores = np.zeros(len(snapshot.passages), np.float32)
    total = 0.0
    mentioned, passages = snapshot.mentions["entity"].to_numpy(), snapshot.mentions["passage"].to_numpy()
    for entity in entities_named(snapshot, query):
        naming = np.unique(passages[mentioned == entity])
        weight = float(np.log1p(len(scores) / len(naming)))
        scores[naming] += weight
        total += weight
    return scores / total if total else scores


def _touching(snapshot: Snapshot, query: str) -> np.ndarray:
    """1 for facts whose subject is an entity of the question, a half where only the object is: (n,)."""
    named = entities_named(snapshot, query)
    subjects, objects = snapshot.facts["subject"].to_numpy(), snapshot.facts["object"].to_numpy()
    return np.maximum(np.isin(subjects, named) * 1.0, np.isin(objects, named) * 0.5)


def _assistant(snapshot: Snapshot) -> np.ndarray:
    return (snapshot.facts["stated_by"] == "assistant").to_numpy(float)


def _best(
    scopes: Sequence[Scope], scores: Sequence[np.ndarray], allowed: Sequence[np.ndarray], top_k: int
) -> list[Hit]:
    hits = []
    for scope, score, mask in zip(scopes, scores, allowed, strict=True):
        rows = np.flatnonzero(mask)
        rows = rows[np.argsort(-score[rows], kind="stable")[:top_k]]
        hits += [Hit(scope, int(row), float(score[row])) for row in rows]
    return sorted(hits, key=lambda hit: -hit.score)[:top_k]

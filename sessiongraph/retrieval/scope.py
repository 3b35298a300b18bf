"""Scopes of a search, a dataset's snapshot with the passages that may be used, and hits in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sessiongraph.snapshots.adjacency import Adjacency, adjacency
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import Dataset


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
        """A mask of the facts that an allowed passage states."""
        mask = self.fact_mask
        return np.ones(len(self.snapshot.facts), bool) if mask is None else mask

    @cached_property
    def fact_mask(self) -> np.ndarray | None:
        """`allowed_facts`, or None for all: each fact has a claim."""
        if self.mask is None:
            return None
        claims = self.snapshot.claims
        allowed = np.zeros(len(self.snapshot.facts), bool)
        allowed[claims["fact"].to_numpy()[self.mask[claims["passage"].to_numpy()]]] = True
        return allowed

    @cached_property
    def graph(self) -> Adjacency:
        """The adjacency of what allowed passages state."""
        snapshot = self.snapshot
        if self.mask is None:
            return snapshot.adjacency
        mentions, facts = snapshot.mentions, snapshot.facts
        allowed = mentions.loc[self.mask[mentions["passage"].to_numpy()], ["passage", "entity", "stated_by"]]
        related = facts.loc[self.allowed_facts, ["subject", "object"]]
        return adjacency(
            len(snapshot.entities),
            (
                allowed["passage"].to_numpy(),
                allowed["entity"].to_numpy(),
                (allowed["stated_by"] == "assistant").to_numpy(),
            ),
            (related["subject"].to_numpy(), related["object"].to_numpy(), snapshot.assistant_only[self.allowed_facts]),
        )


@dataclass(frozen=True)
class Hit:
    """What a question found in `scope`: row `row` of its passages or of its facts, with its id and its score."""

    scope: Scope
    row: int
    score: float
    id: str


def passage_hits(scope: Scope, rows: np.ndarray, scores: np.ndarray) -> list[Hit]:
    """The passages `rows`, with their `scores`, as hits."""
    return _hits(scope, rows, scores, scope.snapshot.passages["id"].to_numpy())


def fact_hits(scope: Scope, rows: np.ndarray, scores: np.ndarray) -> list[Hit]:
    """The facts `rows`, with their `scores`, as hits."""
    return _hits(scope, rows, scores, scope.snapshot.facts["id"].to_numpy())


def best_hits(hits: Iterable[Hit], top_k: int) -> list[Hit]:
    """The best `top_k` of `hits`, best first; ties are broken by id, as the order of rows means nothing."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:top_k]


def _hits(scope: Scope, rows: np.ndarray, scores: np.ndarray, ids: np.ndarray) -> list[Hit]:
    return [Hit(scope, row, score, ids[row]) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]

"""Scopes of a search, a dataset's snapshot with the passages that may be used, and hits in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from sessiongraph.retrieval.visible_wording import (
    Stated,
    facts_with_visible_ends,
    visible_entities,
    visible_statements,
)
from sessiongraph.snapshots.adjacency import Adjacency, adjacency
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import Dataset


@dataclass(frozen=True)
class Scope:
    """A dataset's snapshot, of n passages and m facts, and what of it a search may use.

    `mask`: which passages may be used, (n,) bool; None for all. `visible`: which may be shown at all, where a filter
    shuts others out; `mask` is within it. `valid_facts`: which facts it lets through by their time, (m,) bool.
    """

    dataset: Dataset
    snapshot: Snapshot
    mask: np.ndarray | None = None
    visible: np.ndarray | None = None
    valid_facts: np.ndarray | None = None

    def within(self, mask: np.ndarray) -> "Scope":
        """The same with those passages alone that `mask` has, too; what may be shown stays."""
        return replace(self, mask=self.allowed & mask)

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
        return None if self.mask is None else self._stated_in(self.mask)

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The snapshot's facts, none of which has ended by what may not be shown."""
        facts = self.snapshot.facts
        return facts if self.visible is None else facts_with_visible_ends(facts, self._stated_in(self.visible))

    @cached_property
    def entities(self) -> pd.DataFrame:
        """The snapshot's entities, as what may be shown names them."""
        snapshot = self.snapshot
        return snapshot.entities if self.visible is None else visible_entities(snapshot, self.visible)

    def statements(self, facts: Sequence[int]) -> dict[int, Stated]:
        """By fact (a row) of `facts`, how what may be shown states it; none where all may be: as the snapshot does."""
        return {} if self.visible is None else visible_statements(self.snapshot, facts, self.visible)

    def _stated_in(self, passages: np.ndarray) -> np.ndarray:
        """The facts that one of `passages`, a mask, states: (m,) bool."""
        claims = self.snapshot.claims
        stated = np.zeros(len(self.snapshot.facts), bool)
        stated[claims["fact"].to_numpy()[passages[claims["passage"].to_numpy()]]] = True
        return stated if self.valid_facts is None else stated & self.valid_facts

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
    return _hits(scope, rows, scores, scope.snapshot.passages["id"].array)


def fact_hits(scope: Scope, rows: np.ndarray, scores: np.ndarray) -> list[Hit]:
    """The facts `rows`, with their `scores`, as hits."""
    return _hits(scope, rows, scores, scope.snapshot.facts["id"].array)


def best_hits(hits: Iterable[Hit], top_k: int) -> list[Hit]:
    """The best `top_k` of `hits`, best first; ties are broken by id, as the order of rows means nothing."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:top_k]


def _hits(scope: Scope, rows: np.ndarray, scores: np.ndarray, ids: np.ndarray) -> list[Hit]:
    return [Hit(scope, row, score, ids[row]) for row, score in zip(rows.tolist(), scores.tolist(), strict=True)]

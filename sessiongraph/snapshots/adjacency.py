"""Adjacency lists of a graph whose nodes are passages and entities, joined by mentions and by facts.

A node is a number: twice its row for a passage, and one more than that for an entity. Edges are undirected and have a
weight: 1 for what a document or a user states, ASSISTANT_WEIGHT for what only an assistant does. Facts between the same
two entities add up; a passage mentions an entity once.

Invariant: an adjacency is a function of the rows that it was made from. A new one is compared with the last that was
sorted as a whole, and only the difference is sorted: a removed edge is one of negative weight. Two views of one buffer
(`growing_arrays`) are equal as far as both go, and are not compared row by row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sessiongraph.columnar.growing_arrays import mask_of
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, is_mapped
from sessiongraph.columnar.vectors import Array

ASSISTANT_WEIGHT = 0.5
# All edges are sorted anew when more than this fraction of them, and more than this many, have changed.
_MAX_CHANGED_FRACTION = 0.1
_MIN_CHANGED = 1_000

# (one, other, assistant only), each (n,): rows of passages and entities, or of subjects and objects. The last is 1 or
# True where only an assistant states it, else 0 or False.
Rows: TypeAlias = tuple[Array, Array, Array]
# (node, node, weight), each (n,).
_WeightedEdges: TypeAlias = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Adjacency:
    """The edges of a snapshot. `degrees` are the summed edge weights of each node: (nodes,); `mention_degrees` those of
    each entity, by its row, with passages alone: (entities,)."""

    mentions: "_Edges"
    facts: "_Edges"
    degrees: Array
    mention_degrees: Array

    def save(self, to: ArrayWriter) -> None:
        """Save an adjacency that was sorted as a whole."""
        for name, edges in (("mentions", self.mentions), ("facts", self.facts)):
            for column, array in edges.base.columns.items():
                to.array(f"adjacency.{name}.{column}", array)
            to.array(f"adjacency.{name}.degrees", edges.base_degrees)

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory."""
        own = (edges.base for edges in (self.mentions, self.facts) if not is_mapped(edges.base.sources))
        return 18 * sum(len(edges.sources) for edges in own) + 24 * len(self.degrees)

    def edges_of(self, nodes: Array) -> tuple[Array, Array, Array]:
        """The edges of `nodes`: for each, the index into `nodes` of its source, its target and its weight."""
        parts = [part for edges in (self.mentions, self.facts) for part in (edges.base, edges.changes)]
        found = [part.edges_of(nodes) for part in parts if len(part.sources)] or [_NO_EDGES]
        places, targets, weights = (np.concatenate(columns) for columns in zip(*found, strict=True))
        return places, targets, weights


def adjacency(entities: int, mentions: Rows, facts: Rows, before: Adjacency | None = None) -> Adjacency:
    """The adjacency of `mentions` and `facts` of so many entities; with `before`, it costs only what has changed."""
    return _with_totals(
        _edges(mentions, _mention_nodes, before.mentions if before else None, heaviest_only=True),
        _edges(facts, _fact_nodes, before.facts if before else None, heaviest_only=False),
        entities,
    )


def _with_totals(mentions: "_Edges", facts: "_Edges", entities: int) -> Adjacency:
    edges = (mentions, facts)
    degrees = np.zeros(max(2 * entities, *(len(some.degrees) for some in edges)))
    for some in edges:
        degrees[: len(some.degrees)] += some.degrees
    mention_degrees = np.zeros(entities)
    of_mentions = edges[0].degrees[1 : 2 * entities : 2]
    mention_degrees[: len(of_mentions)] = of_mentions
    return Adjacency(*edges, degrees, mention_degrees)


def saved_adjacency(saved: SavedArrays, entities: int, mentions: Rows, facts: Rows) -> Adjacency:
    """The adjacency that was saved of those rows."""

    def edges(name: str, rows: Rows) -> _Edges:
        columns = {column: saved.array(f"adjacency.{name}.{column}") for column in _SortedEdges.COLUMNS}
        degrees = saved.array(f"adjacency.{name}.degrees")
        return _Edges(rows, _SortedEdges(columns), degrees, _sorted(_NO_ROWS), degrees)

    return _with_totals(edges("mentions", mentions), edges("facts", facts), entities)


def entity_nodes(rows: Array) -> Array:
    return 2 * rows + 1


class _SortedEdges:
    """Edges in both directions, sorted by their source, as columns."""

    COLUMNS = ("sources", "targets", "weights")

    def __init__(self, columns: Mapping[str, Array]) -> None:
        self.columns = columns
        self.sources, self._targets, self._weights = (columns[name] for name in self.COLUMNS)

    def edges_of(self, nodes: Array) -> tuple[Array, Array, Array]:
        nodes = nodes.astype(self.sources.dtype)  # or all sources would be converted to the dtype of `nodes`
        starts = np.searchsorted(self.sources, nodes, "left")
        counts = np.searchsorted(self.sources, nodes, "right") - starts
        behind = np.cumsum(counts) - counts
        places = np.repeat(starts - behind, counts) + np.arange(counts.sum())
        return np.repeat(np.arange(len(nodes)), counts), self._targets[places], self._weights[places]


def _sorted(rows: _WeightedEdges) -> _SortedEdges:
    ones, others, weights = rows
    sources = np.concatenate([ones, others])
    order = np.argsort(sources, kind="stable")
    columns = (sources[order], np.concatenate([others, ones])[order], np.tile(weights, 2)[order])
    return _SortedEdges(dict(zip(_SortedEdges.COLUMNS, columns, strict=True)))


@dataclass(frozen=True)
class _Edges:
    """Edges of one kind: `base` are those of `base_rows`, and `changes` what turns them into the present ones."""

    base_rows: Rows
    base: _SortedEdges
    base_degrees: Array
    changes: _SortedEdges
    degrees: Array


def _edges(rows: Rows, nodes: Callable[[Rows], _WeightedEdges], before: _Edges | None, heaviest_only: bool) -> _Edges:
    """The edges of `rows`, which `nodes` translates; with `heaviest_only`, one between the same two nodes."""

    def weighted(some: Rows) -> _WeightedEdges:
        return _heaviest(nodes(some)) if heaviest_only else nodes(some)

    if before is not None:
        gone, new = _different(before.base_rows, rows)
        if len(gone) + len(new) <= max(_MAX_CHANGED_FRACTION * len(rows[0]), _MIN_CHANGED):
            if heaviest_only:
                gone, new = _all_of_same(before.base_rows[0], gone, rows[0], new)
            lost, added = weighted(_taken(before.base_rows, gone)), weighted(_taken(rows, new))
            ones, others, weights = (np.concatenate(columns) for columns in zip(lost, added, strict=True))
            weights[: len(lost[0])] *= -1
            degrees = _with_degrees(before.base_degrees, (ones, others, weights))
            changes = _sorted((ones, others, weights))
            return _Edges(before.base_rows, before.base, before.base_degrees, changes, degrees)
    edges = weighted(rows)
    degrees = _with_degrees(np.zeros(0), edges)
    return _Edges(rows, _sorted(edges), degrees, _sorted(_NO_ROWS), degrees)


def _mention_nodes(rows: Rows) -> _WeightedEdges:
    return 2 * rows[0], 2 * rows[1] + 1, _weights(rows[2])


def _fact_nodes(rows: Rows) -> _WeightedEdges:
    return 2 * rows[0] + 1, 2 * rows[1] + 1, _weights(rows[2])


def _heaviest(rows: _WeightedEdges) -> _WeightedEdges:
    """The edge of the greatest weight between each two nodes."""
    ones, others, weights = rows
    order = np.lexsort((-weights, others, ones))
    first = np.ones(len(order), bool)
    first[1:] = (ones[order[1:]] != ones[order[:-1]]) | (others[order[1:]] != others[order[:-1]])
    return _taken(rows, order[first])


def _all_of_same(before: Array, gone: Array, now: Array, new: Array) -> tuple[Array, Array]:
    """The numbers of all rows, before and now, of the nodes that have any of the rows `gone` or `new`."""
    highest = before.max(initial=-1)
    if not len(gone) and now[new].min(initial=highest + 1) > highest:
        return gone, new  # all of them are of new nodes, which have no other rows
    touched = mask_of(np.concatenate([before[gone], now[new]]), max(highest, now.max(initial=-1)) + 1)
    return np.flatnonzero(touched[before]), np.flatnonzero(touched[now])


def _different(before: Rows, now: Rows) -> tuple[Array, Array]:
    """The numbers of the rows of `before` that are gone or changed `now`, and of those that are new or changed."""
    shared = min(len(before[0]), len(now[0]))
    same = np.ones(shared, bool)
    for one, other in zip(before, now, strict=True):
        if one.base is None or one.base is not other.base:
            same &= one[:shared] == other[:shared]
    differing = np.flatnonzero(~same)
    return (
        np.concatenate([differing, np.arange(shared, len(before[0]))]),
        np.concatenate([differing, np.arange(shared, len(now[0]))]),
    )


def _taken(rows: Rows, which: Array | slice) -> Rows:
    return rows[0][which], rows[1][which], rows[2][which]


def _with_degrees(degrees: Array, rows: _WeightedEdges) -> Array:
    """`degrees` plus what `rows` add to them."""
    ones, others, weights = rows
    size = max(len(degrees), int(ones.max(initial=-1)) + 1, int(others.max(initial=-1)) + 1)
    summed = np.zeros(size)
    summed[: len(degrees)] = degrees
    np.add.at(summed, ones, weights)
    np.add.at(summed, others, weights)
    return summed


def _weights(by_assistant: Array) -> Array:
    return np.where(by_assistant, np.float32(ASSISTANT_WEIGHT), np.float32(1))


_NO_ROWS: _WeightedEdges = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
_NO_EDGES: tuple[Array, Array, Array] = (np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))

"""Who stands next to whom in a graph: passages and the entities that they mention, entities and those of their facts.

A node is a number: twice its row for a passage, and one more than that for an entity. Edges have no direction and a
weight: 1 for what a document or a user states, ASSISTANT_SHARE for what only an assistant does. Facts between the same
two entities add up; a passage mentions an entity once.

Invariant: an adjacency is a function of the rows that it shows. The next one is compared with the one that was sorted,
and only what differs is sorted anew: an edge that is no more is one of less than 0. Two views of one buffer (`growing`)
show the same as far as both go, and are not compared row by row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sessiongraph.columnar.growing_arrays import marked
from sessiongraph.columnar.vectors import Array

ASSISTANT_SHARE = 0.5
# All edges are sorted anew when more than this share of them, and this many, are not those that were sorted.
_MOST_CHANGED = 0.1
_CHANGED = 1_000

# (one, other, only an assistant says so), each (n,): rows of passages and entities, or of subjects and objects. The
# last is 1 or True where that is so, else 0 or False.
Rows: TypeAlias = tuple[Array, Array, Array]
# (node, node, weight), each (n,).
_Joined: TypeAlias = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Adjacency:
    """The edges of a snapshot. `strengths` are the sums of those of each node: (nodes,); `mentioned` of those of each
    entity, by its row, with passages: (entities,)."""

    mentions: "_Edges"
    facts: "_Edges"
    strengths: Array
    mentioned: Array

    @property
    def nbytes(self) -> int:
        rows = sum(len(edges.kept.sources) for edges in (self.mentions, self.facts))
        return 18 * rows + 24 * len(self.strengths)

    def of(self, nodes: Array) -> tuple[Array, Array, Array]:
        """The edges of `nodes`: for each, the place in `nodes` of the one that it comes from, its target and weight."""
        parts = [part for edges in (self.mentions, self.facts) for part in (edges.kept, edges.changes)]
        found = [part.of(nodes) for part in parts if len(part.sources)] or [_NO_EDGES]
        places, targets, weights = (np.concatenate(columns) for columns in zip(*found, strict=True))
        return places, targets, weights


def adjacency(entities: int, mentions: Rows, facts: Rows, before: Adjacency | None = None) -> Adjacency:
    """That of who of `entities` is mentioned where and of which are the facts; with `before`, it costs what changed."""
    edges = (
        _edges(mentions, _mention_nodes, before.mentions if before else None, once=True),
        _edges(facts, _fact_nodes, before.facts if before else None, once=False),
    )
    strengths = np.zeros(max(2 * entities, *(len(some.strengths) for some in edges)))
    for some in edges:
        strengths[: len(some.strengths)] += some.strengths
    mentioned = np.zeros(entities)
    of_mentions = edges[0].strengths[1 : 2 * entities : 2]
    mentioned[: len(of_mentions)] = of_mentions
    return Adjacency(*edges, strengths, mentioned)


def entity_nodes(rows: Array) -> Array:
    return 2 * rows + 1


class _Sorted:
    """Edges in both directions, by the node that they come from."""

    def __init__(self, rows: _Joined) -> None:
        ones, others, weights = rows
        sources = np.concatenate([ones, others])
        order = np.argsort(sources, kind="stable")
        self.sources = sources[order]
        self._targets = np.concatenate([others, ones])[order]
        self._weights = np.tile(weights, 2)[order]

    def of(self, nodes: Array) -> tuple[Array, Array, Array]:
        nodes = nodes.astype(self.sources.dtype)  # or all sources would be made what `nodes` are
        starts = np.searchsorted(self.sources, nodes, "left")
        counts = np.searchsorted(self.sources, nodes, "right") - starts
        behind = np.cumsum(counts) - counts
        places = np.repeat(starts - behind, counts) + np.arange(counts.sum())
        return np.repeat(np.arange(len(nodes)), counts), self._targets[places], self._weights[places]


@dataclass(frozen=True)
class _Edges:
    """`kept` are those of the rows `of_kept`, and `changes` what makes them the present ones."""

    of_kept: Rows
    kept: _Sorted
    kept_strengths: Array
    changes: _Sorted
    strengths: Array


def _edges(rows: Rows, nodes: Callable[[Rows], _Joined], before: _Edges | None, once: bool) -> _Edges:
    """Those of `rows`, between the `nodes` that they mean; of the same two only the strongest if they count `once`."""

    def joined(some: Rows) -> _Joined:
        return _strongest(nodes(some)) if once else nodes(some)

    if before is not None:
        gone, new = _different(before.of_kept, rows)
        if len(gone) + len(new) <= max(_MOST_CHANGED * len(rows[0]), _CHANGED):
            if once:
                gone, new = _all_of_same(before.of_kept[0], gone, rows[0], new)
            lost, added = joined(_taken(before.of_kept, gone)), joined(_taken(rows, new))
            ones, others, weights = (np.concatenate(columns) for columns in zip(lost, added, strict=True))
            weights[: len(lost[0])] *= -1
            strengths = _with_strengths(before.kept_strengths, (ones, others, weights))
            changes = _Sorted((ones, others, weights))
            return _Edges(before.of_kept, before.kept, before.kept_strengths, changes, strengths)
    kept = joined(rows)
    strengths = _with_strengths(np.zeros(0), kept)
    return _Edges(rows, _Sorted(kept), strengths, _Sorted(_taken(kept, slice(0))), strengths)


def _mention_nodes(rows: Rows) -> _Joined:
    return 2 * rows[0], 2 * rows[1] + 1, _weights(rows[2])


def _fact_nodes(rows: Rows) -> _Joined:
    return 2 * rows[0] + 1, 2 * rows[1] + 1, _weights(rows[2])


def _strongest(rows: _Joined) -> _Joined:
    """Of the rows of the same two nodes the one of the greatest weight."""
    ones, others, weights = rows
    order = np.lexsort((-weights, others, ones))
    first = np.ones(len(order), bool)
    first[1:] = (ones[order[1:]] != ones[order[:-1]]) | (others[order[1:]] != others[order[:-1]])
    return _taken(rows, order[first])


def _all_of_same(before: Array, gone: Array, now: Array, new: Array) -> tuple[Array, Array]:
    """The numbers of all rows of the nodes that have any of the rows `gone` or `new`, before and now."""
    highest = before.max(initial=-1)
    if not len(gone) and now[new].min(initial=highest + 1) > highest:
        return gone, new  # all of nodes that there were none of: no row but the new ones
    touched = marked(np.concatenate([before[gone], now[new]]), max(highest, now.max(initial=-1)) + 1)
    return np.flatnonzero(touched[before]), np.flatnonzero(touched[now])


def _different(before: Rows, now: Rows) -> tuple[Array, Array]:
    """The numbers of the rows of `before` that are other ones `now`, and of those that are now."""
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


def _with_strengths(strengths: Array, rows: _Joined) -> Array:
    """`strengths`, and what `rows` add to them."""
    ones, others, weights = rows
    size = max(len(strengths), int(ones.max(initial=-1)) + 1, int(others.max(initial=-1)) + 1)
    summed = np.zeros(size)
    summed[: len(strengths)] = strengths
    np.add.at(summed, ones, weights)
    np.add.at(summed, others, weights)
    return summed


def _weights(by_assistant: Array) -> Array:
    return np.where(by_assistant, np.float32(ASSISTANT_SHARE), np.float32(1))


_NO_EDGES: tuple[Array, Array, Array] = (np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))

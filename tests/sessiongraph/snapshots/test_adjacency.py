"""Neighbours as they come and go are those of the present rows alone."""

import numpy as np
import pytest

from sessiongraph.snapshots.adjacency import ASSISTANT_WEIGHT, Adjacency, Rows, adjacency, entity_nodes

ENTITIES, PASSAGES = 40, 60


def rows(draw: np.random.Generator, count: int, ones: int) -> Rows:
    numbers = (draw.integers(0, size, count).astype(np.int32) for size in (ones, ENTITIES))
    return (*numbers, draw.random(count) < 0.3)  # type: ignore[return-value]


def changed(draw: np.random.Generator, given: Rows, ones: int) -> Rows:
    """Some rows are others now, and some are added at the end or removed there."""
    kept, added = len(given[0]) - int(draw.integers(0, 15)), int(draw.integers(0, 20))
    new, put = rows(draw, added + 5, ones), draw.integers(0, kept, 5)
    columns = [np.concatenate([column[:kept], more[:added]]) for column, more in zip(given, new, strict=True)]
    for column, more in zip(columns, new, strict=True):
        column[put] = more[added:]
    return tuple(columns)  # type: ignore[return-value]


def weights_of(graph: Adjacency) -> np.ndarray:
    """The weights between all nodes, as a matrix."""
    size = 2 * max(ENTITIES, PASSAGES)
    sources, targets, weights = graph.edges_of(np.arange(size))
    matrix = np.zeros((size, size))
    np.add.at(matrix, (sources, targets), weights)
    return matrix


@pytest.mark.parametrize("seed", range(5))
def test_an_adjacency_that_was_updated_is_that_of_its_rows(seed: int) -> None:
    draw = np.random.default_rng(seed)
    mentions, facts = rows(draw, 3000, PASSAGES), rows(draw, 2000, ENTITIES)
    graph = adjacency(ENTITIES, mentions, facts)
    for _ in range(60):
        mentions, facts = changed(draw, mentions, PASSAGES), changed(draw, facts, ENTITIES)
        graph = adjacency(ENTITIES, mentions, facts, graph)
        anew = adjacency(ENTITIES, mentions, facts)
        assert np.array_equal(weights_of(graph), weights_of(anew))
        size = min(len(graph.degrees), len(anew.degrees))
        assert np.array_equal(graph.degrees[:size], anew.degrees[:size])
        assert not graph.degrees[size:].any() and not anew.degrees[size:].any()


def test_what_only_an_assistant_says_joins_less() -> None:
    none = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, bool))
    mentions = (np.array([0, 0]), np.array([0, 1]), np.array([False, True]))
    graph = adjacency(2, mentions, none)
    assert graph.degrees[entity_nodes(np.arange(2))].tolist() == [1, ASSISTANT_WEIGHT]


def test_one_changed_row_does_not_sort_all_edges_again() -> None:
    """Or each commit would cost what is there."""
    draw = np.random.default_rng(0)
    mentions, facts = rows(draw, 3000, PASSAGES), rows(draw, 2000, ENTITIES)
    graph = adjacency(ENTITIES, mentions, facts)
    others = (mentions[0].copy(), *mentions[1:])
    others[0][7] += 1
    assert adjacency(ENTITIES, others, facts, graph).mentions.base is graph.mentions.base


def test_a_passage_mentions_an_entity_once_and_facts_add_up() -> None:
    """Or a name that is extracted under two wordings would draw what is asked to wherever it stands."""
    twice = (np.array([0, 0]), np.array([1, 1]), np.array([True, False]))
    none = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, bool))
    assert adjacency(2, twice, none).degrees.tolist() == [1, 0, 0, 1]
    assert adjacency(2, none, twice).degrees.tolist() == [0, 1.5, 0, 1.5]

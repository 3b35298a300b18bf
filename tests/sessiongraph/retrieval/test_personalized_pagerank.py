"""The walk stays where the question is: what it costs is what it reaches."""

import numpy as np
import pytest

from sessiongraph.retrieval.personalized_pagerank import closeness, walk
from sessiongraph.retrieval.score_fusion import ZScale, best_rows
from sessiongraph.snapshots.adjacency import Adjacency, adjacency


def graph(edges: list[tuple[int, int]], entities: int) -> Adjacency:
    """Passages (their rows) that mention entities (by their rows)."""
    passages, mentioned = np.array(edges, np.int32).T
    none = np.zeros(0, np.int32)
    return adjacency(entities, (passages, mentioned, np.zeros(len(edges), bool)), (none, none, none.astype(bool)))


def test_what_is_nearer_gets_more_and_what_is_not_joined_nothing() -> None:
    rows, shares = walk(graph([(0, 0), (0, 1), (1, 1), (2, 2)], entities=3), {0: 1.0})
    reached = dict(zip(rows.tolist(), shares.tolist(), strict=True))
    assert set(reached) == {0, 1}
    assert reached[0] > reached[1] > 0


def test_all_mass_stays_in_the_graph() -> None:
    rows, shares = walk(graph([(0, 0), (1, 0)], entities=1), {0: 7.0})
    assert rows.tolist() == [0, 1]
    assert 0 < shares.sum() <= 1


def test_a_node_with_very_many_neighbours_hands_on_nothing() -> None:
    """Or each question that names a common thing would cost a walk through all of the graph."""
    crowd = 5000
    edges = [(0, 0), (0, 1), *((passage, 1) for passage in range(1, crowd))]
    rows, _ = walk(graph(edges, entities=2), {0: 1.0})
    assert rows.tolist() == [0]


def test_closeness_has_its_best_at_one() -> None:
    assert closeness(np.array([0.1, 0.01, 0.0])).tolist() == pytest.approx([1, 0.5196, 0], abs=1e-3)
    assert closeness(np.zeros(0)).tolist() == []


@pytest.mark.parametrize("size", [0, 3, 700, 20_000])
def test_the_best_rows_are_those_of_a_sort(size: int) -> None:
    scores = np.random.default_rng(size).standard_normal(size).astype(np.float32)
    mask = np.arange(size) % 3 > 0
    allowed = np.flatnonzero(mask)
    expected = allowed[np.argsort(-scores[allowed])][:5]
    assert set(expected) == set(best_rows(scores, mask, 5, np.arange(size)).tolist())


@pytest.mark.parametrize("size", [30, 20_000])
def test_of_rows_that_are_all_alike_those_with_the_first_ids_are_taken(size: int) -> None:
    """A question that nothing fits must not make hits of all there is, nor show what came first."""
    ids = np.array([f"{(7 * row) % size:06}" for row in range(size)], object)
    rows = best_rows(np.zeros(size, np.float32), None, 5, ids)
    assert sorted(ids[rows]) == [f"{number:06}" for number in range(5)]


def test_z_scores_are_those_of_all_parts_together() -> None:
    first, second = np.array([1, 2], np.float32), np.array([3], np.float32)
    scale = ZScale.of([first, second])
    together = np.concatenate([scale.z_scores(first), scale.z_scores(second)])
    assert together.mean() == pytest.approx(0, abs=1e-6)
    assert together.std() == pytest.approx(1, abs=1e-6)
    assert ZScale.of([np.ones(3, np.float32)]).z_scores(np.ones(3, np.float32)).tolist() == [0, 0, 0]

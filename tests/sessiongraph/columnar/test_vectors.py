"""Vectors are found by text, multiplied row by row, and told apart roughly by their signs."""

import numpy as np
import pytest

from sessiongraph.columnar.vectors import GrowingVectors, Vectors


def heaped(vectors: np.ndarray, at_once: int) -> tuple[GrowingVectors, np.ndarray]:
    """A heap that came in parts, and the hashes of its texts: spread as those of texts are."""
    heap, hashes = GrowingVectors(), np.random.default_rng(5).integers(0, 2**64, len(vectors), np.uint64)
    for start in range(0, len(vectors), at_once):
        heap.add(hashes[start : start + at_once], vectors[start : start + at_once])
    return heap, hashes


def drawn(rows: int, dimensions: int) -> np.ndarray:
    vectors = np.random.default_rng(1).standard_normal((rows, dimensions), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def shown(vectors: np.ndarray, at_once: int = 700) -> Vectors:
    heap, hashes = heaped(vectors, at_once)
    return heap.view(heap.find(hashes), hashes)


@pytest.mark.parametrize("dimensions", [3, 64, 100, 256])
def test_an_estimate_is_the_product_at_the_angle_that_the_share_of_differing_signs_tells(dimensions: int) -> None:
    vectors = drawn(3_000, dimensions)
    expected = np.cos(np.pi * ((vectors > 0) != (vectors[5] > 0)).mean(axis=1))
    assert np.allclose(shown(vectors).estimate(vectors[5]), expected, atol=1e-6)


def test_estimates_are_near_the_products() -> None:
    draw, vectors = np.random.default_rng(3), drawn(3_000, 256)
    query = vectors[5] + draw.uniform(0.02, 0.2) * draw.standard_normal(256).astype(np.float32)
    query /= np.linalg.norm(query)
    found = shown(vectors)
    assert np.abs(found.estimate(query) - found @ query).mean() < 0.1
    assert found.estimate(query).argmax() == 5


def test_products_are_those_of_the_rows_in_whatever_parts_they_came() -> None:
    vectors = drawn(3_000, 64)
    assert np.allclose(shown(vectors) @ vectors[7], vectors @ vectors[7], atol=1e-6)


def test_a_text_without_a_vector_is_near_to_nothing() -> None:
    heap, hashes = heaped(drawn(10, 64), 10)
    asked = np.append(hashes, np.uint64(1))
    vectors = heap.view(heap.find(asked), asked)
    query = -drawn(10, 64)[0]
    assert (vectors @ query)[-1] == 0
    assert vectors.estimate(query)[-1] == 0


def test_a_view_does_not_see_what_came_after_it() -> None:
    vectors = drawn(20, 64)
    heap, hashes = heaped(vectors[:10], 10)
    before = heap.view(heap.find(hashes), hashes)
    heap.add(np.arange(10, dtype=np.uint64), vectors[10:])
    assert len(before.estimate(vectors[0])) == len(before @ vectors[0]) == 10


def test_the_sample_is_chosen_by_texts_alone() -> None:
    heap, hashes = heaped(drawn(20_000, 3), 5_000)
    other_order = np.random.default_rng(2).permutation(len(hashes))
    one, other = (heap.view(heap.find(some), some) for some in (hashes, hashes[other_order]))
    assert {row.tobytes() for row in one.sample} == {row.tobytes() for row in other.sample}
    assert 3_000 < len(one.sample) < 5_000


def test_of_few_all_are_the_sample() -> None:
    assert len(shown(drawn(50, 3)).sample) == 50

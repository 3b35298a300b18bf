"""Embeddings: search breaks where they are no unit vectors, not finite, or depend on their neighbours."""

import numpy as np

from sessiongraph.local_models.wordllama import DIMENSIONS, WordLlama

embed = WordLlama().embed


def test_vectors_are_unit_float32_of_the_declared_size():
    vectors = embed(["Alice moved to Paris.", "A bakery opens at dawn."])
    assert vectors.shape == (2, DIMENSIONS) == (2, 256)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_empty_texts_are_finite_zeros():
    vectors = embed(["", "   ", "Paris"])
    assert np.isfinite(vectors).all()
    assert not vectors[:2].any()
    assert embed([]).shape == (0, 256)


def test_a_vector_depends_on_its_text_alone():
    alone = embed(["Paris"])[0]
    among = embed(["a much longer text about something else " * 20, "Paris"])[1]
    assert np.array_equal(alone, among)


def test_what_is_alike_is_near():
    dog, puppy, bank = embed(["I adopted a dog", "She got a puppy", "The bank raised its interest rates"])
    assert dog @ puppy > dog @ bank

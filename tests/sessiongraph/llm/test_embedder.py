"""What search relies on: each text's own vector, in order, of one length, whatever the endpoint's limits."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from sessiongraph.errors import LLMFailedError, LLMNotConfiguredError
from sessiongraph.llm.embedder import Embedder
from sessiongraph.settings import Settings
from sessiongraph.types import Usage
from tests.support.model_answers import bags_of_words
from tests.support.openai_endpoint import OpenAIEndpoint


def settings(endpoint: OpenAIEndpoint, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "embedding_model": "openai/test",
        "embedding_endpoint": endpoint.url,
        "llm_max_retries": 1,
    }
    return Settings(_env_file=None, **(given | changes))  # type: ignore[call-arg]


def expected(texts: list[str], size: int) -> np.ndarray:
    rows = np.asarray(bags_of_words(texts, size), np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


async def test_vectors_are_normalised_and_in_order_over_many_batches(openai_endpoint: OpenAIEndpoint) -> None:
    texts = [f"text number {number} about topic {number % 7}" for number in range(1100)]
    vectors, usage = await Embedder(settings(openai_endpoint)).embed(texts)
    assert vectors.dtype == np.float32 and vectors.shape == (1100, 64)
    np.testing.assert_allclose(vectors, expected(texts, 64), atol=1e-6)
    assert sorted(len(request.body["input"]) for request in openai_endpoint.embeddings) == [76, 512, 512]
    assert usage.embedding_calls == 3 and usage.embedding_tokens == 1100 * 6
    assert usage.calls == 0 and usage.cost is None
    body = openai_endpoint.embeddings[0].body
    assert body["encoding_format"] == "base64" and "dimensions" not in body


async def test_long_texts_go_in_smaller_batches(openai_endpoint: OpenAIEndpoint) -> None:
    texts = ["word " * 8000] * 4 + ["x" * 150_000]
    vectors, _ = await Embedder(settings(openai_endpoint)).embed(texts)
    assert len(vectors) == 5
    assert sorted(len(request.body["input"]) for request in openai_endpoint.embeddings) == [1, 2, 2]


async def test_an_endpoint_of_small_batches_gets_smaller_ones(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.batch = 32
    texts = [f"text {number}" for number in range(100)]
    vectors, usage = await Embedder(settings(openai_endpoint)).embed(texts)
    np.testing.assert_allclose(vectors, expected(texts, 64), atol=1e-6)
    assert usage.embedding_calls == 4


LONG = "Anna lives in Bergen. " * 40 + "Bob keeps bees in Turku. " * 40


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 512 tokens, however you requested 700 tokens",
        "Input validation error: `inputs` must have less than 512 tokens. Given: 700",
        "the input length exceeds the context length",
        "input (700 tokens) is too large to process. increase the physical batch size (current batch size: 512)",
    ],
)
async def test_a_text_too_long_for_the_model_has_the_mean_of_its_parts(
    openai_endpoint: OpenAIEndpoint, said: str
) -> None:
    openai_endpoint.most_words, openai_endpoint.too_long = 100, said
    embedder = Embedder(settings(openai_endpoint, llm_max_retries=0))
    (long, short), _ = await embedder.embed_each([LONG, "tea"])
    whole = expected([LONG], 64)[0]
    assert isinstance(long, np.ndarray) and isinstance(short, np.ndarray)
    assert float(long @ whole) > 0.95 and np.isclose(np.linalg.norm(long), 1)
    (question,), usage = await embedder.embed([LONG])
    np.testing.assert_allclose(question, long, atol=1e-6)
    assert usage.embedding_calls == 4  # of 90 words each; refused ones cost nothing


async def test_where_a_part_of_a_long_text_is_refused_too_the_text_has_no_vector(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    openai_endpoint.most_words = 100
    openai_endpoint.fail(400, when="Turku")
    (row, other), _ = await Embedder(settings(openai_endpoint, llm_max_retries=0)).embed_each([LONG, "tea"])
    assert isinstance(row, LLMFailedError) and "Other texts are answered" in str(row)
    assert isinstance(other, np.ndarray)


async def test_what_is_short_and_called_too_long_is_not_cut(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.most_words = 1
    (row, _), _ = await Embedder(settings(openai_endpoint, llm_max_retries=0)).embed_each(["two words", "one"])
    assert isinstance(row, LLMFailedError) and len(openai_endpoint.embeddings) <= 4


async def test_an_endpoint_that_knows_no_base64_is_asked_for_numbers(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    openai_endpoint.base64 = False
    one = Embedder(settings(openai_endpoint))
    for text in ("tea", "cake"):
        vectors, _ = await one.embed([text, "x"])
        np.testing.assert_allclose(vectors, expected([text, "x"], 64), atol=1e-6)
    asked = [request.body["encoding_format"] for request in openai_endpoint.embeddings]
    assert asked == ["base64", "float", "float"], "what the endpoint takes was not remembered"


async def test_nothing_and_empty_texts(openai_endpoint: OpenAIEndpoint) -> None:
    one = Embedder(settings(openai_endpoint))
    vectors, usage = await one.embed([])
    assert vectors.shape == (0, 0) and usage == Usage() and openai_endpoint.embeddings == []
    vectors, _ = await one.embed(["", "tea", " \n"])
    assert not np.isnan(vectors).any()
    np.testing.assert_allclose(vectors, expected(["", "tea", ""], 64), atol=1e-6)


async def test_dimensions_are_asked_for_and_part_of_the_identity(openai_endpoint: OpenAIEndpoint) -> None:
    one = Embedder(settings(openai_endpoint, embedding_dimensions=16))
    vectors, _ = await one.embed(["tea", "cake"])
    assert vectors.shape == (2, 16)
    assert openai_endpoint.embeddings[0].body["dimensions"] == 16
    assert one.identity == "openai/test@16"
    assert Embedder(settings(openai_endpoint)).identity == "openai/test"


@pytest.mark.parametrize(
    ("vectors", "named"),
    [
        (lambda texts, size: bags_of_words(texts, 64), "vectors of 64 numbers where EMBEDDING_DIMENSIONS=16"),
        (lambda texts, size: bags_of_words(texts[1:], size), "2 vectors for 3 texts"),
        (lambda texts, size: [[1.0] * (1 + len(text)) for text in texts], "vectors of several lengths"),
    ],
)
async def test_vectors_that_do_not_fit_are_refused(
    openai_endpoint: OpenAIEndpoint, vectors: Callable[[list[str], int], list[list[float]]], named: str
) -> None:
    openai_endpoint.vectors = vectors
    with pytest.raises(LLMFailedError, match=f"{named}.*Correct EMBEDDING_DIMENSIONS"):
        await Embedder(settings(openai_endpoint, embedding_dimensions=16)).embed(["tea", "coffee", "milk"])


NAN = float("nan")
ODD_VECTORS: dict[str, Any] = {
    "nulls": [None] * 64,
    "no vector": None,
    "an empty vector": [],
    "not a number": [NAN] * 64,
    "one that is not finite": [1.0] * 63 + [float("inf")],
    "larger than can be kept": [1e300] * 64,
    "words": ["?"] * 64,
    "another length": [1.0] * 63,
    "an object": {"a": 1},
}


def odd_for(endpoint: OpenAIEndpoint, text: str, vector: Any) -> None:
    """Have `endpoint` answer `vector` for `text`, and what is right for all others."""
    endpoint.base64 = False
    endpoint.vectors = lambda texts, size: [
        vector if one == text else row for one, row in zip(texts, bags_of_words(texts, size), strict=True)
    ]


@pytest.mark.parametrize("odd", ODD_VECTORS)
async def test_a_vector_that_cannot_be_used_costs_its_text_alone(openai_endpoint: OpenAIEndpoint, odd: str) -> None:
    odd_for(openai_endpoint, "Trust.", ODD_VECTORS[odd])
    texts = ["tea", "Trust.", "cake", "milk"]
    rows, usage = await Embedder(settings(openai_endpoint)).embed_each(texts)
    assert isinstance(rows[1], LLMFailedError) and "openai/test gave" in str(rows[1])
    np.testing.assert_allclose(np.stack([rows[0], rows[2], rows[3]]), expected(["tea", "cake", "milk"], 64), atol=1e-6)
    assert usage.embedding_calls == 1
    with pytest.raises(LLMFailedError, match="openai/test gave"):
        await Embedder(settings(openai_endpoint)).embed(texts)


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 451, 500])
async def test_a_text_that_is_refused_costs_itself(openai_endpoint: OpenAIEndpoint, status: int) -> None:
    openai_endpoint.fail(status, when="poison")
    texts = [f"text {number}" for number in range(20)] + ["poison"] + [f"word {number}" for number in range(11)]
    rows, _ = await Embedder(settings(openai_endpoint, llm_max_retries=0)).embed_each(texts)
    refused = [text for text, row in zip(texts, rows, strict=True) if isinstance(row, LLMFailedError)]
    assert refused == ["poison"]
    assert f"HTTP {status}" in str(rows[20]) and "Other texts are answered" in str(rows[20])
    assert len(openai_endpoint.embeddings) <= 2 + 2 * 5


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
async def test_an_endpoint_that_refuses_all_texts_is_asked_few_times(
    openai_endpoint: OpenAIEndpoint, status: int
) -> None:
    openai_endpoint.fail(status)
    with pytest.raises(LLMFailedError, match=f"HTTP {status}") as failed:
        await Embedder(settings(openai_endpoint, llm_max_retries=0)).embed_each([f"text {n}" for n in range(256)])
    assert failed.value.fatal == (status in (403, 404))
    assert len(openai_endpoint.embeddings) <= 10


async def test_a_text_that_is_left_out_of_an_answer_is_found(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.vectors = lambda texts, size: bags_of_words([text for text in texts if text != "Trust."], size)
    rows, _ = await Embedder(settings(openai_endpoint)).embed_each(["tea", "Trust.", "cake"])
    assert [isinstance(row, LLMFailedError) for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": []},
        {"data": "none"},
        {"object": "list"},
        {"data": [{"index": 0}]},
        {"data": [None]},
        {"data": [{"embedding": "?"}]},
        {"error": "boom"},
        [],
        b"<html>",
    ],
)
async def test_an_answer_without_vectors_is_an_error_of_ours(openai_endpoint: OpenAIEndpoint, body: Any) -> None:
    openai_endpoint.send(body, chat=False)
    for texts in (["tea"], ["tea", "cake"]):
        with pytest.raises(LLMFailedError):
            await Embedder(settings(openai_endpoint, llm_max_retries=0)).embed(texts)


@pytest.mark.parametrize("places", [[0, 1, 2], [2, 0, 1], [None, None, None], [0, 0, 0], ["0", "1", "2"], [1, 2, 3]])
async def test_vectors_are_told_apart_by_their_index_where_there_is_one(
    openai_endpoint: OpenAIEndpoint, places: list[Any]
) -> None:
    texts = ["tea", "cake", "milk"]
    ordered = texts if places == [None] * 3 or len({*places} & {0, 1, 2}) != 3 else [texts[at] for at in places]
    rows = [{"index": place, "embedding": row} for place, row in zip(places, bags_of_words(ordered, 64), strict=True)]
    openai_endpoint.send({"object": "list", "model": "m", "data": rows, "usage": None}, chat=False)
    vectors, _ = await Embedder(settings(openai_endpoint, embedding_model="hosted_vllm/m")).embed(texts)
    np.testing.assert_allclose(vectors, expected(texts, 64), atol=1e-6)


async def test_a_query_is_embedded_once(openai_endpoint: OpenAIEndpoint) -> None:
    one = Embedder(settings(openai_endpoint))
    first, _ = await one.embed(["where is tea?"])
    first[:] = 0  # what a caller does to its own copy
    again, usage = await one.embed(["where is tea?"])
    np.testing.assert_allclose(again, expected(["where is tea?"], 64), atol=1e-6)
    assert usage == Usage() and len(openai_endpoint.embeddings) == 1
    one.forget_answers()
    await one.embed(["where is tea?"])
    await Embedder(settings(openai_endpoint)).embed(["where is tea?"])
    assert len(openai_endpoint.embeddings) == 3


async def test_a_passing_fault_is_tried_again_and_a_lasting_one_named(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    openai_endpoint.fail(503, times=1)
    vectors, _ = await Embedder(settings(openai_endpoint)).embed(["tea", "cake"])
    assert len(vectors) == 2
    openai_endpoint.fail(401, when="poison")
    with pytest.raises(LLMFailedError, match="EMBEDDING_API_KEY") as failed:
        await Embedder(settings(openai_endpoint)).embed(["tea", "poison"])
    assert failed.value.fatal and failed.value.attempts == 1


async def test_calls_in_flight_are_bounded(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.latency = 0.02
    one = Embedder(settings(openai_endpoint, llm_max_concurrency=2))
    await asyncio.gather(*(one.embed([f"text {number}", "x"]) for number in range(8)))
    assert len(openai_endpoint.embeddings) == 8 and openai_endpoint.max_in_flight == 2


@pytest.mark.parametrize(
    ("model", "is_of_sentences"), [("local/wordllama", False), ("local/e5-small", True), ("openai/test", True)]
)
def test_the_vectors_of_the_default_alone_are_of_words(model: str, is_of_sentences: bool) -> None:
    """Words count in full beside them: rankings of homes that there are stay as they were."""
    given = Settings(_env_file=None, embedding_model=model)  # type: ignore[call-arg]
    assert Embedder(given).reads_sentences is is_of_sentences


def test_a_missing_key_is_named() -> None:
    given = Settings(_env_file=None, embedding_model="openai/text-embedding-3-small")  # type: ignore[call-arg]
    with pytest.raises(LLMNotConfiguredError, match="EMBEDDING_API_KEY"):
        Embedder(given).check()
    Embedder(given.model_copy(update={"llm_model": "openai/gpt-4o-mini", "llm_api_key": SecretStr("sk-one")})).check()


@pytest.mark.parametrize(
    ("llm_model", "llm_endpoint", "shown"),
    [
        ("openai/m", "http://127.0.0.1:1/v1", "Bearer sk-llm"),  # the same provider, at the same host
        ("openai/m", None, "Bearer none"),  # OpenAI's key is not for an endpoint elsewhere
        ("mistral/m", None, "Bearer none"),
    ],
)
async def test_a_key_goes_only_to_whom_it_was_given_for(
    openai_endpoint: OpenAIEndpoint,
    llm_model: str,
    llm_endpoint: str | None,
    shown: str,
) -> None:
    given = settings(openai_endpoint, llm_model=llm_model, llm_endpoint=llm_endpoint, llm_api_key="sk-llm")
    await Embedder(given).embed(["tea"])
    assert openai_endpoint.embeddings[0].headers["authorization"] == shown

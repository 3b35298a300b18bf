"""The embedder: texts in, vectors of one length out, in the order of the texts.

Calling a model belongs to `litellm_calls` and `local_calls`; keeping and comparing vectors, to stores and search.

Invariants: vectors are L2-normalised (one of zeros stays so), and all those of one `identity` are comparable.
"""

import asyncio
import base64
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from cachetools import LRUCache

from sessiongraph.errors import LLMFailedError
from sessiongraph.ids import content_id
from sessiongraph.llm import litellm_calls, litellm_runtime, local_calls
from sessiongraph.llm.endpoint import Endpoint
from sessiongraph.llm.event_loops import EventLoops
from sessiongraph.local_models import LocalModels
from sessiongraph.settings import Settings
from sessiongraph.types import Usage

BATCH_TEXTS = 512
BATCH_CHARS = 100_000
# How an endpoint says that a batch is too large for it: their limits differ (32, 96, 100, 2048 texts).
_TOO_LARGE = (400, 413, 422)

# Whose client takes 3 ms of the event loop to read a vector that is written as numbers, and none as base64.
_SLOW_READERS = ("openai", "azure")

_CACHED_QUERIES = 512


class Embedder:
    """The embedding model of `settings`. May be used from several threads, and from one event loop after another.

    The vectors of texts that were embedded alone, as queries are, are remembered in memory.
    """

    def __init__(self, settings: Settings, local_models: LocalModels | None = None) -> None:
        self._dimensions = settings.embedding_dimensions
        self.identity = settings.embedding_model + (f"@{self._dimensions}" if self._dimensions else "")
        self._endpoint = Endpoint(
            prefix="EMBEDDING",
            model=settings.embedding_model,
            api_key=_api_key(settings),
            url=settings.embedding_endpoint,
            timeout=settings.llm_timeout_seconds,
            retries=settings.llm_max_retries,
            concurrency=settings.llm_max_concurrency,
        )
        self._local_models = local_models or LocalModels()
        self._loops = EventLoops(
            self._endpoint.concurrency,
            None if self._endpoint.is_local else litellm_runtime.close_clients_at_shutdown,
        )
        self._checked = False
        self._refuses_base64 = False
        self._queries: LRUCache[str, np.ndarray] = LRUCache(_CACHED_QUERIES)
        self._queries_lock = threading.Lock()

    def check(self) -> None:
        """Raise LLMNotConfiguredError, naming the variable, where the model cannot be called. Blocks."""
        (local_calls if self._endpoint.is_local else litellm_calls).check(self._endpoint)
        self._checked = True

    def forget_answers(self) -> None:
        """Drop what was embedded."""
        with self._queries_lock:
            self._queries.clear()

    def close(self) -> None:
        """Drop what was embedded, and what is kept for event loops."""
        self.forget_answers()
        self._loops.close()

    async def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, Usage]:
        """The vectors of `texts`, as (n, d) float32; (0, 0) of none.

        Raises LLMNotConfiguredError, LLMFailedError.
        """
        if not texts:
            return np.zeros((0, 0), np.float32), Usage()
        key = content_id(texts[0]) if len(texts) == 1 else None
        if key and (cached := self._cached(key)) is not None:
            return cached.copy(), Usage()
        if not self._checked:
            await asyncio.to_thread(self.check)
        tasks = [asyncio.ensure_future(self._embed_batch(batch)) for batch in _batches(texts)]
        try:
            vectors, usage = self._joined(await asyncio.gather(*tasks))
        finally:
            for task in tasks:  # where one failed, the others' work is of no use
                task.cancel()
        if key:
            with self._queries_lock:
                self._queries[key] = vectors.copy()
        return vectors, usage

    def _cached(self, key: str) -> np.ndarray | None:
        with self._queries_lock:
            return self._queries.get(key)

    async def _embed_batch(self, texts: Sequence[str]) -> tuple[np.ndarray, Usage]:
        """One call; where the endpoint takes no batch of this size, its two halves."""
        if self._endpoint.is_local:
            return await self._call_locally(texts)
        encoding = self._encoding()
        try:
            return await self._call(texts, encoding)
        except LLMFailedError as error:
            if encoding == "base64" and error.status in (400, 422) and _is_about_encoding(error):
                self._refuses_base64 = True
                return await self._embed_batch(texts)
            if error.status not in _TOO_LARGE or len(texts) == 1:
                raise
        half = len(texts) // 2
        return self._joined([await self._embed_batch(part) for part in (texts[:half], texts[half:])])

    def _encoding(self) -> Literal["base64", "float"]:
        provider, slash, _ = self._endpoint.model.partition("/")
        slow = not slash or provider in _SLOW_READERS
        return "base64" if slow and not self._refuses_base64 else "float"

    async def _call(self, texts: Sequence[str], encoding: str) -> tuple[np.ndarray, Usage]:
        litellm = litellm_runtime.load()
        arguments = litellm_calls.arguments(self._endpoint)
        arguments |= {"input": [text if text.strip() else " " for text in texts], "encoding_format": encoding}
        if self._dimensions:
            # litellm knows of few models that they take it; one that does not is found out by its answer.
            arguments |= {"dimensions": self._dimensions, "allowed_openai_params": ["dimensions"]}
        if encoding == "base64":
            litellm_runtime.ignore_packed_vector_warning()
        response, seconds = await litellm_calls.call(
            self._endpoint, self._loops, lambda: litellm.aembedding(**arguments)
        )
        vectors = await asyncio.to_thread(self._read, response, len(texts))
        used = getattr(response, "usage", None)
        usage = Usage(
            embedding_calls=1,
            embedding_tokens=getattr(used, "prompt_tokens", 0) or 0,
            seconds=seconds,
            cost=litellm_calls.price(response),
        )
        return vectors, usage

    async def _call_locally(self, texts: Sequence[str]) -> tuple[np.ndarray, Usage]:
        vectors, seconds = await local_calls.call(
            self._endpoint, self._loops, lambda: self._local_models.embed(list(texts))
        )
        usage = Usage(embedding_calls=1, embedding_tokens=local_calls.estimated_tokens(texts), seconds=seconds)
        return self._normalised(vectors), usage

    def _read(self, response: Any, wanted: int) -> np.ndarray:
        """The vectors of `response`, in the order of its texts, normalised."""
        rows = [_numbers(item["embedding"]) for item in sorted(response.data, key=lambda item: item["index"])]
        if len(rows) != wanted:
            raise self._failure(f"gave {len(rows)} vectors for {wanted} texts")
        if len({len(row) for row in rows}) > 1:
            raise self._failure("gave vectors of several lengths")
        return self._normalised(np.stack(rows))

    def _normalised(self, vectors: np.ndarray) -> np.ndarray:
        """`vectors`, which are changed. Raises LLMFailedError where they have another length than is asked for."""
        if self._dimensions and vectors.shape[1] != self._dimensions:
            raise self._failure(
                f"gave vectors of {vectors.shape[1]} numbers where EMBEDDING_DIMENSIONS={self._dimensions}"
            )
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(norms > 0, norms, 1)
        return vectors

    def _joined(self, parts: Sequence[tuple[np.ndarray, Usage]]) -> tuple[np.ndarray, Usage]:
        if len({vectors.shape[1] for vectors, _ in parts}) > 1:
            raise self._failure("gave vectors of several lengths")
        return np.concatenate([vectors for vectors, _ in parts]), sum((used for _, used in parts), Usage())

    def _failure(self, what: str) -> LLMFailedError:
        model = self._endpoint.model
        return LLMFailedError(
            f"{model} {what}. Correct EMBEDDING_DIMENSIONS, or set another EMBEDDING_MODEL.", model=model
        )


def _numbers(embedding: str | list[float]) -> np.ndarray:
    """A vector, however the endpoint chose to write it: as numbers, or as their bytes in base64."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4")
    return np.asarray(embedding, np.float32)


def _is_about_encoding(error: LLMFailedError) -> bool:
    return any(word in str(error).lower() for word in ("encoding_format", "base64"))


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """`texts` in order, in batches of at most BATCH_TEXTS and, but for a single longer text, BATCH_CHARS."""
    batch: list[str] = []
    chars = 0
    for text in texts:
        if batch and (len(batch) == BATCH_TEXTS or chars + len(text) > BATCH_CHARS):
            yield batch
            batch, chars = [], 0
        batch.append(text)
        chars += len(text)
    yield batch


def _api_key(settings: Settings) -> str | None:
    """EMBEDDING_API_KEY, or LLM_API_KEY where provider and host are the same: nobody else sees a key."""
    if settings.embedding_api_key:
        return settings.embedding_api_key.get_secret_value()
    same_provider = settings.embedding_model.partition("/")[0] == settings.llm_model.partition("/")[0]
    same_host = _host(settings.embedding_endpoint) == _host(settings.llm_endpoint)
    return settings.llm_api_key.get_secret_value() if settings.llm_api_key and same_provider and same_host else None


def _host(url: str | None) -> str | None:
    return urlsplit(url).hostname if url else None

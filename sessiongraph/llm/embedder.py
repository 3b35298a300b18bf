"""The embedder: texts in, vectors of one length out, in the order of the texts.

Calling a model belongs to `litellm_calls` and `local_calls`; keeping and comparing vectors, to stores and search.

Invariants: vectors are L2-normalised (one of zeros stays so), finite, and all those of one `identity` are comparable.
"""

import asyncio
import base64
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
from cachetools import LRUCache

from sessiongraph.errors import LLMFailedError
from sessiongraph.ids import content_id
from sessiongraph.llm import litellm_calls, litellm_runtime, local_calls
from sessiongraph.llm.call_spans import CallSpan
from sessiongraph.llm.endpoint import Endpoint
from sessiongraph.llm.event_loops import EventLoops
from sessiongraph.llm.long_texts import halves, is_about_length, mean
from sessiongraph.local_models import LocalModels
from sessiongraph.settings import LOCAL_EMBEDDER, LOCAL_SENTENCE_EMBEDDER, Settings
from sessiongraph.types import Usage

BATCH_TEXTS = 512
BATCH_CHARS = 100_000
# Of a sentence encoder on a CPU, that costs seconds: a call ends well within its timeout, and needs 100 MB at the most.
_SLOW_BATCH_TEXTS, _SLOW_BATCH_CHARS = 64, 12_500
# How an endpoint says that a batch is too large for it: their limits differ (32, 96, 100, 2048 texts).
_TOO_LARGE = (400, 413, 422)

# Whose client takes 3 ms of the event loop to read a vector that is written as numbers, and none as base64.
_SLOW_READERS = ("openai", "azure")

_CACHED_QUERIES = 512
_HARMLESS = "yes"

# The vector of a text, or why it has none.
Row = np.ndarray | LLMFailedError


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
        # The default's vector of a text is the mean of its words'.
        self.reads_sentences = settings.embedding_model != LOCAL_EMBEDDER
        self._is_slow = settings.embedding_model == LOCAL_SENTENCE_EMBEDDER
        self._local_models = local_models or LocalModels()
        self._loops = EventLoops(
            # Each call of the slow one has a core of its own.
            min(self._endpoint.concurrency, os.cpu_count() or 1) if self._is_slow else self._endpoint.concurrency,
            None if self._endpoint.is_local else litellm_runtime.close_clients_at_shutdown,
        )
        # Nobody's question waits for the passages of thousands.
        self._local_queries = EventLoops(self._endpoint.concurrency)
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
        self._local_queries.close()

    async def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, Usage]:
        """The vectors of `texts`, which are questions, as (n, d) float32; (0, 0) of none.

        Raises LLMNotConfiguredError, LLMFailedError where any of them cannot be embedded.
        """
        if not texts:
            return np.zeros((0, 0), np.float32), Usage()
        key = content_id(texts[0]) if len(texts) == 1 else None
        if key and (cached := self._cached(key)) is not None:
            return cached.copy(), Usage()
        rows, usage = await self._embed_each(texts, _Run(isolates=len(texts) > 1, as_queries=True))
        for row in rows:
            if isinstance(row, LLMFailedError):
                row.usage = usage
                raise row
        vectors = np.stack([row for row in rows if isinstance(row, np.ndarray)])
        if key:
            with self._queries_lock:
                self._queries[key] = vectors.copy()
        return vectors, usage

    async def embed_each(self, texts: Sequence[str]) -> tuple[list[Row], Usage]:
        """For each of `texts`, which are passages, its vector, or why it has none: what is one text's fault costs no
        other its own.

        Raises LLMNotConfiguredError, and LLMFailedError where the fault is the endpoint's, the key's or the model's.
        """
        return await self._embed_each(texts, _Run(isolates=True)) if texts else ([], Usage())

    async def _embed_each(self, texts: Sequence[str], run: "_Run") -> tuple[list[Row], Usage]:
        if not self._checked:
            await asyncio.to_thread(self.check)
        limits = (_SLOW_BATCH_TEXTS, _SLOW_BATCH_CHARS) if self._is_slow else (BATCH_TEXTS, BATCH_CHARS)
        tasks = [asyncio.ensure_future(self._embed_batch(run, batch)) for batch in _batches(texts, *limits)]
        try:
            parts = await asyncio.gather(*tasks)
        finally:
            for task in tasks:  # where one failed, the others' work is of no use
                task.cancel()
        rows = [row for of_batch, _ in parts for row in of_batch]
        return await asyncio.to_thread(self._normalised, rows), sum((used for _, used in parts), Usage())

    def _cached(self, key: str) -> np.ndarray | None:
        with self._queries_lock:
            return self._queries.get(key)

    async def _embed_batch(
        self, run: "_Run", texts: Sequence[str], retries: int | None = None
    ) -> tuple[list[Row], Usage]:
        """One call; where that fails and any text may be at fault, or there are too many of them, its two halves."""
        if self._endpoint.is_local:
            return await self._call_locally(texts, run.as_queries)
        encoding = self._encoding()
        try:
            answer = await self._call(texts, encoding, retries)
        except LLMFailedError as error:
            if encoding == "base64" and error.status in (400, 422) and _is_about_encoding(error):
                self._refuses_base64 = True
                return await self._embed_batch(run, texts, retries)
            if len(texts) == 1 and is_about_length(error) and (parts := halves(texts[0])):
                return await self._embed_in_parts(run, parts)
            too_large = error.status in _TOO_LARGE and len(texts) > 1
            at_fault = run.isolates and error.as_text_fault is not None
            if not at_fault or not (too_large or await self._answers_others(run)):
                raise
            if len(texts) == 1:
                return [error.as_text_fault or error], error.usage or Usage()
        else:
            run.answered = True
            return answer
        half = len(texts) // 2
        first, used = await self._embed_batch(run, texts[:half], retries=0)
        second, also = await self._embed_batch(run, texts[half:], retries=0)
        return first + second, used + also

    async def _embed_in_parts(self, run: "_Run", parts: tuple[str, str]) -> tuple[list[Row], Usage]:
        """The vector of a text that is too long for the model, or why one of its `parts` has none."""
        (rows, used), (others, also) = [await self._embed_batch(run, [part], retries=0) for part in parts]
        first, second = rows[0], others[0]
        if isinstance(first, LLMFailedError) or isinstance(second, LLMFailedError):
            return [first if isinstance(first, LLMFailedError) else second], used + also
        if first.size != second.size:
            return [self._failure("gave vectors of several lengths")], used + also
        return [mean((first, second), (len(parts[0]), len(parts[1])))], used + also

    async def _answers_others(self, run: "_Run") -> bool:
        """Whether the endpoint gives a vector to any text: else no text is at fault. Asked once a run."""
        if not run.answered and run.probe is None:
            run.probe = asyncio.ensure_future(self._call([_HARMLESS], self._encoding(), retries=0))
        if run.probe is not None and not run.answered:
            try:
                rows, _ = await asyncio.shield(run.probe)
                run.answered = isinstance(rows[0], np.ndarray)
            except LLMFailedError:
                return False
        return run.answered

    def _encoding(self) -> Literal["base64", "float"]:
        provider, slash, _ = self._endpoint.model.partition("/")
        slow = not slash or provider in _SLOW_READERS
        return "base64" if slow and not self._refuses_base64 else "float"

    async def _call(self, texts: Sequence[str], encoding: str, retries: int | None) -> tuple[list[Row], Usage]:
        litellm = litellm_runtime.load()
        litellm_runtime.ignore_odd_answer_warnings()
        arguments = litellm_calls.arguments(self._endpoint)
        arguments |= {"input": [text if text.strip() else " " for text in texts], "encoding_format": encoding}
        if self._dimensions:
            # litellm knows of few models that they take it; one that does not is found out by its answer.
            arguments |= {"dimensions": self._dimensions, "allowed_openai_params": ["dimensions"]}
        if encoding == "base64":
            litellm_runtime.ignore_packed_vector_warning()

        async def send(span: CallSpan) -> Any:
            response = await litellm.aembedding(**arguments)
            span.answered(model=getattr(response, "model", None), input_tokens=_tokens(response))
            return response

        response, seconds = await litellm_calls.call(self._endpoint, self._loops, send, retries)
        rows = await asyncio.to_thread(self._read, response, len(texts))
        usage = Usage(
            embedding_calls=1,
            embedding_tokens=_tokens(response),
            seconds=seconds,
            cost=litellm_calls.price(response),
        )
        return rows, usage

    async def _call_locally(self, texts: Sequence[str], as_queries: bool) -> tuple[list[Row], Usage]:
        vectors, seconds = await local_calls.call(
            self._endpoint,
            self._local_queries if as_queries else self._loops,
            lambda: self._local_models.embed(self._endpoint.model, list(texts), as_queries=as_queries),
        )
        usage = Usage(embedding_calls=1, embedding_tokens=local_calls.estimated_tokens(texts), seconds=seconds)
        return list(vectors), usage

    def _read(self, response: Any, wanted: int) -> list[Row]:
        """The vectors of `response`, in the order of its texts. Raises LLMFailedError where they are not as many."""
        items = getattr(response, "data", None)
        if not isinstance(items, list) or len(items) != wanted:
            # Some servers leave out the text that they cannot embed.
            raise self._of_text(f"gave {len(items) if isinstance(items, list) else 'no'} vectors for {wanted} texts")
        places = [_field(item, "index") for item in items]
        if len({place for place in places if isinstance(place, int)}) == wanted:
            items = [item for _, item in sorted(zip(places, items, strict=True), key=lambda pair: pair[0])]
        return [self._row(_field(item, "embedding")) for item in items]

    def _row(self, embedding: Any) -> Row:
        try:
            row = _numbers(embedding)
        except (TypeError, ValueError):
            return self._of_text("gave something else than numbers")
        return row if row.ndim == 1 and row.size else self._of_text("gave no vector")

    def _normalised(self, rows: list[Row]) -> list[Row]:
        """`rows` of one length and of length 1; those that nothing can be compared with are failures instead."""
        sizes = Counter(row.size for row in rows if isinstance(row, np.ndarray))
        if not sizes:
            return rows
        size = self._dimensions or sizes.most_common(1)[0][0]
        others = "gave vectors of several lengths"
        if self._dimensions and len(sizes) == 1:
            others = f"gave vectors of {next(iter(sizes))} numbers where EMBEDDING_DIMENSIONS={self._dimensions}"
        fitting = [at for at, row in enumerate(rows) if isinstance(row, np.ndarray) and row.size == size]
        fixed: list[Row] = [row if isinstance(row, LLMFailedError) else self._failure(others) for row in rows]
        if fitting:
            vectors = np.stack([rows[at] for at in fitting])  # type: ignore[misc]
            with np.errstate(over="ignore", invalid="ignore"):
                norms = np.linalg.norm(vectors, axis=1, keepdims=True)
                vectors /= np.where(norms > 0, norms, 1)
            for at, row, norm in zip(fitting, vectors, norms[:, 0], strict=True):
                fixed[at] = row if np.isfinite(norm) else self._of_text("gave a vector that is not finite")
        return fixed

    def _of_text(self, what: str) -> LLMFailedError:
        """What to raise where one text may be at fault."""
        error = self._failure(what)
        error.as_text_fault = self._failure(what)
        return error

    def _failure(self, what: str) -> LLMFailedError:
        model = self._endpoint.model
        return LLMFailedError(
            f"{model} {what}. Correct EMBEDDING_DIMENSIONS, or set another EMBEDDING_MODEL.", model=model
        )


@dataclass
class _Run:
    """What the calls for some texts tell of each other; `isolates` says to find out which text is at fault,
    `as_queries` that they are questions."""

    isolates: bool
    as_queries: bool = False
    answered: bool = False
    probe: asyncio.Future[tuple[list[Row], Usage]] | None = None


def _tokens(response: Any) -> int:
    used = getattr(getattr(response, "usage", None), "prompt_tokens", 0)
    return used if isinstance(used, int) else 0


def _field(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


def _numbers(embedding: Any) -> np.ndarray:
    """A vector, however the endpoint chose to write it: as numbers, or as their bytes in base64."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4")
    with np.errstate(over="ignore"):
        row = np.asarray(embedding, np.float32)
    return row[0] if row.ndim == 2 and len(row) == 1 else row


def _is_about_encoding(error: LLMFailedError) -> bool:
    return any(word in str(error).lower() for word in ("encoding_format", "base64"))


def _batches(texts: Sequence[str], most_texts: int, most_chars: int) -> Iterator[list[str]]:
    """`texts` in order, in batches of at most so many and, but for a single longer text, of so many characters."""
    batch: list[str] = []
    chars = 0
    for text in texts:
        if batch and (len(batch) == most_texts or chars + len(text) > most_chars):
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

"""The chat client: every question to a language model, and every structured extraction, goes through it.

Calling a model belongs to `completions`, how an answer is read to `envelope` and `response_parsing`, prompts to whoever
asks.

Invariants: temperature is 0, but where the model takes no other than its own; user messages are sent as they were
given, so that a model that reads the notation finds it in the first one; only answers that validate are returned or
cached, and never what a model thought.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, TypeVar

from cachetools import LRUCache
from pydantic import BaseModel

from sessiongraph.errors import LLMFailedError
from sessiongraph.ids import content_id
from sessiongraph.llm import litellm_runtime, response_parsing
from sessiongraph.llm.completions import REFUSED, Completions, Message
from sessiongraph.llm.drafts import OnDraft
from sessiongraph.llm.endpoint import Endpoint
from sessiongraph.llm.envelope import Envelope
from sessiongraph.llm.thinking import without_thinking
from sessiongraph.local_models import LocalModels
from sessiongraph.settings import Settings
from sessiongraph.types import Usage

T = TypeVar("T", bound=BaseModel)
# How a JSON answer is asked for: by schema; as JSON, with the schema in the prompt; by the prompt alone.
Format = Literal["json_schema", "json_object", "prompt"]

MAX_REASKS = 2
_CACHED_ANSWERS = 512
_ABOUT_FORMAT = ("response_format", "response format", "schema", "json_object", "structured output", "requested param")
_HARMLESS: list[Message] = [{"role": "user", "content": "Say: yes"}]


class LLM:
    """The chat model of `settings`. May be used from several threads, and from one event loop after another.

    What it answered is remembered in memory only, so that nothing that `forget` must erase outlives the process;
    extractions that are worth keeping are cached in the dataset's own store.
    """

    def __init__(self, settings: Settings, local_models: LocalModels | None = None) -> None:
        self.model = settings.llm_model
        self._endpoint = Endpoint(
            prefix="LLM",
            model=settings.llm_model,
            api_key=settings.llm_api_key.get_secret_value() if settings.llm_api_key else None,
            url=settings.llm_endpoint,
            timeout=settings.llm_timeout_seconds,
            retries=settings.llm_max_retries,
            concurrency=settings.llm_max_concurrency,
        )
        self._local_models = local_models or LocalModels()
        self._completions = Completions(self._endpoint, self._local_models)
        # The format that the endpoint was found to take.
        self._format: Format | None = None
        self._schemas: dict[type[BaseModel], str] = {}
        self._answers: LRUCache[str, str] = LRUCache(_CACHED_ANSWERS)
        self._answers_lock = threading.Lock()

    @property
    def concurrency(self) -> int:
        """How many calls are in flight at once, at the most."""
        return self._endpoint.concurrency

    @cached_property
    def identity(self) -> str:
        """What answers depend on besides the prompt: the model and, for the embedded one, its version."""
        if not self._endpoint.is_local:
            return self.model
        from sessiongraph.local_models.extractive.spacy_pipeline import VERSION

        return f"{self.model}@{VERSION}"

    def check(self) -> None:
        """Raise LLMNotConfiguredError, naming the variable, where the model cannot be called. Blocks."""
        self._completions.check()

    def forget_answers(self) -> None:
        """Drop what was answered, and what the embedded models remember of texts."""
        with self._answers_lock:
            self._answers.clear()
        self._local_models.forget_texts()

    def close(self) -> None:
        """Drop what was answered, and what is kept for event loops."""
        self.forget_answers()
        self._completions.close()

    async def text(self, messages: Sequence[Message], on_draft: OnDraft | None = None) -> tuple[str, Usage]:
        """The answer to `messages`, never empty. Raises LLMNotConfiguredError, LLMFailedError.

        `on_draft` is told of what is written as it comes, where the model's endpoint says it in pieces; where a call is
        tried again, drafts begin anew.
        """
        key = self._cache_key(messages, "")
        if (cached := self._cached(key)) is not None:
            return cached, Usage()
        said, usage = await self._completions.complete(messages, on_draft=on_draft)
        answer = said.text if self._endpoint.is_local else without_thinking(said.text)
        if not answer:
            raise LLMFailedError(
                f"{self.model} gave an empty answer. Try again, or set another LLM_MODEL.",
                model=self.model,
                usage=usage,
            )
        self._cache(key, answer)
        return answer, usage

    async def structured(
        self,
        messages: Sequence[Message],
        schema: type[T],
        check: Callable[[T], T] | None = None,
        retries: int | None = None,
    ) -> tuple[T, Usage]:
        """The answer to `messages` as a `schema`, as `check` leaves it, which raises ValueError where that is nothing.

        An answer of which nothing can be used is asked for again with the error, MAX_REASKS times. `retries` stands
        in for LLM_MAX_RETRIES. Raises LLMNotConfiguredError, LLMFailedError.
        """
        key = self._cache_key(messages, self.schema_text(schema))
        if (cached := self._cached(key)) is not None:
            try:
                return response_parsing.read_object([cached], schema, check), Usage()
            except ValueError:
                pass  # it was cached under another check
        asked, usage, fault = list(messages), Usage(), ""
        for _ in range(1 + MAX_REASKS):
            said, used = await self._ask_for_json(asked, schema, retries, usage)
            usage += used
            try:
                value = response_parsing.read_object(said.parts, schema, check)
            except ValueError as error:
                fault = str(error)
                asked += _reask(without_thinking(said.text), fault)
            else:
                # What was read, not what was said: a model may have thought before it.
                self._cache(key, value.model_dump_json())
                return value, usage
        raise LLMFailedError(
            f"{self.model} gave no valid {schema.__name__} in {1 + MAX_REASKS} answers: {fault} "
            "Give it less text at once, or set another LLM_MODEL.",
            model=self.model,
            attempts=1 + MAX_REASKS,
            usage=usage,
        )

    async def probe(self) -> tuple[LLMFailedError | None, Usage]:
        """What a call fails with that no text can be the fault of, and what it used; None where it is answered."""
        try:
            _, usage = await self._completions.complete(_HARMLESS, retries=0)
        except LLMFailedError as error:
            return error, error.usage or Usage()
        return None, usage

    def _cache_key(self, messages: Sequence[Message], schema: str) -> str:
        return content_id(self.model, self._endpoint.url or "", json.dumps(list(messages), sort_keys=True), schema)

    def _cached(self, key: str) -> str | None:
        with self._answers_lock:
            return self._answers.get(key)

    def _cache(self, key: str, answer: str) -> None:
        with self._answers_lock:
            self._answers[key] = answer

    def schema_text(self, schema: type[BaseModel]) -> str:
        """The JSON schema of `schema`, made once: it goes along with each call."""
        if schema not in self._schemas:
            self._schemas[schema] = response_parsing.schema_text(schema)
        return self._schemas[schema]

    async def _ask_for_json(
        self, messages: Sequence[Message], schema: type[BaseModel], retries: int | None, before: Usage
    ) -> tuple[Envelope, Usage]:
        """The answer, in the best format that the endpoint takes; which one that is, is remembered.

        `before` is what earlier answers used; an error says it too.
        """
        likely: Callable[[], Format] = self._likely_format
        form = self._format if self._format is not None else await asyncio.to_thread(likely)
        while True:
            prompt = messages if form == "json_schema" else _with_schema(messages, self.schema_text(schema))
            try:
                answer = await self._completions.complete(prompt, _response_format(form, schema), retries)
            except LLMFailedError as error:
                error.usage = before + (error.usage or Usage())
                if form == "prompt" or not _is_about_format(error):
                    raise
                form = "json_object" if form == "json_schema" and self._takes_response_format() else "prompt"
            else:
                self._format = form
                return answer

    def _likely_format(self) -> Format:
        """By litellm's map of models; one that it does not list is given the benefit of the doubt. Blocks."""
        self.check()
        if self._endpoint.is_local:
            return "json_schema"
        litellm = litellm_runtime.load()
        name, provider, _, _ = litellm.get_llm_provider(self.model, api_base=self._endpoint.url)
        listed = self.model in litellm.model_cost or name in litellm.model_cost
        if not listed or litellm.supports_response_schema(name, provider):
            return "json_schema"
        return "json_object" if self._takes_response_format() else "prompt"

    def _takes_response_format(self) -> bool:
        litellm = litellm_runtime.load()
        name, provider, _, _ = litellm.get_llm_provider(self.model, api_base=self._endpoint.url)
        return "response_format" in (litellm.get_supported_openai_params(name, provider) or [])


def _response_format(form: Format, schema: type[BaseModel]) -> Any:
    """litellm turns a pydantic class into the strict schema, or the tool, that the provider wants."""
    return {"json_schema": schema, "json_object": {"type": "json_object"}, "prompt": None}[form]


def _with_schema(messages: Sequence[Message], schema: str) -> list[Message]:
    """`messages` with the JSON schema in the system message."""
    wanted = f"Answer with one JSON object of the following JSON schema, and nothing else.\n{schema}"
    if messages and messages[0]["role"] == "system":
        return [{"role": "system", "content": f"{messages[0]['content']}\n\n{wanted}"}, *messages[1:]]
    return [{"role": "system", "content": wanted}, *messages]


def _reask(answer: str, fault: str) -> list[Message]:
    return [
        {"role": "assistant", "content": answer or "(empty)"},
        {
            "role": "user",
            "content": f"That cannot be used. {fault} Answer again, with one whole JSON object.",
        },
    ]


def _is_about_format(error: LLMFailedError) -> bool:
    return error.status in REFUSED and any(word in str(error).lower() for word in _ABOUT_FORMAT)

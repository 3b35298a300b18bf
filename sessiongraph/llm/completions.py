"""One completion of a chat model: which parameters its endpoint takes, whether in pieces, how much it can read.

Calling litellm belongs to `litellm_calls`, the embedded model to `local_calls`, reading what was said to `envelope`.

Invariant: what an endpoint refuses, it is asked for once; whatever was not read to its end is an error.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from types import ModuleType
from typing import Any

from sessiongraph.errors import LLMFailedError
from sessiongraph.llm import context_window, litellm_calls, litellm_runtime, local_calls, response_parsing
from sessiongraph.llm.call_spans import CallSpan
from sessiongraph.llm.drafts import Drafts, OnDraft
from sessiongraph.llm.endpoint import Endpoint
from sessiongraph.llm.envelope import Envelope, read_envelope
from sessiongraph.llm.error_mapping import is_unreadable, may_pass
from sessiongraph.llm.event_loops import EventLoops
from sessiongraph.local_models import LocalModels
from sessiongraph.storable_text import storable
from sessiongraph.types import Usage

Message = dict[str, str]

# Statuses with which parameters are refused.
REFUSED = (400, 404, 422, 500, 501)
# What may be left out where a model does not take it.
_OPTIONAL = {"temperature": 0}
_WITH_USAGE = {"stream_options": {"include_usage": True}}


class Completions:
    """What the model at `endpoint` says to messages. For any thread, and one event loop after another."""

    def __init__(self, endpoint: Endpoint, local_models: LocalModels) -> None:
        self.model = endpoint.model
        self._drafts = Drafts()
        self._endpoint = endpoint
        self._local_models = local_models
        self._loops = EventLoops(
            endpoint.concurrency, None if endpoint.is_local else litellm_runtime.close_clients_at_shutdown
        )
        self._checked = False
        # What the endpoint was found to do: the parameters that it does not take; whether it answers in streams.
        self._left_out: set[str] = set()
        self._streams: bool | None = None
        # The longest window of an Ollama model, once it was asked for.
        self._longest_window: int | None = None
        self._window_asked = False

    def check(self) -> None:
        """Raise LLMNotConfiguredError, naming the variable, where the model cannot be called. Blocks."""
        (local_calls if self._endpoint.is_local else litellm_calls).check(self._endpoint)
        self._checked = True

    def close(self) -> None:
        """Drop what is kept for event loops."""
        self._loops.close()

    async def complete(
        self,
        messages: Sequence[Message],
        response_format: Any = None,
        retries: int | None = None,
        on_draft: OnDraft | None = None,
    ) -> tuple[Envelope, Usage]:
        """What is said to `messages`. Raises LLMFailedError, also where they were not read to their end."""
        if not self._checked:
            await asyncio.to_thread(self.check)
        if self._endpoint.is_local:
            return await self._complete_locally(messages)
        window = await self._window(messages)
        while True:
            arguments = litellm_calls.arguments(self._endpoint) | {"messages": list(messages)}
            arguments |= {name: value for name, value in _OPTIONAL.items() if name not in self._left_out}
            if response_format is not None:
                arguments["response_format"] = response_format
            if window is not None:
                arguments["num_ctx"] = window
            try:
                (said, cost), seconds = await litellm_calls.call(
                    self._endpoint, self._loops, partial(self._send, arguments, on_draft), retries
                )
            except LLMFailedError as error:
                # Compared with what this call sent: another may have left it out meanwhile.
                if not (refused := _refused_parameters(error) & arguments.keys()):
                    raise
                self._left_out |= refused
            else:
                break
        usage = Usage(
            calls=1,
            prompt_tokens=said.prompt_tokens,
            completion_tokens=said.completion_tokens,
            seconds=seconds,
            cost=cost,
        )
        self._drafts.learn(said.text)
        response_parsing.check_said(said, self.model, usage)
        if context_window.was_cut_off(messages, said.prompt_tokens, window):
            raise self._not_read(f"has read {said.prompt_tokens}", messages, usage)
        return said, usage

    async def _send(
        self, arguments: dict[str, Any], on_draft: OnDraft | None, span: CallSpan
    ) -> tuple[Envelope, float | None]:
        """One call of litellm: what was said, and the price. Raises whatever litellm does, and ErrorInAnswer."""
        said, cost = await self._answer(arguments, on_draft)
        span.answered(model=said.model, input_tokens=said.prompt_tokens, output_tokens=said.completion_tokens)
        return said, cost

    async def _answer(self, arguments: dict[str, Any], on_draft: OnDraft | None) -> tuple[Envelope, float | None]:
        litellm = litellm_runtime.load()
        litellm_runtime.ignore_odd_answer_warnings()
        if self._streams:
            return await self._send_for_stream(litellm, arguments, on_draft)
        if on_draft is not None and (drafted := await self._send_for_drafts(litellm, arguments, on_draft)):
            return drafted
        told: list[dict[str, Any]] = []
        try:
            response = await litellm.acompletion(**arguments, logger_fn=told.append)
            return read_envelope(response.model_dump(warnings=False)), litellm_calls.price(response)
        except Exception as error:
            # Where litellm cannot read an answer that came, it has told it to its `logger_fn` before.
            if (body := litellm_calls.body_of(told)) is not None:
                return read_envelope(body), None
            if self._streams is False or not is_unreadable(error):
                raise
            try:
                answer = await self._send_for_stream(litellm, arguments)
            except Exception:
                answer = Envelope(), None
            self._streams = bool(answer[0].text)
            if not self._streams:
                raise
            return answer

    async def _send_for_drafts(
        self, litellm: ModuleType, arguments: dict[str, Any], on_draft: OnDraft
    ) -> tuple[Envelope, float | None] | None:
        """One call for an answer that is shown as it comes; None where the endpoint gives none in this way."""
        if self._drafts.are_refused:
            return None
        try:
            answer = await self._send_for_stream(litellm, arguments | _WITH_USAGE, on_draft)
        except Exception as error:
            if may_pass(error) and not is_unreadable(error):
                raise
            answer = Envelope(), None
        # Also after an error that the usual call gets, too: whoever needs a key is not asked twice as often for it.
        self._drafts.are_refused = not answer[0].text
        return None if self._drafts.are_refused else answer

    async def _send_for_stream(
        self, litellm: ModuleType, arguments: dict[str, Any], on_draft: OnDraft | None = None
    ) -> tuple[Envelope, float | None]:
        """One call for an answer in pieces: some servers send no other."""
        stream = await litellm.acompletion(**arguments, stream=True)
        pieces = await self._drafts.collect(stream, on_draft or (lambda draft: None))
        response = litellm.stream_chunk_builder(pieces, messages=arguments["messages"])
        return read_envelope(response.model_dump(warnings=False) if response else None), litellm_calls.price(response)

    async def _window(self, messages: Sequence[Message]) -> int | None:
        """The window to ask for; None where that cannot be asked for. Raises LLMFailedError where none is enough."""
        if not context_window.is_ollama(self._endpoint):
            return None
        if not self._window_asked:
            self._longest_window = await context_window.longest_window(self._endpoint)
            self._window_asked = True
        window = context_window.window_for(messages, self._longest_window)
        if context_window.estimated_tokens(messages) > window:
            raise self._not_read(f"can read {window}", messages, Usage())
        return window

    def _not_read(self, what: str, messages: Sequence[Message], usage: Usage) -> LLMFailedError:
        return LLMFailedError(
            f"{self.model} {what} tokens of a prompt of some {context_window.estimated_tokens(messages)}: its window "
            "cuts off the rest. Give it less text at once, serve it with a larger window, or set another LLM_MODEL.",
            model=self.model,
            usage=usage,
        )

    async def _complete_locally(self, messages: Sequence[Message]) -> tuple[Envelope, Usage]:
        """What the embedded model makes of the first user message; it reads no other."""
        message = next((message["content"] for message in messages if message["role"] == "user"), "")
        answer, seconds = await local_calls.call(
            self._endpoint, self._loops, lambda: self._local_models.complete(message)
        )
        if answer is None:
            raise local_calls.nothing_asked(self._endpoint)
        usage = Usage(
            calls=1,
            prompt_tokens=local_calls.estimated_tokens([message]),
            completion_tokens=local_calls.estimated_tokens([answer]),
            seconds=seconds,
        )
        return Envelope(storable(answer).strip()), usage


def _refused_parameters(error: LLMFailedError) -> set[str]:
    """The optional parameters that `error` is about."""
    return {name for name in _OPTIONAL if error.status in REFUSED and name in str(error).lower()}

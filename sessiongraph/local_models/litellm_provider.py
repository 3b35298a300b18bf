"""The local models as a litellm provider: `local/extractive` completes, `local/wordllama` embeds.

A completion reads its first user message alone: windows in `notation` are extracted from, a question in `questions`
is answered. `response_format` reaches a CustomLLM but need not be looked at: the message says which of the two it
is. Token counts are estimates, 1.3 a word. What does not belong here: how either model works.
"""

import asyncio
import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # litellm fetches its price list at import otherwise

if TYPE_CHECKING:
    from litellm.types.utils import EmbeddingResponse, ModelResponse

PROVIDER = "local"
EXTRACTIVE = "extractive"
WORDLLAMA = "wordllama"

_TOKENS_PER_WORD = 1.3


def register() -> None:
    """Makes `local/…` known to litellm. Calling it again changes nothing."""
    import litellm

    if not any(entry["provider"] == PROVIDER for entry in litellm.custom_provider_map):
        litellm.custom_provider_map.append({"provider": PROVIDER, "custom_handler": _handler()})
    litellm.utils.custom_llm_setup()


@cache
def _handler() -> Any:
    from litellm.llms.custom_llm import CustomLLM, CustomLLMError
    from litellm.types.utils import Usage

    class LocalModels(CustomLLM):
        """The local models. Unknown names are a 404, messages that hold nothing to do a 400."""

        def completion(  # type: ignore[override]
            self, model: str, messages: list, model_response: "ModelResponse", **_: Any
        ) -> "ModelResponse":
            self._check(model, EXTRACTIVE)
            asked = _first_user_message(messages)
            reply = complete(asked)
            if reply is None:
                raise CustomLLMError(
                    400,
                    f"{PROVIDER}/{EXTRACTIVE} finds neither passages nor a question in the first user message. "
                    "Render it with sessiongraph.prompts, or set LLM_MODEL to an LLM.",
                )
            model_response.model = f"{PROVIDER}/{model}"
            model_response.choices[0].message.content = reply
            model_response.choices[0].finish_reason = "stop"
            used, made = _tokens([asked]), _tokens([reply])
            usage = Usage(prompt_tokens=used, completion_tokens=made, total_tokens=used + made)
            model_response.usage = usage  # type: ignore[attr-defined]
            return model_response

        async def acompletion(self, *args: Any, **given: Any) -> "ModelResponse":
            return await asyncio.to_thread(self.completion, *args, **given)

        def embedding(  # type: ignore[override]
            self, model: str, input: list, model_response: "EmbeddingResponse", **_: Any
        ) -> "EmbeddingResponse":
            from sessiongraph.local_models.wordllama import embed

            self._check(model, WORDLLAMA)
            texts = [input] if isinstance(input, str) else input
            model_response.model = f"{PROVIDER}/{model}"
            model_response.data = [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in enumerate(embed(texts).tolist())
            ]
            used = _tokens(texts)
            model_response.usage = Usage(prompt_tokens=used, completion_tokens=0, total_tokens=used)
            return model_response

        async def aembedding(self, *args: Any, **given: Any) -> "EmbeddingResponse":
            return await asyncio.to_thread(self.embedding, *args, **given)

        def _check(self, model: str, wanted: str) -> None:
            if model != wanted:
                raise CustomLLMError(404, f"No local model {model!r} for this call: it takes {PROVIDER}/{wanted}.")

    return LocalModels()


def complete(message: str) -> str | None:
    """The reply of `local/extractive`: an answer, an Extraction as JSON, or None where `message` asks for neither."""
    from sessiongraph.local_models.extractive.answer import answer
    from sessiongraph.local_models.extractive.extract import extract
    from sessiongraph.prompts.prompt_format import parse
    from sessiongraph.prompts.question_prompt import parse_question

    if (question := parse_question(message)) is not None:
        return answer(question)
    windows = parse(message)
    return extract(windows).model_dump_json() if windows else None


def _first_user_message(messages: Sequence[dict[str, Any]]) -> str:
    content = next((message["content"] for message in messages if message["role"] == "user"), "")
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())


def _tokens(texts: Sequence[str]) -> int:
    return round(sum(len(text.split()) for text in texts) * _TOKENS_PER_WORD)

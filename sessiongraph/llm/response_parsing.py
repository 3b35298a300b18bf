"""Reading of a chat answer: its text, why there is none, and the JSON object in it.

What is asked, and what is done about an answer that does not validate, belongs to `client`.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sessiongraph.errors import LLMFailedError
from sessiongraph.types import Usage

T = TypeVar("T", bound=BaseModel)

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_MOST_FAULTS = 5


def schema_text(schema: type[BaseModel]) -> str:
    """The JSON schema of `schema`. Making it takes a millisecond: whoever calls a model often keeps it."""
    return json.dumps(schema.model_json_schema(), sort_keys=True)


def text_of(response: Any, model: str, usage: Usage) -> str:
    """The text of a litellm response. Raises LLMFailedError where it was refused, withheld or cut off."""
    choice = response.choices[0]
    extra = getattr(choice.message, "provider_specific_fields", None) or {}
    if refusal := extra.get("refusal") or getattr(choice.message, "refusal", None):
        _fail(model, usage, f"refused to answer ({' '.join(str(refusal).split())[:200]})", "Reword the text")
    if choice.finish_reason == "content_filter":
        _fail(model, usage, "withheld its answer (finish_reason content_filter)", "Reword the text")
    if choice.finish_reason == "length":
        _fail(model, usage, "had its answer cut off (finish_reason length)", "Give it less text at once")
    return without_thought(choice.message.content or "")


def without_thought(text: str) -> str:
    """`text` as it can be sent again and stored, without what a model thought before it answered."""
    # Half of a surrogate pair, of an emoji that was cut, can be neither sent again nor stored.
    return _THOUGHT.sub("", text.encode("utf-8", "replace").decode()).strip()


def _fail(model: str, usage: Usage, what: str, instead: str) -> None:
    raise LLMFailedError(f"{model} {what}. {instead}, or set another LLM_MODEL.", model=model, usage=usage)


def read_object(text: str, schema: type[T], check: Callable[[T], None] | None) -> T:
    """The `schema` object in `text`, passed by `check`. Raises ValueError, which says what is wrong."""
    found = _find_object(text)
    if found is None:
        raise ValueError("The answer holds no complete JSON object.")
    try:
        value = schema.model_validate(found)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:_MOST_FAULTS]]
        raise ValueError("; ".join(lines)) from None
    if check is not None:
        check(value)
    return value


def _find_object(text: str) -> dict[str, Any] | None:
    """The longest JSON object in `text`, whatever stands around it (code fences, an introduction)."""
    decoder, best, longest, start = json.JSONDecoder(), None, 0, text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if end - start > longest:
                best, longest = value, end - start
        start = text.find("{", end)
    return best

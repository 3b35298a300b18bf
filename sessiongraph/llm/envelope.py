"""An answer's envelope: what a model said, out of whatever an endpoint sent around it.

Invariants: nothing here takes a field for granted, so that only the two errors named below are raised; what comes as a
model's thinking (`reasoning_content`, blocks of thought) is never read.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sessiongraph.llm.error_mapping import ErrorInAnswer, UnreadableAnswer
from sessiongraph.storable_text import storable

# Kinds of content blocks that are a model's thinking, or no words at all.
_NOT_SAID = ("think", "thought", "reason", "image", "audio", "file", "tool_result")
_CUT_OFF = ("length", "max_tokens", "max_output_tokens", "model_length")
_WITHHELD = ("filter", "safety", "recitation", "blocklist", "prohibited", "spii", "guardrail", "refusal", "sensitive")
# In what gateways wrap the answer that they pass on.
_WRAPPERS = ("data", "result", "response", "body", "output")


@dataclass(frozen=True)
class Envelope:
    """What was said: `text`, and the `arguments` of the tools that the model called instead; how it ended; and what
    `model` it says that it is."""

    text: str = ""
    arguments: tuple[str, ...] = ()
    refusal: str = ""
    cut_off: bool = False
    withheld: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """All that was said, in order."""
        return (self.text, *self.arguments)


def read_envelope(body: Any) -> Envelope:
    """What `body`, of parsed JSON, says. Raises ErrorInAnswer, and UnreadableAnswer where it is no answer."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise UnreadableAnswer("it is no JSON object")
    choices = list(_choices(body))
    if not choices:
        _raise_error(body)
        if "choices" not in body:
            raise UnreadableAnswer("it holds no choices")
    read = [_read_choice(choice) for choice in choices]
    said = next((one for one in read if one.text.strip() or one.arguments or one.refusal), read[0] if read else None)
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    assert isinstance(usage, dict)
    prompt = _count(usage.get("prompt_tokens")) or _count(usage.get("input_tokens"))
    completion = _count(usage.get("completion_tokens")) or _count(usage.get("output_tokens"))
    model = body["model"] if isinstance(body.get("model"), str) else ""
    if said is None:
        said = Envelope(withheld="no choices")
    return replace(said, prompt_tokens=prompt, completion_tokens=completion, model=model)


def _choices(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    choices = body.get("choices")
    if isinstance(choices, dict):
        choices = [choices]
    if isinstance(choices, list):
        yield from (choice for choice in choices if isinstance(choice, dict))
    elif choices is None and isinstance(body.get("message"), dict):
        yield body  # as Ollama's own interface answers
    elif choices is None:
        for name in _WRAPPERS:
            inner = body.get(name)
            if isinstance(inner, dict) and ("choices" in inner or isinstance(inner.get("message"), dict)):
                yield from _choices(inner)
                return


def _read_choice(choice: dict[str, Any]) -> Envelope:
    message = choice.get("message")
    if message is None:
        message = choice.get("delta")
    if isinstance(message, str):
        message = {"content": message}
    if not isinstance(message, dict):
        message = {"content": choice.get("text")}
    text = storable(_said(message.get("content")))
    arguments = tuple(storable(one) for one in _arguments(message))
    reason = str(choice.get("finish_reason") or choice.get("native_finish_reason") or "").casefold()
    if not text.strip() and not arguments:
        _raise_error(choice)
        extra = choice.get("provider_specific_fields")
        _raise_error(extra if isinstance(extra, dict) else {})
    return Envelope(
        text,
        arguments,
        _refusal(message),
        cut_off=reason in _CUT_OFF,
        withheld=f"finish_reason {reason}" if any(word in reason for word in _WITHHELD) else "",
    )


def _said(content: Any) -> str:
    """The words of a message's content: a text, blocks of them, or an object that should have been one."""
    if isinstance(content, str):
        return content
    if content is None or isinstance(content, bool):
        return ""
    if isinstance(content, list):
        return "".join(_block(block) for block in content)
    if isinstance(content, dict):
        return _block(content) if "text" in content or "type" in content else json.dumps(content)
    return str(content)


def _block(block: Any) -> str:
    if not isinstance(block, dict):
        return _said(block)
    kind = str(block.get("type", "")).casefold()
    if any(word in kind for word in _NOT_SAID) or block.get("thought") is True:
        return ""
    if isinstance(block.get("input"), dict):  # a tool, as Anthropic's interface calls one
        return json.dumps(block["input"])
    words = next((block[name] for name in ("text", "output_text", "content", "value", "json") if name in block), None)
    return _said(words)


def _arguments(message: dict[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    for function in (*functions, message.get("function_call")):
        given = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(given, dict):
            yield json.dumps(given)
        elif isinstance(given, str) and given.strip():
            yield given


def _refusal(message: dict[str, Any]) -> str:
    extra = message.get("provider_specific_fields")
    found = message.get("refusal") or (extra.get("refusal") if isinstance(extra, dict) else None)
    blocks = message.get("content")
    if not found and isinstance(blocks, list):
        found = next((block["refusal"] for block in blocks if isinstance(block, dict) and block.get("refusal")), None)
    return " ".join(storable(str(found)).split()) if found else ""


def _raise_error(body: dict[str, Any]) -> None:
    """Raise what `body` tells in the place of an answer, in one of the ways in which gateways do."""
    error = body.get("error") or body.get("errors")
    if not error and (body.get("object") == "error" or body.get("type") == "error" or "detail" in body):
        error = body
    if isinstance(error, list):
        error = error[0] if error else None
    if isinstance(error, dict):
        message = next((error[name] for name in ("message", "detail", "error") if error.get(name)), "")
        code = next((error[name] for name in ("code", "status", "type") if error.get(name)), None)
        if message or code is not None:
            raise ErrorInAnswer(code, storable(str(message)))
    elif error:
        raise ErrorInAnswer(None, storable(str(error)))


def _count(value: Any) -> int:
    """A number of tokens, however it is written; 0 where it is none."""
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError, OverflowError):
        return 0

"""LangChain's messages as it writes them down, {"type": …, "data": {…}}: who says what in them. No LangChain is needed.

Invariant: only what a human or a model says is anybody's words. Prompts, calls of tools and their results are context;
the model's thinking is left out.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sessiongraph.importers.conversations import Role

_ROLES: Mapping[str, Role] = {"human": "user", "user": "user", "ai": "assistant", "assistant": "assistant"}
# Of messages that came in pieces.
_CHUNK = "MessageChunk"
_THINKING = {"thinking", "redacted_thinking", "reasoning", "reasoning_content"}


@dataclass(frozen=True)
class Spoken:
    """What is said in a message, by whom, and the lines that say what else is in it."""

    role: Role
    words: str
    beside: tuple[str, ...] = ()


def spoken(message: Mapping[str, Any]) -> Spoken:
    """Raises KeyError, TypeError or AttributeError where it is no message of LangChain's."""
    kind, data = message["type"].removesuffix(_CHUNK).lower(), message["data"]
    if kind == "chat":
        kind = str(data.get("role") or "").lower()
    words, attached = _content(data["content"])
    role = _ROLES.get(kind, "context")
    if role == "context":
        return Spoken(role, f"{data.get('name') or kind}: {words}" if words else "", tuple(attached))
    return Spoken(role, words, (*attached, *_calls(data)))


def _content(content: Any) -> tuple[str, list[str]]:
    """The words of a message, and a line for each thing in it that is none."""
    if isinstance(content, str):
        return content, []
    words, attached = [], []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part.get("text"), str):
            words.append(part["text"])
        elif part.get("type") not in _THINKING and not _is_call(part):
            attached.append(f"attachment: {part.get('filename') or part.get('name') or part.get('type')}")
    return "\n\n".join(words), attached


def _is_call(part: Mapping[str, Any]) -> bool:
    """Of calls of tools the message has a list of its own."""
    return part.get("type") in ("tool_use", "tool_call", "function_call", "input_json_delta")


def _calls(data: Mapping[str, Any]) -> Iterator[str]:
    """The calls of tools of a message, as it lists them or, of old ones, as the model's provider does."""
    for call in data.get("tool_calls") or []:
        yield f"tool_call: {call['name']} {json.dumps(call.get('args'), ensure_ascii=False)}"
    if not data.get("tool_calls"):
        given = data.get("additional_kwargs") or {}
        functions = [call["function"] for call in given.get("tool_calls") or []]
        for function in [*functions, *([given["function_call"]] if given.get("function_call") else [])]:
            yield f"tool_call: {function['name']} {function.get('arguments')}"

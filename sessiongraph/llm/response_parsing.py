"""Reading of a chat answer: why there is none, and the JSON object in it.

What is asked, and what is done about an answer that does not validate, belongs to `client`; what an endpoint puts
around an answer, to `envelope`; where a model's thinking ends, to `thinking`.

Invariant: of what a model says, the last object that fits the schema is its answer: what stands before may be a draft.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from sessiongraph.errors import LLMFailedError
from sessiongraph.llm.coercion import coerced
from sessiongraph.llm.envelope import Envelope
from sessiongraph.llm.thinking import answer_span
from sessiongraph.types import Usage

T = TypeVar("T", bound=BaseModel)

# Models write line breaks into texts, and now and then a number without end, of which Python makes no int.
_DECODER = json.JSONDecoder(strict=False, parse_int=lambda digits: int(digits) if len(digits) < 20 else float(digits))
# What is JSON but for a trailing comma, a comment, or what Python writes otherwise: 'texts', None, True.
_LOOSE = re.compile(r",\s*+[}\]]|[{\[,:]\s*+(?:'|None\b|True\b|False\b)|//|/\*")
_TEXT = r'"(?:[^"\\]|\\.)*+"'
_COMMAS = re.compile(rf"({_TEXT})|,(?=\s*[}}\]])", re.DOTALL)
_WRITTEN_OTHERWISE = re.compile(
    rf"(?P<text>{_TEXT})|(?P<comment>//[^\n]*|/\*[^*]*+\*/)|(?P<word>\b(?:None|True|False)\b)|"
    r"(?P<before>[{\[,:]\s*+)'(?P<quoted>(?:[^'\\]|\\.)*+)'(?=\s*+[,:}\]])",
    re.DOTALL,
)
_MOST_REPAIRS = 50
_THOUGHTS = re.compile(r"think|thought|reason|analysis|draft|scratch|reflect", re.IGNORECASE)
_DEEPEST = 6


def schema_text(schema: type[BaseModel]) -> str:
    """The JSON schema of `schema`. Making it takes two milliseconds: `LLM.schema_text` keeps it."""
    return json.dumps(schema.model_json_schema(), sort_keys=True)


def check_said(said: Envelope, model: str, usage: Usage) -> None:
    """Raise LLMFailedError where an answer was refused, withheld or cut off."""
    if said.refusal:
        raise _failed(model, usage, f"refused to answer ({said.refusal[:200]})", "Reword the text")
    if said.withheld:
        error = _failed(model, usage, f"withheld its answer ({said.withheld})", "Reword the text")
        # Filters answer so to one text; a service that answers so to all is at fault itself.
        error.as_text_fault = _failed(model, usage, f"withheld its answer ({said.withheld})", "Reword the text")
        raise error
    if said.cut_off:
        raise _failed(model, usage, "had its answer cut off (finish_reason length)", "Give it less text at once")


def _failed(model: str, usage: Usage, what: str, instead: str) -> LLMFailedError:
    return LLMFailedError(f"{model} {what}. {instead}, or set another LLM_MODEL.", model=model, usage=usage)


def read_object(parts: Sequence[str], schema: type[T], check: Callable[[T], T] | None) -> T:
    """The last `schema` object that was said in any of `parts`, as `check` leaves it.

    Raises ValueError, which says what is wrong.
    """
    value = _strictly(parts, schema)
    if value is None:
        value = coerced(schema, _found(parts, schema))
    return value if check is None else check(value)


def _strictly(parts: Sequence[str], schema: type[T]) -> T | None:
    """What most answers are: one `schema` object, and nothing else."""
    try:
        (said,) = parts
        return schema.model_validate_json(said, strict=True)
    except ValueError:
        return None


def _found(parts: Sequence[str], schema: type[BaseModel]) -> dict[str, Any]:
    found = next((one for part in reversed(parts) if (one := _find_object(part, schema)) is not None), None)
    if found is None:
        raise ValueError("The answer holds no complete JSON object.")
    return found


def _find_object(text: str, schema: type[BaseModel]) -> dict[str, Any] | None:
    found = [(span, fit) for span, value in _values(text) if (fit := _fitting(value, schema)) is not None]
    start, end = answer_span(text, [span for span, _ in found])
    answers = [fit for span, fit in found if start <= span[0] < end]
    return answers[-1] if answers else None


def _values(text: str) -> Iterator[tuple[tuple[int, int], Any]]:
    """The whole JSON objects in `text`, with where they stand, whatever stands around them."""
    repairs = _MOST_REPAIRS if _LOOSE.search(text) else 0
    start = text.find("{")
    while start >= 0:
        found = _decoded(text, start)
        if found is None and text[start - 1 : start] == '"':
            found = _decoded(text, start - 1)  # a JSON text that holds the object
        if found is None and repairs > 0:
            repairs -= 1
            found = _decoded(text[:start] + _tightened(text[start:]), start)
        if found is None:
            end = start + 1
        else:
            value, end = found
            yield (start, end), value
        start = text.find("{", end)


def _tightened(text: str) -> str:
    """`text`, of the same length, with what is JSON but for a slip as JSON."""
    return _COMMAS.sub(lambda match: match[1] or " ", _WRITTEN_OTHERWISE.sub(_as_json, text))


def _as_json(match: re.Match[str]) -> str:
    if match["text"] is not None:
        return match["text"]
    if match["comment"] is not None:
        return " " * len(match["comment"])
    if match["word"] is not None:
        return "null" if match["word"] == "None" else match["word"].lower()
    # A quotation mark within is written as an apostrophe, so that all stays where it is.
    quoted = match["quoted"].replace("\\'", "'").replace('"', "'")
    return f'{match["before"]}"{quoted}"'.ljust(len(match[0]))


def _decoded(text: str, start: int) -> tuple[Any, int] | None:
    """The JSON value that starts there, and where it ends."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def _fitting(value: Any, schema: type[BaseModel], depth: int = 0) -> dict[str, Any] | None:
    """The last object in `value` that has fields of `schema`: itself, or one that it is wrapped around."""
    if isinstance(value, str):
        inner = [found for _, found in _values(value)] if "{" in value and depth < _DEEPEST else []
    elif isinstance(value, list):
        inner = value
    elif isinstance(value, dict):
        if any(_is_field(name, given, schema) for name, given in value.items()):
            return value
        inner = [given for name, given in value.items() if not _THOUGHTS.search(str(name))]
    else:
        inner = []
    if depth < _DEEPEST:
        for one in reversed(inner):
            if (fit := _fitting(one, schema, depth + 1)) is not None:
                return fit
    return None


def _is_field(name: str, given: Any, schema: type[BaseModel]) -> bool:
    """Whether `name` is a field of `schema`, and `given` is not what the schema itself says of that field."""
    described = isinstance(given, dict) and (given.get("type") == "array" or not {"items", "$ref"}.isdisjoint(given))
    return name.strip().casefold() in schema.model_fields and not described

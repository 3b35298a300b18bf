"""What a model said is found in whatever an endpoint puts around it, and what it thought is not."""

from typing import Any

import pytest

from sessiongraph.llm.envelope import read_envelope
from sessiongraph.llm.error_mapping import ErrorInAnswer, UnreadableAnswer

SAID = "Oslo. [1]"


def choice(**message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}]}


SPEAKING: dict[str, Any] = {
    "as it should be": choice(content=SAID),
    "blocks, with a thought": choice(
        content=[{"type": "thinking", "thinking": "Bergen?"}, {"type": "text", "text": SAID}]
    ),
    "blocks of blocks": choice(
        content=[
            {"type": "thinking", "thinking": [{"type": "text", "text": "Bergen?"}]},
            {"type": "text", "text": SAID},
        ]
    ),
    "bare words in a list": choice(content=["Oslo. ", "[1]"]),
    "output_text": choice(content=[{"type": "output_text", "text": SAID}]),
    "parts, of which one is thought": choice(content=[{"text": "Bergen?", "thought": True}, {"text": SAID}]),
    "one block": choice(content={"type": "text", "text": SAID}),
    "reasoning beside it": choice(content=SAID, reasoning_content="Bergen?", reasoning="Bergen?"),
    "a list of one answer": [choice(content=SAID)],
    "choices that are one": {"choices": {"message": {"content": SAID}}},
    "an empty choice first": {"choices": [{"message": {"content": ""}}, {"message": {"content": SAID}}]},
    "no choice first": {"choices": [None, {"message": {"content": SAID}}]},
    "words for a message": {"choices": [{"message": SAID}]},
    "a text completion": {"choices": [{"text": SAID}]},
    "a piece of a stream": {"choices": [{"delta": {"content": SAID}}]},
    "Ollama's own": {"model": "m", "message": {"role": "assistant", "content": SAID}, "done": True},
    "a gateway's wrapper": {"code": 0, "data": choice(content=SAID)},
    "an error that is none": choice(content=SAID) | {"error": None},
    "an empty error": choice(content=SAID) | {"error": {}},
    "usage that is none": choice(content=SAID) | {"usage": []},
}


@pytest.mark.parametrize("how", SPEAKING)
def test_what_was_said_is_read(how: str) -> None:
    assert read_envelope(SPEAKING[how]).text == SAID


@pytest.mark.parametrize(
    "given",
    [
        choice(content=None, reasoning_content=SAID),
        choice(content="", reasoning=SAID),
        choice(content=[{"type": "reasoning", "summary": [{"text": SAID}]}]),
        choice(content=[{"type": "redacted_thinking", "data": SAID}]),
        choice(content=[{"type": "thinking", "text": SAID}]),
    ],
)
def test_what_was_thought_is_not(given: dict[str, Any]) -> None:
    assert not any(read_envelope(given).parts)


@pytest.mark.parametrize(
    "given",
    [
        choice(
            content=None,
            tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
        ),
        choice(content=None, tool_calls=[{"function": {"name": "f", "arguments": {"a": 1}}}]),
        choice(content="I call it.", tool_calls=[None, {"function": None}, {"function": {"arguments": '{"a": 1}'}}]),
        choice(content=None, tool_calls="none", function_call={"name": "f", "arguments": '{"a": 1}'}),
        choice(content=[{"type": "tool_use", "name": "f", "input": {"a": 1}}]),
    ],
)
def test_what_a_tool_was_called_with_is_said(given: dict[str, Any]) -> None:
    assert read_envelope(given).parts[-1] == '{"a": 1}'


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"error": {"message": "Provider returned error", "code": "overloaded_error"}}, "overloaded_error", "Provider"),
        ({"error": {"message": "slow down", "code": 429}}, 429, "slow down"),
        ({"error": "boom"}, None, "boom"),
        ({"errors": [{"message": "boom", "status": 503}]}, 503, "boom"),
        ({"detail": "boom"}, None, "boom"),
        ({"object": "error", "message": "boom", "code": 40303}, 40303, "boom"),
        ({"type": "error", "error": {"type": "api_error", "message": "boom"}}, "api_error", "boom"),
        (choice(content="") | {"choices": [{"error": {"message": "boom", "code": 502}, "message": {}}]}, 502, "boom"),
    ],
)
def test_an_error_in_the_place_of_an_answer_is_raised(given: dict[str, Any], code: Any, message: str) -> None:
    with pytest.raises(ErrorInAnswer, match=message) as raised:
        read_envelope(given)
    assert raised.value.status_code == code


@pytest.mark.parametrize("given", [{"choices": []}, {"choices": None}, {"choices": "x"}, {"choices": [None]}])
def test_no_choice_is_an_answer_withheld(given: dict[str, Any]) -> None:
    assert read_envelope(given).withheld == "no choices"


@pytest.mark.parametrize("given", [None, 3, "Oslo.", [], {}, {"model": "m"}, {"data": {"a": 1}}])
def test_what_is_no_answer_is_said_to_be_none(given: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        read_envelope(given)


@pytest.mark.parametrize(
    ("usage", "prompt", "completion"),
    [
        ({"prompt_tokens": 12, "completion_tokens": 3}, 12, 3),
        ({"prompt_tokens": "12", "completion_tokens": None}, 12, 0),
        ({"prompt_tokens": 12.0, "completion_tokens": "many"}, 12, 0),
        ({"input_tokens": 12, "output_tokens": 3}, 12, 3),
        ({"prompt_tokens": -1, "completion_tokens": float("inf")}, 0, 0),
        (None, 0, 0),
        ("free", 0, 0),
    ],
)
def test_usage_is_what_can_be_read_of_it(usage: Any, prompt: int, completion: int) -> None:
    read = read_envelope(choice(content=SAID) | {"usage": usage})
    assert (read.prompt_tokens, read.completion_tokens) == (prompt, completion)


@pytest.mark.parametrize(
    ("reason", "cut_off", "withheld"),
    [
        ("length", True, False),
        ("MAX_TOKENS", True, False),
        ("SAFETY", False, True),
        ("content_filter", False, True),
        ("guardrail_intervened", False, True),
        ("eos", False, False),
        (3, False, False),
        (None, False, False),
    ],
)
def test_how_an_answer_ended_is_understood_in_other_words(reason: Any, cut_off: bool, withheld: bool) -> None:
    read = read_envelope({"choices": [{"finish_reason": reason, "message": {"content": SAID}}]})
    assert (read.cut_off, bool(read.withheld)) == (cut_off, withheld)

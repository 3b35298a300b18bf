"""Answers of models, mutated: no error outside the family, no turn lost, none doubled, and no thought kept.

FUZZ_ANSWERS is how many are tried; `make soak` tries 10,000.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph import sessions
from sessiongraph.extraction.window_extraction import WindowExtraction, extract
from sessiongraph.llm.client import LLM
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import Part, Window
from sessiongraph.settings import Settings
from tests.support.openai_endpoint import OpenAIEndpoint

EXAMPLES = int(os.environ.get("FUZZ_ANSWERS", "300"))
STORIES = max(4, EXAMPLES // 300)
pytestmark = pytest.mark.timeout(120 + EXAMPLES)

THOUGHT = "zzthought"
KEPT = {"subject": "Ona", "relation": "works at", "object": "Fjordlab", "statement": "Ona works there.", "passage": 1}
OTHER = KEPT | {"object": "Bergen", "relation": "lives in", "valid_at": "2019"}
WHOLE: dict[str, Any] = {
    "summaries": [{"passage": 1, "text": "About Ona."}],
    "entities": [{"name": "Ona", "type": "Person", "description": "an engineer", "passages": [1]}],
    "facts": [OTHER, KEPT],
}
DRAFT = {"facts": [KEPT | {"object": THOUGHT, "statement": THOUGHT}], "entities": [], "summaries": []}
SCHEMA = Extraction.model_json_schema()

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1", "[1]", "\ud83d"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Answer:
    """A body, and whether the fact that is KEPT must be read out of it."""

    body: Any
    whole: bool
    content_type: str = "application/json"


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """WHOLE with something odd in it, that may cost nothing but itself."""
    odd: dict[str, Any] = json.loads(json.dumps(WHOLE))
    where = draw(st.sampled_from(["nowhere", "fact", "entity", "summary", "list", "beside"]))
    if where == "list":
        odd[draw(st.sampled_from(["summaries", "entities"]))] = draw(values)
    elif where == "beside":
        odd |= draw(st.dictionaries(st.text(max_size=5).map("x".__add__), values, max_size=2))
    elif where != "nowhere":
        item = {"fact": odd["facts"], "entity": odd["entities"], "summary": odd["summaries"]}[where]
        name = draw(st.sampled_from([*item[0], "itself"]))
        if name == "itself":
            item[0] = draw(values)
        elif draw(st.booleans()):
            del item[0][name]
        else:
            item[0][name] = draw(values)
    return odd


WRITTEN: list[Callable[[Any], str]] = [
    json.dumps,
    lambda it: json.dumps(it, indent=1).replace("there.", "th\nere."),
    lambda it: f"```json\n{json.dumps(it)}\n```",
    lambda it: f"Here you are: {json.dumps(it)}\nAnything else?",
    lambda it: json.dumps({"result": it}),
    lambda it: json.dumps([it]),
    lambda it: json.dumps(json.dumps(it)),
    lambda it: json.dumps(SCHEMA) + json.dumps(it),
    lambda it: json.dumps(it).replace("}]", "},]"),
    lambda it: json.dumps({"thoughts": DRAFT, "output": it}),
]
THINKING: list[Callable[[str], str]] = [
    lambda it: it,
    lambda it: f"<think>{THOUGHT} {json.dumps(DRAFT)}</think>{it}",
    lambda it: f"{json.dumps(DRAFT)} {THOUGHT}\n</think>\n{it}",
    lambda it: f"Hm. <reasoning>{json.dumps(DRAFT)}</reasoning> {it}",
    lambda it: f"Perhaps {json.dumps(DRAFT)}? No: {it}",
    lambda it: f"{it}<think>{THOUGHT} {json.dumps(DRAFT)}",
    lambda it: f"[THINK]{json.dumps(DRAFT)}[/THINK]{it}",
    lambda it: f"<|channel|>analysis<|message|>{json.dumps(DRAFT)}<|end|><|channel|>final<|message|>{it}<|return|>",
]


def message(**parts: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **parts}}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def stream(text: str) -> bytes:
    deltas = [{"reasoning_content": THOUGHT}, *({"content": text[at : at + 40]} for at in range(0, len(text), 40))]
    pieces = [
        {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": delta}],
        }
        for delta in deltas
    ]
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces).encode() + b"data: [DONE]\n\n"


def call(text: str) -> dict[str, Any]:
    return {"name": "f", "arguments": text}


ENVELOPES: list[Callable[[str], Answer]] = [
    lambda it: Answer(message(content=it), whole=True),
    lambda it: Answer(message(content=it, reasoning_content=json.dumps(DRAFT)), whole=True),
    lambda it: Answer(
        message(content=[{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": it}]), whole=True
    ),
    lambda it: Answer(
        message(content=None, tool_calls=[{"id": "1", "type": "function", "function": call(it)}]), whole=True
    ),
    lambda it: Answer(message(content="", function_call=call(it)), whole=True),
    lambda it: Answer(message(content=it, role="model"), whole=True),
    lambda it: Answer(message(content=it) | {"usage": None, "created": "now"}, whole=True),
    lambda it: Answer(message(content=it) | {"usage": {"prompt_tokens": "12"}}, whole=True),
    lambda it: Answer({"message": {"content": it, "thinking": THOUGHT}, "done": True}, whole=True),
    lambda it: Answer(stream(it), whole=True, content_type="text/event-stream"),
    lambda it: Answer(message(content=None, reasoning_content=it), whole=False),
    lambda it: Answer({"error": {"message": "no", "code": it[:9]}}, whole=False),
    lambda it: Answer({"choices": []}, whole=False),
]


@st.composite
def spoken(draw: st.DrawFn) -> Answer:
    """A whole answer, in words and an envelope that it may be found in."""
    written = draw(st.sampled_from(WRITTEN))(draw(objects()))
    return draw(st.sampled_from(ENVELOPES))(draw(st.sampled_from(THINKING))(written))


@st.composite
def broken(draw: st.DrawFn) -> Answer:
    """An answer with anything at all at any place of its envelope, or of what it says."""
    if draw(st.booleans()):
        text = json.dumps(WHOLE)
        first, last = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        return Answer(message(content=text[:first] + draw(st.text(max_size=5)) + text[last:]), whole=False)
    body: Any = message(content=json.dumps(WHOLE)) | {"usage": {"prompt_tokens": 9, "completion_tokens": 9}}
    places: list[tuple[Any, Any]] = []
    at: list[Any] = [body]
    while at:
        one = at.pop()
        inner = list(one.items()) if isinstance(one, dict) else list(enumerate(one)) if isinstance(one, list) else []
        places += [(one, key) for key, _ in inner]
        at += [value for _, value in inner]
    one, key = draw(st.sampled_from(places))
    one[key] = draw(values)
    return Answer(draw(st.sampled_from([body, body, draw(values), json.dumps(body).encode()[:-9]])), whole=False)


def try_all(count: int, answers: st.SearchStrategy[Answer], holds: Callable[[Answer], Awaitable[None]]) -> None:
    """Have `holds` try `count` answers, in one event loop, as in one process; the same ones in each run."""
    with asyncio.Runner() as runner:

        @hypothesis.settings(
            max_examples=count,
            deadline=None,
            derandomize="FUZZ_ANSWERS" not in os.environ,
            database=None,
            phases=[hypothesis.Phase.generate],  # a story of HTTP calls is not made shorter in reasonable time
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(answers)
        def tried(answer: Answer) -> None:
            runner.run(holds(answer))  # type: ignore[arg-type]

        tried()


def test_an_answer_is_read_or_fails_in_the_family_and_its_thoughts_are_not_kept(
    openai_endpoint: OpenAIEndpoint,
) -> None:
    window = Window("conversation", (), (Part("user", "Ona works at Fjordlab and lives in Bergen."),))
    given = {"llm_model": "openai/m", "llm_endpoint": openai_endpoint.url, "llm_max_retries": 0}

    async def holds(answer: Answer) -> None:
        openai_endpoint.heal()
        openai_endpoint.send(answer.body, when="Ona", content_type=answer.content_type)
        llm = LLM(Settings(_env_file=None, **given))  # type: ignore[call-arg]
        found: list[WindowExtraction] = [it async for result in extract(llm, [window]) for it in result.extractions]
        assert [it.window for it in found] == [window], "a turn is lost, or doubled"
        kept = [claim["object"] for claim in found[0].claims]
        if answer.whole:
            assert found[0].error is None and "Fjordlab" in kept, found[0].error
        assert THOUGHT not in f"{found[0].summary}{found[0].claims}{found[0].mentions}{found[0].error}"
        assert THOUGHT not in str(dict(llm._answers))
        openai_endpoint.requests.clear()

    try_all(EXAMPLES, spoken() | broken(), holds)


def test_no_turn_is_lost_or_doubled_whatever_is_answered_to_one_of_them(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_MAX_RETRIES", "0")
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.CALL_CHARS", 1)  # each turn is a call of its own
    count = 0

    async def holds(answer: Answer) -> None:
        nonlocal count
        count += 1
        names = [f"Ona{count}", f"Pia{count}", f"Rui{count}"]
        for name in names:
            await sessions.add_turn(name, f"Where does {name} work?", f"{name} works at Lab{name}.")
        endpoint.send(answer.body, when=names[0], content_type=answer.content_type)
        report = await persist(session_ids=names, create=True)
        assert report.persisted + report.failed == 3 and report.failed <= 1, report
        endpoint.heal()
        report = await persist(session_ids=names, retry_failed=True, create=True)
        assert (report.persisted, report.failed) == (3, 0), report
        graph = await sessiongraph.graph(dataset="main_dataset")
        known = [node["name"] for _, node in graph.nodes(data=True)]
        assert [known.count(name) for name in names[1:]] == [1, 1]
        assert THOUGHT not in str(known)

    try_all(STORIES, spoken() | broken(), holds)

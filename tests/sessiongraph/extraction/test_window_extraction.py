"""Windows in, evidence out: one bad window never costs another, and no window's words get into another's evidence."""

import asyncio
import gc
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiongraph.errors import LLMFailedError
from sessiongraph.extraction.window_extraction import CALL_CHARS, WindowExtraction, extract, extractor_version, pack
from sessiongraph.llm.client import LLM
from sessiongraph.prompts.prompt_format import Part, Window
from sessiongraph.settings import Settings, load_settings
from sessiongraph.types import Usage
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.workshop import Workshop


def window(text: str, *, context: str = "", source: str = "document: text") -> Window:
    return Window(source, (Part("document", context),) if context else (), (Part("document", text),))


async def extracted(llm: LLM, *windows: Window) -> tuple[dict[str, WindowExtraction], Usage]:
    """What is extracted from each window, by its text."""
    found: dict[str, WindowExtraction] = {}
    usage = Usage()
    async for result in extract(llm, windows):
        usage += result.usage
        found |= {it.window.text: it for it in result.extractions}
    return found, usage


def names(found: WindowExtraction) -> list[str]:
    return sorted(mention["name"] for mention in found.mentions)


def answer(endpoint: OpenAIEndpoint, **parts: list[dict[str, object]]) -> None:
    endpoint.reply(json.dumps({"summaries": [], "entities": [], "facts": []} | parts), times=1)


sizes = st.lists(st.integers(1, 2 * CALL_CHARS), max_size=30)


@given(sizes, st.lists(st.integers(0, 240), max_size=30), st.booleans())
def test_packing_keeps_all_windows_in_order_and_bounds_what_one_call_gets(
    given_sizes: list[int], contexts: list[int], one_source: bool
) -> None:
    windows = [
        window("x" * size, context="c" * context, source="s" if one_source else f"s{n}")
        for n, (size, context) in enumerate(zip(given_sizes, contexts, strict=False))
    ]
    groups = pack(windows)
    assert [it for group in groups for it in group] == windows
    assert all(sum(len(it.text) for it in group) <= CALL_CHARS for group in groups if len(group) > 1)
    for group, following in pairwise(groups):
        everything = sum(len(it.text) + 240 for it in group) + len(following[0].text) + 240
        assert everything > CALL_CHARS, "two calls where one would have done"


async def test_small_windows_travel_together_and_each_gets_its_own(workshop: Workshop, openai_endpoint) -> None:
    found, usage = await extracted(workshop.llm, window("Alice met Bob."), window("Carol left Rome in 2010."))
    assert len(openai_endpoint.chats) == usage.calls == 1
    assert names(found["Alice met Bob."]) == ["Alice", "Bob"]
    assert found["Alice met Bob."].summary == "Alice met Bob."
    (claim,) = found["Carol left Rome in 2010."].claims
    assert (claim["subject"], claim["relation"], claim["object"], claim["valid_at"]) == (
        "Carol",
        "left",
        "Rome",
        "2010",
    )


@pytest.mark.parametrize("status", [400, 500])
async def test_halving_isolates_the_window_at_fault(workshop: Workshop, openai_endpoint, status: int) -> None:
    openai_endpoint.fail(status, when="Poison")
    windows = [window("Poison is here." if n == 5 else f"Alice met Friend{n}.") for n in range(8)]
    found, usage = await extracted(workshop.llm, *windows)
    failed = {text: it.error for text, it in found.items() if it.error}
    assert list(failed) == ["Poison is here."]
    assert failed["Poison is here."].status == status
    assert all(names(found[it.text]) for it in windows if it.text not in failed)
    assert len(openai_endpoint.chats) == 1 + 2 * 3
    assert usage.calls == 3


async def test_two_bad_windows_in_one_call_are_both_found(workshop: Workshop, openai_endpoint) -> None:
    openai_endpoint.reply("no JSON at all", when="Poison")
    windows = [window(f"Poison number{n}." if n in (0, 6) else f"Alice met Friend{n}.") for n in range(7)]
    found, _ = await extracted(workshop.llm, *windows)
    assert sorted(text for text, it in found.items() if it.error) == ["Poison number0.", "Poison number6."]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_stops_everything_at_once(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    llm = LLM(load_settings())
    openai_endpoint.fail(status)
    openai_endpoint.latency = 0.05
    with pytest.raises(LLMFailedError) as raised:
        await extracted(llm, *(window("x" * CALL_CHARS + str(n)) for n in range(20)))
    assert raised.value.fatal
    assert len(openai_endpoint.chats) <= 2


HTML = b"<html><title>Blocked</title></html>"
AT_FAULT: dict[str, Callable[[OpenAIEndpoint, str], None]] = {
    "a firewall": lambda it, when: it.fail(403, when=when, message="<html>Request blocked.</html>"),
    "a router": lambda it, when: it.fail(404, when=when),
    "a server that stumbles": lambda it, when: it.fail(500, when=when),
    "a server that dies": lambda it, when: it.fail(502, when=when),
    "a filter": lambda it, when: it.send({"choices": []}, when=when),
    "a firewall that says 200": lambda it, when: it.send(HTML, when=when, content_type="text/html"),
    "a gateway": lambda it, when: it.send({"error": {"message": "flagged", "code": 403}}, when=when),
}


@pytest.mark.parametrize("fault", AT_FAULT)
async def test_a_refusal_of_one_text_is_that_texts_own(workshop: Workshop, openai_endpoint, fault: str) -> None:
    AT_FAULT[fault](openai_endpoint, "Poison")
    windows = [window("Poison is here." if n == 5 else f"Alice met Friend{n}.") for n in range(8)]
    found, _ = await extracted(workshop.llm, *windows)
    failed = {text: it.error for text, it in found.items() if it.error}
    assert list(failed) == ["Poison is here."]
    error = failed["Poison is here."]
    assert error is not None and not error.transient and not error.fatal


@pytest.mark.parametrize("fault", AT_FAULT)
async def test_so_it_is_where_it_is_asked_for_alone(workshop: Workshop, openai_endpoint, fault: str) -> None:
    AT_FAULT[fault](openai_endpoint, "Poison")
    found, _ = await extracted(workshop.llm, window("Poison is here."))
    error = found["Poison is here."].error
    assert error is not None and not error.transient and not error.fatal
    assert openai_endpoint.chats[-1].user == "Say: yes"


@pytest.mark.parametrize("fault", [name for name in AT_FAULT if name not in ("a firewall", "a router", "a gateway")])
async def test_a_refusal_of_all_texts_is_the_endpoints(workshop: Workshop, openai_endpoint, fault: str) -> None:
    AT_FAULT[fault](openai_endpoint, "")
    found, _ = await extracted(workshop.llm, *(window(f"Alice met Friend{n}.") for n in range(3)))
    assert all(it.error is not None and it.error.transient and not it.error.fatal for it in found.values())


@pytest.mark.parametrize(("status", "probes"), [(401, 0), (402, 0), (403, 1), (404, 1)])
async def test_what_no_call_survives_is_found_out_by_one_harmless_prompt(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch, status: int, probes: int
) -> None:
    openai_endpoint.fail(status)
    windows = [window("x" * CALL_CHARS + str(n)) for n in range(20)]
    with pytest.raises(LLMFailedError) as raised:
        await extracted(workshop.llm, *windows)
    assert raised.value.fatal
    assert sum(request.user == "Say: yes" for request in openai_endpoint.chats) == probes
    assert len(openai_endpoint.chats) <= load_settings().llm_max_concurrency + probes


async def test_a_prompt_that_was_cut_off_is_halved_and_a_window_that_was_is_told(
    workshop: Workshop, openai_endpoint
) -> None:
    long = "Alice met Bob. " + "Nothing more was said. " * 900
    openai_endpoint.tokens_read = 2048
    found, _ = await extracted(workshop.llm, window("Carol met Dan."), window(long))
    assert names(found["Carol met Dan."]) == ["Carol", "Dan"]
    error = found[long].error
    assert error is not None and not error.transient and "has read 2048 tokens" in str(error)


async def test_a_fact_without_a_statement_states_itself(workshop: Workshop, openai_endpoint) -> None:
    answer(openai_endpoint, facts=[{"subject": "Ona", "relation": "works_at", "object": "Fjordlab", "passage": 1}])
    found, _ = await extracted(workshop.llm, window("Ona works at Fjordlab"))
    (claim,) = found["Ona works at Fjordlab"].claims
    assert claim["statement"] == "Ona works at Fjordlab."


async def test_calls_that_are_refused_together_leave_no_complaint_behind(workshop: Workshop) -> None:
    """Or asyncio would log, at some later time, every fatal error but the first as one that nobody looked at."""

    class Refused(LLM):
        async def structured(self, *_: Any, **__: Any) -> Any:
            raise LLMFailedError("refused", model=self.model, fatal=True)

    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    with pytest.raises(LLMFailedError):
        await extracted(Refused(load_settings()), *(window("x" * CALL_CHARS + str(n)) for n in range(5)))
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_who_stops_listening_stops_the_calls(workshop: Workshop, openai_endpoint, monkeypatch) -> None:
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    llm = LLM(load_settings())
    answers = extract(llm, [window("x" * CALL_CHARS + str(n)) for n in range(20)])
    await anext(answers)
    await answers.aclose()
    await asyncio.sleep(0.2)
    assert len(openai_endpoint.chats) < 6


async def test_numbers_that_were_not_given_are_asked_for_again(workshop: Workshop, openai_endpoint) -> None:
    answer(openai_endpoint, facts=[{"subject": "A", "relation": "r", "object": "B", "statement": "s", "passage": 7}])
    found, usage = await extracted(workshop.llm, window("Alice met Bob."))
    assert names(found["Alice met Bob."]) == ["Alice", "Bob"]
    assert usage.calls == 2
    assert "not given: [7]" in openai_endpoint.chats[1].body["messages"][-1]["content"]


async def test_a_description_of_several_windows_leaves_each_its_own_words(workshop: Workshop, openai_endpoint) -> None:
    entity = {"name": "Alice", "type": "Person", "description": "sings and paints", "passages": [1, 2]}
    own = {"name": "Bob", "type": "Person", "description": "a friend", "passages": [1]}
    answer(openai_endpoint, entities=[entity, own])
    first, second = "Hello there. Alice sings with Bob.", "In Rome ALICE paints."
    found, _ = await extracted(workshop.llm, window(first), window(second))
    described = {text: {m["name"]: m["description"] for m in it.mentions} for text, it in found.items()}
    assert described[first] == {"Alice": "Alice sings with Bob.", "Bob": "a friend"}
    assert described[second] == {"Alice": "In Rome ALICE paints."}


@pytest.mark.parametrize(
    ("name", "before", "own"),
    [
        ("李伟", "大家好！", "李伟住在成都。"),
        ("東京", "本当ですか？", "東京は首都です。"),
        ("سامر", "كيف حالك؟ ", "سامر في القاهرة."),
        ("मोहन", "नमस्ते। ", "मोहन गाता है।"),
        ("عائشہ", "شکریہ۔ ", "عائشہ گاتی ہے۔"),
    ],
)
async def test_such_a_description_is_a_sentence_in_any_script(
    workshop: Workshop, openai_endpoint, name: str, before: str, own: str
) -> None:
    answer(openai_endpoint, entities=[{"name": name, "type": "Person", "description": "both", "passages": [1, 2]}])
    first, second = f"{before}{own}", f"{own} {before}"
    found, _ = await extracted(workshop.llm, window(first), window(second))
    assert [m["description"] for it in found.values() for m in it.mentions] == [own, own]


async def test_what_is_said_is_evidence_of_who_said_it(workshop: Workshop) -> None:
    turn = Window("conversation", (), (Part("user", "Does Alice know Bob?"), Part("assistant", "Alice met Carol.")))
    found, _ = await extracted(workshop.llm, turn)
    stated = {(mention["name"], mention["stated_by"]) for mention in found[turn.text].mentions}
    assert stated == {("Alice", "user"), ("Bob", "user"), ("Alice", "assistant"), ("Carol", "assistant")}


async def test_nothing_is_extracted_from_context(workshop: Workshop) -> None:
    found, _ = await extracted(workshop.llm, window("She left.", context="Alice met Bob."))
    assert names(found["She left."]) == []


async def test_roles_blanks_and_signs_are_no_entities_and_odd_answers_are_made_to_fit(
    workshop: Workshop, openai_endpoint
) -> None:
    def fact(**parts: object) -> dict[str, object]:
        return {"subject": "A", "relation": "r", "object": "B", "statement": "s", "passage": 1} | parts

    entities = [
        {"name": name, "type": " a\ntype ", "description": "d" * 999, "passages": [1, 1]}
        for name in ("user", " Assistant ", "", "…", "Al\ud83dice\n Smith", "n" * 999)
    ]
    answer(
        openai_endpoint,
        entities=entities,
        facts=[
            fact(relation="works_at", valid_at="2010-13"),
            fact(relation="works_at", valid_at="2010-13"),
            fact(subject="!"),
            fact(relation=" "),
            fact(object="user"),
            fact(object="C", valid_at="last week"),
            fact(object="D", valid_at="2010-02-28T00:00"),
        ],
    )
    found, _ = await extracted(workshop.llm, window("Some text."))
    (it,) = found.values()
    assert names(it) == ["Al?ice Smith", "n" * 200]
    assert {(m["type"], len(m["description"])) for m in it.mentions} == {("a type", 300)}
    assert [(c["relation"], c["object"], c["valid_at"]) for c in it.claims] == [
        ("works at", "B", "2010"),
        ("r", "C", None),
        ("r", "D", "2010-02-28"),
    ]


@pytest.mark.parametrize(
    ("model", "version"), [("local/extractive", "728d3b54141dbc93"), ("openai/gpt-4o-mini", "f532f1eb0de2f1c5")]
)
def test_the_version_is_the_one_that_homes_were_extracted_with(model: str, version: str) -> None:
    """A reworded docstring of the schema is part of it too: every window in every home would become stale."""
    assert extractor_version(LLM(Settings(_env_file=None, llm_model=model))) == version  # type: ignore[call-arg]


def test_the_version_moves_with_the_prompt_and_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(model: str) -> str:
        return extractor_version(LLM(Settings(llm_model=model)))

    before = version("openai/one")
    assert version("openai/one") == before
    assert version("openai/two") != before
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "another")
    assert version("openai/one") != before

"""Conversation history: turns that fit, older ones that matter, and one call where rules are not certain."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

import sessiongraph
from sessiongraph import SearchType, sessions
from sessiongraph.retrieval import conversation_history
from sessiongraph.retrieval.conversation_history import Conversation
from sessiongraph.text_index.tokenizer import Tokenizer
from sessiongraph.types import Turn
from tests.sessiongraph.conftest import FillHome
from tests.sessiongraph.retrieval.conftest import DIALOGUES
from tests.support.openai_endpoint import OpenAIEndpoint

UNSURE = [dialogue for dialogue in DIALOGUES["dialogues"] if dialogue["by"] == "model"]
REWRITE = "Rewrite the question"


async def some_people() -> None:
    await sessiongraph.add(DIALOGUES["texts"], dataset_name="d")
    await sessiongraph.cognify("d")


@pytest.fixture
async def people(fill_home: FillHome) -> None:
    await fill_home(some_people)


def turn(number: int, question: str, answer: str) -> Turn:
    return Turn(str(number), "u", "s", question, answer, created_at=datetime(2024, 1, 1, tzinfo=UTC), position=number)


async def say(dialogue: dict[str, Any]) -> None:
    for question, answer in dialogue["history"]:
        await sessions.add_turn("s", question, answer)


def rewrites(endpoint: OpenAIEndpoint) -> list[str]:
    return [chat.user for chat in endpoint.chats if REWRITE in chat.body["messages"][0]["content"]]


@pytest.mark.parametrize("dialogue", UNSURE, ids=lambda d: d["id"])
async def test_what_rules_cannot_tell_is_asked_in_one_call(
    endpoint: OpenAIEndpoint, people: None, dialogue: dict[str, Any]
):
    await say(dialogue)
    endpoint.reply(dialogue["reply"], when=REWRITE)
    endpoint.requests.clear()
    [result] = await sessiongraph.search(dialogue["question"], session_id="s", datasets="d")
    assert len(rewrites(endpoint)) == 1 and result.usage.calls == 2 and result.warnings == []
    assert all(f"~ user: {question}" in rewrites(endpoint)[0] for question, _ in dialogue["history"])
    embedded = json.dumps([request.body["input"] for request in endpoint.embeddings])
    assert dialogue["reply"] in embedded
    assert (await sessions.get_turns("s", last=1))[0].question == dialogue["question"]


async def test_what_rules_can_tell_costs_no_call(endpoint: OpenAIEndpoint, people: None):
    await sessions.add_turn("s", "Where does Carla Rossi paint?", "Carla Rossi paints in Porto.")
    endpoint.requests.clear()
    [result] = await sessiongraph.search("What does she paint?", session_id="s", datasets="d")
    assert rewrites(endpoint) == [] and result.usage.calls == 1


async def test_a_failing_rewrite_leaves_the_rules_query_and_says_so(endpoint: OpenAIEndpoint, people: None):
    await say(UNSURE[0])
    endpoint.fail(500, when=REWRITE)
    endpoint.requests.clear()
    [result] = await sessiongraph.search(UNSURE[0]["question"], session_id="s", datasets="d")
    assert result.answer and result.turn_id and "by rule alone" in result.warnings[0]
    assert "Ines Carvalho" in json.dumps([request.body["input"] for request in endpoint.embeddings])


@pytest.mark.parametrize("kind", [SearchType.CHUNKS, SearchType.GRAPH_COMPLETION])
async def test_no_model_is_asked_where_none_is_to_be(endpoint: OpenAIEndpoint, people: None, kind: SearchType):
    await say(UNSURE[0])
    endpoint.requests.clear()
    await sessiongraph.search(UNSURE[0]["question"], kind, session_id="s", datasets="d", only_context=True)
    assert endpoint.chats == []


async def test_the_embedded_model_is_asked_for_no_rewrite(people: None):
    await say(UNSURE[0])
    [result] = await sessiongraph.search(UNSURE[0]["question"], session_id="s", datasets="d")
    assert result.usage.calls == 1 and result.warnings == []


async def test_an_older_turn_that_matters_is_recalled(endpoint: OpenAIEndpoint, people: None):
    await sessions.add_turn("s", "What is my bicycle called?", "Your bicycle is called Rosinante.")
    for number in range(20):
        await sessions.add_turn("s", f"Number {number}?", f"It is {number}.")
    [result] = await sessiongraph.search("Who paints the bicycle?", only_context=True, session_id="s", datasets="d")
    said = [line for line in result.context.splitlines() if line.startswith("~ user:")]
    assert said[0] == "~ user: What is my bicycle called?" and len(said) == 11
    assert [f"~ user: Number {number}?" for number in range(10, 20)] == said[1:]


async def test_long_turns_are_fewer(people: None):
    for number in range(10):
        await sessions.add_turn("s", f"Number {number}? " + "Why so? " * 100, "So it is. " * 100)
    [result] = await sessiongraph.search("Who paints?", only_context=True, session_id="s", datasets="d")
    said = [line for line in result.context.splitlines() if line.startswith("~ user:")]
    assert 3 <= len(said) < 10 and said[-1].startswith("~ user: Number 9?")
    assert sum(map(len, said)) < 4 * conversation_history.HISTORY_TOKENS


def test_recalled_turns_take_a_third_at_the_most():
    last = [turn(number, "Why?", "So.") for number in range(100, 110)]
    older = [turn(number, f"apples {number} " + "and pears " * 50, "apples " * 80) for number in range(100)]
    talk = Conversation("s", turns=last, older=older).recalling("apples", Tokenizer())
    tokens = sum(map(conversation_history._token_count, talk.recalled))
    assert talk.recalled and tokens <= conversation_history.HISTORY_TOKENS // 3
    assert talk.recalled == sorted(talk.recalled, key=lambda each: each.position)


@pytest.mark.parametrize(
    "text", ["Alice moved to Paris in 2010. " * 20, "Ünïcödé ßtraße öäü " * 20, "def f(x): return x\n" * 20]
)
def test_the_estimate_of_tokens_is_near_what_a_tokenizer_counts(text: str):
    import litellm

    counted = litellm.token_counter(model="gpt-4o", text=text[: conversation_history.HISTORY_CHARS])
    estimated = conversation_history._token_count(turn(1, text, ""))
    assert 0.7 * counted <= estimated <= 2 * counted

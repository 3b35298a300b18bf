"""Answers are seen as they are written, where the endpoint says them in pieces, and never what a model thinks."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from sessiongraph.errors import LLMFailedError
from sessiongraph.llm.client import LLM
from sessiongraph.llm.drafts import Drafts
from tests.sessiongraph.llm.test_client import piece, prompt, settings
from tests.support.openai_endpoint import OpenAIEndpoint


async def ask(llm: LLM, number: int) -> tuple[str, list[str]]:
    drafts: list[str] = []
    answer, _ = await llm.text(prompt(f"Alice met Bob {number}."), drafts.append)
    return answer, drafts


def say(endpoint: OpenAIEndpoint, *pieces: str) -> None:
    said = "".join([*(piece(content=it) for it in pieces), "data: [DONE]\n\n"])
    endpoint.send(said.encode(), content_type="text/event-stream")


async def test_an_answer_is_seen_as_it_is_written(openai_endpoint: OpenAIEndpoint) -> None:
    say(openai_endpoint, "Alice lives", " in Oslo.")
    llm = LLM(settings(openai_endpoint))
    assert await ask(llm, 1) == ("Alice lives in Oslo.", [])  # nobody knows yet whether it thinks aloud
    answer, drafts = await ask(llm, 2)
    assert answer == "Alice lives in Oslo." and drafts[0] == "Alice lives"
    assert all(request.body["stream"] for request in openai_endpoint.chats)


@pytest.mark.parametrize("opening", ["", "<think>"])
async def test_no_draft_shows_a_thought(openai_endpoint: OpenAIEndpoint, opening: str) -> None:
    say(openai_endpoint, f"{opening}Bergen", " or Oslo?", "</think>", "Oslo.")
    llm = LLM(settings(openai_endpoint))
    for number in range(3):
        answer, drafts = await ask(llm, number)
        assert answer == "Oslo." and set(drafts) <= {"Oslo."}


async def test_drafts_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessiongraph.llm.drafts._SECONDS_BETWEEN", 0.0)
    drafts, seen = Drafts(), list[str]()
    drafts.learn("An answer.")

    async def stream() -> AsyncIterator[object]:
        for text in ("Alice ", "lives ", None, "in Oslo."):
            yield SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(content=text))])
        yield SimpleNamespace(choices=[])

    assert len(await drafts.collect(stream(), seen.append)) == 5
    assert seen == ["Alice", "Alice lives", "Alice lives in Oslo."]


async def test_where_an_endpoint_does_not_stream_it_is_asked_as_ever(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(400, parameter="stream")
    llm = LLM(settings(openai_endpoint))
    for number in range(2):
        answer, drafts = await ask(llm, number)
        assert answer and drafts == []
    assert [request.body.get("stream", False) for request in openai_endpoint.chats] == [True, False, False]


async def test_what_fails_fails_alike(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(401)
    with pytest.raises(LLMFailedError, match="401"):
        await ask(LLM(settings(openai_endpoint)), 1)


async def test_a_stream_that_breaks_is_asked_for_again(openai_endpoint: OpenAIEndpoint) -> None:
    openai_endpoint.fail(503, times=1)
    say(openai_endpoint, "Oslo.")
    answer, _ = await asyncio.wait_for(ask(LLM(settings(openai_endpoint)), 1), 60)
    assert answer == "Oslo."

"""LangChain's own chains and agents over a client: their messages as sessions, and what is known as documents."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_openai_messages,
)
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory

from sessiongraph import SessionGraph, Settings
from sessiongraph.errors import InvalidInputError, NoGraphDataError
from sessiongraph.integrations.langchain import SessionGraphChatMessageHistory, SessionGraphRetriever
from sessiongraph.services import Shared
from tests.support.openai_endpoint import OpenAIEndpoint

# LangChain's way until LangGraph, and still the one of most code that there is.
pytestmark = pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")

SAID: list[BaseMessage] = [
    SystemMessage("Be brief."),
    HumanMessage([{"type": "text", "text": "I moved to Lyon."}, {"type": "image_url", "image_url": {"url": "data:,"}}]),
    AIMessage(
        [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "One moment."}],
        tool_calls=[{"name": "weather", "args": {"city": "Lyon"}, "id": "call_1"}],
    ),
    ToolMessage("Bob Jones lives in Oslo.", tool_call_id="call_1", name="weather"),
    AIMessage("It rains."),
]


@pytest.fixture
async def memory(home: Path, shared: Shared) -> AsyncIterator[SessionGraph]:
    async with SessionGraph(Settings(home=home), shared=shared) as it:
        yield it


def chain(endpoint: OpenAIEndpoint, memory: SessionGraph) -> RunnableWithMessageHistory:
    def model(prompt: PromptValue) -> AIMessage:
        body = {"model": "test", "messages": convert_to_openai_messages(prompt.to_messages())}
        with httpx.Client(trust_env=False) as http:
            answer = http.post(f"{endpoint.url}/chat/completions", json=body).raise_for_status().json()
        return AIMessage(answer["choices"][0]["message"]["content"])

    prompt = ChatPromptTemplate.from_messages(
        [("system", "Be brief."), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    return RunnableWithMessageHistory(
        prompt | RunnableLambda(model),
        lambda session_id: SessionGraphChatMessageHistory(session_id, memory, dataset="work"),
        input_messages_key="question",
        history_messages_key="history",
    )


def asked(question: str, session_id: str = "monday") -> tuple[Any, Any]:
    return {"question": question}, {"configurable": {"session_id": session_id}}


async def test_a_chains_conversation_is_persisted_and_found_when_the_cache_is_empty(
    memory: SessionGraph, openai_endpoint: OpenAIEndpoint
):
    await memory.datasets.create("work")
    answers = ["Lyon is lovely.", "Good for you."]
    for answer in answers:
        openai_endpoint.reply(answer, times=1)
    talk = chain(openai_endpoint, memory)
    assert (await talk.ainvoke(*asked("I moved to Lyon."))).content == answers[0]
    assert talk.invoke(*asked("I work at Acme.")).content == answers[1]
    sent = [it["content"] for it in openai_endpoint.chats[1].body["messages"]]
    assert sent == ["Be brief.", "I moved to Lyon.", "Lyon is lovely.", "I work at Acme."]
    history = SessionGraphChatMessageHistory("monday", memory)
    assert [it.content for it in await history.aget_messages()] == [
        "I moved to Lyon.", answers[0], "I work at Acme.", answers[1],
    ]  # fmt: skip
    assert history.messages == await history.aget_messages()

    report = await memory.persist_sessions(["monday"], dataset="work", create=True)
    assert report.persisted == 2
    await history.aclear()
    assert history.messages == [] and await memory.sessions.list_sessions() == []
    retriever = SessionGraphRetriever(memory=memory, datasets=["work"], top_k=4)
    found = await retriever.ainvoke("Where does the user work?")
    assert found == retriever.invoke("Where does the user work?") and len(found) == 4
    facts = {it.page_content: it.metadata for it in found if it.metadata["kind"] == "fact"}
    fact = facts["The user works at Acme."]
    assert (fact["session_id"], fact["stated_by"], fact["dataset"]) == ("monday", "user", "default_user/work")
    assert json.loads(json.dumps(fact)) == fact


async def test_messages_come_back_as_they_were_and_make_turns(memory: SessionGraph):
    history = SessionGraphChatMessageHistory("s", memory)
    for message in SAID:
        history.add_message(message)
    assert await history.aget_messages() == SAID
    (turn,) = await memory.sessions.get_turns("s")
    assert (turn.question, turn.answer) == ("I moved to Lyon.", "One moment.\n\nIt rains.")
    assert turn.context == (
        "system: Be brief.\nattachment: image_url\n"
        'tool_call: weather {"city": "Lyon"}\nweather: Bob Jones lives in Oslo.'
    )


async def test_what_json_cannot_write_is_refused(memory: SessionGraph):
    history = SessionGraphChatMessageHistory("s", memory)
    with pytest.raises(InvalidInputError, match="'tool'"):
        history.add_message(ToolMessage("x", tool_call_id="1", artifact=object()))
    with pytest.raises(InvalidInputError, match="not a session id"):
        SessionGraphChatMessageHistory("a b", memory)


async def test_a_retriever_says_what_to_do_where_nothing_is_known_yet(memory: SessionGraph):
    with pytest.raises(NoGraphDataError, match="add"):
        await SessionGraphRetriever(memory=memory).ainvoke("Where?")

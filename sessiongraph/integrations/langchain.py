"""LangChain's interfaces over a client: the messages of a chain as a session, and a retriever that cites sources."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from sessiongraph.client import SessionGraph
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_session_id
from sessiongraph.importers.langchain_messages import spoken
from sessiongraph.integrations.event_loops import wait_for
from sessiongraph.retrieval.results import Citation, SearchType
from sessiongraph.types import SessionItem, User


class SessionGraphChatMessageHistory(BaseChatMessageHistory):
    """The messages of a chain, kept in the session cache of `memory` and persisted from there.

        RunnableWithMessageHistory(chain, lambda session_id: SessionGraphChatMessageHistory(session_id, memory), …)

    They come back as they were added. What the human says and is answered makes turns, which belong to `dataset` (by
    default the user's main one); prompts, calls of tools and their results are context of them. `clear` acts on the
    cache: what was persisted is only taken back by `forget`.
    """

    def __init__(
        self, session_id: str, memory: SessionGraph, *, user: User | None = None, dataset: str | None = None
    ) -> None:
        self.session_id = check_session_id(session_id)
        self._sessions, self._user, self._dataset = memory.sessions, user, dataset

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        return wait_for(self.aget_messages())

    async def aget_messages(self) -> list[BaseMessage]:
        found = await self._sessions.get_items(self.session_id, user=self._user)
        return messages_from_dict([json.loads(data) for data in found])

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        wait_for(self.aadd_messages(messages))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        items = [_item(message) for message in messages]
        await self._sessions.add_items(self.session_id, items, user=self._user, dataset=self._dataset)

    def clear(self) -> None:
        wait_for(self.aclear())

    async def aclear(self) -> None:
        await self._sessions.delete_session(self.session_id, user=self._user)


def _item(message: BaseMessage) -> SessionItem:
    written = message_to_dict(message)
    try:
        data = json.dumps(written)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"A message of type {message.type!r} holds what JSON cannot write ({error}): leave it out, or name it."
        ) from error
    said = spoken(written)
    beside = "\n".join(said.beside)
    if said.role == "user":
        return SessionItem(data, question=said.words, context=beside)
    if said.role == "assistant":
        return SessionItem(data, answer=said.words, context=beside)
    return SessionItem(data, context="\n".join(filter(None, [said.words, beside])))


class SessionGraphRetriever(BaseRetriever):
    """What the graphs of `memory` have on a question: passages and facts, best first; no language model is asked.

    A document's metadata are the fields of its citation: where it is from (`dataset`, `document_id`, `name`,
    `session_id`, `turn_id`), who stated it and when, of a fact also when it was true. `datasets`, `node_sets` and
    `top_k` are those of `search`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    memory: SessionGraph
    datasets: list[str] | None = None
    node_sets: list[str] | None = None
    top_k: int = 10
    user: User | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return wait_for(self._found(query))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        return await self._found(query)

    async def _found(self, query: str) -> list[Document]:
        (result,) = await self.memory.search(
            query,
            SearchType.GRAPH_COMPLETION,
            datasets=self.datasets,
            user=self.user,
            top_k=self.top_k,
            node_sets=self.node_sets,
            only_context=True,
        )
        return [_document(citation) for citation in result.citations]


def _document(citation: Citation) -> Document:
    fields = {name: value for name, value in asdict(citation).items() if value not in (None, ()) and name != "text"}
    return Document(page_content=citation.text, id=citation.id, metadata={k: _as_json(v) for k, v in fields.items()})


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value

"""An OpenAI-compatible endpoint in a process of its own, so that its work is nobody's cost: the one of the tests.

It answers extraction calls from the text alone, the same however windows are packed, and counts what it is asked.
Tokens are those of messages and schema as litellm counts them for gpt-4o, whoever asks.
"""

import json
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

DIMENSIONS = 1536
MODEL = "openai/mock"


@dataclass(frozen=True)
class Calls:
    """What an endpoint was asked: calls, texts embedded, tokens of prompts, and the most chat calls at once."""

    chat: int = 0
    embedding: int = 0
    texts: int = 0
    prompt_tokens: int = 0
    at_once: int = 0


class Endpoint:
    """The process behind `url`."""

    def __init__(self, url: str, pipe: "Connection[str, Calls]") -> None:
        self.url = url
        self._pipe = pipe

    def calls(self) -> Calls:
        """What was asked since the last time."""
        self._pipe.send("")
        return self._pipe.recv()


@contextmanager
def endpoint(latency_ms: float, dimensions: int = DIMENSIONS) -> Iterator[Endpoint]:
    """An endpoint that answers after `latency_ms`, and the settings that name it."""
    ours, theirs = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    server = spawn.Process(target=_serve, args=(theirs, latency_ms / 1000, dimensions), daemon=True)
    server.start()
    url = str(ours.recv())
    os.environ |= {
        "LLM_MODEL": MODEL,
        "LLM_ENDPOINT": url,
        "LLM_API_KEY": "none",
        "EMBEDDING_MODEL": MODEL,
        "EMBEDDING_ENDPOINT": url,
        "EMBEDDING_API_KEY": "none",
        "EMBEDDING_DIMENSIONS": str(dimensions),
    }
    try:
        yield Endpoint(url, ours)
    finally:
        server.terminate()
        server.join()


def _serve(pipe: "Connection[object, object]", latency: float, dimensions: int) -> None:
    from tests.support.openai_endpoint import OpenAIEndpoint

    served = OpenAIEndpoint()
    served.latency, served.dimensions, served.extract = latency, dimensions, _extracted
    with served.running():
        pipe.send(served.url)
        while True:
            pipe.recv()
            chats, embeddings = served.chats, served.embeddings
            texts = sum(len(request.body["input"]) for request in embeddings)
            tokens = sum(_tokens(chat.body) for chat in chats)
            pipe.send(Calls(len(chats), len(embeddings), texts, tokens, served.max_in_flight))
            served.requests.clear()
            served.max_in_flight = 0


def _tokens(chat: dict[str, Any]) -> int:
    from sessiongraph.llm import litellm_runtime

    asked = json.dumps(chat["response_format"]) if "response_format" in chat else ""
    litellm = litellm_runtime.load()
    of_messages: int = litellm.token_counter(model="gpt-4o", messages=chat["messages"])
    return of_messages + (litellm.token_counter(model="gpt-4o", text=asked) if asked else 0)


def _extracted(prompt: str) -> dict[str, Any]:
    """What this project asks for; from a text whose passages are not numbered, the same as the peer asks for it."""
    from tests.support.model_answers import extraction

    found = extraction(prompt)
    if found["summaries"]:
        return found
    found = extraction("[1] " + " ".join(prompt.split()))
    said = found["summaries"][0]["text"][:200]
    nodes = [{"id": entity["name"], **entity} for entity in found["entities"]]
    edges = [
        {
            "source_node_id": fact["subject"],
            "target_node_id": fact["object"],
            "relationship_name": fact["relation"],
            "description": fact["statement"],
        }
        for fact in found["facts"]
    ]
    return {"nodes": nodes, "edges": edges, "summary": said, "description": said}

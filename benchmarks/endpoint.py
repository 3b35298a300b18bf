"""An OpenAI-compatible endpoint in a process of its own, so that its work is nobody's cost: the one of the tests.

It answers extraction calls from the text alone, the same however windows are packed, and counts what it is asked.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

DIMENSIONS = 1536
MODEL = "openai/mock"


@dataclass(frozen=True)
class Calls:
    """What an endpoint was asked: calls, texts embedded, words of prompts, and the most chat calls at once."""

    chat: int = 0
    embedding: int = 0
    texts: int = 0
    prompt_words: int = 0
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
    served.latency, served.dimensions = latency, dimensions
    with served.running():
        pipe.send(served.url)
        while True:
            pipe.recv()
            chats, embeddings = served.chats, served.embeddings
            texts = sum(len(request.body["input"]) for request in embeddings)
            words = sum(len(message["content"].split()) for chat in chats for message in chat.body["messages"])
            pipe.send(Calls(len(chats), len(embeddings), texts, words, served.max_in_flight))
            served.requests.clear()
            served.max_in_flight = 0

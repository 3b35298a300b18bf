"""A model as the settings name it, and how it is reached; no call is made here."""

from dataclasses import dataclass, field
from typing import Literal

from sessiongraph.errors import LLMNotConfiguredError
from sessiongraph.settings import LOCAL_EMBEDDER, LOCAL_LLM, LOCAL_SENTENCE_EMBEDDER

LOCAL_MODELS = {"LLM": (LOCAL_LLM,), "EMBEDDING": (LOCAL_EMBEDDER, LOCAL_SENTENCE_EMBEDDER)}
_EXAMPLES = {
    "LLM": "openai/gpt-4o-mini, ollama/llama3.1",
    "EMBEDDING": "openai/text-embedding-3-small, ollama/nomic-embed-text",
}


@dataclass(frozen=True)
class Endpoint:
    """A model and how it is reached. `prefix` is that of its variables; `timeout` is in seconds."""

    prefix: Literal["LLM", "EMBEDDING"]
    model: str
    api_key: str | None = field(repr=False)
    url: str | None
    timeout: float
    retries: int
    concurrency: int

    @property
    def is_local(self) -> bool:
        """Whether it is a model of `sessiongraph.local_models`, or shall be one."""
        return self.model.startswith("local/")

    def unknown_model(self) -> LLMNotConfiguredError:
        """What to raise where `model` names none."""
        return LLMNotConfiguredError(
            f"{self.prefix}_MODEL={self.model} names no model that can be reached. Set {self.prefix}_MODEL "
            f"to provider/model, such as {_EXAMPLES[self.prefix]} or {LOCAL_MODELS[self.prefix][0]}."
        )

"""What a search gives back, and which kinds of search there are."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from resources.types import Usage


class SearchType(StrEnum):
    """The first four ask the model; the others return what was found.

    GRAPH_COMPLETION answers from facts and passages of the graph around the question, TRIPLET_COMPLETION from facts
    alone, RAG_COMPLETION from passages alone, HYBRID_COMPLETION from passages, facts and summaries side by side.
    CHUNKS gives passages by all signals together, CHUNKS_LEXICAL by words alone, SUMMARIES one line for each passage.
    """

    GRAPH_COMPLETION = "GRAPH_COMPLETION"
    RAG_COMPLETION = "RAG_COMPLETION"
    TRIPLET_COMPLETION = "TRIPLET_COMPLETION"
    HYBRID_COMPLETION = "HYBRID_COMPLETION"
    CHUNKS = "CHUNKS"
    CHUNKS_LEXICAL = "CHUNKS_LEXICAL"
    SUMMARIES = "SUMMARIES"

    @property
    def asks_model(self) -> bool:
        return self.name.endswith("_COMPLETION")


@dataclass(frozen=True)
class Citation:
    """A source. `kind` is "chunk", "turn", "fact" or "summary"; `id` the passage's or the fact's.

    `session_id` and `turn_id` are set where a turn states it, `document_id` always; `score` orders citations within
    one result and means nothing across results.
    """

    kind: str
    id: str
    text: str
    score: float
    dataset: str
    document_id: str
    name: str
    stated_by: str
    said_at: datetime
    session_id: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True)
class SearchResult:
    """An answer with its sources; it prints as its answer.

    `answer` is None where no model was asked. `answered` is False where the sources did not answer the question.
    `citations` come best first: those that the answer names or, where it names none, all that it was given.
    `context` is the text that the model was (or would be) given, `turn_id` the turn that was written to the session.
    `warnings` say what did not work, such as a session cache that is down.
    """

    query: str
    answer: str | None
    citations: list[Citation]
    context: str
    dataset: str
    answered: bool = True
    turn_id: str | None = None
    usage: Usage = field(default_factory=Usage)
    warnings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.context if self.answer is None else self.answer

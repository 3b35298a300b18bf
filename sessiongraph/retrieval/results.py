"""Results of a search, and the types of search."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sessiongraph.types import Usage


class SearchType(StrEnum):
    """How a question is searched for and answered; `search_types.SEARCH_PLANS` has all of them in one table.

    Answered from sources by one model call: GRAPH_COMPLETION from facts and passages around the question,
    TRIPLET_COMPLETION from facts alone, RAG_COMPLETION from passages alone, HYBRID_COMPLETION from passages, facts and
    summaries side by side, TEMPORAL from facts and passages of the time that the question speaks of.

    Answered in several steps, each bounded: GRAPH_COMPLETION_COT asks what is missing and searches again, twice at the
    most; GRAPH_COMPLETION_CONTEXT_EXTENSION searches with its own answer until nothing new is found, twice at the most;
    GRAPH_COMPLETION_DECOMPOSITION searches for sub-questions side by side, up to five; GRAPH_SUMMARY_COMPLETION
    condenses three times as many sources before it answers. With local/extractive these take no more calls of a model:
    what is missing are the names in the best sources, sub-questions are what "and" and question marks part, and the
    condensed sources are the summaries that were made when the texts were read.

    Answered from the graph: CYPHER takes a query (MATCH … WHERE … RETURN …) in the place of a question and gives its
    rows; NATURAL_LANGUAGE has a model write that query and answers from its rows, and raises LLMNotConfiguredError with
    local/extractive, which writes none. GRAPH_REPORT describes the graph without a model.

    Listed: CHUNKS gives passages by all signals together, CHUNKS_LEXICAL by words alone, SUMMARIES one line for each
    passage. FEELING_LUCKY is one of the others, chosen by rule; the result says which.
    """

    GRAPH_COMPLETION = "GRAPH_COMPLETION"
    RAG_COMPLETION = "RAG_COMPLETION"
    TRIPLET_COMPLETION = "TRIPLET_COMPLETION"
    HYBRID_COMPLETION = "HYBRID_COMPLETION"
    GRAPH_SUMMARY_COMPLETION = "GRAPH_SUMMARY_COMPLETION"
    GRAPH_COMPLETION_COT = "GRAPH_COMPLETION_COT"
    GRAPH_COMPLETION_CONTEXT_EXTENSION = "GRAPH_COMPLETION_CONTEXT_EXTENSION"
    GRAPH_COMPLETION_DECOMPOSITION = "GRAPH_COMPLETION_DECOMPOSITION"
    TEMPORAL = "TEMPORAL"
    NATURAL_LANGUAGE = "NATURAL_LANGUAGE"
    FEELING_LUCKY = "FEELING_LUCKY"
    CYPHER = "CYPHER"
    GRAPH_REPORT = "GRAPH_REPORT"
    CHUNKS = "CHUNKS"
    CHUNKS_LEXICAL = "CHUNKS_LEXICAL"
    SUMMARIES = "SUMMARIES"

    @property
    def asks_model(self) -> bool:
        """Whether a model answers; the others show what they find."""
        return self not in _SHOWN


_SHOWN = frozenset(
    (SearchType.CYPHER, SearchType.GRAPH_REPORT, SearchType.CHUNKS, SearchType.CHUNKS_LEXICAL, SearchType.SUMMARIES)
)


@dataclass(frozen=True)
class Citation:
    """A source. `kind` is "chunk", "turn", "fact", "summary" or "context"; `id` the passage's or the fact's.

    A "context" is an excerpt of what stood beside a turn, such as what a tool gave: nobody's words, with no speaker,
    and stated by "context".

    `session_id` and `turn_id` are set where a turn states it, `document_id` always; `score` orders citations within
    one result and means nothing across results. `valid_at` and `valid_until` say when a fact was true (ISO texts of
    any precision, None where that is open); `replaced` which statements of a passage later ones have replaced, `wrong`
    which ones a person corrected. A fact that a person corrected has their name (`corrected_by`) and when that was; it
    is stated by "correction", and cites the passage that was corrected, where no passage says it so.
    Of a turn, `speaker` is what the user who said it is called, and `answer_at` where in `text` the answer begins.
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
    valid_at: str | None = None
    valid_until: str | None = None
    replaced: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    corrected_by: str | None = None
    corrected_at: datetime | None = None
    speaker: str | None = None
    answer_at: int | None = None


@dataclass(frozen=True)
class Claim:
    """A sentence of an answer and the sources that it names; none where it names none."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True)
class SearchResult:
    """An answer with its sources; it prints as its answer.

    `answer` is None where no model was asked. `answered` is False where the sources did not answer the question, or
    what was told is not kept. What is told in a session is answered by an acknowledgement, without citations.
    `citations` come best first: those that the answer names or, where it names none, all that it was given; `claims`
    are the answer's sentences, each with its own.
    `context` is the text that the model was (or would be) given, `turn_id` the turn that was written to the session.
    `query_type` is how it was searched for: never FEELING_LUCKY, but what that chose. `rows` are what a graph query
    found, a dict of its columns each, with the "dataset" that they are from.
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
    claims: list[Claim] = field(default_factory=list)
    query_type: SearchType = SearchType.GRAPH_COMPLETION
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        return self.context if self.answer is None else self.answer

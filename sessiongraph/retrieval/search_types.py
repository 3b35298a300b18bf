"""What each search type gathers and how it answers, in one table; and which type a question asks for by itself. Pure.

How sources are found belongs to `sources`, how the ways of answering go to `reasoning`, `graph_query` and `report`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sessiongraph.retrieval.query_decomposition import sub_questions
from sessiongraph.retrieval.results import SearchType

Gathered = Literal["facts", "passages", "summaries", "by words"]
Way = Literal[
    "listed",
    "at once",
    "condensed",
    "in rounds",
    "extended",
    "in parts",
    "timely",
    "queried",
    "asked of the graph",
    "reported",
]


@dataclass(frozen=True)
class Kind:
    """What is gathered, the best of each in turn, and the way in which it becomes an answer."""

    gathers: tuple[Gathered, ...]
    way: Way

    @property
    def asks_model(self) -> bool:
        return self.way not in ("listed", "queried", "reported")

    @property
    def follows_up(self) -> bool:
        """Whether what it is given is a question, which may leave unsaid what was said before."""
        return self.way not in ("queried", "reported")


_GRAPH: tuple[Gathered, ...] = ("passages", "facts")

KINDS: Mapping[SearchType, Kind] = {
    SearchType.GRAPH_COMPLETION: Kind(_GRAPH, "at once"),
    SearchType.RAG_COMPLETION: Kind(("passages",), "at once"),
    SearchType.TRIPLET_COMPLETION: Kind(("facts",), "at once"),
    SearchType.HYBRID_COMPLETION: Kind((*_GRAPH, "summaries"), "at once"),
    SearchType.GRAPH_SUMMARY_COMPLETION: Kind(("summaries", "facts"), "condensed"),
    SearchType.GRAPH_COMPLETION_COT: Kind(_GRAPH, "in rounds"),
    SearchType.GRAPH_COMPLETION_CONTEXT_EXTENSION: Kind(_GRAPH, "extended"),
    SearchType.GRAPH_COMPLETION_DECOMPOSITION: Kind(_GRAPH, "in parts"),
    SearchType.TEMPORAL: Kind(_GRAPH, "timely"),
    SearchType.NATURAL_LANGUAGE: Kind((), "asked of the graph"),
    SearchType.CYPHER: Kind((), "queried"),
    SearchType.GRAPH_REPORT: Kind((), "reported"),
    SearchType.CHUNKS: Kind(("passages",), "listed"),
    SearchType.CHUNKS_LEXICAL: Kind(("by words",), "listed"),
    SearchType.SUMMARIES: Kind(("summaries",), "listed"),
}

_QUERY = re.compile(r"\s*match\s*(?:\w+\s*=\s*)?\(", re.IGNORECASE)
_REPORT = re.compile(r"\b(?:report|overview)\b", re.IGNORECASE)
_SUMMARY = re.compile(r"\bsummar(?:y|i[sz]e)\b", re.IGNORECASE)
_KEYWORDS = 4


def chosen(query: str, today: date) -> SearchType:
    """The type that FEELING_LUCKY stands for: whether `query` is a graph query, asks for a report or a summary, is of
    several parts or of a time, is keywords, or is a plain question."""
    from sessiongraph.retrieval.time_expressions import time_span

    if _QUERY.match(query):
        return SearchType.CYPHER
    if _REPORT.search(query) and len(query.split()) <= 2 * _KEYWORDS:
        return SearchType.GRAPH_REPORT
    if _SUMMARY.search(query):
        return SearchType.GRAPH_SUMMARY_COMPLETION
    if len(sub_questions(query)) > 1:
        return SearchType.GRAPH_COMPLETION_DECOMPOSITION
    if time_span(query, today) is not None:
        return SearchType.TEMPORAL
    if "?" not in query and len(query.split()) <= _KEYWORDS:
        return SearchType.CHUNKS
    return SearchType.GRAPH_COMPLETION

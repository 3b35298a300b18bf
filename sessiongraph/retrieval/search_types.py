"""Table of search types, with the sources that each retrieves and the strategy of its answer; choice of one by rule.

How sources are ranked belongs to `citations`; the strategies are in `answer_strategies`, `graph_query` and
`graph_report`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sessiongraph.retrieval.query_decomposition import sub_questions
from sessiongraph.retrieval.results import SearchType
from sessiongraph.speech_acts import speech_act

SourceKind = Literal["facts", "passages", "summaries", "lexical passages"]
StrategyName = Literal[
    "list sources",
    "answer",
    "summarize",
    "chain of thought",
    "context extension",
    "decomposition",
    "temporal",
    "graph query",
    "generated graph query",
    "graph report",
]


@dataclass(frozen=True)
class SearchPlan:
    """The kinds of sources that are retrieved, the best of each in turn, and the strategy that answers from them."""

    sources: tuple[SourceKind, ...]
    strategy: StrategyName

    @property
    def asks_model(self) -> bool:
        return self.strategy not in ("list sources", "graph query", "graph report")

    @property
    def answers_from_sources(self) -> bool:
        return self.asks_model and bool(self.sources)

    @property
    def is_conversational(self) -> bool:
        """Whether the query is a question, which may refer to what was said before in the session."""
        return self.strategy not in ("graph query", "graph report")


_GRAPH: tuple[SourceKind, ...] = ("passages", "facts")

SEARCH_PLANS: Mapping[SearchType, SearchPlan] = {
    SearchType.GRAPH_COMPLETION: SearchPlan(_GRAPH, "answer"),
    SearchType.RAG_COMPLETION: SearchPlan(("passages",), "answer"),
    SearchType.TRIPLET_COMPLETION: SearchPlan(("facts",), "answer"),
    SearchType.HYBRID_COMPLETION: SearchPlan((*_GRAPH, "summaries"), "answer"),
    SearchType.GRAPH_SUMMARY_COMPLETION: SearchPlan(("summaries", "facts"), "summarize"),
    SearchType.GRAPH_COMPLETION_COT: SearchPlan(_GRAPH, "chain of thought"),
    SearchType.GRAPH_COMPLETION_CONTEXT_EXTENSION: SearchPlan(_GRAPH, "context extension"),
    SearchType.GRAPH_COMPLETION_DECOMPOSITION: SearchPlan(_GRAPH, "decomposition"),
    SearchType.TEMPORAL: SearchPlan(_GRAPH, "temporal"),
    SearchType.NATURAL_LANGUAGE: SearchPlan((), "generated graph query"),
    SearchType.CYPHER: SearchPlan((), "graph query"),
    SearchType.GRAPH_REPORT: SearchPlan((), "graph report"),
    SearchType.CHUNKS: SearchPlan(("passages",), "list sources"),
    SearchType.CHUNKS_LEXICAL: SearchPlan(("lexical passages",), "list sources"),
    SearchType.SUMMARIES: SearchPlan(("summaries",), "list sources"),
}

_QUERY = re.compile(r"\s*match\s*(?:\w+\s*=\s*)?\(", re.IGNORECASE)
_REPORT = re.compile(r"\b(?:report|overview)\b", re.IGNORECASE)
_SUMMARY = re.compile(r"\bsummar(?:y|i[sz]e)\b", re.IGNORECASE)
_MAX_KEYWORDS = 4


def choose_search_type(query: str, today: date) -> SearchType:
    """The type that FEELING_LUCKY stands for: whether `query` is a graph query, asks for a report or a summary, has
    several parts or is about a time, consists of keywords, or is a plain question or no question at all."""
    from sessiongraph.retrieval.time_expressions import parse_date_range

    if _QUERY.match(query):
        return SearchType.CYPHER
    if speech_act(query) in ("tells", "greets"):
        return SearchType.GRAPH_COMPLETION
    if _REPORT.search(query) and len(query.split()) <= 2 * _MAX_KEYWORDS:
        return SearchType.GRAPH_REPORT
    if _SUMMARY.search(query):
        return SearchType.GRAPH_SUMMARY_COMPLETION
    if len(sub_questions(query)) > 1:
        return SearchType.GRAPH_COMPLETION_DECOMPOSITION
    if parse_date_range(query, today) is not None:
        return SearchType.TEMPORAL
    if "?" not in query and len(query.split()) <= _MAX_KEYWORDS:
        return SearchType.CHUNKS
    return SearchType.GRAPH_COMPLETION

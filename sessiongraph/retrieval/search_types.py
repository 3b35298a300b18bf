"""Table of search types: for each, the strategy of its answer and what it retrieves; and the choice of one by rule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sessiongraph.retrieval import answer_strategies, retrievers
from sessiongraph.retrieval.graph_query import answer_with_generated_query, run_graph_query
from sessiongraph.retrieval.graph_report import report_graph
from sessiongraph.retrieval.query_context import Strategy
from sessiongraph.retrieval.query_decomposition import sub_questions
from sessiongraph.retrieval.results import SearchType
from sessiongraph.retrieval.retrievers import Retriever
from sessiongraph.retrieval.time_expressions import parse_date_range
from sessiongraph.speech_acts import speech_act


@dataclass(frozen=True)
class SearchPlan:
    """How a question is answered: the `strategy`, and the `retriever` of its sources; None where it reads the graph
    itself. With `embeds`, what is retrieved is ranked by the question's embedding, too."""

    strategy: Strategy
    retriever: Retriever | None = None
    embeds: bool = True


_GRAPH = retrievers.passages_and_facts

SEARCH_PLANS: Mapping[SearchType, SearchPlan] = {
    SearchType.GRAPH_COMPLETION: SearchPlan(answer_strategies.answer_once, _GRAPH),
    SearchType.RAG_COMPLETION: SearchPlan(answer_strategies.answer_once, retrievers.passages),
    SearchType.TRIPLET_COMPLETION: SearchPlan(answer_strategies.answer_once, retrievers.facts),
    SearchType.HYBRID_COMPLETION: SearchPlan(answer_strategies.answer_once, retrievers.passages_facts_and_summaries),
    SearchType.GRAPH_SUMMARY_COMPLETION: SearchPlan(answer_strategies.summarize, retrievers.summaries_and_facts),
    SearchType.GRAPH_COMPLETION_COT: SearchPlan(answer_strategies.chain_of_thought, _GRAPH),
    SearchType.GRAPH_COMPLETION_CONTEXT_EXTENSION: SearchPlan(answer_strategies.extend_context, _GRAPH),
    SearchType.GRAPH_COMPLETION_DECOMPOSITION: SearchPlan(answer_strategies.decompose, _GRAPH),
    SearchType.TEMPORAL: SearchPlan(answer_strategies.answer_within_time, _GRAPH),
    SearchType.NATURAL_LANGUAGE: SearchPlan(answer_with_generated_query),
    SearchType.CYPHER: SearchPlan(run_graph_query),
    SearchType.GRAPH_REPORT: SearchPlan(report_graph),
    SearchType.CHUNKS: SearchPlan(answer_strategies.list_sources, retrievers.passages),
    SearchType.CHUNKS_LEXICAL: SearchPlan(answer_strategies.list_sources, retrievers.lexical_passages, embeds=False),
    SearchType.SUMMARIES: SearchPlan(answer_strategies.list_sources, retrievers.summaries),
}

_QUERY = re.compile(r"\s*match\s*(?:\w+\s*=\s*)?\(", re.IGNORECASE)
_REPORT = re.compile(r"\b(?:report|overview)\b", re.IGNORECASE)
_SUMMARY = re.compile(r"\bsummar(?:y|i[sz]e)\b", re.IGNORECASE)
_MAX_KEYWORDS = 4


def choose_search_type(query: str, today: date) -> SearchType:
    """The type that FEELING_LUCKY stands for: whether `query` is a graph query, asks for a report or a summary, has
    several parts or is about a time, consists of keywords, or is a plain question or no question at all."""
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

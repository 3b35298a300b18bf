"""Retrievers: what is looked for in the graphs for a query, as citations. One function for each mix of sources.

A retriever gives up to `top_k` citations, best first: the best of each of its sources in turn, none with the text of an
earlier one. Pure: how well a source fits belongs to `ranking`, how it is shown to `citations`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sessiongraph.retrieval.citations import (
    context_citation,
    fact_citation,
    interleave,
    passage_citation,
    summary_citation,
)
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.ranking import Ranking, rank_lexically
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Hit, Scope
from sessiongraph.retrieval.tool_context import context_hits
from sessiongraph.snapshots.feedback_weights import Weights

# Hits beyond `top_k` that are reranked where feedback may move them up.
_RERANK_MARGIN = 10


@dataclass(frozen=True)
class RetrievalRequest:
    """A query to the datasets of `scopes`, of which `top_k` sources are wanted.

    `feedback` has weights by dataset's key, which are added to the scores of its passages and facts.
    """

    query: Query
    scopes: Sequence[Scope]
    top_k: int
    feedback: Mapping[str, Weights]

    @cached_property
    def passage_hits(self) -> list[Hit]:
        """The best passages, best first: `top_k` at the most."""
        return self._reranked(self._ranking.passages(self._depth))

    @cached_property
    def fact_hits(self) -> list[Hit]:
        """The best facts, best first: `top_k` at the most."""
        return self._reranked(self._ranking.facts(self._depth))

    @cached_property
    def document_hits(self) -> list[Hit]:
        """The best documents and sessions, best first, each as its best passage."""
        return self._ranking.documents(self.top_k)

    @cached_property
    def _ranking(self) -> Ranking:
        return Ranking(self.scopes, self.query)

    @property
    def _depth(self) -> int:
        return self.top_k + _RERANK_MARGIN if any(self.feedback.values()) else self.top_k

    def _reranked(self, hits: Sequence[Hit]) -> list[Hit]:
        """`hits` with the weights of feedback added to their scores, best first."""
        weights = self.feedback
        weighted = [replace(hit, score=hit.score + weights[hit.scope.dataset.key].get(hit.id, 0.0)) for hit in hits]
        return sorted(weighted, key=lambda hit: -hit.score)[: self.top_k]


Retriever = Callable[[RetrievalRequest], list[Citation]]


def passages_and_facts(request: RetrievalRequest) -> list[Citation]:
    return _with_contexts(request, _passages(request), _facts(request))


def passages(request: RetrievalRequest) -> list[Citation]:
    return _with_contexts(request, _passages(request))


def facts(request: RetrievalRequest) -> list[Citation]:
    return interleave([_facts(request)], request.top_k)


def passages_facts_and_summaries(request: RetrievalRequest) -> list[Citation]:
    return _with_contexts(request, _passages(request), _facts(request), _summaries(request))


def summaries_and_facts(request: RetrievalRequest) -> list[Citation]:
    return interleave([_summaries(request), _facts(request)], request.top_k)


def summaries(request: RetrievalRequest) -> list[Citation]:
    return interleave([_summaries(request)], request.top_k)


def lexical_passages(request: RetrievalRequest) -> list[Citation]:
    """Passages by BM25 alone; neither vectors nor feedback count."""
    hits = rank_lexically(request.scopes, request.query.text, request.top_k)
    return _with_contexts(request, [passage_citation(hit) for hit in hits])


def _passages(request: RetrievalRequest) -> list[Citation]:
    return [passage_citation(hit) for hit in request.passage_hits]


def _facts(request: RetrievalRequest) -> list[Citation]:
    return [fact_citation(hit) for hit in request.fact_hits]


def _summaries(request: RetrievalRequest) -> list[Citation]:
    """The summaries of the best passages, grouped by document: the best document first, within it as they rank."""
    rank = {_document(hit): number for number, hit in enumerate(request.document_hits)}
    grouped = sorted(request.passage_hits, key=lambda hit: rank.get(_document(hit), len(rank)))
    return [summary for hit in grouped if (summary := summary_citation(hit)) is not None]


def _document(hit: Hit) -> tuple[str, int]:
    return hit.scope.dataset.key, int(hit.scope.snapshot.documents[hit.row])


def _with_contexts(request: RetrievalRequest, *groups: Sequence[Citation]) -> list[Citation]:
    """The best of each group in turn, and where tools gave more of what is asked for than anybody said, that."""
    said = [citation.text for group in groups for citation in group]
    contexts = [
        context_citation(hit, excerpt) for hit, excerpt in context_hits(request.scopes, request.query.text, said)
    ]
    return interleave([*groups, contexts], request.top_k)

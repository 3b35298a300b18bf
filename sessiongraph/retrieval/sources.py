"""What a search type gathers for a question: ranked hits as citations, ready to be shown or given to a model. Pure."""

from collections.abc import Sequence
from datetime import UTC
from itertools import zip_longest

import numpy as np

from resources.llm.questions import Source
from sessiongraph.retrieval.ranking import Hit, Scope, rank_facts, rank_lexically, rank_passages
from sessiongraph.retrieval.results import Citation, SearchType


def gather(
    query_type: SearchType, scopes: Sequence[Scope], query: str, vector: np.ndarray | None, top_k: int
) -> list[Citation]:
    """Up to `top_k` sources, best first; a completion over both kinds has half of them from each."""
    if query_type is SearchType.CHUNKS_LEXICAL:
        return [_passage(hit) for hit in rank_lexically(scopes, query, top_k)]
    if query_type in (SearchType.CHUNKS, SearchType.RAG_COMPLETION):
        return [_passage(hit) for hit in rank_passages(scopes, query, vector, top_k)]
    if query_type is SearchType.TRIPLET_COMPLETION:
        return [_fact(hit) for hit in rank_facts(scopes, query, vector, top_k)]
    passages = rank_passages(scopes, query, vector, top_k)
    if query_type is SearchType.SUMMARIES:
        return [summary for hit in passages if (summary := _summary(hit)) is not None]
    facts = [_fact(hit) for hit in rank_facts(scopes, query, vector, top_k)]
    kinds = [[_passage(hit) for hit in passages], facts]
    if query_type is SearchType.HYBRID_COMPLETION:
        kinds.append([summary for hit in passages if (summary := _summary(hit)) is not None])
    return _interleaved(kinds, top_k)


def as_source(citation: Citation) -> Source:
    """A citation as a model is shown it: what it is, when it was said, and its words."""
    where = "document" if citation.session_id is None else "conversation"
    label = f"{where} {citation.name}, {citation.said_at:%Y-%m-%d}"
    return Source(label if citation.kind != "fact" else f"known fact, from {label}", citation.text)


def _interleaved(kinds: Sequence[Sequence[Citation]], top_k: int) -> list[Citation]:
    """The best of each kind in turn, leaving out what another already says word for word."""
    distinct: dict[str, Citation] = {}
    for citation in (citation for row in zip_longest(*kinds) for citation in row if citation is not None):
        distinct.setdefault(citation.text, citation)
    return list(distinct.values())[:top_k]


def _passage(hit: Hit) -> Citation:
    passages = hit.scope.snapshot.passages
    kind = "turn" if passages["turn_id"].iloc[hit.row] is not None else "chunk"
    return _citation(hit, hit.row, kind, str(passages["id"].iloc[hit.row]), str(passages["text"].iloc[hit.row]))


def _summary(hit: Hit) -> Citation | None:
    passages = hit.scope.snapshot.passages
    text = passages["summary"].iloc[hit.row]
    if not isinstance(text, str) or not text:
        return None
    return _citation(hit, hit.row, "summary", str(passages["id"].iloc[hit.row]), text)


def _fact(hit: Hit) -> Citation:
    """A fact stands where its best evidence does."""
    fact, claims = hit.scope.snapshot.facts.iloc[hit.row], hit.scope.snapshot.claims
    stating = (claims["fact"] == hit.row) & hit.scope.allowed[claims["passage"]]
    passage = int(claims["passage"][stating].iloc[0])
    return _citation(hit, passage, "fact", fact["id"], fact["statement"], fact["stated_by"])


def _citation(hit: Hit, passage: int, kind: str, id_: str, text: str, stated_by: str | None = None) -> Citation:
    row = hit.scope.snapshot.passages.iloc[passage]
    is_turn = row["kind"] == "session"
    return Citation(
        kind=kind,
        id=id_,
        text=text,
        score=round(hit.score, 4),
        dataset=hit.scope.dataset.key,
        document_id=row["document_id"],
        name=row["name"],
        stated_by=stated_by or ("conversation" if is_turn else "document"),
        said_at=row["said_at"].to_pydatetime().replace(tzinfo=UTC),
        session_id=row["session_id"] if is_turn else None,
        turn_id=row["turn_id"] if is_turn else None,
    )

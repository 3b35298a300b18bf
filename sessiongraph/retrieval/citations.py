"""What a search type gathers for a question: ranked hits as citations, ready to be shown or given to a model. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from itertools import zip_longest
from typing import Literal

import numpy as np

from sessiongraph.prompts.question_prompt import Source, Validity, fact_label, passage_label
from sessiongraph.retrieval.feedback_weights import Weights
from sessiongraph.retrieval.ranking import Ranking, rank_lexically
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Hit, Scope
from sessiongraph.retrieval.search_types import Gathered

# How many more hits than asked for are looked at where ratings may move some up.
_MARGIN = 10
_CITED = ("kind", "document_id", "name", "said_at", "session_id", "turn_id")


def gather(
    kinds: Sequence[Gathered],
    scopes: Sequence[Scope],
    query: str,
    vector: np.ndarray | None,
    top_k: int,
    weights: Weights,
    asking: str | None = None,
) -> list[Citation]:
    """Up to `top_k` sources, best first: the best of each of `kinds` in turn. `weights` are added to their scores.

    `asking` is the id of the user who asks. Summaries come document by document, the best one first.
    """
    if tuple(kinds) == ("by words",):
        return [_passage(hit) for hit in rank_lexically(scopes, query, top_k)]
    depth = top_k + _MARGIN if any(weights.values()) else top_k
    ranking = Ranking(scopes, query, vector, asking=asking)
    found: dict[Gathered, list[Citation]] = {}
    if "passages" in kinds or "summaries" in kinds:
        passages = _weighed(ranking.passages(depth), "passages", weights)[:top_k]
        found["passages"] = [_passage(hit) for hit in passages]
    if "summaries" in kinds:
        by_document = _by_document(passages, ranking.documents(top_k))
        found["summaries"] = [summary for hit in by_document if (summary := _summary(hit)) is not None]
    if "facts" in kinds:
        facts = _weighed(ranking.facts(depth), "facts", weights)[:top_k]
        found["facts"] = [fact_citation(hit) for hit in facts]
    return interleaved([found[kind] for kind in kinds], top_k)


def _weighed(hits: list[Hit], frame: Literal["passages", "facts"], weights: Weights) -> list[Hit]:
    """`hits` with what ratings say of them, best first."""
    weighed = [replace(hit, score=hit.score + weights[hit.scope.dataset.key].get(_id(hit, frame), 0.0)) for hit in hits]
    return sorted(weighed, key=lambda hit: -hit.score)


def _by_document(passages: list[Hit], documents: Sequence[Hit]) -> list[Hit]:
    """`passages` with those of the first of `documents` first, and of these the best first."""
    place = {_document(hit): number for number, hit in enumerate(documents)}
    return sorted(passages, key=lambda hit: place.get(_document(hit), len(place)))


def _document(hit: Hit) -> tuple[str, int]:
    return hit.scope.dataset.key, int(hit.scope.snapshot.documents[hit.row])


def _id(hit: Hit, frame: Literal["passages", "facts"]) -> str:
    rows = hit.scope.snapshot.passages if frame == "passages" else hit.scope.snapshot.facts
    return str(rows["id"].iloc[hit.row])


def as_source(citation: Citation) -> Source:
    """A citation as a model is shown it: what it is, when it was said and was true, and its words."""
    kind = "document" if citation.session_id is None else "conversation"
    where = f"{kind} {citation.name}, {citation.said_at:%Y-%m-%d}"
    if citation.kind == "fact":
        return Source(fact_label(Validity(citation.valid_at, citation.valid_until), where), citation.text)
    return Source(passage_label(where, citation.replaced), citation.text)


def interleaved(kinds: Sequence[Sequence[Citation]], top_k: int) -> list[Citation]:
    """The best of each kind in turn, leaving out what another already says word for word."""
    distinct: dict[str, Citation] = {}
    for citation in (citation for row in zip_longest(*kinds) for citation in row if citation is not None):
        distinct.setdefault(citation.text, citation)
    return list(distinct.values())[:top_k]


def _passage(hit: Hit) -> Citation:
    passages = hit.scope.snapshot.passages
    kind = "turn" if passages["turn_id"].iloc[hit.row] is not None else "chunk"
    text = str(passages["text"].iloc[hit.row])
    found = _citation(hit, hit.row, kind, str(passages["id"].iloc[hit.row]), text)
    return replace(found, replaced=_replaced(hit.scope, hit.row))


def _summary(hit: Hit) -> Citation | None:
    passages = hit.scope.snapshot.passages
    text = passages["summary"].iloc[hit.row]
    if not isinstance(text, str) or not text:
        return None
    return _citation(hit, hit.row, "summary", str(passages["id"].iloc[hit.row]), text)


def fact_citation(hit: Hit) -> Citation:
    """A fact stands where its best evidence does."""
    snapshot = hit.scope.snapshot
    fact, passages = snapshot.facts.iloc[hit.row], snapshot.claims["passage"].to_numpy()[snapshot.stating(hit.row)]
    passage = int(passages[hit.scope.allowed[passages]][0])
    found = _citation(hit, passage, "fact", fact["id"], fact["statement"], fact["stated_by"])
    return replace(found, valid_at=_text(fact["valid_at"]), valid_until=_text(fact.get("valid_until")))


def _replaced(scope: Scope, passage: int) -> tuple[str, ...]:
    """What `passage` states that a later fact has replaced, in its own words."""
    facts, claims = scope.snapshot.facts, scope.snapshot.claims
    if "valid_until" not in facts:
        return ()
    closed = facts["valid_until"].notna().to_numpy()
    rows = np.flatnonzero(claims["passage"].to_numpy() == passage)
    rows = rows[closed[claims["fact"].to_numpy()[rows]]]
    return tuple(dict.fromkeys(claims["statement"].iloc[rows]))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _citation(hit: Hit, passage: int, kind: str, id_: str, text: str, stated_by: str | None = None) -> Citation:
    passages = hit.scope.snapshot.passages
    row = {name: passages[name].iloc[passage] for name in _CITED}
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

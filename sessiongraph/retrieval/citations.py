"""Citations: hits of a search, passages, facts and summaries, ready to be shown or given to a model. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import zip_longest

import numpy as np

from sessiongraph.prompts.prompt_format import SPEAKER
from sessiongraph.prompts.question_prompt import (
    Source,
    Validity,
    context_label,
    conversation_label,
    fact_label,
    passage_label,
    turn_text,
)
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Hit, Scope
from sessiongraph.retrieval.visible_wording import Stated
from sessiongraph.snapshots.speakers import labelled

_CITATION_COLUMNS = ("kind", "document_id", "name", "said_at", "user_id", "session_id", "turn_id")


def as_source(citation: Citation) -> Source:
    """A citation as a source of a prompt: what it is, when it was said and was true, and its words."""
    where = _where(citation) + f", {citation.said_at:%Y-%m-%d}"
    if citation.kind == "fact":
        if citation.corrected_by is not None and citation.corrected_at is not None:
            where += f", as corrected by {citation.corrected_by} on {citation.corrected_at:%Y-%m-%d}"
        return Source(fact_label(Validity(citation.valid_at, citation.valid_until), where), citation.text)
    text = citation.text if citation.answer_at is None else turn_text(citation.text, citation.answer_at)
    return Source(passage_label(where, citation.replaced, citation.wrong), text)


def _where(citation: Citation) -> str:
    if citation.kind == "context":
        return context_label(citation.name)
    if citation.speaker is not None:
        return conversation_label(citation.name, citation.speaker)
    return f"{'transcript' if citation.stated_by == 'transcript' else 'document'} {citation.name}"


def interleave(groups: Sequence[Sequence[Citation]], top_k: int) -> list[Citation]:
    """The best of each group in turn, without citations of the same text as an earlier one."""
    distinct: dict[str, Citation] = {}
    for citation in (citation for row in zip_longest(*groups) for citation in row if citation is not None):
        distinct.setdefault(citation.text, citation)
    return list(distinct.values())[:top_k]


def passage_citation(hit: Hit) -> Citation:
    """A passage as a citation of itself, with what of it is true no more or wrong."""
    passages = hit.scope.snapshot.passages
    kind = "turn" if passages["turn_id"].iloc[hit.row] is not None else "chunk"
    text = str(passages["text"].iloc[hit.row])
    found = _citation(hit, hit.row, kind, hit.id, text)
    superseded, wrong = _untrue_statements(hit.scope, hit.row, found.speaker or SPEAKER)
    answer_at = int(passages["answer_at"].iloc[hit.row])
    return replace(found, replaced=superseded, wrong=wrong, answer_at=answer_at if answer_at >= 0 else None)


def context_citation(hit: Hit, excerpt: str) -> Citation:
    """An excerpt of what stood beside a turn: nobody's words, so that there is no speaker."""
    found = _citation(hit, hit.row, "context", hit.id, excerpt, "context")
    return replace(found, speaker=None)


def summary_citation(hit: Hit) -> Citation | None:
    """The summary of a passage as a citation of it; None where it has none."""
    text = hit.scope.snapshot.passages["summary"].iloc[hit.row]
    if not isinstance(text, str) or not text:
        return None
    found = _citation(hit, hit.row, "summary", hit.id, text)
    return replace(found, wrong=_untrue_statements(hit.scope, hit.row, found.speaker or SPEAKER)[1])


def fact_citation(hit: Hit) -> Citation:
    """A fact as a citation of the passage with its best allowed evidence, in words that may be shown."""
    snapshot = hit.scope.snapshot
    fact, passages = hit.scope.facts.iloc[hit.row], snapshot.claims["passage"].to_numpy()[snapshot.claims_of(hit.row)]
    passage = int(passages[hit.scope.allowed[passages]][0])
    stated = hit.scope.statements([hit.row]).get(hit.row, Stated(fact["statement"], fact["stated_by"]))
    found = _citation(hit, passage, "fact", hit.id, stated.statement, stated.stated_by)
    corrected_at = datetime.fromisoformat(fact["corrected_at"]).replace(tzinfo=UTC) if fact["corrected_at"] else None
    return replace(
        found,
        valid_at=_text(fact["valid_at"]),
        valid_until=_text(fact["valid_until"]),
        corrected_by=_text(fact["corrected_by"]),
        corrected_at=corrected_at,
    )


def _untrue_statements(scope: Scope, passage: int, speaker: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements of `passage` that are true no more, and those that a person corrected, in its own words."""
    snapshot = scope.snapshot
    claims = snapshot.claims
    rows = np.flatnonzero(claims["passage"].to_numpy() == passage)
    is_wrong = claims["replaced"].to_numpy()[rows]
    wrong = [
        *claims["statement"].iloc[rows[is_wrong]],
        *(it.statement for it in snapshot.retracted if it.passage == passage),
    ]
    is_over = scope.facts["valid_until"].notna().to_numpy()[claims["fact"].to_numpy()[rows]]
    over = claims["statement"].iloc[rows[is_over & ~is_wrong]]
    return _labelled(over, speaker), _labelled(wrong, speaker)


def _labelled(statements: Iterable[str], speaker: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labelled(statement, speaker) for statement in statements))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _citation(hit: Hit, passage: int, kind: str, id_: str, text: str, stated_by: str | None = None) -> Citation:
    passages = hit.scope.snapshot.passages
    row = {name: passages[name].iloc[passage] for name in _CITATION_COLUMNS}
    is_turn = row["kind"] == "session"
    return Citation(
        kind=kind,
        id=id_,
        text=text,
        score=round(hit.score, 4),
        dataset=hit.scope.dataset.key,
        document_id=row["document_id"],
        name=row["name"],
        stated_by=stated_by or ("conversation" if is_turn else row["kind"]),
        said_at=row["said_at"].to_pydatetime().replace(tzinfo=UTC),
        session_id=row["session_id"] if is_turn else None,
        turn_id=row["turn_id"] if is_turn else None,
        speaker=hit.scope.snapshot.speaker_labels.get(row["user_id"], SPEAKER) if is_turn else None,
    )

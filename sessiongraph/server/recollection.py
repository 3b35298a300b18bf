"""What `recall` tells: sources of the graphs, and what was said lately and is in no graph yet, within a budget."""

import asyncio
from collections.abc import Iterator, Sequence

import numpy as np

from sessiongraph.client import SessionGraph
from sessiongraph.errors import CacheUnavailableError, CachingDisabledError, NoGraphDataError
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.search_filter import SearchFilter
from sessiongraph.retrieval.token_budget import CHARS_PER_TOKEN, estimated_tokens
from sessiongraph.text_index.bm25_index import BM25Index
from sessiongraph.types import Turn, User

# Of a fact's id: enough to name it in its dataset.
_ID_DIGITS = 12
NOTHING = "Nothing was found."

_SOURCES = 20
_DATASETS, _FACTS = 3, 3
# Where to look for what is in no graph yet.
_SESSIONS, _TURNS, _LATELY = 20, 50, 5


async def recollect(
    client: SessionGraph,
    user: User,
    query: str,
    *,
    datasets: Sequence[str] | None,
    node_sets: Sequence[str] | None = None,
    where: SearchFilter | None = None,
    max_tokens: int,
) -> str:
    """The sources for `query` as lines, best first; no language model is asked. Raises as `SessionGraph.search`.

    What is in no graph yet has no node sets, and what facts say beside the sources is not narrowed: it is left out.
    """
    try:
        [found] = await client.search(
            query,
            datasets=datasets,
            user=user,
            top_k=_SOURCES,
            node_sets=node_sets,
            where=where,
            only_context=True,
        )
        citations = found.citations
    except NoGraphDataError:
        citations = []
    known = {citation.turn_id for citation in citations}
    turns = await _said_lately(client, user, query, where) if node_sets is None else []
    lately = [turn for turn in turns if turn.turn_id not in known]
    is_narrowed = node_sets is not None or where is not None
    facts = [] if is_narrowed else await _facts(client, user, query, citations)
    lines = [*map(_line, citations[:1]), *map(_turn_line, lately), *facts, *map(_line, citations[1:])]
    return "\n".join(_within(lines, max_tokens)) or NOTHING


async def _facts(client: SessionGraph, user: User, query: str, citations: Sequence[Citation]) -> list[str]:
    """Facts with words of `query` that no source shows by itself, with the ids by which they are corrected."""
    shown = {name for citation in citations if citation.kind == "fact" for name in (citation.id, citation.text)}
    lines = []
    for key in list(dict.fromkeys(citation.dataset for citation in citations))[:_DATASETS]:
        for fact in await client.facts.list(key, query=query, limit=_FACTS, user=user):
            if fact.id not in shown and fact.statement not in shown:
                shown.add(fact.statement)
                lines.append(f"- {_on_one_line(fact.statement)} (fact {fact.short_id}; dataset {key})")
    return lines


async def _said_lately(client: SessionGraph, user: User, query: str, where: SearchFilter | None) -> list[Turn]:
    """Turns of the user's cached sessions that fit and share words with `query`, best first."""
    try:
        sessions = await client.sessions.list_sessions(user=user)
        turns = [
            turn
            for session in sessions[:_SESSIONS]
            for turn in await client.sessions.get_turns(session.session_id, user=user, last=_TURNS)
        ]
    except (CacheUnavailableError, CachingDisabledError):
        return []
    if where is not None:
        turns = [turn for turn in turns if where.fits_turn(turn, user.name)]
    return await asyncio.to_thread(_best, client, turns, query)


def _best(client: SessionGraph, turns: list[Turn], query: str) -> list[Turn]:
    index = BM25Index(client.services.snapshots.tokenizer)
    scores = index.view(index.add([f"{turn.question}\n{turn.answer}" for turn in turns])).scores(query)
    return [turns[row] for row in np.argsort(-scores, kind="stable")[:_LATELY] if scores[row] > 0]


def _line(citation: Citation) -> str:
    said = f"{citation.stated_by}, {citation.said_at:%Y-%m-%d}"
    place = (
        f"session {citation.session_id}, turn {citation.turn_id}"
        if citation.session_id
        else f"document {citation.name}, id {citation.document_id}"
    )
    if citation.kind == "fact":
        place = f"fact {citation.id[:_ID_DIGITS]}; {place}"
    true = "".join(
        f"; {word} {when}" for word, when in (("from", citation.valid_at), ("until", citation.valid_until)) if when
    )
    replaced = f"; replaced since: {' '.join(citation.replaced)}" if citation.replaced else ""
    return f"- {_on_one_line(citation.text)} ({said}; {place}; dataset {citation.dataset}{true}{replaced})"


def _turn_line(turn: Turn) -> str:
    said = " / ".join(_on_one_line(text) for text in (turn.question, turn.answer) if text)
    return f"- {said} (said {turn.created_at:%Y-%m-%d}; session {turn.session_id}, turn {turn.turn_id})"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _within(lines: Sequence[str], tokens: int) -> Iterator[str]:
    """Those of `lines` that fit together, as long as none is left out before; the first is cut where it must be."""
    for place, line in enumerate(lines):
        size = estimated_tokens(line) + 1
        if size > tokens:
            if place == 0:
                yield line[: tokens * CHARS_PER_TOKEN if line.isascii() else tokens] + "…"
            return
        tokens -= size
        yield line

"""Report of a graph without a model: its size, its most connected entities, its communities and its newest facts.

Communities are those of Louvain's method (Blondel et al., 2008), found when they are asked for.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sessiongraph.retrieval.citations import fact_citation
from sessiongraph.retrieval.query_context import Outcome, QueryContext
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Scope, fact_hits

_TOP_ENTITIES = 10
_TOP_COMMUNITIES = 5
_TOP_MEMBERS = 6
# Fewer members are a fact, not a community.
_MIN_MEMBERS = 3


async def report_graph(context: QueryContext) -> Outcome:
    """A report of each dataset's graph; its newest facts, `top_k` of them, are its citations."""
    found = await asyncio.gather(*(asyncio.to_thread(_report, scope, context.top_k) for scope in context.scopes))
    citations = [citation for _, newest in found for citation in newest]
    return Outcome(citations, "\n\n".join(text for text, _ in found))


def _report(scope: Scope, top_k: int) -> tuple[str, list[Citation]]:
    snapshot = scope.snapshot
    facts = scope.facts[scope.allowed_facts]
    pairs = facts[["subject", "object"]].to_numpy()
    degrees = Counter(pairs.ravel().tolist())
    rows = _newest(scope)[:top_k]
    newest = list(map(fact_citation, fact_hits(scope, rows, np.zeros(len(rows)))))
    mentioned = snapshot.mentions["entity"].to_numpy()[scope.allowed[snapshot.mentions["passage"].to_numpy()]]
    superseded = sum(1 for end in facts.get("valid_until", ()) if isinstance(end, str))
    counts = (
        f"{int(scope.allowed.sum())} passages, {len(np.unique(mentioned))} entities, {len(facts)} facts"
        f"{f', {superseded} of them true no more' if superseded else ''}."
    )
    sections = [f"# {scope.dataset.key}", counts]
    if degrees:
        sections += [
            "",
            "Most connected:",
            *(f"- {_entity_name(scope, row)}: {count} facts" for row, count in _top(scope, degrees, _TOP_ENTITIES)),
        ]
    if communities := _communities(pairs):
        sections += ["", "What belongs together:"]
        sections += [f"- {_community(scope, members, degrees)}" for members in communities[:_TOP_COMMUNITIES]]
    if newest:
        sections += ["", "Newest facts:", *(f"- {_format_fact(citation)}" for citation in newest)]
    return "\n".join(sections), newest


def _newest(scope: Scope) -> np.ndarray:
    """Rows of the allowed facts, by when an allowed passage said them last."""
    claims, said_at = scope.snapshot.claims, scope.snapshot.passages["said_at"].to_numpy()
    passages = claims["passage"].to_numpy()
    allowed = scope.allowed[passages]
    last = np.full(len(scope.snapshot.facts), np.datetime64("NaT", "us"))
    rows, moments = claims["fact"].to_numpy()[allowed], said_at[passages[allowed]].astype("datetime64[us]")
    order = np.argsort(moments, kind="stable")
    last[rows[order]] = moments[order]
    stated = np.flatnonzero(~np.isnat(last))
    ids = scope.snapshot.facts["id"].array
    return np.array(sorted(stated, key=lambda row: (-last[row].astype(np.int64), ids[row])), np.int64)


def _communities(pairs: np.ndarray) -> list[list[int]]:
    """Entities that facts connect more with each other than with the rest, largest first."""
    import networkx as nx

    graph = nx.Graph()
    for (subject, object_), count in sorted(Counter(map(tuple, pairs.tolist())).items()):
        before = graph.get_edge_data(subject, object_, {"weight": 0})["weight"]
        graph.add_edge(subject, object_, weight=before + count)
    if not graph:
        return []
    found = nx.community.louvain_communities(graph, seed=0)
    return sorted(
        (sorted(members) for members in found if len(members) >= _MIN_MEMBERS), key=lambda each: (-len(each), each)
    )


def _community(scope: Scope, members: Sequence[int], degrees: Counter[int]) -> str:
    shown = [
        _entity_name(scope, row)
        for row, _ in _top(scope, Counter({row: degrees[row] for row in members}), _TOP_MEMBERS)
    ]
    more = len(members) - len(shown)
    return f"{', '.join(shown)}{f' and {more} more' if more else ''}"


def _top(scope: Scope, degrees: Counter[int], count: int) -> list[tuple[int, int]]:
    return sorted(degrees.items(), key=lambda each: (-each[1], _entity_name(scope, each[0])))[:count]


def _entity_name(scope: Scope, row: int) -> str:
    return str(scope.entities["name"].iloc[row])


def _format_fact(citation: Citation) -> str:
    bounds = [f"from {citation.valid_at}"] if citation.valid_at else []
    bounds += [f"until {citation.valid_until}"] if citation.valid_until else []
    said = f"corrected by {citation.corrected_by}" if citation.corrected_by else f"said {citation.said_at:%Y-%m-%d}"
    return f"{citation.text} ({', '.join([*bounds, said])})"

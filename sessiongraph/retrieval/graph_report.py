"""What there is in the graph, told without a model: its size, its centre, what belongs together and what is new.

Communities are those of Louvain's method (Blondel et al., 2008), found when they are asked for.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sessiongraph.retrieval.citations import fact_citation
from sessiongraph.retrieval.query_context import Inquiry, Outcome
from sessiongraph.retrieval.results import Citation
from sessiongraph.retrieval.scope import Hit, Scope

_ENTITIES = 10
_COMMUNITIES = 5
_MEMBERS = 6
# Fewer than these are a fact, not a community.
_SMALLEST = 3


async def reported(inquiry: Inquiry) -> Outcome:
    """A report of each dataset's graph; its newest facts, `top_k` of them, are its citations."""
    found = await asyncio.gather(*(asyncio.to_thread(_report, scope, inquiry.top_k) for scope in inquiry.scopes))
    citations = [citation for _, newest in found for citation in newest]
    return Outcome(citations, "\n\n".join(text for text, _ in found))


def _report(scope: Scope, top_k: int) -> tuple[str, list[Citation]]:
    snapshot = scope.snapshot
    facts = snapshot.facts[scope.allowed_facts]
    pairs = facts[["subject", "object"]].to_numpy()
    degrees = Counter(pairs.ravel().tolist())
    newest = [fact_citation(Hit(scope, row, 0.0)) for row in _newest(scope)[:top_k]]
    mentioned = snapshot.mentions["entity"].to_numpy()[scope.allowed[snapshot.mentions["passage"].to_numpy()]]
    closed = sum(1 for end in facts.get("valid_until", ()) if isinstance(end, str))
    counts = (
        f"{int(scope.allowed.sum())} passages, {len(np.unique(mentioned))} entities, {len(facts)} facts"
        f"{f', {closed} of them true no more' if closed else ''}."
    )
    sections = [f"# {scope.dataset.key}", counts]
    if degrees:
        sections += [
            "",
            "Most connected:",
            *(f"- {_entity(scope, row)}: {count} facts" for row, count in _top(scope, degrees, _ENTITIES)),
        ]
    if communities := _communities(pairs):
        sections += ["", "What belongs together:"]
        sections += [f"- {_community(scope, members, degrees)}" for members in communities[:_COMMUNITIES]]
    if newest:
        sections += ["", "Newest facts:", *(f"- {_dated(citation)}" for citation in newest)]
    return "\n".join(sections), newest


def _newest(scope: Scope) -> list[int]:
    """Rows of the allowed facts, by when the last allowed passage said them."""
    claims, said_at = scope.snapshot.claims, scope.snapshot.passages["said_at"].to_numpy()
    passages = claims["passage"].to_numpy()
    allowed = scope.allowed[passages]
    last = np.full(len(scope.snapshot.facts), np.datetime64("NaT", "us"))
    rows, moments = claims["fact"].to_numpy()[allowed], said_at[passages[allowed]].astype("datetime64[us]")
    order = np.argsort(moments, kind="stable")
    last[rows[order]] = moments[order]
    stated = np.flatnonzero(~np.isnat(last))
    ids = scope.snapshot.facts["id"].to_numpy()
    return [int(row) for row in sorted(stated, key=lambda row: (-last[row].astype(np.int64), ids[row]))]


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
        (sorted(members) for members in found if len(members) >= _SMALLEST), key=lambda each: (-len(each), each)
    )


def _community(scope: Scope, members: Sequence[int], degrees: Counter[int]) -> str:
    shown = [_entity(scope, row) for row, _ in _top(scope, Counter({row: degrees[row] for row in members}), _MEMBERS)]
    more = len(members) - len(shown)
    return f"{', '.join(shown)}{f' and {more} more' if more else ''}"


def _top(scope: Scope, degrees: Counter[int], most: int) -> list[tuple[int, int]]:
    return sorted(degrees.items(), key=lambda each: (-each[1], _entity(scope, each[0])))[:most]


def _entity(scope: Scope, row: int) -> str:
    return str(scope.snapshot.entities["name"].iloc[row])


def _dated(citation: Citation) -> str:
    bounds = [f"from {citation.valid_at}"] if citation.valid_at else []
    bounds += [f"until {citation.valid_until}"] if citation.valid_until else []
    return f"{citation.text} ({', '.join([*bounds, f'said {citation.said_at:%Y-%m-%d}'])})"

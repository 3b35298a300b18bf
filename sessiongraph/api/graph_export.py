"""`graph`: a dataset as the networkx graph that people work with."""

import asyncio
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pandas as pd

from sessiongraph.api.context import acting_user, node_set_names, permitted
from sessiongraph.errors import NoGraphDataError
from sessiongraph.services import Services
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import User

if TYPE_CHECKING:
    import networkx as nx


async def graph(
    services: Services, dataset: str, *, user: User | None, node_sets: Sequence[str] | None
) -> "nx.MultiDiGraph":
    """As `SessionGraph.graph` says."""
    tags = set(node_set_names(node_sets, "node_sets")) if node_sets is not None else None
    target = await permitted(services, await acting_user(services, user), dataset, "read")
    snapshot = await asyncio.to_thread(services.snapshot, target)
    if snapshot.is_empty:
        raise NoGraphDataError(
            f"There is no graph data in {target.name}. Put documents in with add(…, dataset_name={target.name!r}) and "
            "run cognify, or persist a session."
        )
    return await asyncio.to_thread(to_networkx, snapshot, tags)


def to_networkx(snapshot: Snapshot, node_sets: set[str] | None = None) -> "nx.MultiDiGraph":
    """The entities and facts of `snapshot` that a passage of `node_sets` (any, for None) is evidence of."""
    import networkx as nx

    sources = _sources(snapshot.passages)
    wanted = {
        row for row, source in enumerate(sources) if node_sets is None or not node_sets.isdisjoint(source["node_sets"])
    }
    nodes = _evidence(snapshot.mentions, "entity", "description", sources, wanted)
    edges = _evidence(snapshot.claims, "fact", "statement", sources, wanted)
    result = nx.MultiDiGraph()
    ids = snapshot.entities["id"].tolist()
    for row, entity in enumerate(snapshot.entities.to_dict("records")):
        if row in nodes:
            id_ = entity.pop("id")
            result.add_node(id_, **entity, **_supported(nodes[row]))
    for row, fact in enumerate(snapshot.facts.to_dict("records")):
        if row in edges:
            id_, subject, object_ = fact.pop("id"), ids[fact.pop("subject")], ids[fact.pop("object")]
            result.add_edge(subject, object_, key=id_, **fact, **_supported(edges[row]))
    return result


def _sources(passages: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "document_id": row.document_id,
            "document": row.name,
            "passage_id": row.id,
            "session_id": row.session_id,
            "turn_id": row.turn_id,
            "said_at": row.said_at.to_pydatetime().replace(tzinfo=UTC),
            "run_id": row.run_id,
            "node_sets": list(row.node_sets) if hasattr(row.node_sets, "__len__") else [],
        }
        for row in passages.itertuples()
    ]


def _evidence(
    rows: pd.DataFrame, element: str, wording: str, sources: list[dict[str, Any]], wanted: set[int]
) -> dict[int, list[dict[str, Any]]]:
    """Pieces of evidence by row of the element that they support."""
    found: dict[int, list[dict[str, Any]]] = {}
    replaced = rows.get("replaced", [False] * len(rows))
    for key, passage, text, stated_by, is_wrong in zip(
        rows[element], rows["passage"], rows[wording], rows["stated_by"], replaced, strict=True
    ):
        if passage in wanted:
            piece = {**sources[passage], "stated_by": stated_by, "text": text}
            found.setdefault(key, []).append(piece | {"corrected": True} if is_wrong else piece)
    return found


def _supported(evidence: list[dict[str, Any]]) -> dict[str, Any]:
    """Evidence, and the node sets that follow from it."""
    tags = sorted({tag for piece in evidence for tag in piece["node_sets"]})
    return {"node_sets": tags, "evidence": evidence}

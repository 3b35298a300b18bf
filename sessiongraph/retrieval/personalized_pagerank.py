"""A short walk through the graph, from what a question touches to the passages that lie around it.

Personalised PageRank over passages and entities (HippoRAG 2: Gutiérrez et al., 2025), but local: mass is pushed on from
nodes that have enough of it for their degree (Andersen, Chung and Lang, 2006), so that a walk costs what it reaches,
whatever the size of the graph, and a node with very many neighbours, which says little, hands on nothing. No model.
"""

from collections.abc import Sequence

import numpy as np

from sessiongraph.snapshots.adjacency import Adjacency, entity_nodes
from sessiongraph.snapshots.snapshot import Snapshot

# The share of what comes to a node that stays there; the rest goes on to its neighbours.
STAY = 0.15
# What a node must have for each unit of its degree to hand on anything.
THRESHOLD = 3e-4
# How many of the best facts a walk starts from: as many as in HippoRAG 2.
SEED_FACTS = 5
# Below this share of all mass, how much a passage has differs little.
FLOOR = 1e-3


def seeds(
    snapshot: Snapshot, graph: Adjacency, named: Sequence[int], facts: np.ndarray, scores: np.ndarray
) -> dict[int, float]:
    """Where a walk starts: entities (rows) `named` by the question, and those of its best `facts` (rows, best first).

    A fact's entities get the square of what its score is above that of the last of `facts`, the best one 1, a named
    entity 1; each the less, the more texts say its name's rarest word or mention it.
    """
    found: dict[int, float] = dict.fromkeys(named, 1.0)
    if len(facts):
        range_ = float(scores[0] - scores[-1])
        shares = ((scores - scores[-1]) / range_) ** 2 if range_ > 0 else np.ones(len(facts))
        for side in ("subject", "object"):
            for entity, share in zip(snapshot.facts[side].to_numpy()[facts].tolist(), shares.tolist(), strict=True):
                found[entity] = found.get(entity, 0.0) + share
    names = snapshot.entities["name"].to_numpy()
    rarity = {entity: max(snapshot.passage_index.rarest(names[entity]), graph.mentioned[entity], 1) for entity in found}
    return {entity: weight / rarity[entity] for entity, weight in found.items() if weight > 0}


def walk(graph: Adjacency, start: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """The passages (rows) that a walk from the entities of `start` reaches, and the share of the mass of each."""
    front = entity_nodes(np.fromiter(start, np.int64, len(start)))
    rest, kept = np.zeros((2, len(graph.strengths)))
    rest[front] = np.fromiter(start.values(), np.float64, len(start))
    rest[front] /= rest[front].sum() or 1.0
    reached = [front]
    while True:
        strengths = graph.strengths[front]
        # Each handing on leaves STAY of a mass that was above the threshold behind, so this comes to an end.
        front = front[(rest[front] > THRESHOLD * strengths) & (strengths > 0)]
        if not len(front):
            break
        mass = rest[front]
        kept[front] += STAY * mass
        rest[front] = 0
        sources, targets, weights = graph.of(front)
        np.add.at(rest, targets, ((1 - STAY) * mass / graph.strengths[front])[sources] * weights)
        front = np.unique(targets)
        reached.append(front)
    nodes = np.unique(np.concatenate(reached))
    # One without an edge is reached only over one that is no more.
    passages = nodes[(nodes % 2 == 0) & (graph.strengths[nodes] > 0)]
    return passages // 2, kept[passages] + STAY * rest[passages]


def closeness(shares: np.ndarray) -> np.ndarray:
    """`shares` of a walk on a scale that its best has 1 on: their logarithms, from FLOOR up."""
    logs = np.log1p(shares / FLOOR)
    return logs / logs.max() if len(logs) and logs.max() > 0 else logs

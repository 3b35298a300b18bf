"""Personalized PageRank: a random walk through the graph, from what matches a question to the passages close to it.

Personalized PageRank over passages and entities (HippoRAG 2: Gutiérrez et al., 2025), but local: nodes that have
enough probability mass for their degree push it on (Andersen, Chung and Lang, 2006), so that a walk costs what it
reaches, whatever the size of the graph, and a node with very many neighbours, which says little, pushes none.
"""

from collections.abc import Sequence

import numpy as np

from sessiongraph.snapshots.adjacency import Adjacency, entity_nodes
from sessiongraph.snapshots.snapshot import Snapshot

# The share of a node's mass that stays there; the rest is pushed to its neighbours.
RESTART_PROBABILITY = 0.15
# The mass for each unit of its degree above which a node pushes.
PUSH_THRESHOLD = 3e-4
# How many of the best facts a walk starts from: as many as in HippoRAG 2.
SEED_FACTS = 5
# Shares of all mass below this one differ little.
MASS_FLOOR = 1e-3


def seed_weights(
    snapshot: Snapshot, graph: Adjacency, named: Sequence[int], facts: np.ndarray, scores: np.ndarray
) -> dict[int, float]:
    """The entities (rows) that a walk starts from, with their weights: those `named` by the question, and those of its
    best `facts` (rows, best first).

    A named entity has 1, a fact's entity the square of the fact's score scaled from 0, for the last of `facts`, to 1;
    each divided by the number of texts that contain the rarest word of its name or mention it.
    """
    found: dict[int, float] = dict.fromkeys(named, 1.0)
    if len(facts):
        range_ = float(scores[0] - scores[-1])
        shares = ((scores - scores[-1]) / range_) ** 2 if range_ > 0 else np.ones(len(facts))
        for side in ("subject", "object"):
            for entity, share in zip(snapshot.facts[side].to_numpy()[facts].tolist(), shares.tolist(), strict=True):
                found[entity] = found.get(entity, 0.0) + share
    names = snapshot.entities["name"].array
    frequency = {
        entity: max(snapshot.passage_index.lowest_document_frequency(names[entity]), graph.mention_degrees[entity], 1)
        for entity in found
    }
    return {entity: weight / frequency[entity] for entity, weight in found.items() if weight > 0}


def walk(graph: Adjacency, seeds: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """The passages (rows) that a walk from the entities of `seeds` reaches, and the share of the mass of each."""
    front = entity_nodes(np.fromiter(seeds, np.int64, len(seeds)))
    residual, settled = np.zeros((2, len(graph.degrees)))
    residual[front] = np.fromiter(seeds.values(), np.float64, len(seeds))
    residual[front] /= residual[front].sum() or 1.0
    reached = [front]
    while True:
        degrees = graph.degrees[front]
        # Each push leaves RESTART_PROBABILITY of a mass above the threshold behind, so this comes to an end.
        front = front[(residual[front] > PUSH_THRESHOLD * degrees) & (degrees > 0)]
        if not len(front):
            break
        mass = residual[front]
        settled[front] += RESTART_PROBABILITY * mass
        residual[front] = 0
        sources, targets, weights = graph.edges_of(front)
        np.add.at(residual, targets, ((1 - RESTART_PROBABILITY) * mass / graph.degrees[front])[sources] * weights)
        front = np.unique(targets)
        reached.append(front)
    nodes = np.unique(np.concatenate(reached))
    # A node without an edge was reached only over a removed one.
    passages = nodes[(nodes % 2 == 0) & (graph.degrees[nodes] > 0)]
    return passages // 2, settled[passages] + RESTART_PROBABILITY * residual[passages]


def closeness(shares: np.ndarray) -> np.ndarray:
    """The logarithms of `shares` from MASS_FLOOR up, scaled so that the best is 1."""
    logs = np.log1p(shares / MASS_FLOOR)
    return logs / logs.max() if len(logs) and logs.max() > 0 else logs

"""The layout of a drawing of the part of the graph that changed; `graph.svg.j2` draws it, inline in the page. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx

from sessiongraph.changes.diff import Change, ChangedEntity, NewFact
from sessiongraph.changes.label_places import Rectangle, apart, boxes_of, height_of, room_for

Point = tuple[float, float]
Box = tuple[float, float, float, float]

MOST_NODES = 36
MOST_RELATIONS = 18
# Where on its arrow a relation may be written, the best place first.
_LABEL_SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74)
_WIDTH, _HEIGHT, _MARGIN = 1000, 560, 90


@dataclass(frozen=True)
class Arrow:
    """A fact from its subject to its object: the SVG path, and where its relation is written, if there is room."""

    fact: NewFact
    path: str
    label: Point | None


@dataclass(frozen=True)
class Node:
    """An entity, and where its circle is drawn."""

    entity: ChangedEntity
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """What is drawn where."""

    width: int
    height: int
    arrows: list[Arrow]
    nodes: list[Node]


def lay_out(change: Change) -> Drawing | None:
    """Where the new facts and their entities are drawn, the busiest first; None where there is nothing to draw."""
    graph = _graph(change)
    if not graph.nodes:
        return None
    names = {id_: change.entities[id_].name for id_ in graph.nodes}
    places = apart(_places(graph), names, _WIDTH)
    taken, edges = boxes_of(places, names), list(graph.edges(data="fact"))
    arrows = [_arrow(places[subject], places[other], fact, taken, len(edges)) for subject, other, fact in edges]
    nodes = [Node(change.entities[id_], *places[id_]) for id_ in graph.nodes]
    return Drawing(_WIDTH, height_of(places.values()), arrows, nodes)


def _graph(change: Change) -> nx.MultiDiGraph:
    """New facts between at most MOST_NODES entities: whatever hangs together with the busiest of them."""
    whole = nx.MultiDiGraph()
    for fact in change.facts:
        whole.add_edge(fact.subject, fact.object, fact=fact)
    busiest = sorted(whole.nodes, key=lambda id_: (-whole.degree(id_), change.entities[id_].name))
    kept: dict[str, None] = {}
    for id_ in busiest:
        near = nx.bfs_tree(whole.to_undirected(as_view=True), id_)
        kept |= dict.fromkeys(near)
        if len(kept) >= MOST_NODES:
            break
    graph = whole.subgraph(list(kept)[:MOST_NODES]).copy()
    graph.remove_nodes_from([id_ for id_ in list(graph.nodes) if not graph.degree(id_)])
    return graph


def _places(graph: nx.MultiDiGraph) -> dict[str, Point]:
    """Where each node is drawn: what hangs together in a box of its own. The same graph is drawn the same."""
    parts = sorted(
        (sorted(part) for part in nx.weakly_connected_components(graph)), key=lambda part: (-len(part), part)
    )
    places: dict[str, Point] = {}
    for part, box in _boxes(parts, (0.0, 0.0, float(_WIDTH), float(_HEIGHT))):
        places |= _placed(graph, part, box)
    return places


def _boxes(parts: list[list[str]], box: Box) -> Iterator[tuple[list[str], Box]]:
    """`box` shared out among `parts` by their sizes, cut across its longer side again and again."""
    if len(parts) == 1:
        yield parts[0], box
        return
    x, y, width, height = box
    half = max(1, len(parts) // 2) if len(parts[0]) <= 2 else 1
    share = sum(map(len, parts[:half])) / sum(map(len, parts))
    if width >= height * 1.2:
        yield from _boxes(parts[:half], (x, y, width * share, height))
        yield from _boxes(parts[half:], (x + width * share, y, width * (1 - share), height))
    else:
        yield from _boxes(parts[:half], (x, y, width, height * share))
        yield from _boxes(parts[half:], (x, y + height * share, width, height * (1 - share)))


def _placed(graph: nx.MultiDiGraph, part: list[str], box: Box) -> dict[str, Point]:
    found = _pair(*part) if len(part) == 2 else _sprung(graph, part)
    xs, ys = ([float(found[id_][axis]) for id_ in part] for axis in (0, 1))
    x, y, width, height = box
    across = _spread(xs, x, width, min(_MARGIN, width / 3))
    down = _spread(ys, y, height, min(_MARGIN / 2, height / 3))
    return dict(zip(part, zip(across, down, strict=True), strict=True))


def _pair(one: str, other: str) -> dict[str, Point]:
    """What most changes are of, at two corners, where springs would bring them too."""
    return {one: (0.0, 1.0), other: (1.0, 0.0)}


def _sprung(graph: nx.MultiDiGraph, part: list[str]) -> dict[str, Point]:
    ordered = nx.Graph()
    ordered.add_nodes_from(part)
    ordered.add_edges_from(sorted(graph.subgraph(part).edges()))
    places: dict[str, Point] = nx.spring_layout(ordered, seed=7, k=2.2 / math.sqrt(len(part)), iterations=300)
    return places


def _spread(values: list[float], start: float, size: float, margin: float) -> list[float]:
    """`values` over the length `size` from `start`, but for a margin at both ends."""
    low, high = min(values), max(values)
    shares = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    return [round(start + margin + share * (size - 2 * margin), 1) for share in shares]


def _arrow(start: Point, stop: Point, fact: NewFact, taken: list[Rectangle], count: int) -> Arrow:
    (x1, y1), (x2, y2) = start, stop
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    # A slight bow tells an arrow there from one back, and two relations of one pair apart.
    bow = 0.12 + 0.08 * (int(fact.id[:2], 16) % 3)
    middle = ((x1 + x2) / 2 - (y2 - y1) * bow, (y1 + y2) / 2 + (x2 - x1) * bow)
    radius = 11.0 / length
    x1, y1 = _towards(start, middle, radius)
    x2, y2 = _towards(stop, middle, radius)
    path = f"M{x1:.1f} {y1:.1f} Q{middle[0]:.1f} {middle[1]:.1f} {x2:.1f} {y2:.1f}"
    along = [_on_curve((x1, y1), middle, (x2, y2), share) for share in _LABEL_SHARES]
    return Arrow(fact, path, room_for(fact.relation, along, taken) if count <= MOST_RELATIONS else None)


def _on_curve(start: Point, middle: Point, stop: Point, share: float) -> Point:
    """Where a quadratic curve is after that `share` of it."""
    one, two, three = (1 - share) ** 2, 2 * share * (1 - share), share**2
    x, y = (one * start[axis] + two * middle[axis] + three * stop[axis] for axis in (0, 1))
    return round(x, 1), round(y, 1)


def _towards(start: Point, stop: Point, share: float) -> Point:
    share = min(share * 2, 0.45)
    return start[0] + (stop[0] - start[0]) * share, start[1] + (stop[1] - start[1]) * share

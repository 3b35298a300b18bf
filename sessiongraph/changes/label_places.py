"""Names and relations of a drawing, so that none lies over another: nodes are moved apart, relations find room. Pure.

Text is measured by the number of its characters, generously: which font a browser has is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Point = tuple[float, float]
# Left, top, right, bottom.
Rectangle = tuple[float, float, float, float]

MOST_CHARS = 24
RADIUS = 10.0
# The line on which a node's name stands, below its middle.
NAME_BELOW = 25.0
_NAME_CHAR, _RELATION_CHAR, _RELATION_HEIGHT = 8.6, 6.8, 14.0
_ABOVE, _BELOW, _SPACE = RADIUS + 2, NAME_BELOW + 6, 6.0
_MOST_ROUNDS = 400


def apart(places: Mapping[str, Point], names: Mapping[str, str], width: float) -> dict[str, Point]:
    """`places` with nodes and their names moved as far as it takes that none overlaps; the drawing grows downwards."""
    ids = list(places)
    middles = np.array([places[id_] for id_ in ids], float)
    halves = np.array([max(_name_width(names[id_]) / 2, RADIUS) + _SPACE for id_ in ids])
    down = (_ABOVE + _BELOW + _SPACE) / 2
    order = np.sign(np.arange(len(ids))[:, None] - np.arange(len(ids))[None, :])
    for _ in range(_MOST_ROUNDS):
        middles[:, 0] = np.clip(middles[:, 0], halves, width - halves)
        gaps = middles[:, None, :] - middles[None, :, :]
        over_x = halves[:, None] + halves[None, :] - np.abs(gaps[..., 0])
        over_y = 2 * down - np.abs(gaps[..., 1])
        overlapping = (over_x > 0.1) & (over_y > 0.1) & (order != 0)
        if not overlapping.any():
            break
        # Each pair along the axis on which it is the shorter way; what lies on one spot, by its order.
        sideways = overlapping & (over_x <= over_y)
        upwards = overlapping & ~sideways
        signs = np.where(np.abs(gaps) > 1e-6, np.sign(gaps), order[..., None])
        middles[:, 0] += (np.where(sideways, over_x, 0) * signs[..., 0]).sum(1) / 2.5
        middles[:, 1] += (np.where(upwards, over_y, 0) * signs[..., 1]).sum(1) / 2.5
    middles[:, 1] += _ABOVE + _SPACE - middles[:, 1].min()
    return {id_: (round(float(x), 1), round(float(y), 1)) for id_, (x, y) in zip(ids, middles, strict=True)}


def height_of(places: Iterable[Point]) -> int:
    """How high a drawing of nodes at `places` is."""
    return round(max(y for _, y in places) + _BELOW + _SPACE)


def boxes_of(places: Mapping[str, Point], names: Mapping[str, str]) -> list[Rectangle]:
    """What the circles and the names of nodes cover."""
    found: list[Rectangle] = []
    for id_, (x, y) in places.items():
        half = _name_width(names[id_]) / 2
        found.append((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
        found.append((x - half, y + NAME_BELOW - 13, x + half, y + NAME_BELOW + 4))
    return found


def room_for(text: str, candidates: Sequence[Point], taken: list[Rectangle]) -> Point | None:
    """The first of `candidates` around which `text` covers nothing that is `taken`, which it is itself then."""
    half = min(len(text), MOST_CHARS) * _RELATION_CHAR / 2
    for x, y in candidates:
        box = (x - half, y - _RELATION_HEIGHT + 3, x + half, y + 3)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return x, y
    return None


def _name_width(name: str) -> float:
    return min(len(name), MOST_CHARS) * _NAME_CHAR


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

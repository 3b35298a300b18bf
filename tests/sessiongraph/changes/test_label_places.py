"""Nobody can read names that lie over each other: however much changed, none does in the drawing."""

import math
from itertools import combinations

from sessiongraph.changes.diff import Change
from sessiongraph.changes.label_places import boxes_of
from sessiongraph.changes.svg_graph import MOST_NODES, MOST_RELATIONS, lay_out
from tests.sessiongraph.changes.test_html_page import change


def overlaps(drawn: Change) -> list[tuple[object, object]]:
    found = lay_out(drawn)
    assert found is not None
    names = {node.entity.id: node.entity.name for node in found.nodes}
    boxes = boxes_of({node.entity.id: (node.x, node.y) for node in found.nodes}, names)
    assert all(box[0] >= 0 and box[2] <= found.width and box[1] >= 0 and box[3] <= found.height for box in boxes)
    return [
        (one, other)
        for one, other in combinations(boxes, 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]


def test_no_name_lies_over_another_name_or_over_a_node() -> None:
    for count, words in ((2, "x"), (9, "Ada Lovelace of London"), (60, "some words that are long"), (200, "Ann")):
        assert overlaps(change(count, words)) == [], (count, words)


def test_relations_are_written_where_there_is_room_and_nowhere_else() -> None:
    drawn = lay_out(change(MOST_RELATIONS, "is employed by"))
    assert drawn is not None
    labels = [arrow.label for arrow in drawn.arrows if arrow.label is not None]
    assert len(labels) >= MOST_RELATIONS / 2
    assert all(abs(one[0] - other[0]) > 20 or abs(one[1] - other[1]) > 10 for one, other in combinations(labels, 2))


def test_facts_of_one_pair_and_of_all_on_one_spot_end_somewhere() -> None:
    assert overlaps(change(MOST_NODES * 3, "the same name for all of them", objects=1)) == []
    drawn = lay_out(change(30))
    assert drawn is not None and all(math.isfinite(node.x + node.y) for node in drawn.nodes)

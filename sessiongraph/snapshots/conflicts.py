"""Conflicts: facts of one subject that contradict each other, and of which none closes another. Pure; stored nowhere.

Invariants:
- Nothing is decided here, and by no model: a person's word on a fact ends a conflict (`corrections`), and so does a
  later fact that closes the others (`fact_supersession`), or forgetting what states them.
- In doubt there is none. Facts contradict each other where their relations are of one family that admits one object
  at a time, both stand now, and their objects are not the same in more words, nor one a part of the other. Who states
  both in one passage means both; what only an assistant said contradicts nobody.
"""

from collections import defaultdict
from collections.abc import Sequence, Set
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.name_normalization import name_key
from sessiongraph.snapshots.fact_supersession import CONTAINMENT, admits, relation_family, single_valued_family
from sessiongraph.snapshots.snapshot import Snapshot

# Of one subject and one thing, facts that are held against each other: those said last.
_MOST_FACTS = 100


class Conflict(NamedTuple):
    """What is said in different ways of `subject` (a row of entities): its home, employer, …; and by which `facts`
    (rows), each of which contradicts another, what was said last first."""

    subject: int
    about: str
    facts: tuple[int, ...]


def find_conflicts(snapshot: Snapshot) -> list[Conflict]:
    """The conflicts of a dataset, by the names of their subjects and what they are about."""
    said = _said_of_one(snapshot)
    if not said:
        return []
    facts = {row for rows in said.values() for row in rows}
    inside, passages = _contained(snapshot, facts), _passages(snapshot, facts)
    objects, names = snapshot.facts["object"].to_numpy(int), snapshot.entities["name"]

    def contradict(one: int, other: int) -> bool:
        ends = (int(objects[one]), int(objects[other]))
        is_same = ends[0] == ends[1] or _is_wording_of(names.iloc[ends[0]], names.iloc[ends[1]])
        return not is_same and ends not in inside and passages[one].isdisjoint(passages[other])

    found = []
    for (subject, about), rows in said.items():
        newest = newest_first(snapshot, rows)[:_MOST_FACTS]
        opposed = {row for pair in combinations(newest, 2) if contradict(*pair) for row in pair}
        if opposed:
            found.append(Conflict(subject, about, tuple(row for row in newest if row in opposed)))
    return sorted(found, key=lambda it: (names.iloc[it.subject], it.about, it.facts))


def standing_facts(snapshot: Snapshot) -> Array:
    """The facts (rows) that are not over, and that not only an assistant stated."""
    return np.flatnonzero(snapshot.facts["valid_until"].isna().to_numpy() & ~snapshot.assistant_only)


def newest_first(snapshot: Snapshot, facts: Sequence[int]) -> list[int]:
    """`facts` (rows), what was said last first; ties by their ids."""
    rows = np.array(facts, np.int64)
    said = snapshot.facts["said_at"].to_numpy()[rows].astype(np.int64)
    ids = snapshot.facts["id"].to_numpy()[rows].astype(str)
    ordered: list[int] = rows[np.lexsort((ids, -said))].tolist()
    return ordered


def _said_of_one(snapshot: Snapshot) -> dict[tuple[int, str], list[int]]:
    """By subject and family, the facts that stand, where they have several objects."""
    rows = standing_facts(snapshot)
    codes, relations = pd.factorize(snapshot.facts["relation"].iloc[rows])
    families = [single_valued_family(relation) for relation in relations]
    chosen = np.array([family is not None for family in families], bool)[codes]
    subjects, objects = (snapshot.facts[name].to_numpy(int) for name in ("subject", "object"))
    names = snapshot.entities["name"]
    said: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row, code in zip(rows[chosen].tolist(), codes[chosen].tolist(), strict=True):
        family = families[code]
        assert family is not None, "chosen by it"
        if admits(family, names.iloc[objects[row]]):
            said[int(subjects[row]), family].append(row)
    return {key: of_one for key, of_one in said.items() if len({objects[row] for row in of_one}) > 1}


def _contained(snapshot: Snapshot, facts: Set[int]) -> set[tuple[int, int]]:
    """Pairs of entities, both ways, of which one is said to contain the other, among the objects of `facts`."""
    subjects, objects = (snapshot.facts[name].to_numpy(int) for name in ("subject", "object"))
    ends = np.zeros(len(snapshot.entities), bool)
    ends[objects[list(facts)]] = True
    between = np.flatnonzero(ends[subjects] & ends[objects])
    relations = snapshot.facts["relation"].iloc[between]
    pairs = zip(subjects[between].tolist(), objects[between].tolist(), relations, strict=True)
    inside = [(one, other) for one, other, relation in pairs if relation_family(relation) == CONTAINMENT]
    return {*inside, *((other, one) for one, other in inside)}


def _passages(snapshot: Snapshot, facts: Set[int]) -> dict[int, set[int]]:
    """By fact, the passages (rows) that state it."""
    stated = snapshot.claims["fact"].to_numpy(int)
    claims = np.flatnonzero(np.isin(stated, list(facts)))
    found: dict[int, set[int]] = defaultdict(set)
    for fact, passage in zip(stated[claims].tolist(), snapshot.claims["passage"].iloc[claims].tolist(), strict=True):
        found[fact].add(passage)
    return found


def _is_wording_of(one: str, other: str) -> bool:
    """Whether one name has all words of the other: "nurse" and "registered nurse"."""
    words, others = set(name_key(one).split()), set(name_key(other).split())
    return words <= others or others <= words

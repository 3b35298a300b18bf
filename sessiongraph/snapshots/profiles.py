"""Profiles of speakers: what stands about who says "I" in sessions, by what it is about. Pure; stored nowhere.

Invariant: a profile is the facts that stand now about its speaker, and nothing else: each has its evidence, goes with
it, and is put right by `facts.correct`. What only an assistant said of somebody is in none.
"""

import re
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from sessiongraph.columnar.growing_arrays import mask_of
from sessiongraph.snapshots.conflicts import newest_first, standing_facts
from sessiongraph.snapshots.fact_supersession import single_valued_family
from sessiongraph.snapshots.snapshot import Snapshot

# The first whose words a relation has; what is single-valued is told by its family.
_ASPECTS = (
    (
        "plans",
        r"plan|going to|wants? to|will\b|hope|intend|aim|dream|about to|promis|scheduled|decided|would like|learn",
    ),
    (
        "prefers",
        r"(?:dis)?lik|(?:love|hate|enjoy|prefer|adore|avoid|need|want|wish|answer)s?\b|loved|favou?rite|allerg|interest"
        r"|fond|afraid|fan\b|keen|stand\b|vegan|vegetarian|diet|rather|into\b",
    ),
    (
        "knows",
        r"(?:is|has|have)\b.*\b(?:brother|sister|sibling|son|daughter|child|children|mother|father|parent|friend|cousin|"
        r"uncle|aunt|niece|nephew|colleague|boss|manager|neighbou?r|partner|dog|cat|pet)s?\b|married|engaged|dating|knows?",
    ),
    ("works", r"work|job|employ|stud(?:y|ie)|graduat|degree|profession|manage|lead|led\b|found|teach|develop|build"),
    ("lives", r"live|living|resid|move|grew up|home|from\b|stay|rent"),
)
_ASPECT_OF_WORDS = tuple((name, re.compile(rf"\b(?:{words})", re.IGNORECASE)) for name, words in _ASPECTS)
_ASPECT_OF_FAMILY = {
    **dict.fromkeys(("home", "address", "rent"), "lives"),
    **dict.fromkeys(("employer", "occupation", "salary"), "works"),
    "partner": "knows",
    **dict.fromkeys(("marital status", "age", "phone", "e-mail"), "is"),
}
_IS = re.compile(r"(?:is|are|was|has|have|am)\b|born|name|called|speaks?\b|aged?\b", re.IGNORECASE)
ASPECTS = ("is", "lives", "works", "knows", "prefers", "plans", "does")


class SpeakerFacts(NamedTuple):
    """What stands about the user `user_id`, who is `entity` (a row): facts (rows) by aspect, in the order of ASPECTS,
    those said last first."""

    user_id: str
    entity: int
    aspects: dict[str, tuple[int, ...]]


def find_profiles(snapshot: Snapshot) -> list[SpeakerFacts]:
    """The profiles of all speakers of whom something stands, by what they are called."""
    users = snapshot.users_by_entity
    rows = standing_facts(snapshot)
    subjects = snapshot.facts["subject"].to_numpy(int)
    is_speaker = mask_of(np.array(list(users), np.int32), len(snapshot.entities))
    about = newest_first(snapshot, rows[is_speaker[subjects[rows]]].tolist())
    found: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, relation in zip(about, snapshot.facts["relation"].iloc[about], strict=True):
        found[int(subjects[row])][aspect_of(relation)].append(row)
    names = snapshot.entities["name"]
    return [
        SpeakerFacts(users[entity], entity, {it: tuple(found[entity][it]) for it in ASPECTS if it in found[entity]})
        for entity in sorted(found, key=lambda it: (names.iloc[it], users[it]))
    ]


def aspect_of(relation: str) -> str:
    """Which of ASPECTS a fact about a speaker belongs to, by its relation: "works at" to "works"."""
    family = single_valued_family(relation) or ""
    if family in _ASPECT_OF_FAMILY:
        return _ASPECT_OF_FAMILY[family]
    by_words = next((name for name, words in _ASPECT_OF_WORDS if words.search(relation)), None)
    return by_words or ("is" if _IS.match(relation) else "does")

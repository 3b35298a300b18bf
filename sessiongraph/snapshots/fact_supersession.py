"""Supersession of facts: until when a fact held, and which later one replaced it. Pure; stored nowhere.

Invariants:
- Only a fact whose relation is functional (one object at a time) is ever superseded, by one of the same subject and
  the same family of relations. In doubt a fact stays valid: a wrongly superseded one is hidden from who asks.
- Nothing is deleted, and forgetting the later fact makes the earlier one valid again.
- A fact is never superseded by an older one. Its time is its `valid_at` or, without one, when it was said (a state:
  when it was last said), at the precision that it has. Where dates leave the order open, as of a month and a day in it,
  it is that in which the facts were said. What that orders neither way does not supersede the other.
- What an assistant claimed supersedes only what an assistant claimed.

- An end that is said as one ("no longer likes", "stopped smoking", "used to live in") ends any relation of the same
  verb and object, and states nothing itself.

The families are few on purpose. Relations are left out that admit several objects ("visited", "is located in"), that
are over when they are stated ("lived in"), or that do not hold yet ("wants to move to"). Within a family a relation
states a state ("lives in"), the start of one ("moved to", "now lives in") or its end ("left"). A start supersedes what
held before it. A state needs better grounds, for two may hold at once ("lives in Lyon", "lives in France"): dates of
both, or that a user said it later; and no fact says that one of the objects contains the other. An end supersedes what
has the same object. Of two undated starts, the order in which their documents were added does not say which came first.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import snowballstemmer

from sessiongraph.snapshots.partial_dates import PartialDate, chronological_ranks, moment_parts, parse_partial_date
from sessiongraph.writing_systems import has_caseless_letter

# Says where a subject is part of; supersedes nothing, and tells which objects do not contradict each other.
CONTAINMENT = "within"

# Words that change nothing in the meaning of a relation; "also" is not one of them.
_HELPER_WORDS = frozenset(
    ("has", "have", "is", "are", "am", "been", "being", "'s", "finally", "recently", "just", "officially", "since")
)
_NOW_WORDS = frozenset(("now", "currently", "presently"))
_COUPLED = "(married|engaged|wed)"
_OFFICES = "ceo|cto|cfo|president|prime minister|chancellor|chair|chairman|chairwoman|chairperson|mayor|governor|head"
_PARTS = "city|town|village|district|suburb|borough|county|state|region|province|quarter|division|subsidiary"

# (family, kind, pattern of a relation without helper words)
_FAMILIES = [
    (family, kind, re.compile(pattern))
    for family, kind, pattern in (
        ("home", "state", "(lives?|living|resides?|residing) (in|at)|(place of )?residence|home (city|town)"),
        ("home", "start", "(moved|moves|relocated|resettled|emigrated|immigrated|settled)( back| over| down)? (to|in)"),
        ("home", "end", "(moved|relocated|moved away|moved out)( from| of)|no longer lives? in|stopped living in"),
        ("seat", "state", "(headquartered|based) (in|at)|(headquarters|head office)( located)?( in| at)?"),
        ("seat", "start", "(moved|relocated) (its|their|the) (headquarters|head office|seat) to"),
        ("seat", "end", "(moved|relocated) (its|their|the) (headquarters|head office|seat) (away )?from"),
        ("employer", "state", "(works?|working|employed) (at|for|by)|employer"),
        ("employer", "start", "(started|began) (working|work|a( new)? job) (at|for)|((was|got) )?hired (by|at)"),
        ("employer", "start", "(got|took|accepted)( an?| the)?( new)? (job|position) (at|with)"),
        ("employer", "start", "(moved|switched) jobs to"),
        ("employer", "end", "left|quit|(resigned|retired) from|stopped working (at|for)|no longer works? (at|for)"),
        ("employer", "end", "(quit|left)( a| the| her| his| their| my)? job (at|with)"),
        ("employer", "end", "lost( a| the| her| his| their)? job at|(was )?(laid off|fired) (from|by)"),
        ("occupation", "state", "(works?|working|employed) as|occupation|profession|job( title)?"),
        ("occupation", "start", "((was|got) )?promoted to|(started|began) (working|work) as"),
        ("occupation", "start", "(got|took)( an?| the)? job as"),
        ("occupation", "end", "(quit|stopped) working as|no longer works? as"),
        ("partner", "state", f"{_COUPLED} to|spouse|wife|husband|fianc[ée]e?"),
        ("partner", "start", f"married|wed|got {_COUPLED} to"),
        ("partner", "end", "(got )?divorced( from)?|(broke|split) up with|separated from"),
        ("marital status", "state", "marital status|married|single|divorced|widowed|engaged"),
        ("age", "state", "age|aged|years old"),
        ("age", "start", "turned"),
        ("phone", "state", "((mobile|cell|tele)?phone|mobile|cell)( number)?"),
        ("e-mail", "state", "e-?mail( address)?"),
        ("address", "state", "(home |postal |street )?address"),
        ("salary", "state", "salary"),
        ("rent", "state", "rent"),
        ("schedule", "state", "on|will be on|(scheduled|planned) (for|on)|takes? place on"),
        ("schedule", "start", "(was )?(moved|rescheduled|postponed|brought forward|pushed back) to"),
        ("population", "state", "(an? )?(total )?population( of)?"),
        ("capital", "state", "capital( city)?"),
        ("capital", "start", "moved (its|the) capital to"),
        *((office, "state", f"{office}( named)?") for office in _OFFICES.split("|")),
        *((office, "start", f"(appointed|elected|named)( as| new)* {office}") for office in _OFFICES.split("|")),
        (CONTAINMENT, "state", "in|(located|situated|lies|contained) (in|within)|(a )?part of"),
        (CONTAINMENT, "state", f"(an? )?({_PARTS}) (in|of)"),
    )
]  # fmt: skip
# Families whose objects are proper names: "moved to the next round" and "works for the money" name none.
_PROPER_NAME_FAMILIES = frozenset(("home", "seat", "employer", "partner"))
# What is on a shelf is not on a day.
_DAY_FAMILIES = frozenset(("schedule",))
_DAY = re.compile(r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|tomorrow|today", re.IGNORECASE)
# One thing each: "favourite colour" and "favourite food" are two families.
_FAVOURITE = re.compile(r"favou?rite (.+)")
# How it is said that something is over; the groups are what is.
_ENDINGS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(.*?)\bno longer\b ?(.*)",
        r"(?:(?:does|did|do)(?: |(?=n)))?(.*?)(?:\bnot\b|n't\b)(.*?) (?:any ?more|any longer)(.*)",
        r"(?:(?:has|have|had) )?(?:stopped|ceased|quit|gave up|given up|finished) (?:to )?(.+)",
        r"used to (.+)",
    )
)
# The family of what can only be said to be over: any relation, by its words.
_OVER = "over: "
_AUXILIARIES = frozenset(("do", "does", "did", "be", "was", "were", "had", "will", "would", "can", "could"))


def relation_family(relation: str) -> str | None:
    """The family of functional relations that `relation` belongs to, or CONTAINMENT; None for any other relation."""
    found = _classify(relation)
    return found[0] if found else None


def endable_family(relation: str) -> str:
    """The family of a `relation` that closes nothing: that of whoever says that it is over."""
    words = _words(relation)
    stem = snowballstemmer.stemmer("english").stemWord
    return _OVER + (" ".join(stem(word) for word in words if word not in _AUXILIARIES) or "be")


def single_valued_family(relation: str) -> str | None:
    """The family of a `relation` that says what holds of one object at a time; None for any other, and for an end."""
    family, kind = _classify(relation) or (CONTAINMENT, "end")
    return None if kind == "end" or family == CONTAINMENT else family


def is_ending(family: str) -> bool:
    """Whether `family` is one of relations that say that another is over."""
    return family.startswith(_OVER)


def find_superseded(facts: pd.DataFrame) -> pd.DataFrame:
    """Columns `valid_until` (ISO text or None) and `superseded_by` (fact id or None), on the index of `facts`.

    `facts`: id, subject, object (numbers of entities), object_name, relation, valid_at (ISO text or None), said_at and
    last_said_at (datetime64: the first and last statement of highest priority), stated_by. The result for a subject
    depends on all its facts of functional relations, and on the CONTAINMENT facts of their objects, alone; other facts
    may be left out.
    """
    classified = {relation: _classify(relation) for relation in facts["relation"].unique()}
    over = {found[0] for found in classified.values() if found and is_ending(found[0])}
    for relation in [relation for relation, found in classified.items() if over and found is None]:
        if (family := endable_family(relation)) in over:
            classified[relation] = family, "state"
    groups: dict[tuple[int, str], list[_Fact]] = defaultdict(list)
    contained: set[tuple[int, int]] = set()
    columns = ["id", "subject", "relation", "object", "object_name", "valid_at", "said_at", "last_said_at", "stated_by"]
    for row, values in enumerate(zip(*(facts[column] for column in columns), strict=True)):
        id_, subject, relation, object_, name, valid_at, said_at, last_said_at, stated_by = values
        family, kind = classified[relation] or ("", "")
        if family == CONTAINMENT:
            contained |= {(subject, object_), (object_, subject)}
        elif family and admits(family, name):
            said = said_at if kind != "state" else last_said_at
            date = parse_partial_date(valid_at)
            when = date or moment_parts(said)
            time = valid_at if date else said.isoformat()
            groups[subject, family].append(_Fact(row, id_, object_, kind, when, time, bool(date), said, stated_by))
    until: list[str | None] = [None] * len(facts)
    by: list[str | None] = [None] * len(facts)
    for group in groups.values():
        for fact, successor in _superseded(group, contained):
            until[fact.row], by[fact.row] = successor.time, successor.id
    return pd.DataFrame({"valid_until": until, "superseded_by": by}, index=facts.index, dtype=object)


@dataclass(frozen=True)
class _Fact:
    row: int
    id: str
    object: int
    kind: str
    when: PartialDate
    time: str  # `when`, as it was given
    dated: bool
    said_at: datetime
    stated_by: str


def _classify(relation: str) -> tuple[str, str] | None:
    """The family and the kind ("state", "start" or "end") of `relation`."""
    is_new = not _NOW_WORDS.isdisjoint(relation.casefold().replace("_", " ").split())
    phrase = " ".join(_words(relation))
    for family, kind, pattern in _FAMILIES:
        if pattern.fullmatch(phrase):
            return family, "start" if is_new and kind == "state" else kind
    if favourite := _FAVOURITE.fullmatch(phrase):
        return f"favourite {favourite[1]}", "state"
    if (ended := _ended(relation)) is not None:
        known = _classify(ended)
        return (known[0] if known and known[0] != CONTAINMENT else endable_family(ended)), "end"
    return None


def _ended(relation: str) -> str | None:
    """What `relation` says is over: "works at" of "no longer works at"."""
    text = " ".join(relation.casefold().replace("_", " ").split())
    found = next((match for pattern in _ENDINGS if (match := pattern.fullmatch(text))), None)
    return " ".join(" ".join(found.groups()).split()) if found else None


def _words(relation: str) -> list[str]:
    words = relation.casefold().replace("_", " ").split()
    return [word for word in words if word not in _HELPER_WORDS and word not in _NOW_WORDS]


def admits(family: str, name: str) -> bool:
    """Whether an object called `name` can be one of `family`."""
    if family in _DAY_FAMILIES:
        return bool(_DAY.search(name))
    return family not in _PROPER_NAME_FAMILIES or _may_be_proper_name(name)


def _may_be_proper_name(name: str) -> bool:
    return name != name.lower() or has_caseless_letter(name)


def _superseded(group: Sequence[_Fact], contained: set[tuple[int, int]]) -> list[tuple[_Fact, _Fact]]:
    """The facts of one subject and family that are superseded, each with the first one that supersedes it."""
    ranks = chronological_ranks([fact.when for fact in group], [fact.said_at for fact in group])
    ordered = sorted(zip(ranks, group, strict=True), key=lambda ranked: (ranked[0], ranked[1].when, ranked[1].id))
    superseded = []
    for place, (rank, fact) in enumerate(ordered):
        if fact.kind != "end":
            later = (
                other
                for other_rank, other in ordered[place + 1 :]
                if other_rank > rank and _supersedes(other, fact, contained)
            )
            if (successor := next(later, None)) is not None:
                superseded.append((fact, successor))
    return superseded


def _supersedes(later: _Fact, fact: _Fact, contained: set[tuple[int, int]]) -> bool:
    """Whether `later`, which is, supersedes `fact`."""
    if (later.object == fact.object) != (later.kind == "end"):
        return False
    if later.stated_by == "assistant" != fact.stated_by:
        return False
    if later.kind == "end":
        return True
    said_later = later.stated_by != "document" and later.said_at > fact.said_at
    if later.kind == "start":
        return said_later or later.dated or fact.dated or fact.kind == "state"
    return ((fact.dated and later.dated) or said_later) and (fact.object, later.object) not in contained

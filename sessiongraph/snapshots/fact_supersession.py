"""Until when a fact held, and which later one replaced it. Pure; what is derived here is stored nowhere.

Invariants:
- Only a fact whose relation admits one object at a time is ever closed, by one of the same subject and the same
  family of relations. Where in doubt a fact stays open: what is wrongly closed is hidden from who asks.
- Nothing is deleted, and forgetting the later fact reopens the earlier.
- A fact is never closed by an older one. Its time is its `valid_at` or, without one, when it was said (a state: when
  it was last said). Where that orders two facts neither way, neither closes the other.
- What an assistant claimed closes only what an assistant claimed.

The families are few on purpose. What is left out admits several objects ("visited", "is located in"), is over when it
is said ("lived in"), or is not so yet ("wants to move to"). Within a family a relation tells of a state ("lives in"),
of the start of one ("moved to", "now lives in") or of its end ("left"). A start closes what was so before it. A state
needs better grounds, for two may hold at once ("lives in Lyon", "lives in France"): dates of both, or that a user said
it later; and no fact says that one of the objects is in the other. An end closes what has the same object. Of two
undated starts, the order in which their documents were added does not say which came first.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pandas as pd

WITHIN = "within"

# What adds nothing to what a relation tells; "also" is no such word.
_HELPERS = frozenset(
    ("has", "have", "is", "are", "am", "been", "being", "'s", "finally", "recently", "just", "officially", "since")
)
_NOW = frozenset(("now", "currently", "presently"))
_COUPLED = "(married|engaged|wed)"
_OFFICES = "ceo|cto|cfo|president|prime minister|chancellor|chair|chairman|chairwoman|chairperson|mayor|governor|head"
_PARTS = "city|town|village|district|suburb|borough|county|state|region|province|quarter|division|subsidiary"

# (family, kind, pattern of a relation without its helpers)
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
        ("employer", "end", "lost( a| the| her| his| their)? job at|(was )?(laid off|fired) (from|by)"),
        ("occupation", "state", "(works?|working|employed) as|occupation|profession|job( title)?"),
        ("occupation", "start", "((was|got) )?promoted to|(started|began) (working|work) as"),
        ("occupation", "start", "(got|took)( an?| the)? job as"),
        ("occupation", "end", "(quit|stopped) working as|no longer works? as"),
        ("partner", "state", f"{_COUPLED} to|spouse|wife|husband|fianc[ée]e?"),
        ("partner", "start", f"married|wed|got {_COUPLED} to"),
        ("partner", "end", "(got )?divorced( from)?|(broke|split) up with|separated from"),
        ("age", "state", "age|aged|years old"),
        ("age", "start", "turned"),
        ("population", "state", "(an? )?(total )?population( of)?"),
        ("capital", "state", "capital( city)?"),
        ("capital", "start", "moved (its|the) capital to"),
        *((office, "state", f"{office}( named)?") for office in _OFFICES.split("|")),
        *((office, "start", f"(appointed|elected|named)( as| new)* {office}") for office in _OFFICES.split("|")),
        (WITHIN, "state", "in|(located|situated|lies|contained) (in|within)|(a )?part of"),
        (WITHIN, "state", f"(an? )?({_PARTS}) (in|of)"),
    )
]  # fmt: skip
# Families whose objects are names: "moved to the next round" and "works for the money" tell of no place and no firm.
_NAMED = frozenset(("home", "seat", "employer", "partner"))


def functional_group(relation: str) -> str | None:
    """The family of relations, of which a subject has one object at a time, that `relation` belongs to; WITHIN for one
    that says where its subject is part of, which closes nothing and tells what is no contradiction; else None."""
    found = _read(relation)
    return found[0] if found else None


def close_superseded(facts: pd.DataFrame) -> pd.DataFrame:
    """Columns `valid_until` (ISO text or None) and `superseded_by` (fact id or None), on the index of `facts`.

    `facts`: id, subject, object (numbers of entities), object_name, relation, valid_at (ISO text or None), said_at and
    last_said_at (datetime64: the first and last statement of best standing), stated_by. What is said of a subject
    depends on all facts of that subject in a functional group, and on the facts WITHIN of their objects, alone; facts
    of no functional group may be left out.
    """
    groups: dict[tuple[int, str], list[_Fact]] = defaultdict(list)
    within: set[tuple[int, int]] = set()
    columns = ["id", "subject", "relation", "object", "object_name", "valid_at", "said_at", "last_said_at", "stated_by"]
    for row, values in enumerate(zip(*(facts[column] for column in columns), strict=True)):
        id_, subject, relation, object_, name, valid_at, said_at, last_said_at, stated_by = values
        family, kind = _read(relation) or ("", "")
        if family == WITHIN:
            within |= {(subject, object_), (object_, subject)}
        elif family and (family not in _NAMED or name != name.lower()):
            said = said_at if kind != "state" else last_said_at
            dated = isinstance(valid_at, str) and valid_at != ""
            time = valid_at if dated else said.isoformat()
            groups[subject, family].append(_Fact(row, id_, object_, kind, time, dated, said, stated_by))
    until: list[str | None] = [None] * len(facts)
    by: list[str | None] = [None] * len(facts)
    for group in groups.values():
        for fact, closing in _closed(group, within):
            until[fact.row], by[fact.row] = closing.time, closing.id
    return pd.DataFrame({"valid_until": until, "superseded_by": by}, index=facts.index, dtype=object)


@dataclass(frozen=True)
class _Fact:
    row: int
    id: str
    object: int
    kind: str
    time: str
    dated: bool
    said_at: datetime
    stated_by: str


@lru_cache(maxsize=65536)
def _read(relation: str) -> tuple[str, str] | None:
    """The family and the kind of `relation`."""
    words = relation.casefold().replace("_", " ").split()
    is_new = not _NOW.isdisjoint(words)
    phrase = " ".join(word for word in words if word not in _HELPERS and word not in _NOW)
    for family, kind, pattern in _FAMILIES:
        if pattern.fullmatch(phrase):
            return family, "start" if is_new and kind == "state" else kind
    return None


def _closed(group: Sequence[_Fact], within: set[tuple[int, int]]) -> list[tuple[_Fact, _Fact]]:
    """The facts of one subject and family that are closed, each with the first that closes it."""
    ordered = sorted(group, key=lambda fact: (fact.time, fact.said_at, fact.id))
    closed = []
    for place, fact in enumerate(ordered):
        if fact.kind != "end":
            later = (other for other in ordered[place + 1 :] if _closes(other, fact, within))
            if (closing := next(later, None)) is not None:
                closed.append((fact, closing))
    return closed


def _closes(later: _Fact, fact: _Fact, within: set[tuple[int, int]]) -> bool:
    if (later.object == fact.object) != (later.kind == "end") or not _before(fact, later):
        return False
    if later.stated_by == "assistant" != fact.stated_by:
        return False
    if later.kind == "end":
        return True
    told = later.stated_by != "document" and later.said_at > fact.said_at
    if later.kind == "start":
        return told or later.dated or fact.dated or fact.kind == "state"
    return ((fact.dated and later.dated) or told) and (fact.object, later.object) not in within


def _before(fact: _Fact, later: _Fact) -> bool:
    """Whether `fact` was so before `later`. "2015" is neither before nor after "2015-05": when it was said decides."""
    length = min(len(fact.time), len(later.time))
    if fact.time[:length] != later.time[:length]:
        return fact.time < later.time
    return fact.said_at < later.said_at

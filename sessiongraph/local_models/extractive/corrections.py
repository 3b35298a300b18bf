"""Corrections that say only what is otherwise: "No, it's Tuesday", "not Bergen but Stavanger", "scratch that".

What they leave out stands in the facts that were stated before; each says which of them is over, and what is so
instead. Pure, and English: in doubt nothing is corrected.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sessiongraph.local_models.extractive import dates, lexicon

# How many of the facts stated last are looked at.
_REACH = 8
_WORDS = 6

_OPENER = (
    r"(?:(?:oh|ah|oops|wait|well|hm+|and|but|yes|yeah)[,.!]* )*(?:(?:no|nope|sorry|actually|correction|i mean|i meant|"
    r"i should have said|make that|make it|rather|or rather)\b[\s,.:;!—–-]*)+"
)
_COPULA = r"(?:(?:it|that|this)(?:'s| is| was| will be)(?: actually| really| now)?|i meant|i mean|make (?:it|that)) "
_PREPOSITION = r"(?:(?:on|at|in|to|for) )?"
_NOT = rf",? (?:and )?not {_PREPOSITION}(?P<old>.+)"
_REPLACES = re.compile(rf"{_OPENER}(?:{_COPULA})?{_PREPOSITION}(?P<new>.+?)(?:{_NOT})?")
_BARE = re.compile(rf"{_COPULA}{_PREPOSITION}(?P<new>.+?){_NOT}")
_NOT_BUT = re.compile(
    rf"(?:{_OPENER})?(?:{_COPULA})?not {_PREPOSITION}(?P<old>.+?),? (?:but|it's|it is|rather) {_PREPOSITION}(?P<new>.+)"
)
_NEW_NOT_OLD = re.compile(rf"(?:{_OPENER})?{_PREPOSITION}(?P<new>\S+(?: \S+)?){_NOT}")
_DROPS = re.compile(
    rf"(?:{_OPENER})?(?:(?:scratch|strike|forget|ignore|disregard) (?:that|it)|never ?mind(?: that)?|"
    r"that(?:'s| is| was) (?:wrong|not true|not right|no longer true|not so any ?more))",
)
_THERE = re.compile(
    rf"(?:{_OPENER})?(?:i|we|he|she|they)(?: (?:don't|do not|doesn't|does not) (?P<verb>\w+) (?:there|here|it|that) "
    r"(?:any ?more|any longer)| no longer (?P<ended>\w+) (?:there|here|it|that))"
)
_MOVED = re.compile(rf"(?:{_OPENER})?(?:i|we)(?:'ve| have)? (?:moved|moved (?:away|out|house))(?: since)?")
# A clause of its own is no fragment.
_CLAUSE = re.compile(
    r"\b(?:i|we|you|he|she|they|it|is|are|was|were|am|be|do|does|did|don't|doesn't|can|can't|will|have|has|had)\b"
)
_LIVES = ("lives in", "lives at", "live in", "moved to", "lives", "is living in", "resides in")


@dataclass(frozen=True)
class Stated:
    """A fact as it was stated, in names, and in which words."""

    subject: str
    relation: str
    object: str
    statement: str


@dataclass(frozen=True)
class Correction:
    """That `wrong` is so no more or never was and, where that was said, what is so `instead`."""

    wrong: Stated
    instead: Stated | None


def correction(text: str, stated: Sequence[Stated]) -> Correction | None:
    """What the sentence `text` corrects of what was `stated` before it, in the order in which that was said."""
    said = " ".join(text.replace("’", "'").split()).rstrip(" .!")
    lowered = said.lower()
    last = [fact for fact in stated[-_REACH:] if "no longer" not in fact.relation]
    if _DROPS.fullmatch(lowered):
        return Correction(last[-1], None) if last else None
    if match := _THERE.fullmatch(lowered):
        verb = (match["verb"] or match["ended"])[:4]
        return _ends(last, lambda fact: any(word.startswith(verb) for word in fact.relation.split()))
    if _MOVED.fullmatch(lowered):
        return _ends(last, lambda fact: fact.relation in _LIVES)
    for pattern in (_NOT_BUT, _BARE, _REPLACES, _NEW_NOT_OLD):
        if match := pattern.fullmatch(lowered):
            new = said[match.start("new") : match.end("new")].strip(" ,")
            old = match["old"]
            return _replaced(last, new, old.strip(" ,") if old else None)
    return None


def over(fact: Stated) -> Stated:
    """That `fact` is so no more, as a fact."""
    first, *rest = fact.relation.split()
    relation = " ".join([first, "no longer", *rest] if first in ("is", "are", "was") else ["no longer", first, *rest])
    return Stated(fact.subject, relation, fact.object, f"{fact.subject} {relation} {fact.object}.")


def _ends(last: Sequence[Stated], fits: Callable[[Stated], bool]) -> Correction | None:
    found = next((fact for fact in reversed(last) if fits(fact)), None)
    return Correction(found, None) if found else None


def _replaced(last: Sequence[Stated], new: str, old: str | None) -> Correction | None:
    new = re.sub(r"\A(?:the|a|an) ", "", new)
    if not 1 <= len(new.split()) <= _WORDS or _CLAUSE.search(new.lower()):
        return None
    if old is not None:
        wrong = next((fact for fact in reversed(last) if _same(fact.object, old)), None)
    else:
        wrong = next((fact for fact in reversed(last) if _kind(fact.object) == _kind(new)), None)
    if wrong is None or _same(wrong.object, new) or (old is None and _kind(new) == "word"):
        return None
    statement = wrong.statement.replace(wrong.object, new, 1)
    if statement == wrong.statement:
        statement = f"{wrong.subject} {wrong.relation} {new}."
    return Correction(wrong, Stated(wrong.subject, wrong.relation, new, statement))


def _same(name: str, said: str) -> bool:
    return said.lower() in (name.lower(), re.sub(r"\A(?:the|a|an) ", "", name.lower()))


def _kind(text: str) -> str:
    """What sort of thing `text` says: a day, a number, a name, or a mere word."""
    words = {word.strip(".,").lower() for word in text.split()}
    if dates.find(text) or words & lexicon.CALENDAR:
        return "day"
    if any(letter.isdigit() for letter in text):
        return "number"
    return "name" if text[:1].isupper() else "word"

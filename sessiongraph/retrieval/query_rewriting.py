"""What a follow-up leaves unsaid, said: its pronouns and ellipses resolved by rule from the turns before it. Pure.

    Where does Alice work?  At Acme.  →  "What does she earn?" is "What does Alice earn?"; "And Bob?" is "Where does Bob
    work?"; "Why?" is "Why? Where does Alice work?"; "that company" is "Acme"

Invariants: a question that points nowhere stands as it is; where several fit and nothing tells them apart, all of them
go along and the result says that it is not sure. As in centering (Grosz, Joshi and Weinstein, 1995), who was new in an
answer or was asked about is who is spoken of next.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sessiongraph.retrieval.mention_detection import (
    HE,
    SHE,
    WORD,
    Kind,
    Name,
    kind_of_noun,
    names_in,
    told_gender,
    word_set,
)
from sessiongraph.retrieval.scope import Scope
from sessiongraph.types import Turn

# How many of the last turns a pronoun may point back to; things fade sooner than persons.
REACH = 10
_THINGS_REACH = 3
_OTHERS_REACH = 2
# What is longer says what it is about; of what was said, so much is looked at (characters).
_LONGEST_FOLLOW_UP = 500
_READ = 2000

_POSSESSIVE = frozenset(("his", "its", "their", "hers", "theirs"))
_PLURAL = frozenset(("they", "them", "their", "theirs", "both"))
_IT = frozenset(("it", "its"))
_AFTER_OBJECT = word_set(
    """in on at to for with about and or but when where why how from by of as then there before after during again too
    most last first that if"""
)
_BE = word_set("is are was were isn't aren't wasn't weren't be been")
_AUXILIARIES = _BE | word_set("am do does did has have had can could will would should may might must")
_TIMES = word_set("year month day week time summer winter spring autumn fall")
_ASKING = word_set("what when where which who whom whose why how")
_EVENT_VERBS = _BE | word_set("happen happened mean means go went take took cost work worked change changed")
# "Does it rain?", "Is it true that …": nothing is pointed to.
_EMPTY_IT = re.compile(
    r"\bit\s+(?:(?:always|often|ever|usually|still)\s+)?(?:rains?|raining|snows?|snowing|be(?:en)?\s+(?:said|known))\b"
    r"|\b(?:is|was|isn't|wasn't)\s+it\s+(?:true|possible|likely|known|said|clear|raining|snowing|cold|hot|warm|safe|"
    r"called|worth|easy|hard|legal)\b|\bhow\s+(?:far|long|late)\s+(?:is|was|does|did)\s+it\b|\bwhat\s+time\s+is\s+it\b"
    r"|\bit\s+(?:is|was|takes?|took)\s+(?:true|possible|likely|known|said)\b",
    re.IGNORECASE,
)
_OTHER_ONE = re.compile(
    r"\bthe\s+(?:other|former|latter|first|second|third|last)(?:\s+ones?)?(?=\s*(?:[?,.!]|$|\b(?:is|was|do|does|did|"
    r"founded|in|on|made)\b))|\bthe\s+(?:other|first|second|third|last)\s+ones?\b|\bwhich\s+(?:of\s+them|one)\b",
    re.IGNORECASE,
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_DATE = re.compile(rf"\b(?:(?:\d{{1,2}}\s+)?(?:{_MONTHS})\s+)?(?:1\d|20)\d\d\b")
_LEAD = re.compile(
    r"\A\s*(?:and|but|or|so|also)?[\s,]*(?:(?:what|how)\s+about|what\s+of)\s+|\A\s*(?:and|but|or)\b[\s,]*",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"\A\s*(?:and\s+|but\s+|so\s+|really[\s,]+)?(?:(?:since|until|by|with|for|from|to|at)\s+)?"
    r"(?:why(?:\s+not)?|when|where|how(?:\s+(?:so|come|long|much|many|often))?|who(?:m|\s+else)?|what(?:\s+else)?|"
    r"which(?:\s+ones?|\s+years?)?|anything\s+else|really)\s*[?.!]*\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Standalone:
    """`query` as it can be understood by itself; `sure` is False where the rules could not tell what it points to."""

    query: str
    sure: bool = True


@dataclass(frozen=True)
class _Past:
    """A turn before: its question as it stands alone, and the names in it and in its answer."""

    question: str
    answer: str
    asked: tuple[Name, ...]
    said: tuple[Name, ...]

    @property
    def names(self) -> tuple[Name, ...]:
        return (*self.said, *self.asked)


def standalone(query: str, turns: Sequence[Turn], scopes: Sequence[Scope]) -> Standalone:
    """`query` with what it takes from the last REACH of `turns`, each understood with those before it."""
    past: list[_Past] = []
    for turn in turns[-REACH:]:
        question = _resolved(turn.question, past, scopes).query
        past.append(_past(question, turn.answer, scopes))
    return _resolved(query, past, scopes)


def _past(question: str, answer: str, scopes: Sequence[Scope]) -> _Past:
    question, answer = question[:_READ], answer[:_READ]
    asked, said = names_in(question, scopes), names_in(answer, scopes)
    return _Past(question, answer, tuple(_gendered(asked, answer, bool(said))), tuple(said))


def _gendered(asked: list[Name], answer: str, names_others: bool) -> list[Name]:
    """`asked`, where the one person in it is told to be a "she" or a "he" by an answer that names nobody else."""
    persons = [name for name in asked if name.kind in ("person", "")]
    told = told_gender(answer)
    if len(persons) != 1 or persons[0].gender or not told or names_others:
        return asked
    return [Name(n.text, n.start, n.stop, n.kind, told) if n is persons[0] else n for n in asked]


def _resolved(query: str, past: Sequence[_Past], scopes: Sequence[Scope]) -> Standalone:
    if not past or len(query) > _LONGEST_FOLLOW_UP:
        return Standalone(query)
    if _BARE.match(query):
        return Standalone(f"{query.strip()} {past[-1].question}")
    if _OTHER_ONE.search(query):
        nearby = dict.fromkeys(name.text for turn in past[-_OTHERS_REACH:] for name in turn.names)
        return Standalone(f"{query} {' '.join(nearby)}", sure=False)
    names = names_in(query, scopes)
    pointed = _Pointed(query, names, past)
    text = pointed.text
    if (rest := _ellipsis(text)) is not None:
        return Standalone(_framed(rest, past[-1], scopes), pointed.sure)
    return Standalone(text, pointed.sure)


class _Pointed:
    """A question whose pointing words have been replaced by what they stand for."""

    def __init__(self, query: str, names: list[Name], past: Sequence[_Past]) -> None:
        self.sure = True
        self._query, self._names, self._past = query, names, past
        self._words = list(WORD.finditer(query))
        self._added: list[str] = []
        self._replaced: list[tuple[int, int, str]] = []
        self._empty = [match.span() for match in _EMPTY_IT.finditer(query)]
        for at, word in enumerate(self._words):
            if not any(name.start <= word.start() < name.stop for name in names):
                self._take(at, word[0].casefold())

    @property
    def text(self) -> str:
        text = self._query
        for start, stop, instead in sorted(self._replaced, reverse=True):
            text = text[:start] + instead + text[stop:]
        return " ".join((text, *dict.fromkeys(self._added)))

    def _take(self, at: int, word: str) -> None:
        if word in SHE or word in HE:
            if not self._has_own("person", at, "f" if word in SHE else "m"):
                self._put(at, self._person("f" if word in SHE else "m"), word in _POSSESSIVE or self._owns(at))
        elif word in _PLURAL:
            self._take_plural(at, word)
        elif word in _IT:
            pointed = not any(start <= self._words[at].start() < stop for start, stop in self._empty)
            if pointed and not self._has_own("thing", at):
                self._put(at, self._nearest(("thing", "organization", "place", "")), word == "its")
        elif word == "there" and not self._is_existential(at):
            if not self._has_own("place", at):
                self._put(at, self._nearest(("place", "organization", "thing")), before="in ")
        elif word == "then" and at > 1 and self._word(0) not in ("if", "and", "so", "but"):
            if found := _DATE.findall(f"{self._past[-1].question} {self._past[-1].answer}"):
                self._put(at, [found[-1]], before="in ")
        elif word in ("that", "this", "those", "these", "the"):
            self._take_demonstrative(at, word)

    def _take_plural(self, at: int, word: str) -> None:
        if self._asks_who(at) or any(self._has_own(kind, at) for kind in ("organization", "person")):
            return
        if word == "both" and self._word(at + 1) not in ("of", "", "they"):
            return
        if word == "both" and self._word(at + 1) == "of":
            self._replaced.append((self._words[at].start(), self._words[at + 2].start(), ""))
            return
        for turn in reversed(self._past):
            if pair := _coordinated(turn):
                return self._put(at, [" and ".join(pair)], word.startswith("their"))
            if organizations := _distinct(turn, ("organization",)):
                return self._put(at, organizations[-1:], word.startswith("their"))
        self._put(at, self._person(""), word.startswith("their"))

    def _take_demonstrative(self, at: int, word: str) -> None:
        noun = self._word(at + 1)
        if word in ("that", "this") and (noun == "" or noun in _EVENT_VERBS) and not self._is_conjunction(at):
            self._added.append(self._past[-1].question)
            return
        if word in ("that", "this") and noun in _TIMES:
            if found := _DATE.findall(f"{self._past[-1].question} {self._past[-1].answer}"):
                self._put(at, [found[-1]], before="in ", to=at + 1)
            return
        kind = kind_of_noun(noun)
        if not noun or not kind or (word == "the" and (self._names or self._word(at + 2) in ("of", "that", "in"))):
            return
        found = self._by_noun(noun) or ([] if kind == "person" else self._nearest((kind,), noun))
        if kind == "person" or (word == "the" and not found):
            return
        self._put(at, found, to=at + 1)

    def _by_noun(self, noun: str) -> list[str]:
        """Names that have `noun` in them: "the fair" of the Spring Fair."""
        for turn in reversed(self._past[-_THINGS_REACH:]):
            if found := [name.text for name in turn.names if noun in name.text.casefold().split()]:
                return list(dict.fromkeys(found))
        return []

    def _put(self, at: int, names: list[str], possessive: bool = False, *, before: str = "", to: int = -1) -> None:
        """Replace the words from `at` to `to` by the one of `names`; where there is not one, add what there is."""
        if len(names) == 1:
            instead = before + names[0] + ("'s" if possessive else "")
            self._replaced.append((self._words[at].start(), self._words[max(at, to)].end(), instead))
            return
        self.sure = False
        self._added += names or [self._past[-1].question]

    def _person(self, gender: str) -> list[str]:
        """Who "she" or "he" is: of the nearest turn that names somebody fitting, who is spoken of next."""
        for turn in reversed(self._past):
            for known in (True, False):
                fitting = [n for n in turn.names if _fits(n, gender, known)]
                names = list(dict.fromkeys(name.text for name in fitting))
                if len(names) > 1:
                    names = self._spoken_of(turn, names)
                if names:
                    return names
        return []

    def _spoken_of(self, turn: _Past, names: list[str]) -> list[str]:
        said = [name for name in names if any(name == each.text for each in turn.said)]
        asked = [name for name in names if any(name == each.text for each in turn.asked)]
        new = [name for name in said if name not in asked]
        if len(new) == 1 and new[0] == turn.said[0].text:
            return new
        return asked if len(asked) == 1 else said if len(said) == 1 else names

    def _nearest(self, kinds: Sequence[Kind], noun: str = "") -> list[str]:
        """The names of the first of `kinds` that the nearest turn has any of."""
        for turn in reversed(self._past[-_THINGS_REACH:]):
            for kind in kinds:
                found = _distinct(turn, (kind,))
                if len(found) > 1:
                    found = self._spoken_of(turn, found)
                if found:
                    return found
        return []

    def _has_own(self, kind: str, at: int, gender: str = "") -> bool:
        """Whether the question names, before the word at `at`, what that word can stand for."""
        before = [name for name in self._names if name.stop <= self._words[at].start()]
        if kind == "person":
            return (self._asks_who(at) and not before) or any(_fits(n, gender, False) for n in before)
        if kind == "thing":
            return any(name.kind in ("thing", "organization", "place", "") for name in before)
        return any(name.kind == kind for name in before)

    def _asks_who(self, at: int) -> bool:
        """ "Who lost their keys?": whoever it was, and nobody from before."""
        return at > 2 and self._word(0) in ("who", "whose")

    def _owns(self, at: int) -> bool:
        """Whether "her" at `at` is followed by what is hers."""
        return self._word(at) == "her" and self._word(at + 1) not in _AFTER_OBJECT | {""}

    def _is_existential(self, at: int) -> bool:
        """ "Is there a …", "there are …"."""
        follows = self._word(at - 1) in _BE and self._word(at + 1) not in ("", "now", "still", "too", "then", "in")
        return follows or self._word(at + 1) in _BE | {"any", "a", "an", "anything", "anyone"}

    def _is_conjunction(self, at: int) -> bool:
        return at > 1 and self._word(at - 1) not in _AUXILIARIES | _AFTER_OBJECT and self._word(at + 1) in _BE

    def _word(self, at: int) -> str:
        return self._words[at][0].casefold() if 0 <= at < len(self._words) else ""


def _fits(name: Name, gender: str, known: bool) -> bool:
    """Whether `name` may be the person of that gender; `known` asks for more than that nothing speaks against it."""
    if name.kind not in ("person", "") or (name.gender and gender and name.gender != gender):
        return False
    return not known or (name.kind == "person" and (not gender or name.gender == gender))


def _distinct(turn: _Past, kinds: Sequence[Kind]) -> list[str]:
    return list(dict.fromkeys(name.text for name in turn.names if name.kind in kinds))


def _coordinated(turn: _Past) -> list[str]:
    """Persons that a turn names side by side: "Ann and Bob", "Ann, Bob and Carl"."""
    for text, names in ((turn.answer, turn.said), (turn.question, turn.asked)):
        persons = [name for name in names if name.kind in ("person", "")]
        for first, second in pairwise(persons):
            if re.fullmatch(r"\s*(?:,|,?\s*(?:and|&))\s*", text[first.stop : second.start]):
                return list(dict.fromkeys(name.text for name in persons))
    return []


def _ellipsis(query: str) -> str | None:
    """What `query` asks in the place of something in the question before: "Bob" of "And Bob?"; None for a whole one."""
    lead = _LEAD.match(query)
    rest = query[lead.end() if lead else 0 :].strip().rstrip("?.! ")
    words = [word[0].casefold() for word in WORD.finditer(rest)]
    is_whole = any(word in _AUXILIARIES or word in _ASKING for word in words)
    return rest if lead and words and not is_whole else None


def _framed(rest: str, before: _Past, scopes: Sequence[Scope]) -> str:
    """The question `before` with `rest` in the place of what is of its kind, or behind it."""
    if (year := _YEAR.search(rest)) and (old := _YEAR.search(before.question)):
        return before.question[: old.start()] + year[0] + before.question[old.end() :]
    new = names_in(rest, scopes)
    if new:
        # What is named last is what is asked about: "Nadia's brother" is a person, as Nadia is.
        for name in before.asked:
            if name.kind == new[-1].kind and name.kind:
                instead = re.sub(r"\A(?:in|at|for|with|from|to)\s+(?=\w)", "", rest)
                return before.question[: name.start] + instead + before.question[name.stop :]
    return f"{before.question} {rest}"

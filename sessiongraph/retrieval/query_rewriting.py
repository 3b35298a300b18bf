"""Rewriting of follow-up questions: pronouns and ellipses resolved by rule from the turns before. Pure.

    Where does Alice work?  At Acme.  →  "What does she earn?" is "What does Alice earn?"; "And Bob?" is "Where does Bob
    work?"; "Why?" is "Why? Where does Alice work?"; "that company" is "Acme"

Invariants: a question that refers to nothing before it stays as it is; where several antecedents fit equally well, all
of them are added and the result is not certain. As in centering (Grosz, Joshi and Weinstein, 1995), who was new in an
answer or was asked about is who is referred to next.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sessiongraph.english import (
    AFTER_OBJECT,
    AUXILIARIES,
    BE,
    EVENT_VERBS,
    HE,
    IT,
    MONTHS,
    PLURAL_PRONOUNS,
    POSSESSIVES,
    QUESTION_WORDS,
    SHE,
    TIMES,
)
from sessiongraph.retrieval.mention_detection import (
    WORD,
    EntityKind,
    Mention,
    MentionDetector,
    gender_of_pronouns,
    kind_of_noun,
)
from sessiongraph.retrieval.scope import Scope
from sessiongraph.types import Turn

# How many turns back the antecedent of a pronoun may be; things are forgotten sooner than persons.
MAX_TURNS_BACK = 10
_MAX_TURNS_BACK_FOR_THINGS = 3
_MAX_TURNS_BACK_FOR_OTHER_ONE = 2
# Characters: longer questions say what they are about; of turns so much is read.
_MAX_FOLLOW_UP_CHARS = 500
_READ_CHARS = 2000

# "Does it rain?", "Is it true that …": an expletive "it", which refers to nothing.
_EXPLETIVE_IT = re.compile(
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
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_DATE = re.compile(rf"\b(?:(?:\d{{1,2}}\s+)?(?:{'|'.join(MONTHS)})\s+)?(?:1\d|20)\d\d\b")
_LEADING_WORDS = re.compile(
    r"\A\s*(?:and|but|or|so|also)?[\s,]*(?:(?:what|how)\s+about|what\s+of)\s+|\A\s*(?:and|but|or)\b[\s,]*",
    re.IGNORECASE,
)
_BARE_QUESTION_WORD = re.compile(
    r"\A\s*(?:and\s+|but\s+|so\s+|really[\s,]+)?(?:(?:since|until|by|with|for|from|to|at)\s+)?"
    r"(?:why(?:\s+not)?|when|where|how(?:\s+(?:so|come|long|much|many|often))?|who(?:m|\s+else)?|what(?:\s+else)?|"
    r"which(?:\s+ones?|\s+years?)?|anything\s+else|really)\s*[?.!]*\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RewrittenQuery:
    """`text` that can be understood by itself; not `is_certain` where the rules found no single antecedent."""

    text: str
    is_certain: bool = True


@dataclass(frozen=True)
class _PastTurn:
    """An earlier turn: its rewritten question and its answer, with the mentions in them."""

    question: str
    answer: str
    in_question: tuple[Mention, ...]
    in_answer: tuple[Mention, ...]

    @property
    def mentions(self) -> tuple[Mention, ...]:
        return (*self.in_answer, *self.in_question)


def rewrite_query(query: str, turns: Sequence[Turn], scopes: Sequence[Scope]) -> RewrittenQuery:
    """`query` with what it refers to in the last MAX_TURNS_BACK of `turns`, each rewritten with those before it."""
    detector = MentionDetector(scopes)
    past: list[_PastTurn] = []
    for turn in turns[-MAX_TURNS_BACK:]:
        question = _rewrite(turn.question, past, detector).text
        past.append(_past_turn(question, turn.answer, detector))
    return _rewrite(query, past, detector)


def _past_turn(question: str, answer: str, detector: MentionDetector) -> _PastTurn:
    question, answer = question[:_READ_CHARS], answer[:_READ_CHARS]
    in_question, in_answer = detector.mentions(question), detector.mentions(answer)
    in_question = _with_gender(in_question, answer, bool(in_answer))
    return _PastTurn(question, answer, tuple(in_question), tuple(in_answer))


def _with_gender(in_question: list[Mention], answer: str, names_others: bool) -> list[Mention]:
    """`in_question`, with the gender of its only person by the pronouns of an answer that names nobody else."""
    persons = [mention for mention in in_question if mention.kind in ("person", "")]
    gender = gender_of_pronouns(answer)
    if len(persons) != 1 or persons[0].gender or not gender or names_others:
        return in_question
    return [replace(mention, gender=gender) if mention is persons[0] else mention for mention in in_question]


def _rewrite(query: str, past: Sequence[_PastTurn], detector: MentionDetector) -> RewrittenQuery:
    if not past or len(query) > _MAX_FOLLOW_UP_CHARS:
        return RewrittenQuery(query)
    if _BARE_QUESTION_WORD.match(query):
        return RewrittenQuery(f"{query.strip()} {past[-1].question}")
    if _OTHER_ONE.search(query):
        recent = [mention.text for turn in past[-_MAX_TURNS_BACK_FOR_OTHER_ONE:] for mention in turn.mentions]
        return RewrittenQuery(f"{query} {' '.join(dict.fromkeys(recent))}", is_certain=False)
    resolver = _PronounResolver(query, detector.mentions(query), past)
    text = resolver.text
    if (rest := _ellipsis(text)) is not None:
        return RewrittenQuery(_substituted(rest, past[-1], detector), resolver.is_certain)
    return RewrittenQuery(text, resolver.is_certain)


class _PronounResolver:
    """Replaces the pronouns and demonstratives of a question by their antecedents."""

    def __init__(self, query: str, mentions: list[Mention], past: Sequence[_PastTurn]) -> None:
        self.is_certain = True
        self._query, self._mentions, self._past = query, mentions, past
        self._words = list(WORD.finditer(query))
        self._added: list[str] = []
        self._replacements: list[tuple[int, int, str]] = []
        self._expletives = [match.span() for match in _EXPLETIVE_IT.finditer(query)]
        for at, word in enumerate(self._words):
            if not any(mention.start <= word.start() < mention.stop for mention in mentions):
                self._resolve(at, word[0].casefold())

    @property
    def text(self) -> str:
        text = self._query
        for start, stop, replacement in sorted(self._replacements, reverse=True):
            text = text[:start] + replacement + text[stop:]
        return " ".join((text, *dict.fromkeys(self._added)))

    def _resolve(self, at: int, word: str) -> None:
        if word in SHE or word in HE:
            if not self._has_antecedent_in_question("person", at, "f" if word in SHE else "m"):
                self._replace(at, self._person("f" if word in SHE else "m"), word in POSSESSIVES or self._owns(at))
        elif word in PLURAL_PRONOUNS:
            self._resolve_plural(at, word)
        elif word in IT:
            refers = not any(start <= self._words[at].start() < stop for start, stop in self._expletives)
            if refers and not self._has_antecedent_in_question("thing", at):
                self._replace(at, self._most_recent(("thing", "organization", "place", "")), word == "its")
        elif word == "there" and not self._is_existential(at):
            if not self._has_antecedent_in_question("place", at):
                self._replace(at, self._most_recent(("place", "organization", "thing")), before="in ")
        elif word == "then" and at > 1 and self._word(0) not in ("if", "and", "so", "but"):
            if found := _DATE.findall(f"{self._past[-1].question} {self._past[-1].answer}"):
                self._replace(at, [found[-1]], before="in ")
        elif word in ("that", "this", "those", "these", "the"):
            self._resolve_demonstrative(at, word)

    def _resolve_plural(self, at: int, word: str) -> None:
        if self._asks_who(at) or any(self._has_antecedent_in_question(kind, at) for kind in ("organization", "person")):
            return
        if word == "both" and self._word(at + 1) not in ("of", "", "they"):
            return
        if word == "both" and self._word(at + 1) == "of":
            self._replacements.append((self._words[at].start(), self._words[at + 2].start(), ""))
            return
        for turn in reversed(self._past):
            if pair := _coordinated(turn):
                return self._replace(at, [" and ".join(pair)], word.startswith("their"))
            if organizations := _distinct(turn, ("organization",)):
                return self._replace(at, organizations[-1:], word.startswith("their"))
        self._replace(at, self._person(""), word.startswith("their"))

    def _resolve_demonstrative(self, at: int, word: str) -> None:
        noun = self._word(at + 1)
        if word in ("that", "this") and (noun == "" or noun in EVENT_VERBS) and not self._is_conjunction(at):
            self._added.append(self._past[-1].question)
            return
        if word in ("that", "this") and noun in TIMES:
            if found := _DATE.findall(f"{self._past[-1].question} {self._past[-1].answer}"):
                self._replace(at, [found[-1]], before="in ", to=at + 1)
            return
        kind = kind_of_noun(noun)
        if not noun or not kind or (word == "the" and (self._mentions or self._word(at + 2) in ("of", "that", "in"))):
            return
        found = self._by_noun(noun) or ([] if kind == "person" else self._most_recent((kind,), noun))
        if kind == "person" or (word == "the" and not found):
            return
        self._replace(at, found, to=at + 1)

    def _by_noun(self, noun: str) -> list[str]:
        """Names that contain `noun`: "the fair" for the Spring Fair."""
        for turn in reversed(self._past[-_MAX_TURNS_BACK_FOR_THINGS:]):
            if found := [name.text for name in turn.mentions if noun in name.text.casefold().split()]:
                return list(dict.fromkeys(found))
        return []

    def _replace(self, at: int, names: list[str], possessive: bool = False, *, before: str = "", to: int = -1) -> None:
        """Replace the words from `at` to `to` by the only one of `names`; where there is none such, append all."""
        if len(names) == 1:
            replacement = before + names[0] + ("'s" if possessive else "")
            self._replacements.append((self._words[at].start(), self._words[max(at, to)].end(), replacement))
            return
        self.is_certain = False
        self._added += names or [self._past[-1].question]

    def _person(self, gender: str) -> list[str]:
        """The antecedents of "she" or "he": the most salient of the last turn that names somebody fitting."""
        for turn in reversed(self._past):
            for known in (True, False):
                fitting = [n for n in turn.mentions if _fits(n, gender, known)]
                names = list(dict.fromkeys(name.text for name in fitting))
                if len(names) > 1:
                    names = self._most_salient(turn, names)
                if names:
                    return names
        return []

    def _most_salient(self, turn: _PastTurn, names: list[str]) -> list[str]:
        """The one of `names` that the answer begins with anew, else the only one asked about, else the only one in the
        answer; all of them where nothing tells."""
        in_answer = [name for name in names if any(name == mention.text for mention in turn.in_answer)]
        in_question = [name for name in names if any(name == mention.text for mention in turn.in_question)]
        new = [name for name in in_answer if name not in in_question]
        if len(new) == 1 and new[0] == turn.in_answer[0].text:
            return new
        if len(in_question) == 1:
            return in_question
        return in_answer if len(in_answer) == 1 else names

    def _most_recent(self, kinds: Sequence[EntityKind], noun: str = "") -> list[str]:
        """The most salient names of the first of `kinds` that the last turn with any of them has."""
        for turn in reversed(self._past[-_MAX_TURNS_BACK_FOR_THINGS:]):
            for kind in kinds:
                found = _distinct(turn, (kind,))
                if len(found) > 1:
                    found = self._most_salient(turn, found)
                if found:
                    return found
        return []

    def _has_antecedent_in_question(self, kind: str, at: int, gender: str = "") -> bool:
        """Whether the question itself names, before the word at `at`, what that word may refer to."""
        before = [name for name in self._mentions if name.stop <= self._words[at].start()]
        if kind == "person":
            return (self._asks_who(at) and not before) or any(_fits(n, gender, False) for n in before)
        if kind == "thing":
            return any(name.kind in ("thing", "organization", "place", "") for name in before)
        return any(name.kind == kind for name in before)

    def _asks_who(self, at: int) -> bool:
        """ "Who lost their keys?": the pronoun refers to whoever is asked for."""
        return at > 2 and self._word(0) in ("who", "whose")

    def _owns(self, at: int) -> bool:
        """Whether "her" at `at` is a possessive."""
        return self._word(at) == "her" and self._word(at + 1) not in AFTER_OBJECT | {""}

    def _is_existential(self, at: int) -> bool:
        """ "Is there a …", "there are …"."""
        follows = self._word(at - 1) in BE and self._word(at + 1) not in ("", "now", "still", "too", "then", "in")
        return follows or self._word(at + 1) in BE | {"any", "a", "an", "anything", "anyone"}

    def _is_conjunction(self, at: int) -> bool:
        return at > 1 and self._word(at - 1) not in AUXILIARIES | AFTER_OBJECT and self._word(at + 1) in BE

    def _word(self, at: int) -> str:
        return self._words[at][0].casefold() if 0 <= at < len(self._words) else ""


def _fits(name: Mention, gender: str, known: bool) -> bool:
    """Whether the mention may be of a person of that gender; with `known`, whether it is known to be."""
    if name.kind not in ("person", "") or (name.gender and gender and name.gender != gender):
        return False
    return not known or (name.kind == "person" and (not gender or name.gender == gender))


def _distinct(turn: _PastTurn, kinds: Sequence[EntityKind]) -> list[str]:
    return list(dict.fromkeys(mention.text for mention in turn.mentions if mention.kind in kinds))


def _coordinated(turn: _PastTurn) -> list[str]:
    """Persons that a turn names side by side: "Ann and Bob", "Ann, Bob and Carl"."""
    for text, names in ((turn.answer, turn.in_answer), (turn.question, turn.in_question)):
        persons = [name for name in names if name.kind in ("person", "")]
        for first, second in pairwise(persons):
            if re.fullmatch(r"\s*(?:,|,?\s*(?:and|&))\s*", text[first.stop : second.start]):
                return list(dict.fromkeys(name.text for name in persons))
    return []


def _ellipsis(query: str) -> str | None:
    """What `query` asks in place of something in the question before ("Bob" of "And Bob?"); None if it is complete."""
    lead = _LEADING_WORDS.match(query)
    rest = query[lead.end() if lead else 0 :].strip().rstrip("?.! ")
    words = [word[0].casefold() for word in WORD.finditer(rest)]
    is_complete = any(word in AUXILIARIES or word in QUESTION_WORDS for word in words)
    return rest if lead and words and not is_complete else None


def _substituted(rest: str, before: _PastTurn, detector: MentionDetector) -> str:
    """The question `before` with `rest` in the place of a mention of the same kind, or else appended."""
    if (year := _YEAR.search(rest)) and (old := _YEAR.search(before.question)):
        return before.question[: old.start()] + year[0] + before.question[old.end() :]
    new = detector.mentions(rest)
    if new:
        # The last mention is what is asked about: "Nadia's brother" is a person, as Nadia is.
        for name in before.in_question:
            if name.kind == new[-1].kind and name.kind:
                replacement = re.sub(r"\A(?:in|at|for|with|from|to)\s+(?=\w)", "", rest)
                return before.question[: name.start] + replacement + before.question[name.stop :]
    return f"{before.question} {rest}"

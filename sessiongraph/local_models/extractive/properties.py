"""How somebody or something is: "is free", "is allergic to nuts", "is due on 30 April", "is 34 years old"."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import dates, lexicon
from sessiongraph.local_models.extractive.clauses import SUBJECTS, is_excluded, is_past
from sessiongraph.local_models.extractive.dependencies import excluded, hyphenated, prepositions
from sessiongraph.local_models.extractive.name_spans import Names
from sessiongraph.local_models.extractive.parse_types import Mention, RawFact
from sessiongraph.local_models.extractive.statements import Statement

if TYPE_CHECKING:
    from spacy.tokens import Token

# "Sorry for the delay" tells nothing.
_POLITE = frozenset(("sorry", "glad", "sure", "thankful", "grateful"))


def properties(statement: Statement, adjective: "Token") -> Iterator[RawFact]:
    """What `adjective` and those that are joined to it tell of the subjects."""
    joined = [it for it in _coordinated(adjective) if it.lower_ not in _POLITE and it.tag_ != "CD"]
    related = {it: list(_related(statement, it)) for it in joined}
    for each in joined:
        yield from related[each]
        yield from _excluded(statement, each)
        # "Fun and exhausting", "so healing and a way to connect" say what somebody thinks of it.
        is_joined = any(child.dep_ == "conj" for child in (*adjective.rights, *each.rights))
        if not is_joined or any(related.values()) or _age(each):
            yield from _plain(statement, each, is_related=bool(related[each]))


def _coordinated(adjective: "Token") -> "Iterator[Token]":
    """ "Free and limited to three projects": `adjective` and those joined to it."""
    yield adjective
    for child in adjective.rights:
        has_verb = any(it.dep_ in (*SUBJECTS, "aux", "auxpass") for it in child.lefts)
        if child.dep_ == "conj" and not has_verb and not is_excluded(child) and child.tag_ in ("JJ", "JJR", "VBN"):
            yield from _coordinated(child)


def _related(statement: Statement, adjective: "Token") -> Iterator[RawFact]:
    """ "Allergic to nuts", "due on 30 April": a property with what it is of."""
    clause, slots = statement.clause, statement.slots
    beside = (it for it in prepositions(clause.final, None) if it[0].i > adjective.i)
    for preposition, target in (*prepositions(adjective, None), *beside):
        phrase = (*clause.phrase, adjective, preposition)
        date = slots.phrases.found.date_at(target)
        if date is not None and not dates.is_distance(date.text):
            # What is "valid until June" is so; what "was closed in June" was so for a while.
            if adjective.lower_ == "due" or not is_past(clause.phrase):
                yield statement.fact(phrase, (date.text.removeprefix(preposition.text).strip(),))
        elif objects := slots.objects(target):
            yield statement.fact(phrase, objects)
        elif kinds := slots.kinds(target):
            yield statement.fact(phrase, kinds, document=True)


def _excluded(statement: Statement, adjective: "Token") -> Iterator[RawFact]:
    """ "Welcome in the garden, but not in the restaurant"."""
    for preposition, thing in excluded(statement.clause.final):
        denial = (it for it in preposition.lefts if it.dep_ == "neg")
        objects = statement.slots.objects(thing) or statement.slots.kinds(thing)
        yield statement.fact((*statement.clause.phrase, *denial, adjective, preposition), objects, document=True)


def _plain(statement: Statement, adjective: "Token", *, is_related: bool) -> Iterator[RawFact]:
    """A property by itself, or an age."""
    subjects, phrase = statement.subjects, statement.clause.phrase
    is_participle = adjective.tag_ == "VBN"  # "closed" is no kind of "close"
    mood = adjective.lower_ in lexicon.MOODS or (not is_participle and adjective.lemma_.lower() in lexicon.MOODS)
    personal = all(not isinstance(slot, Mention) or slot.type == "Person" for slot in subjects)
    if age := _age(adjective) if personal else None:
        if any(token.tag_ == "MD" for token in phrase):  # "must be at least five years old"
            yield statement.fact(phrase, (adjective.doc[adjective.left_edge.i : adjective.i + 1].text,))
        else:
            yield RawFact(subjects, ("has age",), (age,), None, False)
    elif not is_related and personal and adjective.lower_ in lexicon.MARITAL_STATUSES and not statement.is_denied:
        yield replace(statement.fact(phrase, (adjective.text,)), relation=("has marital status",))
    elif not mood and adjective.text.isalpha() and _ends_with(adjective, statement.slots.phrases.found):
        yield statement.fact(phrase, (hyphenated(adjective),), document=not personal)


def _ends_with(adjective: "Token", names: Names) -> bool:
    """Whether nothing hangs on `adjective` but until when it is so, and what is joined to it."""
    for child in adjective.rights:
        is_day = any(names.date_at(it) or it.lower_ in lexicon.CALENDAR for it in child.rights)
        if child.dep_ not in ("cc", "conj") and not (is_day and child.dep_ == "prep"):
            return False
    return True


def _age(adjective: "Token") -> str | None:
    """The number of "34 years old"."""
    years = next((child for child in adjective.lefts if child.lemma_ == "year"), None)
    if adjective.lower_ != "old" or years is None:
        return None
    return next((child.text for child in years.lefts if child.tag_ == "CD"), None)

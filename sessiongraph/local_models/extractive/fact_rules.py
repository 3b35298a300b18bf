"""Facts off a parse: who stands in which relation to what, as the clauses and noun phrases of a sentence say.

Questions state nothing. A fact needs a subject that names something and an object that is worth a node, a date
or a property.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import dates, lexicon
from sessiongraph.local_models.extractive.attributes import attribute, scheduled
from sessiongraph.local_models.extractive.clause_dates import date_of, recurring_days, stated_days
from sessiongraph.local_models.extractive.clauses import (
    SUBJECTS,
    Clause,
    agreeing,
    clauses,
    ended,
    is_claimed,
    is_elided,
    is_excluded,
    is_over,
    is_past,
    spelled,
    subject_of,
)
from sessiongraph.local_models.extractive.dependencies import (
    compound,
    coordinated,
    denials,
    excluded,
    hyphenated,
    is_anaphoric,
    is_denying,
    is_occupation,
    outer,
    prepositions,
)
from sessiongraph.local_models.extractive.document_facts import charged, instructed, participle, there_is
from sessiongraph.local_models.extractive.fact_slots import FactSlots
from sessiongraph.local_models.extractive.naming import namings
from sessiongraph.local_models.extractive.noun_facts import of_noun, owner_of
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.noun_types import is_occupation
from sessiongraph.local_models.extractive.parse_types import Counted, Mention, Pronoun, RawFact, Slot
from sessiongraph.local_models.extractive.quantities import some_of
from sessiongraph.local_models.extractive.type_evidence import type_of_noun

if TYPE_CHECKING:
    from spacy.tokens import Token

_DIRECT = frozenset(("dobj", "attr", "oprd"))
# "is from Paris" tells where from; "is for" and "is about" tell little.
_BEING = lexicon.words(
    "in at from on near with by of into without under behind above below beside inside outside opposite between"
)
# Before a number alone: a time, a year, or what something rises to.
_NUMBERED = lexicon.words("at from to by in since until before after")
# What one does something for a while, or at which time of the day.
_TIMES = lexicon.words("night day morning afternoon evening week weekend month year hour")
_POLITE = frozenset(("sorry", "glad", "sure", "thankful", "grateful"))
# Where something is done is told even by a common noun: "met Bob at the conference".
# Verbs that say only how something is (copular verbs).
_LINKING = frozenset(("be", "become", "stay", "remain", "turn"))
_SETTINGS = frozenset(("Organization", "Place", "Event"))


class Facts:
    """What the sentences of one parse state."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases
        self.slots = FactSlots(phrases)
        # Which verbs agree with which pronoun, by token number.
        self.agreements: dict[int, Pronoun] = {}

    def of(self, sentence: "list[Token]") -> list[RawFact]:
        found: list[RawFact] = []
        for clause in clauses(sentence, self.phrases.found.named):
            found += self._of_clause(clause)
        for token in sentence:
            if token.pos_ in ("NOUN", "PROPN") and is_claimed(token):
                found += of_noun(token, self.phrases)
        return [*found, *namings(sentence, self.phrases), *instructed(sentence, self.phrases)]

    def agree(self, sentence: "list[Token]") -> None:
        """Notes which verbs of `sentence` agree with an "I" or a "you"."""
        for token in sentence:
            if token.pos_ in ("VERB", "AUX") and token.dep_ not in ("aux", "auxpass"):
                subject = subject_of(token)
                slot = self.phrases.slot(subject) if subject is not None and token.dep_ != "xcomp" else None
                known = slot if isinstance(slot, Pronoun) else None
                if (verb := agreeing(token, subject, known)) is not None and known is not None:
                    self.agreements[verb.i] = known

    def _of_clause(self, clause: Clause) -> Iterator[RawFact]:
        if special := [*attribute(clause, self.phrases), *scheduled(clause, self.phrases, self.agreements)]:
            yield from special
            return
        yield from charged(clause, self.phrases)
        subjects = self._subjects(clause)
        if _is_talk(clause.verb) or _is_talk(clause.final):
            return
        if not subjects:
            yield from self._of_kind(clause)
            return
        yield from self._of(clause, subjects)

    def _of_kind(self, clause: Clause) -> Iterator[RawFact]:
        """What is said of what is named by its kind alone: "the battery lasts two years"."""
        subject = subject_of(clause.verb)
        yield from there_is(clause, self.phrases)
        kind: Slot | None = None
        if subject is not None and not is_elided(clause.verb) and not is_denying(subject):
            amount = self.slots.amount(subject)
            # "4 % of customers", "3,000 people"
            is_figure = amount is not None and any(letter.isdigit() for letter in amount)
            kind = amount if is_figure else some_of(subject) or self.phrases.owned_kind(subject)
        if kind is None or subject is None:
            return
        for fact in self._of(clause, (kind,)):
            named = fact.objects[0]
            if fact.relation == ("is",) and isinstance(named, Mention) and named.proper and named.type == "Person":
                # "The coach is Ivana" says who is the coach: a specificational sentence (Higgins 1979).
                fact = replace(fact, subjects=fact.objects, objects=fact.subjects)
            yield replace(fact, document=True)

    def _of(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        found = (
            list(self._about_head(clause, subjects))
            if self._lacks_object(clause)
            else [*self._direct(clause, subjects), *self._prepositional(clause, subjects)]
        )
        found += self._dated(clause, subjects) if _is_held(clause) or not found else []
        found += [self._fact(clause, subjects, clause.phrase, (every,)) for every in recurring_days(clause)]
        yield from found or participle(clause, subjects)

    def _subjects(self, clause: Clause) -> tuple[Slot, ...]:
        if is_elided(clause.verb):
            return (elided(clause.verb),)
        subject = subject_of(clause.verb)
        if subject is None or is_denying(subject):
            return ()
        if is_anaphoric(subject) and self.slots.called(subject).i == subject.i:
            return ()
        return self.slots.named(subject)

    def _lacks_object(self, clause: Clause) -> bool:
        """Whether the object of a relative clause is what it hangs on ("the shelter where I volunteer")."""
        subject = subject_of(clause.verb)
        return clause.verb.dep_ == "relcl" and subject is not None and subject.i != clause.verb.head.i

    def _about_head(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        if any(child.dep_ in ("dobj", "attr", "acomp", "ccomp", "advmod") for child in clause.final.children):
            return
        stranded = [child for child in clause.final.rights if child.dep_ == "prep" and not list(child.rights)]
        objects = self.slots.named(clause.verb.head)
        if objects and (stranded or clause.final.tag_ != "VBG"):
            yield self._fact(clause, subjects, (*clause.phrase, *stranded[:1]), objects)

    def _direct(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        for child in clause.final.rights:
            if child in clause.phrase or _is_made_to_act(child):
                continue  # "takes place in May"; "ordered the bank to pay"
            if (child.dep_ in _DIRECT and child.pos_ != "ADP") or self._is_measured(child):
                yield from self._to(clause, subjects, child)
            elif child.dep_ == "acomp" and child.tag_ == "CD":
                continue  # "since she was fourteen"
            elif child.dep_ == "acomp" and clause.final.lemma_ in _LINKING:
                for adjective in _coordinated_properties(child):
                    yield from self._property(clause, subjects, adjective)

    def _is_measured(self, token: "Token") -> bool:
        """Whether `token` says how much or how long without a preposition ("lasts two hours")."""
        return (
            token.dep_ == "npadvmod" and not self.phrases.found.date_at(token) and self.slots.amount(token) is not None
        )

    def _to(self, clause: Clause, subjects: tuple[Slot, ...], target: "Token") -> Iterator[RawFact]:
        objects = self.slots.objects(target)
        if clause.final.lemma_ == "do" and any(isinstance(slot, Pronoun) for slot in objects):
            return  # "she'll do it" tells what only together with what "it" is
        is_copula = clause.final.lemma_ == "be"
        if is_copula and clause.final.nbor().text == ",":
            return  # "Emil is, Nora not so much"
        if is_copula and not target.whitespace_ and target.i + 1 < len(target.doc) and target.nbor().text == "-":
            return  # "dishwasher-safe" is no dishwasher
        if target.tag_ == "CD" and clause.final.lemma_ in ("be", "turn") and not _is_denied(clause):
            if all(_may_have_age(slot) for slot in subjects) and not list(target.children):
                if clause.verb.dep_ == "advcl":
                    return  # "when I was 17" is no age by now
                yield RawFact(subjects, ("has age" if is_copula else "turned",), (target.text,), None, False)
            return
        if is_copula and target.dep_ == "attr" and (kin := self._kin(clause, target)) is not None:
            yield kin
            return
        if is_copula and target.tag_ == "NNS" and self.slots.amount(target) is None:
            # "We were kids" is no fact about the one who says it.
            subjects = tuple(slot for slot in subjects if not isinstance(slot, Pronoun) or slot.kind == "they")
            if not subjects:
                return
        if objects or (kinds := self.slots.kinds(target)):
            fact = self._fact(clause, subjects, (*clause.phrase, *denials(target)), objects or kinds)
            yield fact if objects else replace(fact, document=True)
        if is_copula:
            yield from self._with(clause, subjects, target)
        # What hangs on the object is told too where it names something: "adopted a dog from the Hope Shelter".
        for preposition, inner in prepositions(target, clause.final):
            named = tuple(slot for slot in self.slots.named(inner) if isinstance(slot, Mention) and slot.proper)
            if not named and preposition.lower_ in ("to", "into") and self.slots.amount(target) is not None:
                # "Donated two million pounds to the hospital" is told of the hospital as well.
                kinds = self.slots.kinds(inner)
                yield replace(self._fact(clause, subjects, (*clause.phrase, preposition), kinds), document=True)
            if not named and is_occupation(target) and preposition.lower_ in ("at", "in", "for"):
                named = tuple(it for it in self.slots.named(inner) if isinstance(it, Mention) and it.type in _SETTINGS)
            if named and preposition.lower_ not in ("of", "between") and target.lemma_ not in lexicon.EMPTY_NOUNS:
                phrase = (*clause.phrase, *denials(target), *compound(target), preposition)
                yield self._fact(clause, subjects, phrase, named)

    def _with(self, clause: Clause, subjects: tuple[Slot, ...], target: "Token") -> Iterator[RawFact]:
        """ "Is a bike with eight gears" tells what it has."""
        for preposition, thing in prepositions(target, None):
            if preposition.lower_ == "with" and (objects := self.slots.objects(thing) or self.slots.kinds(thing)):
                fact = self._fact(clause, subjects, (), objects)
                yield replace(fact, relation=("does not have" if _is_denied(clause) else "has",), document=True)

    def _owning(self, clause: Clause, things: tuple[Slot, ...]) -> Iterator[RawFact]:
        """ "Photographed a comet with three tails" tells what the comet has."""
        owner = next((it for it in clause.final.rights if it.dep_ == "dobj"), None)
        kind = self.phrases.slot(owner) or self.phrases.kind(owner) if owner is not None else None
        if kind is not None and not _is_denied(clause):
            yield RawFact((kind,), ("has",), things, document=True)

    def _kin(self, clause: Clause, target: "Token") -> RawFact | None:
        """ "Alice's sister is Emma" tells whose sister Emma is."""
        subject, name = subject_of(clause.verb), self.phrases.slot(target)
        owner = owner_of(subject, self.phrases) if subject is not None else None
        if owner is None or subject is None or not (isinstance(name, Mention) and name.proper):
            return None
        return self._fact(clause, (owner,), (subject,), (name,), "has ")

    def _property(self, clause: Clause, subjects: tuple[Slot, ...], adjective: "Token") -> Iterator[RawFact]:
        if adjective.lower_ in _POLITE:
            return
        found = False
        beside = (it for it in prepositions(clause.final, None) if it[0].i > adjective.i)
        for preposition, target in (*prepositions(adjective, None), *beside):
            objects = self.slots.objects(target)
            date = self.phrases.found.date_at(target)
            if date is not None and not dates.is_distance(date.text):
                # "Was due on 30 April", "is valid until June": one that was closed then was so for a while.
                if adjective.lower_ == "due" or not is_past(clause.phrase):
                    found = True
                    value = date.text.removeprefix(preposition.text).strip()
                    yield self._fact(clause, subjects, (*clause.phrase, adjective, preposition), (value,))
            elif objects or (kinds := self.slots.kinds(target)):
                found = True
                fact = self._fact(clause, subjects, (*clause.phrase, adjective, preposition), objects or kinds)
                yield fact if objects else replace(fact, document=True)
        for preposition, thing in excluded(clause.final):  # "welcome in the garden, but not in the restaurant"
            kinds = self.slots.objects(thing) or self.slots.kinds(thing)
            denial = (it for it in preposition.lefts if it.dep_ == "neg")
            fact = self._fact(clause, subjects, (*clause.phrase, *denial, adjective, preposition), kinds)
            yield replace(fact, document=True)
        is_participle = adjective.tag_ == "VBN"  # "closed" is no kind of "close"
        mood = adjective.lower_ in lexicon.MOODS or (not is_participle and adjective.lemma_.lower() in lexicon.MOODS)
        personal = all(not isinstance(slot, Mention) or slot.type == "Person" for slot in subjects)
        if age := _age(adjective) if personal else None:
            if any(token.tag_ == "MD" for token in clause.phrase):
                must = adjective.doc[adjective.left_edge.i : adjective.i + 1].text  # "must be at least five years old"
                yield self._fact(clause, subjects, clause.phrase, (must,))
            else:
                yield RawFact(subjects, ("has age",), (age,), None, False)
        elif not found and personal and adjective.lower_ in lexicon.MARITAL_STATUSES and not _is_denied(clause):
            yield replace(
                self._fact(clause, subjects, clause.phrase, (adjective.text,)), relation=("has marital status",)
            )
        elif not mood and adjective.text.isalpha() and self._ends_with(adjective):
            fact = self._fact(clause, subjects, clause.phrase, (hyphenated(adjective),))
            yield replace(fact, document=not personal)

    def _ends_with(self, adjective: "Token") -> bool:
        """Whether nothing hangs on `adjective` but until when it is so."""
        return all(
            child.dep_ in ("cc", "conj", "punct")
            or (
                child.dep_ == "prep"
                and any(self.phrases.found.date_at(it) or it.lower_ in lexicon.CALENDAR for it in child.rights)
            )
            for child in adjective.rights
        )

    def _prepositional(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        if clause.final.lemma_ == "do":
            return
        is_copula = clause.final.lemma_ == "be"
        if is_copula and any(child.dep_ in ("advmod", "acomp", "prt") for child in clause.final.rights):
            return
        direct = (it for it in clause.final.rights if it.dep_ in ("dobj", "attr") and it not in clause.phrase)
        # "Worked nights at a shop" has none, "takes an hour by tram" has.
        has_object = any(it.lemma_ not in _TIMES or self.slots.amount(it) is not None for it in direct)
        for preposition, target in prepositions(clause.final, None):
            objects = self.slots.objects(target) if not _is_bare_number(target, preposition) else ()
            is_long = preposition.lower_ == "for" and self.slots.amount(target) is not None  # "is for one year"
            is_amount = any(isinstance(it, str) for it in objects)
            if is_copula and not is_long and (preposition.lower_ not in _BEING or is_amount):
                continue
            if has_object:
                if preposition.lower_ == "with" and any(not isinstance(it, Mention | Pronoun) for it in objects):
                    yield from self._owning(clause, objects)
                    continue
                if preposition.lower_ in ("with", "from", "to") and not objects and type_of_noun(target) == "Person":
                    objects = self.slots.kinds(target)  # "shared the flat with a student"
                elif preposition.lower_ != "as" or not is_occupation(target):
                    objects = tuple(slot for slot in objects if _tells_where_or_how_much(slot))
                thing = next(child for child in clause.final.rights if child.dep_ in ("dobj", "attr"))
                if thing.lemma_ in lexicon.EMPTY_NOUNS or thing.pos_ not in ("NOUN", "PROPN", "PRON"):
                    continue
                noun = compound(thing) if thing.pos_ != "PRON" else ()  # "will pick you up at the airport"
                phrase = (*clause.phrase, *denials(thing), *noun, *outer(preposition), preposition)
            else:
                state = [
                    it for it in clause.final.rights if it.dep_ == "acomp" and it.i < preposition.i and not is_copula
                ]
                phrase = (*clause.phrase, *state, *outer(preposition), preposition, *denials(target))
            if objects:
                yield self._fact(clause, subjects, phrase, objects)
            elif not has_object and (kinds := self.slots.kinds(target)):
                yield replace(self._fact(clause, subjects, phrase, kinds), document=True)
            if preposition.lower_ == "as":
                for inner_preposition, inner in prepositions(target, None):
                    if inner_preposition.lower_ in ("at", "for", "in", "with") and (slots := self.slots.named(inner)):
                        yield self._fact(clause, subjects, (*clause.phrase, inner_preposition), slots)

    def _dated(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        """A clause that names no object but a date: "She graduated in 2015", "He starts on Monday"."""
        for preposition, day in stated_days(clause, self.phrases.found):
            between = (preposition,) if preposition is not None else ()
            yield self._fact(clause, subjects, (*clause.phrase, *between), (day,))

    def _fact(
        self,
        clause: Clause,
        subjects: tuple[Slot, ...],
        phrase: "tuple[Token, ...]",
        objects: tuple[Slot, ...],
        before: str = "",
    ) -> RawFact:
        date = date_of(clause, self.phrases.found)
        is_ended = is_over(clause.final) or is_over(clause.verb)
        past = is_ended or is_past(clause.phrase) or (date is not None and date.bound == "since")
        # "Alice and Bob live in Paris" makes "Alice lives in Paris".
        subject = subject_of(clause.verb)
        several = subject is not None and bool(coordinated(subject))
        each = several and not any(isinstance(slot, Mention) and slot.plural for slot in subjects)
        if is_ended:
            words = ended(phrase, self.agreements, subject_of(clause.verb))
        else:
            words = spelled(phrase, self.agreements, singular=each)
        return RawFact(subjects, (before, *words) if before else words, objects, date.text if date else None, past)


def _is_held(clause: Clause) -> bool:
    """Whether `clause` says that something takes place, of which a day is told beside all else."""
    if any((clause.final.lemma_, token.lower_) in lexicon.SUPPORTED for token in clause.phrase):
        return True
    subject = subject_of(clause.verb)
    return clause.final.lemma_ == "hold" and subject is not None and subject.lemma_.lower() in lexicon.SCHEDULED


def _coordinated_properties(adjective: "Token") -> "Iterator[Token]":
    """ "Free and limited to three projects": `adjective` and those joined to it."""
    yield adjective
    for child in adjective.rights:
        has_verb = any(it.dep_ in (*SUBJECTS, "aux", "auxpass") for it in child.lefts)
        if child.dep_ == "conj" and not has_verb and not is_excluded(child) and child.tag_ in ("JJ", "JJR", "VBN"):
            yield from _coordinated_properties(child)


def _is_bare_number(token: "Token", preposition: "Token") -> bool:
    """Whether `token` is a number of which nobody knows what it counts: "to children under six", "at ten"."""
    is_bare = token.tag_ == "CD" and not any(child.dep_ not in ("cc", "conj", "quantmod") for child in token.children)
    return is_bare and (token.text.isalpha() or (token.text.isdigit() and preposition.lower_ not in _NUMBERED))


def _is_talk(verb: "Token") -> bool:
    """Whether `verb` carries talk: "I mean", and not "is meant for"."""
    if verb.lemma_ == "write" and verb.tag_ == "VBG" and any(it.lower_ in ("i", "we") for it in verb.lefts):
        return not any(it.dep_ == "dobj" for it in verb.rights)  # "I am writing about your order"
    return verb.lemma_ in lexicon.TALK and not any(child.dep_ == "auxpass" for child in verb.lefts)


def _is_made_to_act(token: "Token") -> bool:
    """Whether what a verb says of its object `token` is only told with what that is to do: "forced her to leave"."""
    acts = any(child.dep_ in ("xcomp", "ccomp") and child.i > token.i for child in token.head.rights)
    return acts and token.dep_ == "dobj" and token.head.lemma_ in lexicon.CAUSING


def _may_have_age(slot: Slot) -> bool:
    if isinstance(slot, Pronoun):
        return slot.text.lower() in ("i", "he", "she")
    return isinstance(slot, Mention) and slot.proper and slot.type == "Person"


def _age(adjective: "Token") -> str | None:
    """The number of "34 years old"."""
    years = next((child for child in adjective.lefts if child.lemma_ == "year"), None)
    if adjective.lower_ != "old" or years is None:
        return None
    return next((child.text for child in years.lefts if child.tag_ == "CD"), None)


def _is_denied(clause: Clause) -> bool:
    return is_over(clause.final) or any(token.dep_ == "neg" for token in clause.phrase)


def elided(verb: "Token") -> Pronoun:
    """The "I" that is not said before `verb`."""
    return Pronoun(verb.i, "i", "", subject=True)


def _tells_where_or_how_much(slot: Slot) -> bool:
    """Whether `slot` is told beside an object: an amount, a name, or a place where things are done."""
    if isinstance(slot, Mention):
        return slot.proper or slot.kin or slot.type in _SETTINGS
    return isinstance(slot, Counted) or (isinstance(slot, str) and slot.lower() not in lexicon.CALENDAR)

"""Facts off a parse: who stands in which relation to what, as the clauses and noun phrases of a sentence say.

Questions state nothing. A fact needs a subject that names something and an object that is worth a node, a date
or a property.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.attributes import attribute, scheduled
from sessiongraph.local_models.extractive.circumstances import circumstances
from sessiongraph.local_models.extractive.clause_dates import recurring, stated_days
from sessiongraph.local_models.extractive.clauses import (
    SUBJECTS,
    Clause,
    agreeing,
    clauses,
    is_claimed,
    is_elided,
    subject_of,
)
from sessiongraph.local_models.extractive.dependencies import (
    is_anaphoric,
    is_denying,
)
from sessiongraph.local_models.extractive.direct_objects import direct
from sessiongraph.local_models.extractive.document_facts import charged, instructed, participle, there_is
from sessiongraph.local_models.extractive.fact_slots import FactSlots
from sessiongraph.local_models.extractive.naming import namings
from sessiongraph.local_models.extractive.noun_facts import of_noun
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, RawFact, Slot
from sessiongraph.local_models.extractive.quantities import some_of
from sessiongraph.local_models.extractive.statements import Statement

if TYPE_CHECKING:
    from spacy.tokens import Token


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
            kind = (
                amount
                if is_figure
                else some_of(subject)
                or self.phrases.owned_kind(subject)
                or (_in_text(amount) if subject.pos_ == "NOUN" else None)
            )
        if kind is None or subject is None:
            return
        for fact in self._of(clause, (kind,)):
            named = fact.objects[0]
            if fact.relation == ("is",) and isinstance(named, Mention) and named.proper and named.type == "Person":
                # "The coach is Ivana" says who is the coach: a specificational sentence (Higgins 1979).
                fact = replace(fact, subjects=fact.objects, objects=fact.subjects)
            yield replace(fact, document=True)

    def _of(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        statement = Statement(clause, subjects, self.slots, self.agreements)
        if self._lacks_object(clause):
            found = list(self._about_head(statement))
        else:
            found = [fact for fact in (*direct(statement), *circumstances(statement)) if fact.objects]
        found += _dated(statement) if _is_held(clause) or not found else []
        found += [statement.fact(clause.phrase, (every,)) for every in recurring(clause)]
        for fact in found or participle(clause, subjects):
            about = tuple(self.phrases.with_place(it) if _is_kind(it) else it for it in fact.subjects)
            fact = replace(fact, subjects=about)
            yield self._with_owners(fact) if _are_unnamed_and_several(subjects) else fact

    def _with_owners(self, fact: RawFact) -> RawFact:
        """What those did who have no name, told by whose it is: "critics praised its dialogue", which is not theirs."""
        return replace(fact, objects=tuple(self.phrases.with_owner(it) if _is_kind(it) else it for it in fact.objects))

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
        is_subject = any(it.dep_ in SUBJECTS and it.tag_ in ("WP", "WDT") for it in clause.verb.lefts)
        return clause.verb.dep_ == "relcl" and not is_subject and subject_of(clause.verb) is not None

    def _about_head(self, statement: Statement) -> Iterator[RawFact]:
        clause = statement.clause
        if any(child.dep_ in ("dobj", "attr", "acomp", "ccomp", "advmod") for child in clause.final.children):
            return
        stranded = [child for child in clause.final.rights if child.dep_ == "prep" and not list(child.rights)]
        objects = self.slots.named(clause.verb.head)
        if objects and (stranded or clause.final.tag_ != "VBG"):
            yield statement.fact((*clause.phrase, *stranded[:1]), objects)


def _are_unnamed_and_several(subjects: tuple[Slot, ...]) -> bool:
    return all(map(_is_kind, subjects)) and (len(subjects) > 1 or any(map(_is_plural, subjects)))


def _is_kind(slot: Slot) -> TypeGuard[Mention]:
    """Whether `slot` is named by its kind alone."""
    return isinstance(slot, Mention) and not slot.proper and not slot.kin


def _is_plural(slot: Slot) -> bool:
    return isinstance(slot, Mention) and slot.plural


def _dated(statement: Statement) -> Iterator[RawFact]:
    """A clause that names no object but a date: "She graduated in 2015", "He starts on Monday"."""
    for preposition, day in stated_days(statement.clause, statement.slots.phrases.found):
        between = (preposition,) if preposition is not None else ()
        yield statement.fact((*statement.clause.phrase, *between), (day,))


def _in_text(amount: str | None) -> str | None:
    """ "Three people" as it stands inside a sentence."""
    return amount and amount[:1].lower() + amount[1:]


def _is_held(clause: Clause) -> bool:
    """Whether `clause` says that something takes place, of which a day is told beside all else."""
    if any((clause.final.lemma_, token.lower_) in lexicon.SUPPORTED for token in clause.phrase):
        return True
    subject = subject_of(clause.verb)
    return clause.final.lemma_ == "hold" and subject is not None and subject.lemma_.lower() in lexicon.SCHEDULED


def _is_talk(verb: "Token") -> bool:
    """Whether `verb` carries talk: "I mean", and not "is meant for"."""
    if verb.lemma_ == "write" and verb.tag_ == "VBG" and any(it.lower_ in ("i", "we") for it in verb.lefts):
        return not any(it.dep_ == "dobj" for it in verb.rights)  # "I am writing about your order"
    return verb.lemma_ in lexicon.TALK and not any(child.dep_ == "auxpass" for child in verb.lefts)


def elided(verb: "Token") -> Pronoun:
    """The "I" that is not said before `verb`."""
    return Pronoun(verb.i, "i", "", subject=True)

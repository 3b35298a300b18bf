"""Facts off a parse: who stands in which relation to what, as the clauses and noun phrases of a sentence say.

Questions state nothing. A fact needs a subject that names something and an object that is worth a node, a date
or a property.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import dates, lexicon
from sessiongraph.local_models.extractive.clauses import (
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
from sessiongraph.local_models.extractive.naming import called, namings
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, RawFact, Slot

if TYPE_CHECKING:
    from spacy.tokens import Token

_DIRECT = frozenset(("dobj", "attr", "oprd"))
# "is from Paris" tells where from; "is for" and "is about" tell little.
_BEING = frozenset(("in", "at", "from", "on", "near", "with", "by", "of"))
# Where something is done is told even by a common noun: "met Bob at the conference".
_SETTINGS = frozenset(("Organization", "Place", "Event"))


class Facts:
    """What the sentences of one parse state."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases
        # Which verbs agree with which pronoun, by token number.
        self.agreements: dict[int, Pronoun] = {}

    def of(self, sentence: "list[Token]") -> list[RawFact]:
        found: list[RawFact] = []
        for clause in clauses(sentence, self.phrases.found.named):
            found += self._of_clause(clause)
        for token in sentence:
            if token.pos_ in ("NOUN", "PROPN") and is_claimed(token):
                found += self._of_noun(token)
        return found + list(namings(sentence, self.phrases))

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
        if special := [*self._attribute(clause), *self._scheduled(clause)]:
            yield from special
            return
        subjects = self._subjects(clause)
        if not subjects or clause.verb.lemma_ in lexicon.TALK or clause.final.lemma_ in lexicon.TALK:
            return
        found = (
            list(self._about_head(clause, subjects))
            if self._lacks_object(clause)
            else [*self._direct(clause, subjects), *self._prepositional(clause, subjects)]
        )
        yield from found or self._dated(clause, subjects)

    def _subjects(self, clause: Clause) -> tuple[Slot, ...]:
        if is_elided(clause.verb):
            return (elided(clause.verb),)
        subject = subject_of(clause.verb)
        if subject is None or _is_anaphoric(subject):
            return ()
        return self._slots(subject)

    def _slots(self, token: "Token") -> tuple[Slot, ...]:
        """What `token` and what is coordinated with it name; none where an unnamed one would change the sense."""
        slots = [self.phrases.slot(self._called(each)) for each in (token, *_coordinated(token))]
        return tuple(slot for slot in slots if slot is not None)

    def _called(self, token: "Token") -> "Token":
        """The name that stands beside a kin ("her sister Emma"), else `token` itself."""
        if lexicon.is_kin(token):
            for child in token.rights:
                slot = self.phrases.slot(child) if child.dep_ == "appos" else None
                if isinstance(slot, Mention) and slot.proper and child.i <= token.i + 2:
                    return child
        return token

    def _lacks_object(self, clause: Clause) -> bool:
        """Whether the object of a relative clause is what it hangs on ("the shelter where I volunteer")."""
        subject = subject_of(clause.verb)
        return clause.verb.dep_ == "relcl" and subject is not None and subject.i != clause.verb.head.i

    def _about_head(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        if any(child.dep_ in ("dobj", "attr", "acomp", "ccomp", "advmod") for child in clause.final.children):
            return
        stranded = [child for child in clause.final.rights if child.dep_ == "prep" and not list(child.rights)]
        objects = self._slots(clause.verb.head)
        if objects and (stranded or clause.final.tag_ != "VBG"):
            yield self._fact(clause, subjects, (*clause.phrase, *stranded[:1]), objects)

    def _direct(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        for child in clause.final.rights:
            if child.dep_ in _DIRECT and child.pos_ != "ADP":
                yield from self._to(clause, subjects, child)
            elif child.dep_ == "acomp" and clause.final.lemma_ in ("be", "become"):
                yield from self._property(clause, subjects, child)

    def _to(self, clause: Clause, subjects: tuple[Slot, ...], target: "Token") -> Iterator[RawFact]:
        objects = self._slots(target)
        if clause.final.lemma_ == "do" and any(isinstance(slot, Pronoun) for slot in objects):
            return  # "she'll do it" tells what only together with what "it" is
        is_copula = clause.final.lemma_ == "be"
        if target.tag_ == "CD" and clause.final.lemma_ in ("be", "turn") and not _is_denied(clause):
            if all(
                isinstance(slot, Pronoun) and slot.text.lower() in ("i", "he", "she") for slot in subjects
            ) and not list(target.children):
                yield RawFact(subjects, ("has age" if is_copula else "turned",), (target.text,), None, False)
            return
        if is_copula and target.dep_ == "attr" and (kin := self._kin(clause, target)) is not None:
            yield kin
            return
        if is_copula and target.tag_ == "NNS":
            # "We were kids" is no fact about the one who says it.
            subjects = tuple(slot for slot in subjects if not isinstance(slot, Pronoun) or slot.kind == "they")
            if not subjects:
                return
        if objects:
            yield self._fact(clause, subjects, clause.phrase, objects)
        # What hangs on the object is told too where it names something: "adopted a dog from the Hope Shelter".
        for preposition, inner in _prepositions(target, clause.final):
            named = tuple(slot for slot in self._slots(inner) if isinstance(slot, Mention) and slot.proper)
            if named and preposition.lower_ != "of" and target.lemma_ not in lexicon.EMPTY_NOUNS:
                phrase = (*clause.phrase, *_compound(target), preposition)
                yield self._fact(clause, subjects, phrase, named)

    def _kin(self, clause: Clause, target: "Token") -> RawFact | None:
        """ "Alice's sister is Emma" tells whose sister Emma is."""
        subject, name = subject_of(clause.verb), self.phrases.slot(target)
        owner = self._owner(subject) if subject is not None else None
        if owner is None or subject is None or not (isinstance(name, Mention) and name.proper):
            return None
        return self._fact(clause, (owner,), (subject,), (name,), "has ")

    def _property(self, clause: Clause, subjects: tuple[Slot, ...], adjective: "Token") -> Iterator[RawFact]:
        found = False
        for preposition, target in _prepositions(adjective, None):
            if objects := self._slots(target):
                found = True
                yield self._fact(clause, subjects, (*clause.phrase, adjective, preposition), objects)
        mood = adjective.lemma_.lower() in lexicon.MOODS or adjective.lower_ in lexicon.MOODS
        personal = all(not isinstance(slot, Mention) or slot.type == "Person" for slot in subjects)
        if age := _age(adjective) if personal else None:
            yield RawFact(subjects, ("has age",), (age,), None, False)
        elif not found and personal and adjective.lower_ in lexicon.MARITAL_STATUSES and not _is_denied(clause):
            yield replace(
                self._fact(clause, subjects, clause.phrase, (adjective.text,)), relation=("has marital status",)
            )
        elif not found and not mood and personal and adjective.text.isalpha() and not list(adjective.rights):
            yield self._fact(clause, subjects, clause.phrase, (adjective.text,))

    def _prepositional(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        if clause.final.lemma_ == "do":
            return
        is_copula = clause.final.lemma_ == "be"
        if is_copula and any(child.dep_ in ("advmod", "acomp", "prt") for child in clause.final.rights):
            return
        has_object = any(child.dep_ in ("dobj", "attr") for child in clause.final.rights)
        for preposition, target in _prepositions(clause.final, None):
            objects = self._slots(target)
            if is_copula and preposition.lower_ not in _BEING:
                continue
            if has_object:
                objects = tuple(
                    slot for slot in objects if isinstance(slot, Mention) and (slot.proper or slot.type in _SETTINGS)
                )
                thing = next(child for child in clause.final.rights if child.dep_ in ("dobj", "attr"))
                if thing.lemma_ in lexicon.EMPTY_NOUNS or thing.pos_ not in ("NOUN", "PROPN"):
                    continue
                phrase = (*clause.phrase, *_compound(thing), preposition)
            else:
                phrase = (*clause.phrase, preposition)
            if objects:
                yield self._fact(clause, subjects, phrase, objects)
            if preposition.lower_ == "as":
                for inner_preposition, inner in _prepositions(target, None):
                    if inner_preposition.lower_ in ("at", "for", "in", "with") and (slots := self._slots(inner)):
                        yield self._fact(clause, subjects, (*clause.phrase, inner_preposition), slots)

    def _attribute(self, clause: Clause) -> Iterator[RawFact]:
        """ "My phone number is 555 1234" tells what one has one of."""
        noun = subject_of(clause.verb)
        if noun is None or clause.final.lemma_ != "be" or any(child.dep_ == "neg" for child in clause.final.children):
            return
        whose = next((token for token in noun.subtree if token.dep_ == "poss" and token.i < noun.i), None)
        owner = self.phrases.slot(whose) if whose is not None else None
        if whose is None or owner is None:
            return
        *kinds, name = noun.doc[whose.right_edge.i + 1 : noun.i + 1].text.lower().split()
        is_attribute = name in lexicon.ATTRIBUTES and (
            lexicon.ATTRIBUTE_KINDS.issuperset(kinds) if kinds else name not in lexicon.VAGUE_ATTRIBUTES
        )
        if not is_attribute and lexicon.FAVOURITE.isdisjoint(kinds):
            return
        value = next((child for child in clause.final.rights if child.dep_ in ("attr", "acomp", "prep")), None)
        if value is None or (value.pos_ == "ADP" and value.lower_ != "on"):
            return
        if isinstance(owner, Pronoun):
            owner = replace(owner, possessive=False)
        yield RawFact((owner,), (f"has {' '.join((*kinds, name))}",), (_value(value),), None, False)

    def _scheduled(self, clause: Clause) -> Iterator[RawFact]:
        """ "The meeting is on Monday" tells a day that may be moved: it is what is told, not since when."""
        noun = subject_of(clause.verb)
        if noun is None or noun.lemma_.lower() not in lexicon.SCHEDULED or clause.final.lemma_ not in ("be", "move"):
            return
        for preposition in clause.final.rights:
            day = next((child for child in preposition.rights if child.dep_ == "pobj"), None)
            if day is None or preposition.lower_ not in ("on", "to") or is_over(clause.final):
                continue
            if self.phrases.found.date_at(day) is None and day.lower_ not in lexicon.CALENDAR:
                continue
            slot = None if _is_anaphoric(noun) else self.phrases.slot(noun)
            words = spelled((*clause.phrase, preposition), self.agreements)
            yield RawFact((slot or _unowned(noun),), words, (_value(day),), None, False)

    def _dated(self, clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
        """A clause that names no object but a date: "She graduated in 2015"."""
        for child in clause.final.rights:
            for inner in child.rights if child.dep_ == "prep" else ():
                date = self.phrases.found.date_at(inner)
                if date and any(letter.isdigit() for letter in date.text) and not dates.is_distance(date.text):
                    value = date.text.split(" ", 1)[-1] if date.text.lower().startswith(child.lower_) else date.text
                    yield self._fact(clause, subjects, (*clause.phrase, child), (value,))

    def _of_noun(self, token: "Token") -> Iterator[RawFact]:
        """What a noun phrase tells by itself: "Alice, CEO of Acme" and "Alice's sister Bob"."""
        if token.dep_ != "appos":
            return
        head, name, thing = self.phrases.slot(token.head), self.phrases.slot(token), token.head
        owner = self._owner(thing)
        if owner is not None and isinstance(name, Mention) and name.proper and token.pos_ == "PROPN":
            yield RawFact((owner,), (f"has {thing.lower_}",), (name,))
            yield from called(thing, name, self.phrases)
        elif (
            isinstance(head, Mention)
            and head.proper
            and isinstance(name, Mention)
            and not (name.proper and name.type == "Person")
        ):
            if name.proper and head.type != name.type and "Concept" not in (head.type, name.type):
                return  # "a label from Nagoya, Kelp Records"
            is_in = head.type == name.type == "Place"
            yield RawFact((head,), ("is in" if is_in else "is",), (name,))
            for preposition, inner in _prepositions(token, None):
                if slots := tuple(s for s in self._slots(inner) if isinstance(s, Mention) and s.proper):
                    yield RawFact((head,), (f"is {token.lower_} {preposition.lower_}",), slots)

    def _owner(self, kin: "Token") -> Slot | None:
        """Whose kin `kin` is."""
        if not lexicon.is_kin(kin):
            return None
        owner = next((self.phrases.slot(child) for child in kin.lefts if child.dep_ == "poss"), None)
        return replace(owner, possessive=False) if isinstance(owner, Pronoun) else owner

    def _fact(
        self,
        clause: Clause,
        subjects: tuple[Slot, ...],
        phrase: "tuple[Token, ...]",
        objects: tuple[Slot, ...],
        before: str = "",
    ) -> RawFact:
        date = self._date(clause)
        is_ended = is_over(clause.final) or is_over(clause.verb)
        past = is_ended or is_past(clause.phrase) or (date is not None and date.bound == "since")
        # "Alice and Bob live in Paris" makes "Alice lives in Paris".
        subject = subject_of(clause.verb)
        several = subject is not None and bool(_coordinated(subject))
        each = several and not any(isinstance(slot, Mention) and slot.plural for slot in subjects)
        if is_ended:
            words = ended(phrase, self.agreements, subject_of(clause.verb))
        else:
            words = spelled(phrase, self.agreements, singular=each)
        return RawFact(subjects, (before, *words) if before else words, objects, date.text if date else None, past)

    def _date(self, clause: Clause) -> dates.Expression | None:
        """The date since when `clause` is so: one whose nearest verb is in its phrase, and not one until when it is."""
        verbs = {token.i for token in clause.phrase}
        for date in self.phrases.found.said_dates:
            span = self.phrases.doc.char_span(date.start, date.end, alignment_mode="expand")
            if span is None or date.bound == "until":
                continue
            token = span.root
            if token.sent.start != clause.verb.sent.start:
                continue
            nearest = next((head for head in token.ancestors if head.pos_ in ("VERB", "AUX")), None)
            if nearest is not None and nearest.i in verbs:
                return date
        return None


def _is_anaphoric(noun: "Token") -> bool:
    """Whether `noun` names what was named before, by its kind alone ("the brewery")."""
    determiner = any(child.lower_ in lexicon.DEFINITE and child.dep_ == "det" for child in noun.lefts)
    return noun.pos_ == "NOUN" and determiner and all(child.dep_ in ("det", "punct") for child in noun.children)


def _age(adjective: "Token") -> str | None:
    """The number of "34 years old"."""
    years = next((child for child in adjective.lefts if child.lemma_ == "year"), None)
    if adjective.lower_ != "old" or years is None:
        return None
    return next((child.text for child in years.lefts if child.tag_ == "CD"), None)


def _is_denied(clause: Clause) -> bool:
    return is_over(clause.final) or any(token.dep_ == "neg" for token in clause.phrase)


def _value(token: "Token") -> str:
    """What `token` heads, as it stands, without its article: "Storgata 5", "555-1234"."""
    doc, start, end = token.doc, token.left_edge.i, token.right_edge.i
    if any(letter.isdigit() for letter in token.text):
        end = token.sent.end - 1  # numbers with signs in them are often read as several things
    while start < end and (doc[start].dep_ == "det" or doc[start].pos_ == "ADP"):
        start += 1
    return doc[start : end + 1].text.rstrip(" .,;!")


def _unowned(noun: "Token") -> str:
    """The words of what `noun` heads, without its article or owner."""
    return " ".join(
        token.text
        for token in noun.subtree
        if token.dep_ not in ("det", "poss", "case", "punct") or token.head.i != noun.i
    )


def elided(verb: "Token") -> Pronoun:
    """The "I" that is not said before `verb`."""
    return Pronoun(verb.i, "i", "", subject=True)


def _coordinated(token: "Token") -> list["Token"]:
    found: list[Token] = []
    for child in token.rights:
        if child.dep_ == "conj" and not is_excluded(child) and child.pos_ in ("NOUN", "PROPN", "PRON", "VERB"):
            found += [child, *_coordinated(child)]
    return found


def _compound(token: "Token") -> list["Token"]:
    return [child for child in token.lefts if child.dep_ == "compound"] + [token]


def _prepositions(head: "Token", unless: "Token | None") -> Iterator[tuple["Token", "Token"]]:
    """The prepositions that hang on `head`, each with what it governs."""
    if unless is not None and head.i == unless.i:
        return
    for child in head.rights:
        if is_excluded(child):
            continue
        if child.dep_ in ("prep", "agent", "dative") and child.pos_ in ("ADP", "PART"):
            for inner in child.rights:
                if inner.dep_ == "pobj":
                    yield child, inner
                elif inner.dep_ == "prep":
                    yield from ((inner, deep) for deep in inner.rights if deep.dep_ == "pobj")

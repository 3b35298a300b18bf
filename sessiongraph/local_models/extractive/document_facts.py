"""What documents state without a subject that has a name: instructions with an amount, what there is, what is included.

In talk the same words say nothing that lasts, so every fact is of a `document` alone (`parse_types.RawFact`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.clause_dates import how_often
from sessiongraph.local_models.extractive.clauses import Clause, spelled, subject_of
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.parse_types import RawFact, Slot
from sessiongraph.local_models.extractive.quantities import quantity, quantity_of

if TYPE_CHECKING:
    from spacy.tokens import Token

_CHARGING = frozenset(("apply", "charge", "require", "add", "pay", "ask"))
_FREQUENCIES = frozenset(("once", "twice"))


def instructed(sentence: "list[Token]", phrases: Phrases) -> Iterator[RawFact]:
    """How long, how hot and how often an instruction says to do something: "Bake the bread for an hour"."""
    for verb in sentence:
        yield from _let(verb, phrases)
        is_first = verb.is_sent_start and verb.tag_ == "JJ"  # "Clean the filter"
        is_verb = verb.tag_ in ("VB", "VBP") or is_first
        if not is_verb or verb.dep_ not in ("ROOT", "conj") or not _is_imperative(verb):
            continue
        thing = next((child for child in verb.rights if child.dep_ == "dobj"), None)
        kind = phrases.slot(thing) or phrases.owned_kind(thing) if thing is not None else None
        if thing is None or kind is None:
            continue
        words = " ".join(token.lower_ for token in (*_denial(verb), verb))
        for between, value in _measures(verb, thing):
            yield RawFact((kind,), (f"{words} {between}".strip(),), (value,), None, False, document=True)


def _let(verb: "Token", phrases: Phrases) -> Iterator[RawFact]:
    """ "Let the dough rest for two hours": what is to happen to it, and how long."""
    thing = next((child for child in verb.lefts if child.dep_ == "nsubj"), None)
    if thing is None or verb.dep_ != "ccomp" or verb.head.lower_ != "let" or not _is_imperative(verb.head):
        return
    kind = phrases.slot(thing) or phrases.owned_kind(thing)
    if kind is None:
        return
    for preposition in verb.rights:
        for between, value in _governed(preposition) if preposition.dep_ == "prep" else ():
            yield RawFact((kind,), (f"{verb.lower_} {between}",), (value,), None, False, document=True)


def _is_imperative(verb: "Token") -> bool:
    subjects = ("nsubj", "nsubjpass", "expl", "csubj")
    has_subject = any(child.dep_ in subjects for child in verb.lefts)
    helped = any(child.dep_ == "aux" and child.lemma_ != "do" for child in verb.lefts)
    if verb.dep_ == "conj":
        return not has_subject and not helped and verb.head.pos_ == "VERB" and _is_imperative(verb.head)
    return not has_subject and not helped


def _denial(verb: "Token") -> "list[Token]":
    return [child for child in verb.lefts if child.dep_ == "neg"]


def _measures(verb: "Token", thing: "Token") -> Iterator[tuple[str, str]]:
    """The amounts that hang on `verb` or its object, each with the word between."""
    for child in (*verb.rights, *thing.rights):
        if child.dep_ == "prep":
            yield from _governed(child)
        elif child.dep_ in ("npadvmod", "tmod") and (value := quantity(child)) is not None:
            yield "every" if any(it.lower_ == "every" for it in child.lefts) else "", value
        elif (times := how_often(child)) is not None:
            yield "", times
        elif child.lower_ in _FREQUENCIES and (value := _frequency(child)) is not None:
            yield "", value


def _governed(preposition: "Token") -> Iterator[tuple[str, str]]:
    """The amount that `preposition` governs, and those that hang on it by others: "at 220 degrees for an hour"."""
    for inner in preposition.rights:
        value = quantity(inner) if inner.dep_ == "pobj" else None
        if value is None:
            continue
        yield preposition.lower_, value
        for further in inner.rights:
            if further.dep_ == "prep" and further.lower_ != "of":
                yield from _governed(further)


def _frequency(adverb: "Token") -> str | None:
    """ "Once a week", whatever of it the parse takes for the head."""
    end = adverb.i + 3
    words = adverb.doc[adverb.i : end]
    return words.text if end <= adverb.sent.end and words[1].lower_ in ("a", "an", "every", "per") else None


def there_is(clause: Clause, phrases: Phrases) -> Iterator[RawFact]:
    """ "There are 40 parking spaces behind the museum" tells where they are."""
    if not any(child.dep_ == "expl" and child.lower_ == "there" for child in clause.verb.lefts):
        return
    thing = next((child for child in clause.verb.rights if child.dep_ in ("attr", "dobj")), None)
    kind = phrases.slot(thing) or phrases.owned_kind(thing) if thing is not None else None
    if thing is None or kind is None or any(child.lower_ == "no" for child in thing.lefts):
        return
    for preposition in (*thing.rights, *clause.verb.rights):
        for where in preposition.rights if preposition.dep_ == "prep" and preposition.lower_ != "of" else ():
            place = phrases.slot(where) or phrases.kind(where) if where.dep_ == "pobj" else None
            if place is not None:
                words = spelled((*clause.phrase, preposition), {})
                yield RawFact((kind,), words, (place,), None, False, document=True)


def charged(clause: Clause, phrases: Phrases) -> Iterator[RawFact]:
    """ "A fee of 3 euros applies" tells how much it is."""
    noun = subject_of(clause.verb)
    amount = quantity_of(noun) if noun is not None else None
    if noun is None or amount is None or clause.verb.lemma_ not in _CHARGING or (kind := phrases.kind(noun)) is None:
        return
    yield RawFact((kind,), ("is",), (amount.split(" of ", 1)[1],), None, False, document=True)


def participle(clause: Clause, subjects: tuple[Slot, ...]) -> Iterator[RawFact]:
    """ "Poles are included": a state, where nothing else is said."""
    particles = [token for token in clause.phrase if token.dep_ == "prt"]
    is_state = clause.verb.lemma_.lower() in lexicon.STATES or clause.verb.lower_ in lexicon.STATES
    is_state |= any((clause.verb.lemma_, token.lower_) in lexicon.PHRASAL_STATES for token in particles)
    if not is_state or clause.verb.tag_ != "VBN" or not any(token.dep_ == "auxpass" for token in clause.phrase):
        return
    words = tuple(token for token in clause.phrase if token.i != clause.verb.i and token not in particles)
    state = " ".join(token.lower_ for token in (clause.verb, *particles))  # "sold out"
    yield RawFact(subjects, spelled(words, {}), (state,), None, False, document=True)

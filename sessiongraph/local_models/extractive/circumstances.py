"""What the prepositions of a verb tell: where, with whom, for how much ("lives in Paris", "won gold in Doha")."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.dependencies import compound, denials, outer, prepositions
from sessiongraph.local_models.extractive.noun_types import is_occupation, type_of_noun
from sessiongraph.local_models.extractive.parse_types import Counted, Mention, RawFact, Slot
from sessiongraph.local_models.extractive.statements import Statement

if TYPE_CHECKING:
    from spacy.tokens import Token

# "is from Paris" tells where from; "is for" and "is about" tell little.
_BEING = lexicon.words(
    "in at from on near with by of into without under behind above below beside inside outside opposite between"
)
# Before a number alone: a time, a year, or what something rises to.
_NUMBERED = lexicon.words("at from to by in since until before after")
# What one does something for a while, or at which time of the day.
_TIMES = lexicon.words("night day morning afternoon evening week weekend month year hour")
# Where something is done is told even by a common noun: "met Bob at the conference".
SETTINGS = frozenset(("Organization", "Place", "Event"))


def circumstances(statement: Statement) -> Iterator[RawFact]:
    """What hangs on the verb of `statement` by a preposition."""
    final = statement.clause.final
    if final.lemma_ == "do":
        return
    if statement.is_copula and any(child.dep_ in ("advmod", "acomp", "prt") for child in final.rights):
        return
    thing = _object_of(statement)
    for preposition, target in prepositions(final, None):
        if thing is not None:
            yield from _beside(statement, thing, preposition, target)
        else:
            yield from _alone(statement, preposition, target)
        if preposition.lower_ == "as":
            yield from _as_what(statement, target)


def _object_of(statement: Statement) -> "Token | None":
    """The object of the verb; "worked nights at a shop" has none, "takes an hour by tram" has."""
    direct = [it for it in statement.clause.final.rights if it.dep_ in ("dobj", "attr")]
    own = (it for it in direct if it not in statement.clause.phrase)
    is_had = statement.clause.final.lemma_ == "have"
    has_object = any(it.lemma_ not in _TIMES or is_had or statement.slots.amount(it) is not None for it in own)
    return direct[0] if has_object else None


def _alone(statement: Statement, preposition: "Token", target: "Token") -> Iterator[RawFact]:
    """ "Lives in Paris"."""
    clause, slots = statement.clause, statement.slots
    objects = _objects(statement, preposition, target)
    if objects is None:
        return
    # "Gets sick in cars"
    state = () if statement.is_copula else (it for it in clause.final.rights if it.dep_ == "acomp")
    distance = (it for child in preposition.lefts if child.dep_ == "npadvmod" for it in child.subtree)  # "12 km from"
    phrase = (*clause.phrase, *state, *distance, *outer(preposition), preposition, *denials(target))
    if objects:
        yield statement.fact(phrase, objects)
        return
    if kinds := slots.kinds(target):
        yield statement.fact(phrase, kinds, document=True)
    yield from _through(statement, phrase, target)


def _through(statement: Statement, phrase: "tuple[Token, ...]", target: "Token") -> Iterator[RawFact]:
    """ "Is brewed with water from the Corrib"."""
    for preposition, inner in prepositions(target, None):
        named = tuple(it for it in statement.slots.named(inner) if isinstance(it, Mention) and it.proper)
        if named and preposition.lower_ == "from":
            yield statement.fact((*phrase, *compound(target), preposition), named)


def _beside(statement: Statement, thing: "Token", preposition: "Token", target: "Token") -> Iterator[RawFact]:
    """ "Won gold in Doha": what is told beside the object `thing`."""
    objects = _objects(statement, preposition, target)
    if objects is None:
        return
    is_of_things = target.tag_ == "NNS" and target.lemma_ not in lexicon.EMPTY_NOUNS
    if preposition.lower_ == "with" and is_of_things and any(isinstance(it, Counted) for it in objects):
        yield from _owning(statement, thing, objects)
        return
    if thing.lemma_ in lexicon.EMPTY_NOUNS or thing.pos_ not in ("NOUN", "PROPN", "PRON"):
        return
    noun = compound(thing) if thing.pos_ != "PRON" else ()  # "will pick you up at the airport"
    phrase = (*statement.clause.phrase, *denials(thing), *noun, *outer(preposition), preposition)
    if preposition.lower_ in ("with", "from", "to") and not objects and type_of_noun(target) == "Person":
        # "Shared the flat with a student"
        yield statement.fact(phrase, statement.slots.kinds(target), document=True)
        return
    if preposition.lower_ != "as" or not is_occupation(target) or lexicon.is_kin(thing):
        objects = tuple(slot for slot in objects if _tells_where_or_how_much(slot))
    if objects:
        yield statement.fact(phrase, objects)


def _objects(statement: Statement, preposition: "Token", target: "Token") -> tuple[Slot, ...] | None:
    """What `target` is as an object; None where the preposition tells nothing of it."""
    objects = statement.slots.objects(target) if not _is_bare_number(target, preposition) else ()
    is_long = preposition.lower_ == "for" and statement.slots.amount(target) is not None  # "is for one year"
    is_amount = any(isinstance(it, str) for it in objects)
    tells_little = preposition.lower_ not in _BEING or is_amount
    return None if statement.is_copula and tells_little and not is_long else objects


def _owning(statement: Statement, owner: "Token", things: tuple[Slot, ...]) -> Iterator[RawFact]:
    """ "Photographed a comet with three tails" tells what the comet has."""
    phrases = statement.slots.phrases
    kind = phrases.slot(owner) or phrases.kind(owner)
    if kind is not None and not statement.is_denied:
        yield RawFact((kind,), ("has",), things, document=True)


def _as_what(statement: Statement, role: "Token") -> Iterator[RawFact]:
    """ "Works as a cook at a hotel": where, too."""
    for preposition, inner in prepositions(role, None):
        if preposition.lower_ in ("at", "for", "in", "with") and (slots := statement.slots.named(inner)):
            yield statement.fact((*statement.clause.phrase, preposition), slots)


def _is_bare_number(token: "Token", preposition: "Token") -> bool:
    """Whether `token` is a number of which nobody knows what it counts: "to children under six", "at ten"."""
    is_bare = token.tag_ == "CD" and not any(child.dep_ not in ("cc", "conj", "quantmod") for child in token.children)
    return is_bare and (token.text.isalpha() or (token.text.isdigit() and preposition.lower_ not in _NUMBERED))


def _tells_where_or_how_much(slot: Slot) -> bool:
    """Whether `slot` is told beside an object: an amount, a name, or a place where things are done."""
    if isinstance(slot, Mention):
        return slot.proper or (slot.kin and len(slot.name) > 1) or slot.type in SETTINGS
    return isinstance(slot, Counted) or (isinstance(slot, str) and slot.lower() not in lexicon.CALENDAR)

"""What a verb says of its object, and a copula of its complement: "adopted a dog from the shelter", "is a nurse"."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.circumstances import SETTINGS
from sessiongraph.local_models.extractive.clauses import subject_of
from sessiongraph.local_models.extractive.dependencies import compound, denials, prepositions
from sessiongraph.local_models.extractive.noun_facts import owner_of
from sessiongraph.local_models.extractive.noun_types import is_occupation
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, RawFact, Slot
from sessiongraph.local_models.extractive.properties import properties
from sessiongraph.local_models.extractive.statements import Statement

if TYPE_CHECKING:
    from spacy.tokens import Token

_DIRECT = frozenset(("dobj", "attr", "oprd"))
# Verbs that say only how something is (copular verbs).
_LINKING = frozenset(("be", "become", "stay", "remain", "turn"))


def direct(statement: Statement) -> Iterator[RawFact]:
    """What the verb of `statement` says without a preposition."""
    final = statement.clause.final
    for child in final.rights:
        if child in statement.clause.phrase or _is_made_to_act(child):
            continue  # "takes place in May"; "ordered the bank to pay"
        if (child.dep_ in _DIRECT and child.pos_ != "ADP") or _is_measured(statement, child):
            yield from _to(statement, child)
        elif child.lower_ == "away" and (distance := _distance(statement, child)) is not None:
            yield statement.fact(statement.clause.phrase, (distance,))
        elif child.dep_ == "acomp" and final.lemma_ in _LINKING:
            yield from properties(statement, child)


def _distance(statement: Statement, away: "Token") -> str | None:
    """ "300 metres away"."""
    amounts = (statement.slots.amount(it) for it in away.lefts if it.dep_ == "npadvmod")
    return next((f"{amount} {away.lower_}" for amount in amounts if amount is not None), None)


def _is_measured(statement: Statement, token: "Token") -> bool:
    """Whether `token` says how much or how long without a preposition ("lasts two hours")."""
    is_adverbial = token.dep_ == "npadvmod" and not statement.slots.phrases.found.date_at(token)
    return is_adverbial and statement.slots.amount(token) is not None


def _to(statement: Statement, target: "Token") -> Iterator[RawFact]:
    clause, slots, is_copula = statement.clause, statement.slots, statement.is_copula
    objects = slots.objects(target)
    if clause.final.lemma_ == "do" and any(isinstance(slot, Pronoun) for slot in objects):
        return  # "she'll do it" tells what only together with what "it" is
    if is_copula and clause.final.nbor().text == ",":
        return  # "Emil is, Nora not so much"
    if is_copula and not target.whitespace_ and target.i + 1 < len(target.doc) and target.nbor().text == "-":
        return  # "dishwasher-safe" is no dishwasher
    if target.tag_ == "CD" and clause.final.lemma_ in ("be", "turn") and not statement.is_denied:
        yield from _age(statement, target)
        return
    if is_copula and target.dep_ == "attr" and (kin := _kin(statement, target)) is not None:
        yield kin
        return
    if is_copula and target.tag_ == "NNS" and slots.amount(target) is None:
        # "We were kids" is no fact about the one who says it.
        others = tuple(it for it in statement.subjects if not isinstance(it, Pronoun) or it.kind == "they")
        if not others:
            return
        statement = replace(statement, subjects=others)
    phrase = (*clause.phrase, *denials(target))
    if objects:
        yield statement.fact(phrase, objects)
    elif kinds := slots.kinds(target):
        yield statement.fact(phrase, kinds, document=True)
    if is_copula:
        yield from _with(statement, target)
    yield from _through(statement, target)


def _age(statement: Statement, number: "Token") -> Iterator[RawFact]:
    """ "He is 34", "she turned 70"."""
    is_alone = all(_may_have_age(slot) for slot in statement.subjects) and not list(number.children)
    if is_alone and statement.clause.verb.dep_ != "advcl":  # "when I was 17" is no age by now
        relation = "has age" if statement.is_copula else "turned"
        yield RawFact(statement.subjects, (relation,), (number.text,), None, False)


def _through(statement: Statement, target: "Token") -> Iterator[RawFact]:
    """What hangs on the object is told too where it names something: "adopted a dog from the Hope Shelter"."""
    clause, slots = statement.clause, statement.slots
    for preposition, inner in prepositions(target, clause.final):
        named = tuple(it for it in slots.named(inner) if isinstance(it, Mention) and it.proper)
        if not named and preposition.lower_ in ("to", "into") and slots.amount(target) is not None:
            # "Donated two million pounds to the hospital"
            yield statement.fact((*clause.phrase, preposition), slots.kinds(inner), document=True)
        if not named and is_occupation(target) and preposition.lower_ in ("at", "in", "for"):
            named = tuple(it for it in slots.named(inner) if isinstance(it, Mention) and it.type in SETTINGS)
        if named and preposition.lower_ not in ("of", "between") and target.lemma_ not in lexicon.EMPTY_NOUNS:
            yield statement.fact((*clause.phrase, *denials(target), *compound(target), preposition), named)


def _with(statement: Statement, target: "Token") -> Iterator[RawFact]:
    """ "Is a bike with eight gears" tells what it has."""
    for preposition, thing in prepositions(target, None):
        objects = statement.slots.objects(thing) or statement.slots.kinds(thing)
        if preposition.lower_ == "with" and objects:
            has = "does not have" if statement.is_denied else "has"
            yield replace(statement.fact((), objects, document=True), relation=(has,))


def _kin(statement: Statement, target: "Token") -> RawFact | None:
    """ "Alice's sister is Emma" tells whose sister Emma is."""
    phrases, subject = statement.slots.phrases, subject_of(statement.clause.verb)
    owner, name = owner_of(subject, phrases) if subject is not None else None, phrases.slot(target)
    if owner is None or subject is None or not (isinstance(name, Mention) and name.proper):
        return None
    return replace(statement, subjects=(owner,)).fact((subject,), (name,), "has ")


def _is_made_to_act(token: "Token") -> bool:
    """Whether what a verb says of its object `token` is only told with what that is to do: "forced her to leave"."""
    acts = any(child.dep_ in ("xcomp", "ccomp") and child.i > token.i for child in token.head.rights)
    return acts and token.dep_ == "dobj" and token.head.lemma_ in lexicon.CAUSING


def _may_have_age(slot: Slot) -> bool:
    if isinstance(slot, Pronoun):
        return slot.text.lower() in ("i", "he", "she")
    return isinstance(slot, Mention) and slot.proper and slot.type == "Person"

"""What a noun phrase tells by itself: "Alice, CEO of Acme", "Alice's sister Bob", "the swimmer Hana Kobari"."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.dependencies import coordinated, prepositions
from sessiongraph.local_models.extractive.naming import called
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.noun_types import is_occupation, type_of_noun
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, RawFact, Slot

if TYPE_CHECKING:
    from spacy.tokens import Token


def of_noun(token: "Token", phrases: Phrases) -> Iterator[RawFact]:
    """What a noun phrase tells by itself: "Alice, CEO of Acme", "Alice's sister Bob", "the swimmer Hana"."""
    yield from _relation_before(token, phrases)
    yield from _occupation(token, phrases)
    yield from _title(token, phrases)
    yield from _age(token, phrases)
    if token.dep_ != "appos":
        return
    head, name, thing = phrases.slot(token.head), phrases.slot(token), token.head
    owner = owner_of(thing, phrases)
    if owner is not None and isinstance(name, Mention) and name.proper and token.pos_ == "PROPN":
        yield RawFact((owner,), (f"has {thing.lower_}",), (name,))
        yield from called(thing, name, phrases)
    elif _is_named_beside(token) and isinstance(name, Mention) and name.proper:
        # "Their smallest model, the Robin": what it is.
        if (kind := phrases.kind(thing)) is not None and type_of_noun(thing) in (None, name.type):
            yield RawFact((name,), ("is",), (kind,), document=True)
    elif (
        isinstance(head, Mention)
        and head.proper
        and isinstance(name, Mention)
        and not (name.proper and name.type == "Person")
    ):
        if name.proper and head.type != name.type and "Concept" not in (head.type, name.type):
            return  # "a label from Nagoya, Kelp Records"
        if name.proper and thing.pos_ == "NOUN":
            yield RawFact((name,), ("is",), (head,))  # "the Swedish firm Nordvik"
            return
        is_in = head.type == name.type == "Place"
        yield RawFact((head,), ("is in" if is_in else "is",), (name,))
        for preposition, inner in prepositions(token, None):
            if slots := tuple(
                s
                for s in (phrases.slot(it) for it in (inner, *coordinated(inner)))
                if isinstance(s, Mention) and s.proper
            ):
                yield RawFact((head,), (f"is {token.lower_} {preposition.lower_}",), slots)


def _occupation(token: "Token", phrases: Phrases) -> Iterator[RawFact]:
    """ "The swimmer Hana Kobari" and "the brewery Hopster" tell what they are."""
    type_ = type_of_noun(token)
    if type_ not in ("Person", "Organization") or any(child.dep_ == "poss" for child in token.lefts):
        return
    if token.tag_ == "NNS" or _is_owned_before(token):
        return  # "the brothers Olof and Per"
    beside = [child for child in token.rights if child.dep_ == "appos"]
    if token.dep_ in ("compound", "nmod", "amod") and token.head.i > token.i:
        beside.append(token.head)
    for name in beside:
        slot = phrases.slot(name)
        if isinstance(slot, Mention) and slot.proper and slot.type == type_ and token.i not in phrases.found.named:
            yield RawFact((slot,), ("is",), (phrases.kind(token) or _office(token),), document=True)
            return


def _office(token: "Token") -> str:
    """ "Prime minister", of capitalised words before a name."""
    return " ".join(it.lower_ for it in (*token.lefts, token) if it is token or it.dep_ == "compound")


def _is_owned_before(kin: "Token") -> bool:
    """Whether `kin` stands before a name with whose it is: "her cousin Lola"."""
    return lexicon.is_kin(kin) and kin.dep_ == "compound" and any(it.dep_ == "poss" for it in kin.head.lefts)


def _relation_before(kin: "Token", phrases: Phrases) -> Iterator[RawFact]:
    """ "Her cousin Lola" tells whose cousin she is, where the parse takes it for a part of her name."""
    owner, name = _possessor(kin.head, phrases), phrases.slot(kin.head)
    if _is_owned_before(kin) and owner is not None and isinstance(name, Mention) and name.proper:
        yield RawFact((owner,), (f"has {kin.lower_}",), (name,))


def _title(token: "Token", phrases: Phrases) -> Iterator[RawFact]:
    """ "Prime Minister Anke Vos" tells what she is."""
    slot = phrases.slot(token) if token.i in phrases.found.named else None
    if not (isinstance(slot, Mention) and slot.proper and slot.type == "Person" and slot.at == token.i):
        return
    words = "".join(it for it in slot.name if isinstance(it, str)).lower().split()
    last = max((at for at, word in enumerate(words[:-1]) if word in lexicon.OFFICES), default=None)
    if last is not None:
        yield RawFact((slot,), ("is",), (" ".join(words[: last + 1]),), document=True)


def _age(token: "Token", phrases: Phrases) -> Iterator[RawFact]:
    """ "Anna Berg, 45, runs the bakery."""
    slot = phrases.slot(token) if token.i in phrases.found.named else None
    if isinstance(slot, Mention) and slot.proper and slot.type == "Person" and slot.at == token.i:
        for child in token.rights:
            is_apart = child.i > 0 and child.nbor(-1).text == "," and child.is_digit and len(child.text) < 4
            if is_apart and not list(child.children) and child.i + 1 < len(child.doc) and child.nbor().text == ",":
                yield RawFact((slot,), ("has age",), (child.text,), None, False)


def _is_named_beside(name: "Token") -> bool:
    """Whether the noun right before `name` says what it is the name of."""
    is_apart = name.left_edge.i - 1 > name.head.i and name.doc[name.head.i + 1].text == ","
    return name.head.pos_ == "NOUN" and name.head.i in range(name.left_edge.i - 2, name.left_edge.i) and is_apart


def owner_of(kin: "Token", phrases: Phrases) -> Slot | None:
    """Whose kin `kin` is."""
    if not (lexicon.is_kin(kin) or is_occupation(kin)):
        return None
    return _possessor(kin, phrases)


def _possessor(noun: "Token", phrases: Phrases) -> Slot | None:
    owner = next((phrases.slot(child) for child in noun.lefts if child.dep_ == "poss"), None)
    return replace(owner, possessive=False) if isinstance(owner, Pronoun) else owner

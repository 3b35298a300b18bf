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
    yield from _occupation(token, phrases)
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
    beside = [child for child in token.rights if child.dep_ == "appos"]
    if token.dep_ in ("compound", "nmod", "amod") and token.head.i > token.i:
        beside.append(token.head)
    for name in beside:
        slot = phrases.slot(name)
        if isinstance(slot, Mention) and slot.proper and slot.type == type_ and token.i not in phrases.found.named:
            yield RawFact((slot,), ("is",), (phrases.kind(token) or token.lower_,), document=True)
            return


def _is_named_beside(name: "Token") -> bool:
    """Whether the noun right before `name` says what it is the name of."""
    is_apart = name.left_edge.i - 1 > name.head.i and name.doc[name.head.i + 1].text == ","
    return name.head.pos_ == "NOUN" and name.head.i in range(name.left_edge.i - 2, name.left_edge.i) and is_apart


def owner_of(kin: "Token", phrases: Phrases) -> Slot | None:
    """Whose kin `kin` is."""
    if not (lexicon.is_kin(kin) or is_occupation(kin)):
        return None
    owner = next((phrases.slot(child) for child in kin.lefts if child.dep_ == "poss"), None)
    return replace(owner, possessive=False) if isinstance(owner, Pronoun) else owner

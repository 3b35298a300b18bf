"""Facts that give a name: to whom a noun stands for ("my boss is Petra"), and to who speaks ("call me Lexi")."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.noun_types import is_occupation
from sessiongraph.local_models.extractive.parse_types import Mention, Pronoun, RawFact, Slot

if TYPE_CHECKING:
    from spacy.tokens import Token

IS_CALLED = "is called"
_NAME = r"((?-i:[A-Z])[\w'’-]*(?: (?-i:[A-Z])[\w'’-]*){0,2})"
_SELF = re.compile(
    rf"\b(?:call me|calls me|call(?:s|ed)? myself|i'm called|i am called|i'm known as) {_NAME}"
    rf"|\A(?:\w+[,!] )?(?:it's |this is )?{_NAME} here\b",
    re.IGNORECASE,
)


def name_of_self(sentence: str) -> str | None:
    """The name that whoever says `sentence` gives as theirs, other than by "my name is"."""
    match = _SELF.search(sentence)
    return next(filter(None, match.groups()), None) if match else None


def namings(sentence: "list[Token]", phrases: Phrases) -> Iterator[RawFact]:
    """What `sentence` says that somebody is called: "her name is Emma", "our CFO is Petra Lund"."""
    for token in sentence:
        if token.dep_ not in ("nsubj", "nsubjpass") or token.head.lemma_ not in ("be", "'s"):
            continue
        owner = next((phrases.slot(child) for child in token.lefts if child.dep_ == "poss"), None)
        target = next((child for child in token.head.rights if child.dep_ in ("attr", "acomp", "oprd")), None)
        if owner is None or target is None:
            continue
        whose = replace(owner, possessive=False) if isinstance(owner, Pronoun) else owner
        named = phrases.slot(target)
        is_name = isinstance(named, Mention) and named.proper
        is_bare = all(child.dep_ == "compound" for child in target.lefts)
        if token.lower_ == "name" and target.pos_ in ("PROPN", "NOUN", "ADJ", "X") and is_bare:
            yield RawFact((whose,), (IS_CALLED,), (named if named is not None and is_name else target.text,))
        elif is_name and named is not None and is_occupation(token):
            yield RawFact((whose,), (f"has {token.text}",), (named,))
            yield from called(token, named, phrases)
        elif is_name and named is not None and lexicon.is_kin(token):
            if target.dep_ != "attr":  # else the clause says so itself
                yield RawFact((whose,), (f"has {token.lower_}",), (named,))
            yield from called(token, named, phrases)


def called(noun: "Token", name: Slot, phrases: Phrases) -> Iterator[RawFact]:
    """That whoever `noun` stands for ("my sister") is called `name`."""
    if (known := of_speaker(noun, phrases)) is not None:
        yield RawFact((known,), (IS_CALLED,), (name,))


def of_speaker(noun: "Token", phrases: Phrases) -> Mention | None:
    """Whom `noun` stands for by their relation to who speaks: "my sister"."""
    known = phrases.slot(noun)
    if not isinstance(known, Mention) or known.proper or not isinstance(known.name[0], Pronoun):
        return None
    return known if known.name[0].kind == "i" else None

"""What hangs on a token of a parse: coordinated nouns, compounds, prepositions with what they govern, a "no"."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon, wordnet
from sessiongraph.local_models.extractive.clauses import SUBJECTS, is_excluded
from sessiongraph.local_models.extractive.quantities import quantity

if TYPE_CHECKING:
    from spacy.tokens import Token

_COORDINATED = frozenset(("NOUN", "PROPN", "PRON", "VERB", "NUM"))
_FINITE = frozenset(("VBZ", "VBD", "VBP", "MD"))


def is_anaphoric(noun: "Token") -> bool:
    """Whether `noun` names what was named before, by its kind alone ("the brewery")."""
    determiner = any(child.lower_ in lexicon.DEFINITE and child.dep_ == "det" for child in noun.lefts)
    plain = all(child.dep_ in ("det", "punct", "appos") or _is_aside(child) for child in noun.children)
    return noun.pos_ == "NOUN" and determiner and plain


def _is_aside(clause: "Token") -> bool:
    """Whether a relative clause does not say which one its noun is: "the company, which …"."""
    return clause.dep_ == "relcl" and clause.left_edge.i > 0 and clause.left_edge.nbor(-1).text == ","


def is_denying(noun: "Token") -> bool:
    """Whether `noun` stands for none: "nobody", "no fee"."""
    return noun.lower_ in lexicon.NOBODY or bool(denials(noun))


def denials(noun: "Token") -> "list[Token]":
    """The "no" before `noun`."""
    return [child for child in noun.lefts if child.lower_ in ("no", "neither")]


def coordinated(token: "Token") -> list["Token"]:
    found: list[Token] = []
    for child in token.rights:
        is_thing = child.tag_ not in _FINITE and child.pos_ in _COORDINATED and not _acts(child)
        if child.dep_ == "conj" and is_thing and not is_excluded(child):
            found += [child, *coordinated(child)]
    return found


def _acts(child: "Token") -> bool:
    """Whether what was taken for a part of a list is who does something else: "plays the drums and Emi sings"."""
    after = child.doc[child.i + 1] if child.i + 1 < child.sent.end else None
    is_followed = after is not None and child.pos_ == "PROPN" and _may_be_verb(after)
    return is_followed and after is not None and not any(it.dep_ in SUBJECTS for it in after.lefts)


def _may_be_verb(token: "Token") -> bool:
    return token.tag_ in _FINITE or (token.tag_ == "NNS" and token.lemma_ in wordnet.OF_PERSONS | wordnet.OF_SOMEBODY)


def compound(token: "Token") -> list["Token"]:
    words = [child for child in token.lefts if child.dep_ == "compound"]
    return [child for child in words if child.ent_type_ not in lexicon.AMOUNTS and quantity(child) is None] + [token]


def prepositions(head: "Token", unless: "Token | None") -> Iterator[tuple["Token", "Token"]]:
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
                    if _is_hour(inner):  # "from 7 to 10 am in the garden"
                        yield from ((it, own) for it, own in prepositions(inner, None) if it.lower_ not in ("of", "to"))
                elif inner.dep_ == "prep":
                    yield from ((inner, deep) for deep in inner.rights if deep.dep_ == "pobj")


def excluded(verb: "Token") -> Iterator[tuple["Token", "Token"]]:
    """The prepositions behind `verb` that say where something is not so, each with what it governs."""
    for child in verb.rights:
        if child.dep_ == "prep" and is_excluded(child):
            yield from ((child, inner) for inner in child.rights if inner.dep_ == "pobj")


def outer(preposition: "Token") -> tuple["Token", ...]:
    """The preposition that `preposition` hangs on: "out of"."""
    head = preposition.head
    return (head,) if head.dep_ == "prep" and head.pos_ == "ADP" and head.i == preposition.i - 1 else ()


def _is_hour(token: "Token") -> bool:
    return token.lower_ in ("am", "pm", "a.m.", "p.m.", "o'clock") or (token.tag_ == "CD" and ":" in token.text)


def hyphenated(adjective: "Token") -> str:
    """`adjective` with what is written together with it: "dishwasher-safe"."""
    doc, start = adjective.doc, adjective.i
    while start > adjective.sent.start and not doc[start - 1].whitespace_:
        start -= 1
    return doc[start : adjective.i + 1].text


def is_instruction(token: "Token") -> bool:
    """Whether the sentence of `token` tells to do something: "Mix it with Tamari"."""
    root = token.sent.root
    return root.tag_ == "VB" and not any(child.dep_ in (*SUBJECTS, "aux") for child in root.lefts)

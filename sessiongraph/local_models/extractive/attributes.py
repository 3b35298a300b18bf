"""What one has one of, and what is on a day: "my phone number is 555 1234", "the meeting is on Monday"."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import lexicon
from sessiongraph.local_models.extractive.clauses import Clause, is_excluded, is_over, spelled, subject_of
from sessiongraph.local_models.extractive.dependencies import is_anaphoric
from sessiongraph.local_models.extractive.noun_phrases import Phrases
from sessiongraph.local_models.extractive.parse_types import Pronoun, RawFact

if TYPE_CHECKING:
    from spacy.tokens import Token


def attribute(clause: Clause, phrases: Phrases) -> Iterator[RawFact]:
    """ "My phone number is 555 1234" tells what one has one of."""
    noun = subject_of(clause.verb)
    if noun is None or clause.final.lemma_ != "be" or any(child.dep_ == "neg" for child in clause.final.children):
        return
    whose = next((token for token in noun.subtree if token.dep_ == "poss" and token.i < noun.i), None)
    owner = phrases.slot(whose) if whose is not None else None
    if whose is None or owner is None:
        return
    *kinds, name = noun.doc[whose.right_edge.i + 1 : noun.i + 1].text.lower().split()
    kinds = [kind for kind in kinds if kind != "new"]
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
    yield RawFact((owner,), (f"has {' '.join((*kinds, name))}",), (value_of(value),), None, False)


def scheduled(clause: Clause, phrases: Phrases, agreements: "dict[int, Pronoun]") -> Iterator[RawFact]:
    """ "The meeting is on Monday" tells a day that may be moved: it is what is told, not since when."""
    noun = subject_of(clause.verb)
    if noun is None or noun.lemma_.lower() not in lexicon.SCHEDULED or clause.final.lemma_ not in ("be", "move"):
        return
    for preposition in clause.final.rights:
        day = next((child for child in preposition.rights if child.dep_ == "pobj"), None)
        if day is None or preposition.lower_ not in ("on", "to") or is_over(clause.final) or is_excluded(preposition):
            continue
        if phrases.found.date_at(day) is None and day.lower_ not in lexicon.CALENDAR:
            continue
        slot = None if is_anaphoric(noun) else phrases.slot(noun)
        words = spelled((*clause.phrase, preposition), agreements)
        yield RawFact((slot or _unowned(noun),), words, (value_of(day),), None, False)


def value_of(token: "Token") -> str:
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

"""Amounts as a text says them: "48,000 euros", "2.3 million dollars", "up to 20 hours", "9 euros a month", "8 pm".

A quantity is a number with what it counts or measures (the "measure phrase" of Quirk et al., A Comprehensive Grammar of
the English Language, 5.5 and 7.87). It is a value, and makes no entity.
"""

import re
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive.lexicon import words

if TYPE_CHECKING:
    from spacy.tokens import Token

_YEAR = re.compile(r"(?:1[6-9]|20)\d\d")
_RATES = words("hour day week month year night minute second person unit piece head kilo litre km")
_BOUNDS = (("up", "to"), ("at", "most"), ("at", "least"), ("more", "than"), ("less", "than"))
_ABOUT = words("about around over nearly almost only under approximately")
_HALVES = words("am pm a.m. p.m. o'clock")
_SIGNS = words("% € $ £ °")
_MORE = words("more extra old")


def quantity(noun: "Token") -> str | None:
    """The amount that `noun` heads, in the text's words; None where it heads none."""
    first = _first(noun)
    if first is None or (noun.tag_ == "CD" and _YEAR.fullmatch(noun.text)):
        return None
    doc, end = noun.doc, noun.i + 1
    start = _bounded(doc[first])
    limit = noun.sent.end
    if end < limit and doc[end].text.lower() in _HALVES | _SIGNS:
        end += 1
    end = _rated(noun, end, limit)
    return doc[start:end].text


def quantity_of(noun: "Token") -> str | None:
    """ "A warranty of five years": the amount with what it is of."""
    following = noun.nbor() if noun.i + 1 < noun.sent.end else None
    if following is None or following.lower_ != "of":
        return None
    amount = next((child for child in following.rights if child.dep_ == "pobj"), None)
    value = quantity(amount) if amount is not None else None
    return f"{noun.text} of {value}" if value is not None else None


def some_of(number: "Token") -> str | None:
    """ "Two of the three chairs": the number with what it is of."""
    following = number.nbor() if number.i + 1 < number.sent.end else None
    if number.tag_ != "CD" or following is None or following.lower_ != "of":
        return None
    things = next((child for child in following.rights if child.dep_ == "pobj" and child.pos_ == "NOUN"), None)
    if things is None or any(it.tag_ == "PRP$" for it in things.subtree):
        return None
    end = things.i + 1
    return f"{number.lower_} {number.doc[following.i : end].text}"


def _first(noun: "Token") -> int | None:
    """Where the number begins that counts `noun`, or that it is."""
    counting = [child for child in noun.lefts if child.tag_ == "CD"]
    counting += [inner for child in noun.lefts for inner in child.lefts if inner.tag_ == "CD" and child.tag_ != "POS"]
    if noun.tag_ == "CD":
        counting.append(noun)
    if not counting:
        half = next((child for child in noun.lefts if child.lower_ == "half"), None)
        return half.i if half is not None else None
    first = min(token.left_edge.i if token.left_edge.tag_ in ("CD", "$") else token.i for token in counting)
    before = noun.doc[first - 1] if first > noun.sent.start else None
    return first - 1 if before is not None and before.tag_ in ("CD", "$") else first


def _bounded(number: "Token") -> int:
    """Where it begins with what bounds it: "up to three"."""
    doc, start = number.doc, number.i
    before = tuple(token.lower_ for token in doc[max(number.sent.start, start - 2) : start])
    if before in _BOUNDS:
        return start - 2
    is_bound = bool(before) and before[-1] in _ABOUT and doc[start - 1].dep_ != "prep"
    return start - 1 if is_bound else start


def _rated(noun: "Token", end: int, limit: int) -> int:
    """Where it ends with what it is of, or how often: "4 GB of memory", "18 euros per unit"."""
    doc = noun.doc
    if end + 1 < limit:
        word, following = doc[end].lower_, doc[end + 1]
        is_rate = word in ("a", "an", "per", "each", "every") and following.lemma_.lower() in _RATES
        is_of = word == "of" and following.pos_ in ("NOUN", "PROPN") and noun.tag_ != "CD"
        if is_rate or is_of or (word == "per" and following.pos_ == "NOUN"):
            return end + 2
    return end + 1 if end < limit and doc[end].lower_ in _MORE else end


def is_number(text: str) -> bool:
    """Whether `text` begins with digits, as a time or an amount does."""
    return text[:1].isdigit()

"""Days in a clause: those that are what it states ("starts on Monday"), and the date since when it is so."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessiongraph.local_models.extractive import dates, lexicon
from sessiongraph.local_models.extractive.clauses import Clause, is_past
from sessiongraph.local_models.extractive.name_spans import Names

if TYPE_CHECKING:
    from spacy.tokens import Token

_MONTHS = lexicon.words("january february march april may june july august september october november december")
# Before a day, these say more than when: "was postponed to next spring".
_AIMS = frozenset(("to", "until"))


def stated_days(clause: Clause, names: Names) -> "Iterator[tuple[Token | None, str]]":
    """The days that `clause` tells of, each with the preposition before: of what was, only those of the calendar."""
    is_told = is_past(clause.phrase)
    hanging = [child for child in clause.final.rights if child.dep_ in ("prep", "npadvmod")]
    hanging += [inner for child in hanging for inner in child.rights if inner.dep_ == "prep"]  # "from May to July"
    for child in hanging:
        for inner in child.rights if child.dep_ == "prep" else (child,):
            date = names.date_at(inner)
            if date is None or dates.is_distance(date.text):
                continue
            is_of_calendar = any(letter.isdigit() for letter in date.text) or inner.lower_ in _MONTHS
            if is_of_calendar or not is_told or child.lower_ in _AIMS:
                value = date.text.split(" ", 1)[-1] if date.text.lower().startswith(child.lower_) else date.text
                yield (child if child.dep_ == "prep" else None), value


def recurring(clause: Clause) -> Iterator[str]:
    """ "Concerts take place every Friday": how often."""
    for child in clause.final.rights:
        is_every = any(it.lower_ == "every" for it in child.lefts) and child.dep_ == "npadvmod"
        if is_every and child.lower_ in lexicon.CALENDAR:
            yield f"every {child.text}"
        elif (times := how_often(child)) is not None:
            yield times


def how_often(unit: "Token") -> str | None:
    """ "Once a month", of which `unit` is the month."""
    first = next((it for it in unit.lefts if it.lower_ in ("once", "twice")), None)
    is_of_unit = first is not None and unit.dep_ == "npadvmod" and first.i == unit.i - 2
    return f"{first.lower_} {unit.nbor(-1).lower_} {unit.text}" if is_of_unit and first is not None else None


def date_of(clause: Clause, names: Names) -> dates.Expression | None:
    """The date since when `clause` is so: one whose nearest verb is in its phrase, and not one until when it is."""
    verbs = {token.i for token in clause.phrase}
    for date in names.said_dates:
        span = names.doc.char_span(date.start, date.end, alignment_mode="expand")
        if span is None or date.bound == "until":
            continue
        token = span.root
        if token.sent.start != clause.verb.sent.start:
            continue
        nearest = next((head for head in token.ancestors if head.pos_ in ("VERB", "AUX")), None)
        if nearest is not None and nearest.i in verbs:
            return date
    return None

"""A structured line as a sentence: what it states, with the names that it holds."""

import re

from sessiongraph.local_models.extractive import dates
from sessiongraph.local_models.extractive.name_spans import MAX_NAME, NAME
from sessiongraph.local_models.extractive.name_types import LIKELY, SURE, known_type, listed_type, type_of_words
from sessiongraph.local_models.extractive.parse_types import Mention, RawFact, Sentence
from sessiongraph.local_models.extractive.structured_lines import Line

_WORD = re.compile(r"[\w'’-]+")


def line_sentence(line: Line, owner: Mention | None) -> Sentence:
    """`line` as a sentence, its facts without a subject told of `owner`."""
    types = dict(line.types)
    slots: dict[str, Mention] = {}

    def slot(name: str) -> Mention:
        return slots.setdefault(name, _mention(len(slots), name, types.get(name, "")))

    facts = tuple(
        RawFact((subject,), (told.relation,), (slot(told.object) if _names(told.object) else told.object,), None, False)
        for told in line.facts
        if (subject := slot(told.subject) if told.subject else owner) is not None
    )
    labels = {mention.type for mention in slots.values()}
    labels |= {"Number"} if any(letter.isdigit() for letter in line.text) else set()
    labels |= {"Date"} if dates.find(line.text) else set()
    return Sentence(
        text=line.text,
        words=(line.text,),
        question=False,
        mentions=tuple(slots.values()),
        pronouns=(),
        facts=facts,
        lemmas=tuple(dict.fromkeys(word.lower() for word in _WORD.findall(line.text))),
        labels=frozenset(labels),
        owned=frozenset(),
    )


def _mention(at: int, name: str, type_: str) -> Mention:
    told = type_
    if name[:1].isupper():
        is_sender = type_ == "Place" and " " in name and known_type(name) == "Person"  # "From: Ida Holm"
        own = type_of_words(name) if type_ != "Work" else None
        type_ = "Person" if is_sender else own or type_ or listed_type(name)
    is_proper = bool(type_) or (name[:1].isupper() and not any(letter.isdigit() for letter in name))
    return Mention(at, (name,), type_ or "Concept", is_proper, weight=2 * SURE if told else LIKELY if type_ else 0)


def _names(value: str) -> bool:
    """Whether `value` is worth an entity: no amount, no date, no phrase."""
    is_short = len(value) <= MAX_NAME and len(value.split()) <= 6
    return is_short and not any(letter.isdigit() for letter in value) and NAME.match(value) is not None

"""What the heading of a list says of its items: "Ingredients for lentil soup" that the soup has each as an ingredient.

What does not belong here: where a list begins and ends (`structured_lines`).
"""

import re
from dataclasses import dataclass

from sessiongraph.local_models.extractive import field_words, lexicon, type_words
from sessiongraph.local_models.extractive.name_types import known_type
from sessiongraph.local_models.extractive.noun_types import type_of_kind

Told = tuple[list[tuple[str, str, str]], dict[str, str]]
"""Subjects, relations and objects, and the types of names."""

_OF = re.compile(r"(?:(?P<what>.+?) (?:of|for|in|at) )(?P<whose>.+)\Z", re.IGNORECASE)
_VERB = r"has|have|includes?|contains?|comprises?|offers?|needs?|keeps?|sells?|requires?|covers?|serves?|consists? of"
_SENTENCE = re.compile(rf"(?:the |our |this |my |a )?(?P<whose>[\w' -]+?) (?P<verb>{_VERB})\b", re.IGNORECASE)
_DATE = re.compile(
    rf"(?:{'|'.join(sorted(lexicon.CALENDAR, key=len, reverse=True))})s?\b|\d{{1,2}}\.? [A-Z][a-z]+\Z", re.IGNORECASE
)
_YEARS = re.compile(r"(?:1\d|20)\d\d(?:\s?[-–]\s?(?:\d{2}|\d{4})?)?\Z")
_BY = re.compile(r"(?P<work>[A-Z].*) by (?P<maker>[A-Z][\w.'-]*(?: [\w.'-]+){0,3})\Z")
_IN_PARENTHESES = re.compile(r"(?P<name>[A-Z][^()]+) \((?P<place>[A-Z][^()]+)\)\Z")
_DOES = re.compile(r"(?:does not|do not|no longer|can|cannot|[a-z]+[^s\W]s|[a-z]+(?:es|ies)) \w")


def heading_of(text: str) -> "Heading":
    return Heading(text.strip().rstrip(":").strip())


@dataclass(frozen=True)
class Heading:
    text: str

    @property
    def subject(self) -> str:
        """What its items are said of: "line 7" of "Stops of line 7", else the heading itself."""
        if (match := _SENTENCE.match(self.text)) or (match := _OF.match(self.text)):
            return re.sub(r"\A(?:the|our|my|a|an) ", "", match["whose"], flags=re.IGNORECASE)
        plain = re.sub(r"\A(?:the|our|my|a|an) ", "", self.text, flags=re.IGNORECASE)
        return plain if _is_name(plain) else plain[:1].lower() + plain[1:]

    @property
    def noun(self) -> str:
        """What each of its items is, in the singular: "stop", "entrance fee"; "price" of a "Price list"."""
        match = _OF.match(self.text)
        words = (match["what"] if match else self.text).lower().removeprefix("our ").removesuffix(" list").split()
        return " ".join([*words[:-1], singular(words[-1])]) if words else ""

    def is_record(self, keys: list[str]) -> bool:
        """Whether fields of these names below it tell of one thing: a phone and an address of a contact."""
        return any(key.lower() in field_words.MEASURES or field_words.type_of(key) for key in keys)

    def field(self, key: str, value: str) -> Told:
        """What "key: value" below it states."""
        if value.lower() in ("none", "-", "n/a"):
            return [], {}
        is_of_something = bool(_OF.match(self.text))
        if _YEARS.match(key) or _DATE.match(key):
            when = f"{'in' if _YEARS.match(key) else 'on'} {key}"
            return [(self.subject, f"has {self.noun} {when}" if is_of_something else f"is {when}", value)], {}
        if set(self.noun.split()) & field_words.GROUPS and value[:1].islower():
            return [(key, "is", value)], {key: "Person"}
        is_name = type_of_kind(key.lower().split()[-1]) is None  # and no "Treasurer"
        kind = "Person" if self.noun in field_words.OF_PATIENTS else self.kind if is_name else None
        return [(key, f"has {self.noun}", value)], {key: kind} if kind else {}

    def item(self, text: str) -> Told:
        """What an item without a verb states."""
        if match := _BY.match(text):
            return [(match["work"], "is by", match["maker"])], {match["work"]: "Work", match["maker"]: "Person"}
        if match := _IN_PARENTHESES.match(text):
            is_of_persons = _is_of_persons(self.noun)
            # "Bea Holm (Bolt)" is of a firm, unless the place is known.
            of_whom = {} if known_type(match["place"]) else {match["place"]: "Organization"}
            persons = {match["name"]: "Person", **of_whom} if is_of_persons else {}
            return [
                (match["name"], "is from", match["place"]),
                *([(match["name"], "is", self.noun)] if is_of_persons else []),
            ], persons
        if match := _SENTENCE.match(self.text):
            return [(self.subject, match["verb"].lower(), text)], {}
        kind = self.kind
        names = text.split(" and ") if kind == "Person" else [text]
        types = {name: kind for name in names if kind and name[:1].isupper()}
        relation = "includes"
        if _OF.match(self.text) and self.noun.split()[-1] not in lexicon.EMPTY_NOUNS:
            relation = f"has {self.noun}"
        return [(self.subject, relation, name) for name in names], types

    @property
    def kind(self) -> str | None:
        """The type of what it heads, where its noun tells one: "Suppliers of the mill"."""
        noun = self.noun.split()[-1] if self.noun else ""
        if f"{noun} " in f"{self.text.lower()} ":
            return None  # it heads one thing: "our route"
        if noun in field_words.STOPS:
            return "Place"
        if noun in type_words.BUSINESSES:
            return "Organization"
        return lexicon.TYPE_OF_HEAD.get(noun) or field_words.type_of(noun)

    def sentence(self, item: str) -> str | None:
        """An item that says what the heading's subject does, as a sentence: "Loomis 4 syncs with Google Calendar"."""
        match = re.match(
            r"(?:features|functions|benefits|news|what(?:'s| is) new) (?:of|in) (.+)", self.text, re.IGNORECASE
        )
        if match is None or not _DOES.match(item):
            return None
        return f"{match[1]} {item}."


def singular(noun: str) -> str:
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("ches", "shes", "xes", "sses")):
        return noun[:-2]
    return (
        noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us")) and noun not in ("hours", "news") else noun
    )


def _is_name(text: str) -> bool:
    return all(word[:1].isupper() or word.isdigit() for word in text.split()) and len(text.split()) > 1


def _is_of_persons(noun: str) -> bool:
    return field_words.type_of(noun) == "Person"

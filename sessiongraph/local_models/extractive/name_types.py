"""Whether a name is a person's, an organization's or a place's: the evidence of one text, weighed.

The recogniser guesses at names that it does not know. So each name has evidence weighed: its own words ("Kiel Street"),
what its sentences do with it (`type_evidence`), lists of known names, and the guess, where that can be trusted. This is
the internal and external evidence of McDonald (1996), "Internal and external evidence in the identification and
semantic categorization of proper names". All places of one text at which a name stands are weighed together, for it
seldom changes its sense in one discourse (Gale, Church and Yarowsky 1992, "One sense per discourse"), and so are names
that "and" joins, for they are of one kind.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessiongraph.accent_folding import strip_accents
from sessiongraph.english import FEMALE_NAMES, MALE_NAMES
from sessiongraph.local_models.extractive import known_places, lexicon, type_words, wordnet
from sessiongraph.local_models.extractive.given_names import GIVEN_NAMES
from sessiongraph.local_models.extractive.type_evidence import (
    AGENT,
    MAKER,
    MODIFIER,
    conjoined,
    evidence_around,
    is_determined,
    is_guess_trusted,
    usual_type,
)

if TYPE_CHECKING:
    from spacy.tokens import Span

TYPED = ("Person", "Organization", "Place")
SURE, LIKELY, GUESSED = 4, 2, 1
# What a list says of a place holds whatever a sentence does with it: "the Paris office" is of Paris.
_LISTED = 5

Weights = Counter[str]


def types_of_names(spans: "Sequence[Span]", guesses: Sequence[str]) -> list[tuple[str, int]]:
    """The type of each of `spans`, names of one text, and how much speaks for it: 0 where nothing does.

    `guesses` are what the recogniser, or their own last words, take them for.
    """
    own = [_evidence(span) for span in spans]
    weights: dict[str, Weights] = {}
    trusted: dict[str, Weights] = defaultdict(Counter)
    usual: dict[str, Weights] = defaultdict(Counter)
    guessed: dict[str, set[str]] = {}
    for number, (span, guess) in enumerate(zip(spans, guesses, strict=True)):
        if span.text not in weights:
            weights[span.text] = _of_itself(span, guess)
        weights[span.text].update(own[number])
        weights[span.text].update(_of_conjoined(number, spans, own))
        if guess in TYPED and is_guess_trusted(span, guess, known_type(span.text) == "Person"):
            trusted[span.text][guess] = _weight_of_guess(span.text, guess)
        if usually := usual_type(span.root):
            usual[span.text]["Organization" if usually == AGENT else usually] += GUESSED
        guessed.setdefault(span.text, set()).add(guess)
    found = {
        name: _settled(name, of_name, trusted[name], usual[name], guessed[name]) for name, of_name in weights.items()
    }
    for name in [name for name in found if " " not in name]:
        found[name] = _as_short_form(name, found)
    return [
        (guess, 0) if _is_settled_by(guess, span) else _or_guess(found[span.text], guess)
        for span, guess in zip(spans, guesses, strict=True)
    ]


def _of_itself(span: "Span", guess: str) -> Weights:
    """What a name tells by its own words, and by the lists that it is on."""
    known = known_type(span.text)
    if span.text.lower() in known_places.PLACES:
        return Counter({"Place": _LISTED})
    if span.text.lower() in wordnet.PEOPLES:
        return Counter({"Concept": _LISTED})
    if own := type_of_words(span.text) or ("Concept" if _is_numbered(span) else None):
        return Counter({own: SURE})
    # "The Astrid chair", "the Val Lavina", "Danish": given names only by chance.
    is_modifier = span.root.dep_ in ("compound", "nmod", "amod") and guess != "Person"
    is_by_chance = is_modifier or (guess != "Person" and is_determined(span))
    weights = Counter({known: LIKELY + GUESSED}) if known and not (is_by_chance and known == "Person") else Counter()
    if known == "Person" and span.text.lower() in wordnet.PLACES:
        weights["Place"] = LIKELY
    return weights


def _weight_of_guess(name: str, guess: str) -> int:
    """How much the recogniser's guess says: it knows full names of persons best, unless they end in a common noun."""
    if guess != "Person" or " " not in name:
        return GUESSED
    return 0 if _ends_in_noun(name) else LIKELY


def _ends_in_noun(name: str) -> bool:
    """Whether a name of several words ends in a common noun, and begins with no given name: "Cobalt Cycles". Nouns
    for persons are last names as well: "Baker"."""
    last = name.lower().split()[-1]
    kinds = {wordnet.TYPE_OF_NOUN.get(noun) for noun in (last, last.removesuffix("s"))}
    return not kinds <= {"Person", None} and known_type(name) != "Person"


def _evidence(span: "Span") -> Weights:
    """What its place in a text tells of a name."""
    weights: Weights = Counter()
    for type_ in evidence_around(span):
        weights[type_] += LIKELY
    return weights


def _of_conjoined(number: int, spans: "Sequence[Span]", own: list[Weights]) -> Weights:
    """What speaks for the names that "and" joins to the one at `number`."""
    at = {span.root.i: other for other, span in enumerate(spans)}
    found: Weights = Counter()
    for token in conjoined(spans[number].root):
        if token.i in at and at[token.i] != number:
            other = own[at[token.i]] + _of_itself(spans[at[token.i]], "")
            found.update({type_: LIKELY for type_, weight in other.items() if weight > GUESSED})
    return found


def _settled(name: str, weights: Weights, trusted: Weights, usual: Weights, guesses: set[str]) -> tuple[str, int]:
    """The type for which the most speaks. Who acts is a person, unless something takes them for an organization, and
    who makes things is one, unless something takes them for a person. What is `usual` counts where no guess does."""
    acting, making, modifying = weights.pop(AGENT, 0), weights.pop(MAKER, 0), weights.pop(MODIFIER, 0)
    weights["Concept"] += modifying if not (acting or making) else 0
    if acting or making:
        weights["Organization"] += making
        is_full_name = " " in name and not (trusted or usual)["Organization"] and not _ends_in_noun(name)
        is_person = is_full_name or known_type(name) == "Person" or weights["Person"] > weights["Organization"]
        is_person = is_person or (trusted["Person"] > trusted["Organization"] and not making)
        weights["Person" if is_person and weights["Organization"] <= weights["Person"] else "Organization"] += acting
    own = type_of_words(name)
    if own in TYPED:
        weights["Concept"] = 0  # "the Kiel Street" is so called
    weights = +weights + (trusted or usual)
    if own == "Concept":
        weights["Person"] = 0  # "Meet Fono Mini"
    if not weights:
        return "Concept", 0
    return max(weights.items(), key=lambda each: (each[1], each[0] in guesses))


def _as_short_form(name: str, found: dict[str, tuple[str, int]]) -> tuple[str, int]:
    """The type of "Henrike" where "Henrike Vos" is in the text; "Esbo" is a place also where "Esbo Museum" is."""
    type_, weight = found[name]
    for full, (of_full, weight_of_full) in found.items():
        words = full.split()
        is_product = words[-1].lower() in type_words.PRODUCT_ENDINGS and name == words[0]
        if len(words) > 1 and is_product and type_ == "Person":
            return of_full, weight_of_full  # "Roko" beside "Roko Pro"
        is_of_place = type_ == "Place" and weight > LIKELY and of_full == "Organization"
        is_part = len(words) > 1 and name in (words[0], words[-1])
        if is_part and of_full in TYPED and weight_of_full >= weight and not is_of_place:
            return of_full, weight_of_full
    return type_, weight


def _is_settled_by(guess: str, span: "Span") -> bool:
    """Whether nothing is said of what a name is a guess of: an event, and what stands in quotes."""
    is_quoted = span.start > 0 and span.doc[span.start - 1].text == '"'
    return guess not in (*TYPED, "Product", "Concept", "Work") or (guess == "Work" and (is_quoted or len(span) > 1))


def _or_guess(found: tuple[str, int], guess: str) -> tuple[str, int]:
    return (guess, 0) if not found[1] and guess not in TYPED else found


def _is_numbered(span: "Span") -> bool:
    """Whether a number is part of the name, or stands behind it: "Pico 2", "B12"."""
    after = span.doc[span.end] if span.end < span.sent.end else None
    is_counted = after is not None and after.is_digit and after.head.i <= after.i
    return any(letter.isdigit() for letter in span[-1].text) or is_counted


def type_of_words(name: str) -> str | None:
    """The type that a name's own words tell: "Kiel Street" is a place, "Mr. Kline" a person."""
    words = [word.rstrip(".,") for word in name.lower().split()]
    if words[-1].isdigit() and len(words) > 1:
        words.pop()
    last, first = words[-1], words[0]
    if name.lower() in type_words.DEPARTMENTS:
        return "Concept"
    if first in lexicon.TITLES and last not in lexicon.TITLES:
        return "Concept" if name.startswith("MS ") else "Person"
    if "&" in words or (len(words) > 1 and first in type_words.COMPANY_BEGINNINGS):
        return "Organization"
    if len(words) > 1 and last in type_words.COMPANY_WORDS:
        return "Organization"
    if last in type_words.STREETS or last.endswith(type_words.STREET_ENDINGS):
        return "Place"
    if len(words) > 1 and first in type_words.PLACE_BEGINNINGS:
        return "Place"
    if len(words) > 1 and last in type_words.PRODUCT_ENDINGS:
        return "Concept"
    if len(words) > 1 and first in type_words.STORMS:
        return "Event"
    if len(words) == 2 and first in type_words.NUMBERED and len(last) == 1:
        return "Concept"
    if len(words) > 1 and first not in GIVEN_NAMES and lexicon.TYPE_OF_HEAD.get(first) == "Place":
        return "Place"
    if len(words) == 1 and last.endswith(type_words.COMPANY_ENDINGS) and last not in wordnet.TYPE_OF_NOUN:
        return "Organization" if last not in GIVEN_NAMES | wordnet.PLACES else None
    head = words[words.index("of") - 1] if "of" in words[1:] else last
    is_capital = name.split()[words.index(head)][:1].isupper()
    if len(words) == 1 or not is_capital or head in type_words.UNCLEAR_AT_END:
        return None
    kind = lexicon.TYPE_OF_HEAD.get(head)
    if kind is None and first not in GIVEN_NAMES:  # "Tom Hill"
        kind = wordnet.TYPE_OF_NOUN.get(head)
    return kind if kind in ("Organization", "Place", "Event") else None


def known_type(name: str) -> str | None:
    """The type of a name that is on a list: a country's, a large city's, or one that begins with a given name."""
    words, plain = name.lower().split(), strip_accents(name.lower())  # "Kraków"
    if name.lower() in known_places.PLACES:
        return "Place"
    if words[0] in GIVEN_NAMES and len(words) <= 3:
        return "Person"
    return "Place" if plain in wordnet.PLACES or plain in known_places.PLACES else None


def listed_type(name: str) -> str:
    """The type of a name of which nothing is said, by lists: one that stands alone may be a given name by chance."""
    known = known_type(name) or ""
    is_full_name = all(word[:1].isupper() for word in name.split()) and " " in name
    return known if known == "Place" or is_full_name or gender_of(name) else ""


def is_of_person(speaker: str) -> bool:
    """Whether it is a person who speaks, and no "Booking Desk"."""
    return speaker.lower().split()[-1] not in type_words.DEPARTMENTS and type_of_words(speaker) in (None, "Person")


def gender_of(name: str) -> str:
    """f or m where the first name is almost only of that gender, else an empty string."""
    first = name.split()[0].lower() if name else ""
    return "f" if first in FEMALE_NAMES else "m" if first in MALE_NAMES else ""

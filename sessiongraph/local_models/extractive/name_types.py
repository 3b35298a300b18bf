"""Whether a name is a person's, an organization's or a place's, by what stands in it and around it.

The recogniser guesses at names that it does not know. So each name has evidence weighed: its own words ("Kiel Street"),
what its sentence does with it ("Bea booked", "born in Lodz", "the Skadi hat"), lists of known names, and the guess.
This is the internal and external evidence of McDonald (1996), "Internal and external evidence in the identification and
semantic categorization of proper names".
"""

from collections import Counter
from typing import TYPE_CHECKING

from sessiongraph.english import FEMALE_NAMES, MALE_NAMES
from sessiongraph.local_models.extractive import known_places, lexicon, type_words

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_TYPED = ("Person", "Organization", "Place")
_SURE, _LIKELY, _GUESSED = 4, 2, 1


def type_of_name(span: "Span", guess: str) -> str:
    """The type of the name `span`, which the recogniser, or its own last word, takes for a `guess`."""
    if guess not in (*_TYPED, "Product", "Concept"):
        return guess
    weights: Counter[str] = Counter()
    if own := type_of_words(span.text):
        weights[own] += _SURE
    for type_ in _around(span):
        weights[type_] += _LIKELY
    if known := known_type(span.text):
        weights[known] += _SURE if known == "Place" else _LIKELY + _GUESSED
    if guess in _TYPED and weights[guess]:
        weights[guess] += _GUESSED
    if not weights:
        return guess if guess not in _TYPED or _is_trusted(span, guess) else "Concept"
    best, weight = max(weights.items(), key=lambda each: each[1])
    return best if weight > 0 else guess


def _is_trusted(span: "Span", guess: str) -> bool:
    """Whether a guess stands by itself: of names of several words, and of those that nothing is said to qualify."""
    return len(span) > 1 or guess == "Person" or span.root.dep_ in ("pobj", "poss", "conj", "appos")


def type_of_words(name: str) -> str | None:
    """The type that a name's own words tell: "Kiel Street" is a place, "Mr. Kline" a person."""
    words = [word.rstrip(".,") for word in name.lower().split()]
    if words[-1].isdigit() and len(words) > 1:
        words.pop()
    last, first = words[-1], words[0]
    if first in lexicon.TITLES and len(words) > 1:
        return "Person"
    if last in type_words.COMPANY_WORDS or "&" in words or (first == "team" and len(words) > 1):
        return "Organization"
    if last in type_words.STREETS or last.endswith(("strasse", "straße", "gasse", "veien", "gatan", "straat")):
        return "Place"
    if len(words) > 1 and first in type_words.PLACE_BEGINNINGS:
        return "Place"
    kind = lexicon.TYPE_OF_HEAD.get(last) if len(words) > 1 and name.split()[-1][:1].isupper() else None
    return kind if kind in _TYPED else None


def known_type(name: str) -> str | None:
    """The type of a name that is on a list: a country's, a large city's, or one that begins with a first name."""
    words = name.lower().split()
    if name.lower() in known_places.PLACES:
        return "Place"
    return "Person" if words[0] in FEMALE_NAMES | MALE_NAMES and len(words) <= 3 else None


def _around(span: "Span") -> "list[str]":
    """The types that the words around a name speak for."""
    root = span.root
    found = [*_as_modifier(root, span), *_as_subject(root), *_as_object(root)]
    if any(
        child.dep_ == "relcl" and any(it.lower_ in ("who", "whose") for it in child.subtree) for child in root.rights
    ):
        found.append("Person")
    if root.dep_ == "conj" and root.head.pos_ == "PROPN":
        found += _as_subject(root.head) if root.head.dep_ in _SUBJECTS else []
    if (root.dep_ == "appos" and root.head.pos_ == "NOUN") or any(child.dep_ == "appos" for child in root.rights):
        found += _by_apposition(root)
    return found


def _as_modifier(root: "Token", span: "Span") -> "list[str]":
    """Of a name before a noun: "Agathe's father" is of a person, "the Skadi hat" a thing, "the Brno office" nowhere."""
    doc = root.doc
    before = doc[span.start - 1] if span.start > root.sent.start else None
    if (
        before is not None
        and before.lower_ in lexicon.OCCUPATIONS
        and before.dep_ in ("compound", "nmod", "amod", "appos")
    ):
        return ["Person", "Person"]
    head = root.head
    if root.dep_ == "poss":
        return ["Person"] if lexicon.is_kin(head) or head.lower_ in type_words.OF_PERSONS else []
    if root.dep_ in ("compound", "nmod") and head.i > root.i and head.pos_ == "NOUN":
        if head.lower_ in type_words.OFFICES:
            return ["Place"]
        return ["Concept", "Concept"] if head.lower_ not in lexicon.TITLES | lexicon.OCCUPATIONS else []
    if span.end < root.sent.end and doc[span.end].pos_ == "NOUN" and doc[span.end].dep_ in (*_SUBJECTS, "dobj", "pobj"):
        return ["Concept", "Concept"]  # "the Loomis keyboard", whichever of the two the parse takes for the head
    return []


def _as_subject(root: "Token") -> "list[str]":
    if root.dep_ not in _SUBJECTS:
        return []
    verb = root.head
    if root.dep_ == "nsubjpass" and verb.lemma_ in type_words.WITH_COMPANIES:
        return ["Organization"]
    verbs = [verb, *(child for child in verb.rights if child.dep_ in ("conj", "xcomp"))]
    if any(it.lemma_ in lexicon.PERSONAL_VERBS for it in verbs):
        return ["Person", "Person"]
    if verb.lemma_ in ("be", "become", "remain"):
        return _by_attribute(verb)
    if any(it.lemma_ in type_words.OF_COMPANIES for it in verbs):
        return ["Organization"]
    if any(it.lemma_ in type_words.VERBS_OF_THINGS for it in verbs):
        return ["Concept"]
    owned = any(token.lower_ in ("his", "her") and token.dep_ == "poss" for it in verbs for token in it.subtree)
    if owned or any(it.lemma_ in type_words.ACTIONS for it in verbs):
        return ["Person"]
    return []


def _by_attribute(verb: "Token") -> "list[str]":
    attribute = next((child for child in verb.rights if child.dep_ in ("attr", "acomp")), None)
    if attribute is None:
        return []
    if attribute.pos_ == "ADJ":
        return ["Person"] if attribute.lower_ in type_words.OF_SOMEBODY else []
    if attribute.lower_ in lexicon.OCCUPATIONS or lexicon.is_kin(attribute):
        return ["Person", "Person"]
    kind = lexicon.TYPE_OF_HEAD.get(attribute.lemma_.lower())
    if kind in _TYPED:
        return [kind, kind]
    return ["Concept", "Concept"] if attribute.pos_ == "NOUN" and attribute.lemma_ not in lexicon.EMPTY_NOUNS else []


def _by_apposition(root: "Token") -> "list[str]":
    beside = [root.head] if root.dep_ == "appos" else [child for child in root.rights if child.dep_ == "appos"]
    found: list[str] = []
    for noun in beside:
        if lexicon.is_kin(noun) or noun.lower_ in lexicon.OCCUPATIONS:
            found += ["Person", "Person"]
        elif noun.pos_ == "NOUN" and (kind := lexicon.TYPE_OF_HEAD.get(noun.lemma_.lower())):
            found += [kind, kind]
    return found


def _as_object(root: "Token") -> "list[str]":
    head = root.head
    if root.dep_ == "dobj" and head.lemma_ in type_words.WITH_PERSONS:
        return ["Person"]
    if root.dep_ == "dobj" and head.lemma_ in type_words.WITH_COMPANIES:
        return ["Organization"]
    if root.dep_ == "dative":
        return ["Person"]
    if root.dep_ != "pobj" or any(child.dep_ in ("det", "poss") for child in root.lefts):
        return []
    above, word = head.head, head.lower_
    if word in ("in", "near") and above.lemma_ not in lexicon.IN_NO_PLACE:
        return ["Place", "Place"]
    if word in ("to", "from", "for", "through", "at", "towards") and above.lemma_ in type_words.MOVING:
        return ["Place"]
    if word == "of" and above.lower_ in type_words.OF_PLACES:
        return ["Place"]
    if word == "by" and head.dep_ in ("agent", "prep"):
        if above.lemma_ in type_words.BY_COMPANIES:
            return ["Organization"]
        return ["Person"] if above.lemma_ in type_words.BY_PERSONS else []
    if word in ("at", "for", "with") and above.lemma_ in type_words.AT_COMPANIES:
        return ["Organization"]
    if word in ("with", "to", "about") and above.lemma_ in type_words.WITH_PERSONS:
        return ["Person"]
    return []


def gender_of(name: str) -> str:
    """f or m where the first name is almost only of that gender, else an empty string."""
    first = name.split()[0].lower() if name else ""
    return "f" if first in FEMALE_NAMES else "m" if first in MALE_NAMES else ""

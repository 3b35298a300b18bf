"""Which names mean the same entity: by rule, from the names of the dataset alone. Pure.

Invariant: resolution is a function of the set of names, not of the order in which they came. Nothing about it
is stored, so forgetting a name undoes every merge that rested on it.

The same are: a name in another case, with a possessive, an article, a title or other punctuation; and a first name
that exactly one full name of a person continues. Two people who share a first name stay two.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "doctor",
        "prof",
        "professor",
        "sir",
        "madam",
        "dame",
        "lord",
        "lady",
        "rev",
    ]
)
_ARTICLES = frozenset(("the", "a", "an"))
_POSSESSIVE = re.compile(r"['’]s?(?=\s|$)")
_NO_WORD = re.compile(r"[^\w&+#]+")
# A lone first name of one of these types is no person's.
_NO_PERSON = frozenset(
    [
        "place",
        "location",
        "city",
        "country",
        "gpe",
        "organization",
        "organisation",
        "company",
        "date",
        "event",
        "work",
        "product",
        "number",
    ]
)


def name_key(name: str) -> str:
    """The normal form of `name`: equal for its obvious variants."""
    text = unicodedata.normalize("NFKC", name).casefold()
    words = _NO_WORD.sub(" ", _POSSESSIVE.sub("", text)).split()
    while len(words) > 1 and (words[0] in _ARTICLES or words[0] in _TITLES):
        words = words[1:]
    return " ".join(words) or text.strip()


def resolve(types: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Key of the entity that each name key means; `types` are the types that were stated for each key."""
    kinds = {key: {kind.casefold() for kind in stated if kind} for key, stated in types.items()}
    full_names: dict[str, list[str]] = defaultdict(list)
    for key, kind in kinds.items():
        first, _, rest = key.partition(" ")
        if rest and "person" in kind:
            full_names[first].append(key)
    resolved = {}
    for key, kind in kinds.items():
        candidates = full_names.get(key, [])
        one_person = len(candidates) == 1 and not kind & _NO_PERSON
        resolved[key] = candidates[0] if one_person else key
    return resolved

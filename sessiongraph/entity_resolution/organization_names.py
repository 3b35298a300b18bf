"""Names of organizations: their legal forms, and the shorter names that they go by. Pure.

What does not belong here: which names a dataset holds and what they mean (`entity_resolver`).
"""

import re

from sessiongraph.accent_folding import strip_accents
from sessiongraph.english import word_set
from sessiongraph.entity_resolution.name_normalization import LEGAL_FORMS, PARTICLES, has_initials, spelling_key

_LEGAL = word_set("inc corp ltd co llc llp plc gmbh ag sa sas srl spa bv nv oy ab kg pty ооо оао зао пао ао тоо")
# In some languages the form stands before the name; where no space parts words, it is written as a part of it.
_LEGAL_FIRST = word_set("ооо оао зао пао ао тоо شركة")
_WRITTEN_TOGETHER = "株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限公司|주식회사|유한회사"
_LEGAL_AFFIX = re.compile(rf"\A(?:{_WRITTEN_TOGETHER})\s*(?=\S)|(?<=\S)\s*(?:{_WRITTEN_TOGETHER})\Z")
# Whose names have a company's, a town's or a founder's in them, and who are somebody else than these: "Velder Museum".
_OTHER_BODIES = word_set(
    """foundation trust institute research laboratory laboratories lab labs university college school academy hospital
    clinic museum gallery library archive press records ventures capital fund club team union league orchestra choir
    festival award prize cup department faculty division office branch society association
    stiftung institut forschung labor universitat hochschule schule akademie krankenhaus klinik bibliothek archiv verlag
    verein orchester chor preis abteilung
    fondation universite ecole academie hopital musee bibliotheque
    fundacion instituto universidad escuela academia museo biblioteca
    fondazione istituto universita scuola ospedale fundacao universidade escola museu"""
)
_JOINED = frozenset(("and", "&", "+", "und", "et", "y", "e"))
_ANY_ORGANIZATION = word_set("organization organisation")
_BETWEEN = PARTICLES | word_set(
    "from with by near under des du del della dei delle dos das do den dem der zum zur im am"
)
# What has fewer letters is short for too much; in scripts without capitals a letter is a syllable or a word.
_SHORT_LETTERS, _SHORT_SYLLABLES = 3, 2
_ACRONYM_LETTERS = range(3, 8)


def has_legal_form(key: str) -> bool:
    return _without_legal_words(key) != key


def without_legal_form(key: str) -> str | None:
    """ "acme inc" as "acme"; None where there is no legal form."""
    spelling = spelling_key(key)
    bare = _without_legal_words(spelling)
    return bare if bare != spelling else None


def _without_legal_words(key: str) -> str:
    words = (key if key.isascii() else _LEGAL_AFFIX.sub("", key, count=1)).split()
    if len(words) > 1 and LEGAL_FORMS.get(words[-1], words[-1]) in _LEGAL:
        words = words[:-1]
    elif len(words) > 1 and words[0] in _LEGAL_FIRST:
        words = words[1:]
    return " ".join(words)


def short_names(key: str) -> list[str]:
    """What an organization of that name may be called in short: the words that it begins or ends with, where the others
    do not make it somebody else. "northwind appliances gmbh": "northwind", "appliances"."""
    words = _without_legal_words(key).split()
    if not _JOINED.isdisjoint(words):
        return []
    parted = [(words[:place], words[place:]) for place in range(1, len(words))]
    return [
        " ".join(short)
        for one, other in parted
        for short, rest in ((one, other), (other, one))
        if _names_whole(short, rest)
    ]


def _names_whole(short: list[str], rest: list[str]) -> bool:
    """Whether `short` may be meant to name what has the words of `rest`, too: "Bank" is not "Bank of Velmark"."""
    return (
        sum(map(len, short)) >= (_SHORT_LETTERS if has_initials(short[0]) else _SHORT_SYLLABLES)
        and not all(map(str.isdigit, short))
        and _BETWEEN.isdisjoint((short[0], short[-1], rest[0], rest[-1]))
        and not any(strip_accents(word) in _OTHER_BODIES for word in rest)
    )


def acronyms(key: str) -> list[str]:
    """ "international business machines corp" as "ibm" and "ibmc"; three letters at least, of words that count. A legal
    form may count, as in "British Broadcasting Corporation"."""
    names = dict.fromkeys((_without_legal_words(key), key))
    initials = ("".join(word[0] for word in name.split() if word not in PARTICLES) for name in names)
    return [letters for letters in initials if len(letters) in _ACRONYM_LETTERS and letters.isalpha()]


def organization_types_compatible(types: frozenset[str], other_types: frozenset[str]) -> bool:
    """Whether what is stated to be of `types` may be of `other_types`: a company is no university."""
    one, other = types - _ANY_ORGANIZATION, other_types - _ANY_ORGANIZATION
    return not one or not other or not one.isdisjoint(other)

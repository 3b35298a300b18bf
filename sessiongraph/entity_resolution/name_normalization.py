"""Normalization of names: their keys, the shorter forms that they go by, and comparison up to a typo. Pure.

What does not belong here: which names a dataset holds and what they mean (`entity_resolver`).
"""

import re
import unicodedata

import regex
from rapidfuzz.distance import OSA

from sessiongraph.accent_folding import accents, strip_accents
from sessiongraph.english import ARTICLES, FEMALE_TITLES, MALE_TITLES, TITLES, word_set
from sessiongraph.writing_systems import INVISIBLE, LETTER_MARK

# Names of more words are not looked for in texts.
MAX_NAME_WORDS = 6
PARTICLES = word_set("of the and for in on at to de la von van der di da du")
_GENERATIONS = word_set("jr sr ii iii iv")
_POSSESSIVE = re.compile(r"['’]s?(?=\s|$)")
_INITIALS = re.compile(r"\b[^\W\d_](?:\.\s?[^\W\d_]\b)+|\b[^\W\d_](?: [^\W\d_]\b){2,}")
_NO_WORD = re.compile(r"[^\w&+#]+")
# The same for names that hold marks: a letter and its marks are one. Words of one letter are frequent in such scripts.
_MARKED_LETTER = rf"\p{{L}}(?:{LETTER_MARK})*+"
_MARKED_INITIALS = regex.compile(
    rf"(?<![\p{{L}}\p{{M}}\p{{N}}_]){_MARKED_LETTER}(?:\.\s?{_MARKED_LETTER}(?![\p{{L}}\p{{N}}_]))+"
)
_MARKED_WORD = regex.compile(rf"(?:[\p{{L}}\p{{N}}_&+#]|{LETTER_MARK})+")
_LETTER_AND_MARKS, _HAS_LETTER_MARK = regex.compile(_MARKED_LETTER), regex.compile(LETTER_MARK)
_NOT_LATIN = regex.compile(r"[^\P{L}\p{Latin}]")

LEGAL_FORMS = {
    "incorporated": "inc", "corporation": "corp", "limited": "ltd", "company": "co", "aktiengesellschaft": "ag"
}  # fmt: skip

_KINDS = {
    kind: name
    for name, kinds in {
        "person": "person people human individual character user speaker",
        "place": "place location city country gpe town village region state river mountain landmark",
        "organization": "organization organisation company institution business team agency university school",
        "work": "work film movie book song album show novel",
        "event": "event",
        "product": "product",
        "value": "date time number year quantity duration money percentage",
    }.items()
    for kind in kinds.split()
}
_TYPO_LETTERS, _TWO_TYPOS_LETTERS = 5, 10
# Short given names often differ by one letter and are two people's: Karin and Karen.
_GIVEN_NAME_LETTERS = 7


def name_key(name: str) -> str:
    """The normal form of `name`: equal for its obvious variants. Articles are no part of it, titles none of a full
    name's; what a title alone precedes is a surname, and the title tells whose."""
    text = unicodedata.normalize("NFKC", name).casefold()
    if not text.isascii():
        text = INVISIBLE.sub("", text)
    is_marked = not text.isascii() and _HAS_LETTER_MARK.search(text) is not None
    if is_marked:  # casefolding takes "ΐ" apart again
        text = _LETTER_AND_MARKS.sub(lambda letter: unicodedata.normalize("NFC", letter[0]), text)
    initials = _MARKED_INITIALS if is_marked else _INITIALS
    text = initials.sub(_joined, text)  # "U.S.A." and "U S A" as "usa"
    bare = _POSSESSIVE.sub("", text)
    words = _MARKED_WORD.findall(bare) if is_marked else _NO_WORD.sub(" ", bare).split()
    while len(words) > 1 and (words[0] in ARTICLES or (words[0] in TITLES and _is_full_name(words[1:]))):
        words = words[1:]
    # "U-S-A" is "u s a" by now.
    return initials.sub(_joined, " ".join(words)) or text.strip()


def _joined(letters: "re.Match[str] | regex.Match[str]") -> str:
    return re.sub(r"[.\s]", "", letters[0])


def _is_full_name(words: list[str]) -> bool:
    """Whether `words`, which a title precedes, name somebody without it."""
    return (len(words) > 1 and words[0] not in PARTICLES) or words[0] in TITLES


def entity_kinds(types: frozenset[str]) -> frozenset[str]:
    """The kinds of entity that stated types mean; types that mean none ("concept") are left out."""
    return frozenset(_KINDS[kind] for kind in types if kind in _KINDS)


def kinds_compatible(kinds: frozenset[str], other_kinds: frozenset[str]) -> bool:
    """Whether an entity of `kinds` may be one of `other_kinds`: unknown kinds contradict none."""
    return not kinds or not other_kinds or not kinds.isdisjoint(other_kinds)


def is_title_case(wording: str) -> bool:
    """Whether `wording` is written as a name is."""
    words = [word for word in _NO_WORD.sub(" ", wording).split() if word.casefold() not in PARTICLES]
    return bool(words) and words[0][0].isupper() and words[-1][0].isupper()


def title_gender(words: list[str]) -> str:
    """ "m" or "f" where the first of `words` is a title that says so, else ""."""
    title = words[0] if words else ""
    return "m" if title in MALE_TITLES else "f" if title in FEMALE_TITLES else ""


def titled_surname(key: str) -> str | None:
    """The surname in "mr smith"."""
    title, _, rest = key.partition(" ")
    return rest if title in TITLES and rest and " " not in rest else None


def given_and_surname(key: str) -> tuple[str, str] | None:
    """First and last word of a person's full name."""
    words = key.split()
    if titled_surname(key) or len(words) < 2 or not PARTICLES.isdisjoint((words[0], words[-1])):
        return None
    if words[-1] in _GENERATIONS:
        return (words[0], words[-2]) if len(words) > 2 else None
    return words[0], words[-1]


def surname_with_particle(key: str) -> str | None:
    """ "rosa de la cruz" as "de la cruz"; None where no particle begins a surname."""
    words = key.split()
    particles = [place for place in range(1, len(words) - 1) if words[place] in PARTICLES]
    return " ".join(words[particles[0] :]) if particles else None


def middle_names(key: str) -> list[str]:
    """The words between the first and the last of a full name: one of them may be a surname, too."""
    return [word for word in key.split()[1:-1] if word not in PARTICLES]


def without_middle(key: str) -> str | None:
    """ "alex b chen" as "alex chen"."""
    words = key.split()
    parts = given_and_surname(key)
    has_middle = len(words) > 2 and words[-1] not in _GENERATIONS and PARTICLES.isdisjoint(words)
    return f"{parts[0]} {parts[1]}" if parts and has_middle else None


def differ_in_accents(key: str, other: str) -> bool:
    """Whether two spellings outside Latin each have accents that the other has not: "Νίκος" and "Νικός", "עֹמֶר" and
    "עָמָר". One that has fewer may stand for the other."""
    if _NOT_LATIN.search(key) is None:
        return False
    pairs = list(zip(map(set, accents(key)), map(set, accents(other)), strict=False))
    return any(one - two for one, two in pairs) and any(two - one for one, two in pairs)


def has_initials(name: str) -> bool:
    """Whether `name` is of a script with capitals: in others a first letter is a syllable or a name of its own."""
    return name[:1].upper() != name[:1].lower()


def spelling_key(key: str) -> str:
    """`key` without accents, with "and" for "&" and legal forms abbreviated: equal for all spellings of a name."""
    words = ["and" if word == "&" else word for word in strip_accents(key).split()]
    return " ".join(words[:1] + [LEGAL_FORMS.get(word, word) for word in words[1:]])


def singular(key: str) -> str | None:
    """A plural as its singular, for what ends like one."""
    if (
        len(key) < 5
        or not key[-4:].isalpha()
        or not key.endswith("s")
        or key.endswith(("ss", "us", "is", "ics", "news", "series"))
    ):
        return None
    if key.endswith("ies"):
        return key[:-3] + "y"
    return key[:-2] if key.endswith(("ches", "shes", "sses", "xes")) else key[:-1]


def _differ_in_ending(one: str, two: str) -> bool:
    return one[:-1] == two[:-1] and {one[-1], two[-1]} != {"i", "y"}


def differ_by_typo(key: str, other: str, persons: bool) -> bool:
    """Whether one of two names is likely the other with a typo in one word. Never where a number differs, nor where an
    ending alone does ("Daniel", "Daniela"): that makes another name. Nor in other than Latin letters: a letter more or
    less makes a patronymic of a surname, or another family of Arabic name, and a letter of Chinese is a word."""
    words, others = key.split(), other.split()
    if len(words) != len(others) or _NOT_LATIN.search(key) or _NOT_LATIN.search(other):
        return False
    different = [place for place, word in enumerate(words) if word != others[place]]
    if len(different) != 1:
        return False
    place = different[0]
    one, two = sorted((words[place], others[place]), key=len)
    if one[0] != two[0] or not (one.isalpha() and two.isalpha()) or two.startswith(one) or _differ_in_ending(one, two):
        return False
    given = (persons and place < len(words) - 1) or len(words) == 1
    if len(one) < (_GIVEN_NAME_LETTERS if persons and given else _TYPO_LETTERS):
        return False
    allowed = 2 if len(one) >= _TWO_TYPOS_LETTERS else 1
    return OSA.distance(one, two, score_cutoff=allowed) <= allowed


def pair(a: str, b: str) -> tuple[str, str]:
    """Two name keys as an unordered pair."""
    return (a, b) if a <= b else (b, a)

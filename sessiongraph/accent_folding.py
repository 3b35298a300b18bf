"""Removal of accents, for names and words that are compared without them.

An accent is what readers leave out: a Latin or Greek diacritic, the stress and the dots of ё in Cyrillic, the vowel
points of Arabic and Hebrew. Any other mark is a part of its letter: the vowels of Hindi, Tamil and Thai, the voicing
of Japanese kana, the breve of й.
"""

import unicodedata
from collections.abc import Iterator

from sessiongraph.writing_systems import BEYOND_LATIN

_ALEF, _TATWEEL = "\u0627", "\u0640"
_STRESS, _DIAERESIS = frozenset("\u0300\u0301"), "\u0308"
_CYRILLIC_VOWELS = frozenset("аеиоуыэюяєі")
_MADDA_AND_HAMZA = frozenset("\u0653\u0654\u0655")


def strip_accents(text: str) -> str:
    """`text` without accents: "café" as "cafe"."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    if BEYOND_LATIN.search(decomposed) is None:
        return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", "".join(letter for letter, is_accent in _letters(decomposed) if not is_accent))


def accents(text: str) -> list[str]:
    """The accents of each letter that `strip_accents` leaves, in the letters' order; "" for a letter without any."""
    found: list[str] = []
    for letter, is_accent in _letters(unicodedata.normalize("NFKD", text)):
        if not is_accent:
            found.append("")
        elif found and letter != _TATWEEL:
            found[-1] += letter
    return found


def _letters(decomposed: str) -> Iterator[tuple[str, bool]]:
    """The characters of a decomposed text, each with whether it is an accent."""
    base = ""
    for letter in decomposed:
        if unicodedata.category(letter).startswith("M"):
            yield letter, _is_accent(letter, base)
        else:
            base = letter if letter != _TATWEEL else base
            yield letter, letter == _TATWEEL


def _is_accent(mark: str, base: str) -> bool:
    if "\u0400" <= base <= "\u052f":
        vowel = base.lower()
        return (mark in _STRESS and vowel in _CYRILLIC_VOWELS) or (mark == _DIAERESIS and vowel == "е")
    if "\u0590" <= base <= "\u05ff":
        return "\u0591" <= mark <= "\u05c7"
    if "\u0600" <= base <= "\u06ff" or "\u0750" <= base <= "\u077f" or "\u08a0" <= base <= "\u08ff":
        return base == _ALEF or mark not in _MADDA_AND_HAMZA
    return bool(unicodedata.combining(mark)) and BEYOND_LATIN.search(base) is None

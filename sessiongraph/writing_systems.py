"""Writing systems: which marks belong to a letter, which letters have no case, and what begins beyond Latin letters.

Python's `\\w` has no combining marks, so that a pattern of it takes the vowels out of a Hindi or a Thai name. What
depends on letters and marks together is written with `regex`, which knows scripts and marks; a text that `BEYOND_LATIN`
does not find in needs none of it.
"""

import re

import regex

# Letters of scripts after Greek. After NFKD, Latin text has none; signs and emoji are not among them.
BEYOND_LATIN = re.compile(
    "[\u0400-\u1cff\u2c80-\u2dff\u3005-\ua71f\ua800-\uab2f\uab70-\ufaff\ufb07-\ufdff\ufe20-\ufeff"
    "\U00010000-\U0001cfff\U00020000-\U000dffff]"
)
# A mark of a letter. Those of Latin letters that no single letter stands for were never part of a name's key.
LETTER_MARK = r"(?<=[^\P{L}\p{Latin}]\p{M}*)\p{M}"
# Says how a letter of such a script is drawn, or where a line may break, and is not seen itself.
INVISIBLE = regex.compile(
    r"(?<=[^\P{L}\p{Latin}]\p{M}*)"
    r"(?:[\u00ad\u034f\u061c\u0640\u180b-\u180d\u200b\u200d-\u200f\u202a-\u202e\u2060\u2066-\u2069"
    r"\ufe00-\ufe0f\U000e0100-\U000e01ef]|(?<=\p{M})\u200c)+"
)
_CASELESS = regex.compile(r"[^\P{Lo}\p{Latin}]")


def has_caseless_letter(text: str) -> bool:
    """Whether a letter of `text` is of a script without capitals, which shows no proper name as one."""
    return not text.isascii() and _CASELESS.search(text) is not None

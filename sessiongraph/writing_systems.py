"""Writing systems: which marks belong to a letter, which letters have no case, what begins beyond Latin letters, and
where a sentence ends.

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
# Question marks of Latin, full-width, Arabic, Greek, Ethiopic, Vai, Bamum and reversed scripts, and what else ends a
# sentence: of Latin, Chinese, Hindi, Urdu, Armenian, Ethiopic.
QUESTION_MARKS = "?？؟\u037e፧꘏꛷⸮⁇⁈⁉‽"
FULL_STOPS = ".!。！｡।॥۔։።…\u1362"
# These stand within words and numbers too, and end a sentence before white space alone; the others wherever they stand.
_SPACED = "?.!…"
UNSPACED_ENDS = "".join(mark for mark in QUESTION_MARKS + FULL_STOPS if mark not in _SPACED)
_CLOSING = "\"')\\]”’»」』）】》〉"
# A sentence with what ends it: its marks and what they close, the end of the line or of the text. Looked at once and
# never given back (++): a page of dots costs no more than a page of words.
SENTENCE = re.compile(
    rf".*?(?:(?<![{QUESTION_MARKS}{FULL_STOPS}])[{QUESTION_MARKS}{FULL_STOPS}]++"
    rf"(?:(?<=[{UNSPACED_ENDS}])[{_CLOSING}]*+|[{_CLOSING}]*+(?=\s))|\n+|\Z)",
    re.DOTALL,
)
_CASELESS = regex.compile(r"[^\P{Lo}\p{Latin}]")


def has_caseless_letter(text: str) -> bool:
    """Whether a letter of `text` is of a script without capitals, which shows no proper name as one."""
    return not text.isascii() and _CASELESS.search(text) is not None

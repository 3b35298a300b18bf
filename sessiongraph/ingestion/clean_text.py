"""Text cleaned for keeping: nothing invisible that could hide or split words, one form of each letter, one line break.

Invariant: what is clean stays as it is when it is cleaned again.
"""

import re
import unicodedata

_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANK_LINES = re.compile("\n{3,}")
_NO_BREAK_SPACES = str.maketrans(dict.fromkeys("\xa0\u2007\u202f", " "))
# Control characters; soft hyphens; zero-width, bidirectional, interlinear and tag characters; noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]+"
)
# The joiners are spelling in Persian and in the scripts of India and its neighbours, and hiding elsewhere.
_HIDING_JOINER = re.compile("(?<![\u0600-\u109f\u1780-\u18af])[\u200c\u200d]+")


def has_words(text: str) -> bool:
    """Whether `text` has a letter or a digit, of any script."""
    return any(character.isalnum() for character in text)


def clean(text: str) -> str:
    """`text` as every document's is (see the module); a lone surrogate becomes U+FFFD. Idempotent."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _LINE_BREAKS.sub("\n", text).translate(_NO_BREAK_SPACES)
    text = _HIDING_JOINER.sub("", _INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFC", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def clean_line(text: str) -> str:
    """`text` clean and on one line, as names are; bytes of a file name that are no Unicode become U+FFFD."""
    return " ".join(clean(text).split())

"""Text from outside, as a page may show it.

Invariant: it cannot mark up, hide or move anything. What HTML reads is escaped; control characters, and those that
turn the direction of writing around or cannot be seen, are replaced.
"""

import html
import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)


def safe(text: str) -> str:
    """`text` for the inside of an element or of a quoted attribute, in HTML or SVG."""
    return html.escape(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def cut(text: str, chars: int) -> str:
    """`text` on one line, of at most `chars` characters."""
    line = " ".join(text.split())
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"


def excerpt(text: str, about: str, chars: int) -> str:
    """Of `text`, on one line, the `chars` characters around where it first says `about`."""
    line = " ".join(text.split())
    start = max(0, line.casefold().find(about.casefold()) - chars // 2)
    start = max(0, min(start, len(line) - chars))
    if start:
        start = line.find(" ", start) + 1
    return ("… " if start else "") + cut(line[start:], chars)

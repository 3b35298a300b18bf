"""Text from outside, made fit to be shown.

Invariant: it cannot hide or move anything. Control characters, and those that turn the direction of writing around or
cannot be seen, are replaced. What HTML would read as markup is for the templates to escape.
"""

import re
from typing import Any

from markupsafe import Markup

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)


def replace_unseen(text: str) -> str:
    """`text` with a replacement character for each one that cannot be seen or that turns others around."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def as_shown(value: Any) -> Any:
    """`value` as a template may put it out; what the template itself has made is left as it is."""
    return replace_unseen(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def shorten(text: str, chars: int) -> str:
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
    return ("… " if start else "") + shorten(line[start:], chars)

"""Acknowledgements: what is answered to who tells something and asks nothing, and how such an answer is recognised.

An acknowledgement says again what was told, so it is no evidence of its own: whoever extracts or quotes leaves it out.
It is known by how it begins, a word such as "Noted" and a colon, which a model is asked for, too.
"""

import re

from sessiongraph.languages import LANGUAGES, language_of
from sessiongraph.speech_acts import greeting_of

# What is said where the language has no word that is known here.
_MARK = "✓"
_QUOTE_CHARS = 300
_LONGEST = 600
_NOTED = "|".join(re.escape(it.noted) for it in LANGUAGES.values())
_FORMAT = re.compile(rf"\s*[\"'*]*(?:(?:{_NOTED}|已記下|記下了|C'est noté)\s?[:：]|{_MARK} «)", re.IGNORECASE)

NOT_KEPT = (
    "Not kept: this tells something and asks nothing, and belongs to no session. Give a session_id (on the command "
    "line --session), and it is remembered."
)


def acknowledgement(statement: str, understood: str | None = None) -> str:
    """The acknowledgement of `statement`: what was `understood` of it, in its language, or else its own words."""
    code = language_of(statement)
    begin = f"{LANGUAGES[code].noted}:" if code else _MARK
    said = understood or f"«{_clipped(' '.join(statement.split()))}»"
    return f"{begin} {said}"


def is_acknowledgement(answer: str) -> bool:
    """Whether `answer` is an acknowledgement, as they are made here or asked of a model."""
    return len(answer) <= _LONGEST and bool(_FORMAT.match(answer))


def pleasantry(text: str) -> str:
    """What is replied to `text`, which only greets, thanks or assents."""
    kind = greeting_of(text)
    if kind == "greeting":
        return " ".join(text.split())
    code = language_of(text) or next(
        (code for code, it in LANGUAGES.items() if re.match(it.thanks, text.strip(), re.IGNORECASE)), "en"
    )
    return LANGUAGES[code].welcome if kind == "thanks" else "OK."


def _clipped(text: str) -> str:
    return text if len(text) <= _QUOTE_CHARS else text[: _QUOTE_CHARS - 1].rstrip() + "…"

"""Names that are no names: what a weak model takes for an entity. Rules of thumb, and meant to be no more."""

import re

import regex

_MOST_WORDS = 8
_PRONOUNS = frozenset(
    re.findall(
        r"\w+",
        """
        i me my mine we us our ours you your yours he him his she her hers it its they them their theirs this that these
        those who whom whose which what someone somebody anyone anybody everyone everybody nobody something anything
        everything nothing one ones myself yourself himself herself itself ourselves themselves
        """,
    )
)
_STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an the and or but if so as at by for from in into of off on onto out over to up with without is are was were
        be been being am do does did done have has had not no yes ok okay oh hey hi hello well just also very too then
        than there here when where why how all any both each few more most other some such only own same again once now
        maybe thanks thank please sure lot lots bit thing things stuff way user assistant speaker
        """,
    )
)
_NUMBER = re.compile(r"[\W\d_]*\d[\W\d_]*\Z")
# A number may well be one of these.
_NUMERIC_TYPES = frozenset(
    ("date", "time", "number", "quantity", "money", "year", "percent", "ordinal", "cardinal", "value")
)


def noise_reason(name: str, kind: str) -> str | None:
    """Why `name`, of an entity of the type `kind`, is probably none: a word that says it, or None."""
    words = regex.findall(r"[\p{L}\p{M}\p{N}_'’]+", name.casefold())
    if not words:
        return "punctuation"
    if all(word in _PRONOUNS for word in words):
        return "pronoun"
    if all(word in _STOPWORDS or word in _PRONOUNS for word in words):
        return "stopword"
    if _NUMBER.match(name) and kind.casefold() not in _NUMERIC_TYPES:
        return "number"
    if len(words) > _MOST_WORDS:
        return "sentence"
    letters = len(regex.findall(r"[\p{L}\p{M}\p{N}\s]", name))
    return "punctuation" if letters < 0.3 * len(name) else None

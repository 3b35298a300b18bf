"""Decomposition of a question by rule: at question marks, at "and", and at listed names. Pure."""

import re

import regex

from sessiongraph.english import QUESTION_WORDS

MAX_SUB_QUESTIONS = 5

_MARKS = re.compile(r"(?<=[?;])\s+")
# "… and where does she live": a second question begins with its own question word.
_AND_ASKS = re.compile(rf"\s*,?\s+(?:and|or|as well as)\s+(?=(?:{'|'.join(sorted(QUESTION_WORDS))})\b)", re.IGNORECASE)
# Words of a script without capitals may all be names; with a list and an "and" in a question they are.
_NAME = r"[\p{Lu}\p{Lo}][\w'’-]*(?: [\p{Lu}\p{Lo}][\w'’-]*)*"
_LISTED = regex.compile(rf"\b({_NAME}(?:, {_NAME})*),? and ({_NAME})\b(?!\s+(?:have|share|both|in common))")
_TOGETHER = re.compile(r"\b(?:between|both|together|each other|in common|share|married|meet|met|know)\b", re.IGNORECASE)


def sub_questions(query: str) -> list[str]:
    """The parts of `query`, MAX_SUB_QUESTIONS at the most; `query` alone where it is one question."""
    parts = [part.strip() for mark in _MARKS.split(query.strip()) for part in _AND_ASKS.split(mark)]
    found = [each for part in parts if part.strip("?; ") for each in _for_each(part)]
    return [_asked(part) for part in found[:MAX_SUB_QUESTIONS]] if len(found) > 1 else [query]


def _for_each(question: str) -> list[str]:
    """One question for each of the names listed in it, but not where it asks what they have to do with each other."""
    match = None if _TOGETHER.search(question) else _LISTED.search(question)
    if match is None:
        return [question]
    names = [name.strip() for name in (*match[1].split(","), match[2])]
    first = re.match(r"(?:When|Where|What|Who|How|Why|Did|Do|Does|Is|Are|Was|Were|Has|Have)\s+(.+)", names[0])
    if first:  # "Did Ann and Bob …": the question's first word is capitalised too
        lead, names[0] = names[0][: first.start(1)], first[1]
    else:
        lead = ""
    return [question[: match.start()] + lead + name + question[match.end() :] for name in names]


def _asked(part: str) -> str:
    return part.rstrip("?;., ") + "?"

"""Metadata of documents and turns: a JSON object that a program gives with what it puts in, and searches by.

It is no part of what is extracted, nor of a window's hash: it makes nothing due, and no model is given it. Everything
here refuses what is no such object, in words for whoever gave it.
"""

import json
from collections.abc import Mapping
from typing import Any

from sessiongraph.errors import InvalidInputError

Metadata = Mapping[str, Any]

# As JSON: it is for short values to search by; what is longer is a text of its own.
MOST_CHARACTERS = 10_000
_FORM = 'metadata is a JSON object, such as {"project": "atlas", "year": 2024}'


def checked_metadata(given: object) -> Metadata | None:
    """`given` as it is kept; None for None and for an empty object. Raises InvalidInputError where it is no object."""
    if given is None:
        return None
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise InvalidInputError(f"{_FORM}, with strings as its keys, not {given!r:.80}.")
    try:
        text = json.dumps(given if isinstance(given, dict) else dict(given), allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:  # of any depth, or not valid Unicode
        raise InvalidInputError(f"{_FORM}; this one cannot be written as JSON: {error!s:.120}.") from None
    if "\\u0000" in text:
        raise InvalidInputError("metadata holds a NUL character; take it out.")
    if len(text) > MOST_CHARACTERS:
        raise InvalidInputError(f"metadata is longer than {MOST_CHARACTERS:,} characters as JSON; add() is for texts.")
    return from_text(text) or None


def metadata_of_json(text: str | None) -> Metadata | None:
    """The metadata that a command line or a form gives as JSON. Raises InvalidInputError."""
    if text is None:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInputError(f"{_FORM}; {text!r:.80} is no JSON.") from None
    if not isinstance(given, dict):
        raise InvalidInputError(f"{_FORM}, not {text!r:.80}.")
    return checked_metadata(given)


def to_text(metadata: Metadata | None) -> str | None:
    """`metadata` as it is stored: the same text for the same metadata."""
    return json.dumps(dict(metadata), sort_keys=True, ensure_ascii=False) if metadata else None


def from_text(text: str | None) -> Metadata | None:
    """The metadata that `to_text` wrote."""
    return json.loads(text) if text else None

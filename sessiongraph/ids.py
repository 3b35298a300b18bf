"""Names and ids: how an id is made from what it identifies, and which names from outside are accepted.

Ids are content hashes, so that the same thing put in twice is one thing, in any process.
"""

import hashlib
import re
from typing import Any
from uuid import uuid4

from sessiongraph.errors import InvalidInputError

_SESSION_ID = re.compile(r"(?!\.)[A-Za-z0-9._:@+=~-]{1,200}\Z")
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._@+=~-]{1,200}\Z")


def content_id(*parts: str) -> str:
    """A 32-digit hex id of `parts`; each part's length goes in too, so that no two lists share an id."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    joined = b"".join([len(data).to_bytes(8, "big") + data for data in encoded])
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def text_id(text: str) -> str:
    """The id under which the embedding of `text` is stored: what `md5(text)` is in SQL."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def new_id() -> str:
    """A fresh random id, for what has no content to be named by (turns, operations)."""
    return uuid4().hex


def session_document_id(user_id: str, session_id: str) -> str:
    """The id of the document that a user's session is in any dataset."""
    return content_id("session", user_id, session_id)


def turn_passage_id(document_id: str, turn_id: str) -> str:
    """The id of the passage that a turn is, whatever its wording."""
    return content_id("turn", document_id, turn_id)


def check_session_id(session_id: Any) -> str:
    """`session_id` itself where it is well formed; raises InvalidInputError."""
    return _checked(_SESSION_ID, session_id, "session id", "A-Z a-z 0-9 . _ : @ + = ~ -")


def check_turn_id(turn_id: Any) -> str:
    """`turn_id` itself where it is well formed; raises InvalidInputError."""
    return _checked(_SESSION_ID, turn_id, "turn id", "A-Z a-z 0-9 . _ : @ + = ~ -")


def check_name(name: Any, kind: str = "dataset name") -> str:
    """`name` itself where it is well formed (a dataset's, a user's, a node set's); raises InvalidInputError."""
    return _checked(_NAME, name, kind, "A-Z a-z 0-9 . _ @ + = ~ -")


def key_parts(key: str) -> tuple[str, str]:
    """Owner and name in the key of a dataset, "owner/name"; raises InvalidInputError where it is malformed."""
    owner, slash, name = key.partition("/")
    if not slash:
        raise InvalidInputError(f"{key!r} is not the key of a dataset: write it as owner/name.")
    return check_name(owner, kind="user name"), check_name(name)


def dataset_parts(dataset: Any) -> tuple[str, str]:
    """Owner and name in a dataset's key, or "" and its name or id; raises InvalidInputError where it is malformed."""
    if not isinstance(dataset, str) or "/" not in dataset:
        return "", check_name(dataset)
    return key_parts(dataset)


def _checked(pattern: re.Pattern[str], value: Any, kind: str, letters: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"A {kind} must be a string, not {type(value).__name__}.")
    if not pattern.match(value):
        shown = ascii(value if len(value) <= 60 else value[:60] + "…")
        raise InvalidInputError(f"{shown} is not a {kind}: use 1 to 200 of {letters}, not starting with a dot.")
    return value

"""Names that mean a speaker, or what is theirs, as they are kept: with the id of the user. Pure.

    "the user" → the user's key; "the user's sister" → a name of its own with a key made of theirs

What does not belong here: what a speaker is called (`snapshots.speakers`).
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array
from sessiongraph.entity_resolution.name_normalization import name_key

# In no name: marks a key or a wording that a user's id is part of, and parts its words.
_MARK, _GAP = "\x02", "\x1f"
_OWN = re.compile(r"(?:the\s+)?(?:user|speaker)(?:['’]s?\s+(?P<theirs>\S.*))?\Z", re.I | re.S)
_FIRST_PERSON = re.compile(r"(?:i|me|myself)\Z|(?:my|our)\s+(?P<theirs>\S.*)\Z", re.I | re.S)


def speaker_key(user_id: str) -> str:
    """The name key of the user of that id."""
    return f"{_MARK}{user_id}{_MARK}"


def own_names(names: Array, users: Array, by_user: Array) -> Array:
    """`names` as they are kept: those that mean a speaker ("the user") or what is theirs ("the user's sister") with the
    id of the user. `users` are the users in whose turns they stand (None: in no turn), `by_user` where they say so."""
    in_turns = np.flatnonzero(users != None)  # noqa: E711
    codes, distinct = pd.factorize(names[in_turns])
    theirs = [_theirs(name, _OWN) for name in distinct]
    first_person = [_theirs(name, _FIRST_PERSON) for name in distinct]
    found = np.array([it is not None for it in theirs], bool)
    found_by_user = np.array([it is not None for it in first_person], bool)
    kept = names.copy()
    # Nobody's text makes a name of another user.
    for row in np.flatnonzero([name.startswith(_MARK) for name in names.tolist()]).tolist():
        kept[row] = names[row].replace(_MARK, "")
    for place in np.flatnonzero(found[codes] | (found_by_user[codes] & by_user[in_turns])).tolist():
        row, code = in_turns[place], codes[place]
        kept[row] = speaker_key(users[row]) + (theirs[code] if theirs[code] is not None else first_person[code])
    return kept


def keys_of_name(name: str, user_ids: Iterable[str]) -> list[str]:
    """The name keys that evidence of this wording may be about: of what a speaker is or has, those of each user."""
    theirs = next((it for own in (_OWN, _FIRST_PERSON) if (it := _theirs(name, own)) is not None), None)
    if theirs is None:
        return [name_key(name)]
    return [name_key(name), *(key_of_wording(speaker_key(user_id) + theirs) for user_id in user_ids)]


def _theirs(name: str, own: re.Pattern[str]) -> str | None:
    """What of the speaker's `name` is, "" for the speaker; None where it is neither."""
    match = own.match(name)
    return None if match is None else match["theirs"] or ""


def key_of_wording(wording: str) -> str:
    """The name key of a wording, as `own_names` keeps it."""
    if not wording.startswith(_MARK):
        return name_key(wording)
    user_id, theirs = name_parts(wording)
    # One word to every rule that compares names by their words, and none that has an ending.
    return speaker_key(user_id) + (name_key(theirs).replace(" ", _GAP) + _MARK if theirs else "")


def user_of_name(wording: str) -> str | None:
    """The id of the user whose name, or what of theirs', `wording` is as `own_names` keeps it; None for any other."""
    return name_parts(wording)[0] if wording.startswith(_MARK) else None


def is_speaker_key(key: str) -> bool:
    return key.startswith(_MARK) and not name_parts(key)[1]


def is_relative_key(key: str) -> bool:
    """Whether it is the key of what is known by its relation to a speaker."""
    return key.startswith(_MARK) and bool(name_parts(key)[1])


def name_parts(marked: str) -> tuple[str, str]:
    """Of a name as `own_names` keeps it, the user's id and what of theirs it is, "" for themselves."""
    user_id, _, theirs = marked[len(_MARK) :].partition(_MARK)
    return user_id, theirs


def with_users(key: str, ids: Mapping[str, str]) -> str:
    """`key`, where it is of a user whose id is in `ids`, as the key of the user of the id that stands there."""
    if not key.startswith(_MARK):
        return key
    user_id = name_parts(key)[0]
    return speaker_key(ids.get(user_id, user_id)) + key.removeprefix(speaker_key(user_id))

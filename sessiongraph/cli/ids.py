"""Ids as a person types them: a beginning is enough where it can mean only one."""

from collections.abc import Iterable

from sessiongraph.errors import InvalidInputError

# Of fewer letters, a name that is not there would often be how some id begins.
_LEAST = 4
_MOST_NAMED = 8


def meant(given: str, known: Iterable[str], kind: str) -> str:
    """The one of `known` that `given` is or begins; `given` itself where it begins none, which whoever needs it says.

    Raises InvalidInputError where it begins several.
    """
    known = set(known)
    found = sorted({id_ for id_ in known if len(given) >= _LEAST and id_.startswith(given)})
    if given in known or not found:
        return given
    if len(found) > 1:
        named = ", ".join(found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")
        raise InvalidInputError(f"{given!r} could be {len(found)} {kind}: {named}. Type more of the one that is meant.")
    return found[0]

"""The rules by which two names are one entity, each with the names that it may speak of. Pure.

A rule puts a long name under tokens (`long_for`), asks for each token which short names it could be that of
(`short_for`), and `accepts` a pair or not. A short name joins the one entity that the accepted long names mean; where
they mean several, it is nobody's, and stays its own. Rules of a later layer see what the earlier ones made one.
Alike rules know no short and long: all names under one token are one.

Cheap and certain comes first; what a rule does not know is left apart.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sessiongraph.entity_resolution.name_normalization import (
    FEMALE_TITLES,
    MALE_TITLES,
    TITLES,
    acronym,
    agree,
    gender,
    given_and_surname,
    is_title_case,
    kinds_of,
    singular,
    spelled_alike,
    titled_surname,
    without_legal_form,
    without_middle,
)

# Relations whose object is another name of the subject, in the normal form of a fact's relation.
_ALIAS_RELATION = re.compile(
    r"(is |are |was )?"
    r"((also|formerly|better|commonly|previously|officially|often|sometimes|once|originally|later|now) )?"
    r"(known as|abbreviated (as|to)|nicknamed|referred to as|renamed (to|as))"
    r"|((is|are|was) )?(also|formerly|commonly|officially|often|originally|later|now) (called|named)|(is|are) called"
    r"|(stands?|is short|short) for|(is )?an? (abbreviation|acronym|alias|nickname) (for|of)"
    r"|(has )?(nickname|alias|abbreviation|acronym|full name|real name|birth name|other name)( is)?"
    r"|goes by( the name)?( of)?|aka"
)


@dataclass(frozen=True)
class Named:
    """What the live evidence says of one name key."""

    types: frozenset[str] = frozenset()  # as stated, casefolded, without ""
    wordings: frozenset[str] = frozenset()  # the name as it was written
    neighbours: frozenset[str] = frozenset()  # name keys that stand with it in a claim; symmetric
    aliases: frozenset[str] = frozenset()  # name keys that a claim says are another name of it

    @property
    def is_person(self) -> bool:
        return "person" in kinds_of(self.types)


Names = Mapping[str, Named]


@dataclass(frozen=True, eq=False)
class Rule:
    """See the module. `short_of` is the token that a short name asks for; `because` takes {short} and {long}."""

    name: str
    layer: int
    because: str
    long_for: Callable[[str, Named], Collection[str]]
    accepts: Callable[[Names, str, str], bool]
    short_for: Callable[[str], Iterable[str]] = lambda token: (token,)
    short_of: Callable[[str], str | None] = lambda key: key
    alike: bool = False
    of_person: bool = False  # the entity must be known to be a person; who may be one makes a name another's too


def is_alias_relation(relation: str) -> bool:
    """Whether a claim of `relation` (casefolded, single spaces) says that its object is another name of its subject."""
    return _ALIAS_RELATION.fullmatch(relation) is not None


def _some(token: str | None, key: str) -> Collection[str]:
    return (token,) if token and token != key else ()


def _agreeing(names: Names, short: str, long: str) -> bool:
    return agree(names[short].types, names[long].types)


def _beside(names: Names, short: str, long: str) -> bool:
    """Whether a claim tells of both, as of two."""
    return long in names[short].neighbours


def _spacings(key: str, named: Named) -> Collection[str]:
    return (key.replace(" ", ""),) if key.count(" ") == 1 and len(key) > 5 and not named.is_person else ()


def _plurals(key: str, named: Named) -> Collection[str]:
    return _some(singular(key), key) if _is_common(named) else ()


def _is_common(named: Named) -> bool:
    """Whether a name is a common noun: nobody wrote it with a capital."""
    return bool(named.wordings) and all(wording == wording.lower() for wording in named.wordings)


def _both_common(names: Names, short: str, long: str) -> bool:
    return _is_common(names[short]) and _is_common(names[long]) and _agreeing(names, short, long)


def _is_name(named: Named) -> bool:
    return any(map(is_title_case, named.wordings))


def _is_called(names: Names, short: str, long: str) -> bool:
    return _is_name(names[short]) and _is_name(names[long]) and _agreeing(names, short, long)


def _as_common(names: Names, short: str, long: str) -> bool:
    return _is_common(names[short]) == _is_common(names[long]) and _agreeing(names, short, long)


def _is_abbreviated(names: Names, short: str, long: str) -> bool:
    in_capitals = any(
        wording.replace(".", "").replace(" ", "").isupper()
        and wording.replace(".", "").replace(" ", "").casefold() == short
        for wording in names[short].wordings
    )
    kinds = kinds_of(names[short].types) & kinds_of(names[long].types)
    return in_capitals and _is_name(names[long]) and bool(kinds - {"person"})


def _is_company(names: Names, short: str, long: str) -> bool:
    return _is_called(names, short, long) and not (names[short].is_person or _beside(names, short, long))


def _full_name(key: str, named: Named) -> tuple[str, str] | None:
    """First and last word of what is a person's name, or may be one for all that is known."""
    if named.is_person or (not kinds_of(named.types) and key.count(" ") < 3 and _is_name(named)):
        return given_and_surname(key)
    return None


def _surnames(key: str, named: Named) -> Collection[str]:
    parts = _full_name(key, named)
    return (parts[1],) if parts else ()


def _initialled(key: str, named: Named) -> Collection[str]:
    parts = _full_name(key, named)
    return _some(f"{parts[0][0]} {parts[1]}", key) if parts else ()


def _lone_names(key: str, named: Named) -> Collection[str]:
    if (surname := titled_surname(key)) is not None:
        return (surname,)
    return _full_name(key, named) or ()


def _both_persons(names: Names, short: str, long: str) -> bool:
    return names[short].is_person and not _beside(names, short, long)


def _is_titled(names: Names, short: str, long: str) -> bool:
    """Mr Smith is no Mrs Smith; where nothing tells the full name's gender, the only title there is decides."""
    if _beside(names, short, long):
        return False
    title, surname = short.split()
    own = gender([title])
    told = {gender(wording.casefold().replace(".", " ").split()) for wording in names[long].wordings} - {""}
    if not own or told:
        return not own or told == {own}
    opposite = FEMALE_TITLES if own == "m" else MALE_TITLES
    return not any(f"{other} {surname}" in names for other in opposite)


def _is_lone(names: Names, short: str, long: str) -> bool:
    """A lone surname must be known to be a person's; a lone first name must not be known to be none."""
    kinds = kinds_of(names[short].types)
    if _beside(names, short, long) or _is_common(names[short]):
        return False
    if long.startswith(short + " "):
        return not kinds or "person" in kinds
    return "person" in kinds


def _spellings(key: str, named: Named) -> Collection[str]:
    return _some(spelled_alike(key), key)


def _acronyms(key: str, named: Named) -> Collection[str]:
    return _some(acronym(key), key)


def _bare_companies(key: str, named: Named) -> Collection[str]:
    return _some(without_legal_form(key), key)


def _without_middle(key: str, named: Named) -> Collection[str]:
    return _some(without_middle(key) if named.is_person else None, key)


def _titled(surname: str) -> list[str]:
    return [f"{title} {surname}" for title in sorted(TITLES)]


RULES = (
    Rule("spelling", 1, "is “{long}” in another spelling", _spellings, _agreeing, alike=True),
    Rule("spacing", 1, "is “{long}” with another spacing", _spacings, _as_common, alike=True),
    Rule("plural", 1, "is the plural or the singular of “{long}”", _plurals, _both_common, alike=True),
    Rule("alias", 2, "is said to be another name of “{long}”", lambda key, named: named.aliases, _is_called),
    Rule("acronym", 2, "are the initials of “{long}” alone", _acronyms, _is_abbreviated),
    Rule("legal form", 2, "is “{long}” without its legal form", _bare_companies, _is_company),
    Rule("middle name", 2, "is “{long}” without the middle name", _without_middle, _both_persons, of_person=True),
    Rule("title", 3, "can only be “{long}”", _surnames, _is_titled, _titled, titled_surname, of_person=True),
    Rule("initial", 3, "can only be “{long}”", _initialled, _both_persons, of_person=True),
    Rule("lone name", 4, "can only be “{long}”: nobody else bears that name", _lone_names, _is_lone, of_person=True),
)  # fmt: skip
LAYERS = 4

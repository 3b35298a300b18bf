"""Rules by which two names are one entity. Pure.

A rule indexes a long name under tokens (`long_name_tokens`), generates for each token the short names that could stand
for it (`short_names_of`), and `accepts` a pair where the short name could mean the long one. It joins the one entity
that the accepted long names mean, if one of them `suffices`; where they mean several, it is ambiguous and stays an
entity of its own, and so it does where a claim is about it and one of them, as about two: that it is not this one does
not say which one it is. Rules of a later layer see the clusters that the earlier ones made. Symmetric rules know no
short and long: all names under one token are one.

Cheap and certain rules come first; names that no rule knows stay separate.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sessiongraph.entity_resolution.name_context import context_of_short_name
from sessiongraph.entity_resolution.name_evidence import EvidenceByKey, NameEvidence
from sessiongraph.entity_resolution.name_normalization import (
    FEMALE_TITLES,
    MALE_TITLES,
    TITLES,
    differ_in_accents,
    given_and_surname,
    has_initials,
    is_title_case,
    kinds_compatible,
    middle_names,
    singular,
    spelling_key,
    surname_with_particle,
    title_gender,
    titled_surname,
    without_middle,
)
from sessiongraph.entity_resolution.organization_names import (
    acronyms,
    has_legal_form,
    organization_types_compatible,
    short_names,
    without_legal_form,
)
from sessiongraph.entity_resolution.speaker_names import is_relative_key

# "Alice's dog" and "Alice and Bob" begin with Alice, who is meant there too.
_POSSESSED = re.compile(r"(?:(?:the|an?)\s+)?\S+['’]s?\s", re.IGNORECASE)
# Fewer letters begin too many names to make one ambiguous.
_BEGINNING_LETTERS = 3
_JOINED = frozenset(("and", "&", "+"))
_PERSON = frozenset(("person",))


@dataclass(frozen=True, eq=False)
class Rule:
    """A merge rule, as the module describes it. `short_name_token` is the token that a short name may stand for;
    `because` is the reason shown, with {long} for the long name and {beside} for the context of both. A symmetric rule
    links no names under a token of which any two are `apart`: what could be either is neither."""

    name: str
    layer: int
    because: str
    long_name_tokens: Callable[[str, NameEvidence], Collection[str]]
    accepts: Callable[[EvidenceByKey, str, str], bool]
    short_names_of: Callable[[str], Iterable[str]] = lambda token: (token,)
    short_name_token: Callable[[str], str | None] = lambda key: key
    symmetric: bool = False
    apart: Callable[[str, str], bool] = lambda key, other: False
    suffices: Callable[[EvidenceByKey, str, str], bool] = lambda names, short, long: True
    in_one_claim: bool = False  # whether a claim about both leaves them one
    reads_context: bool = False  # whether what both stand beside counts


def _unless_same(token: str | None, key: str) -> Collection[str]:
    return (token,) if token and token != key else ()


def _same_kind(names: EvidenceByKey, short: str, long: str) -> bool:
    return kinds_compatible(names[short].kinds, names[long].kinds)


def _spacings(key: str, evidence: NameEvidence) -> Collection[str]:
    return (key.replace(" ", ""),) if key.count(" ") == 1 and len(key) > 5 and not evidence.is_person else ()


def _plurals(key: str, evidence: NameEvidence) -> Collection[str]:
    return _unless_same(singular(key), key) if _is_common(evidence) else ()


def _is_common(evidence: NameEvidence) -> bool:
    """Whether a name is a common noun: it was never written with a capital."""
    return bool(evidence.wordings) and all(wording == wording.lower() for wording in evidence.wordings)


def _both_common(names: EvidenceByKey, short: str, long: str) -> bool:
    return _is_common(names[short]) and _is_common(names[long]) and _same_kind(names, short, long)


def _is_proper_name(evidence: NameEvidence) -> bool:
    """Whether it was written as a name is; in scripts without capitals, whether it is known what it names."""
    return any(map(is_title_case, evidence.wordings)) or (
        bool(evidence.kinds) and any(word[:1].isalpha() and not has_initials(word) for word in evidence.wordings)
    )


def _both_proper_names(names: EvidenceByKey, short: str, long: str) -> bool:
    return _is_proper_name(names[short]) and _is_proper_name(names[long]) and _same_kind(names, short, long)


def _same_case(names: EvidenceByKey, short: str, long: str) -> bool:
    return _is_common(names[short]) == _is_common(names[long]) and _same_kind(names, short, long)


def _is_acronym(names: EvidenceByKey, short: str, long: str) -> bool:
    in_capitals = any(
        wording.replace(".", "").replace(" ", "").isupper()
        and wording.replace(".", "").replace(" ", "").casefold() == short
        for wording in names[short].wordings
    )
    kinds = names[short].kinds | names[long].kinds
    return in_capitals and _both_proper_names(names, short, long) and bool(kinds - _PERSON)


def _is_known_acronym(names: EvidenceByKey, short: str, long: str) -> bool:
    """Other things have the same initials: one of unknown type must stand beside what the long name does."""
    return bool(names[short].kinds & names[long].kinds) or bool(context_of_short_name(names, short, long))


def _is_organization(names: EvidenceByKey, short: str, long: str) -> bool:
    return _both_proper_names(names, short, long) and not names[short].is_person


def _short_organization_names(key: str, evidence: NameEvidence) -> Collection[str]:
    return short_names(key) if "organization" in evidence.kinds and _is_proper_name(evidence) else ()


def _is_short_organization_name(names: EvidenceByKey, short: str, long: str) -> bool:
    return (
        _is_organization(names, short, long)
        and "organization" in names[short].kinds
        and organization_types_compatible(names[short].types, names[long].types)
    )


def _share_context(names: EvidenceByKey, short: str, long: str) -> bool:
    return bool(context_of_short_name(names, short, long))


def _full_name(key: str, evidence: NameEvidence) -> tuple[str, str] | None:
    """First and last word of a name that is, or may be, a person's."""
    if evidence.is_person or (not evidence.kinds and key.count(" ") < 3 and _is_proper_name(evidence)):
        return given_and_surname(key)
    return None


def _surnames(key: str, evidence: NameEvidence) -> Collection[str]:
    parts = _full_name(key, evidence)
    return (parts[1],) if parts else ()


def _initialled(key: str, evidence: NameEvidence) -> Collection[str]:
    parts = _full_name(key, evidence) if has_initials(key) else None
    return _unless_same(f"{parts[0][0]} {parts[1]}", key) if parts else ()


def _lone_names(key: str, evidence: NameEvidence) -> Collection[str]:
    if " " not in key:
        return ()
    if (surname := titled_surname(key)) is not None:
        return (surname,)
    parts = _full_name(key, evidence)
    if parts and evidence.is_person:
        return {*parts, *middle_names(key), *filter(None, (surname_with_particle(key),))}
    if parts and not has_legal_form(key):
        return parts
    return {*(parts or ()), *_beginnings(key, evidence)}


def _beginnings(key: str, evidence: NameEvidence) -> Collection[str]:
    """What a proper name of several words, no person's, begins with: of "Annabel Corp", "anna" too."""
    first, second, *_ = key.split()
    if second in _JOINED or not _is_proper_name(evidence) or any(map(_POSSESSED.match, evidence.wordings)):
        return ()
    if not evidence.kinds and not has_legal_form(key):
        return (first,)
    return [first, *(first[:stop] for stop in range(_BEGINNING_LETTERS, len(first)))]


def _both_persons(names: EvidenceByKey, short: str, long: str) -> bool:
    return names[short].is_person


def _is_person(names: EvidenceByKey, short: str, long: str) -> bool:
    return names[long].is_person


def _fits_title(names: EvidenceByKey, short: str, long: str) -> bool:
    """Mr Smith is no Mrs Smith; where nothing tells the full name's gender, the only title there is decides."""
    title, surname = short.split()
    own = title_gender([title])
    stated = {title_gender(wording.casefold().replace(".", " ").split()) for wording in names[long].wordings} - {""}
    if not own or stated:
        return not own or stated == {own}
    opposite = FEMALE_TITLES if own == "m" else MALE_TITLES
    return not any(f"{other} {surname}" in names for other in opposite)


def _is_lone(names: EvidenceByKey, short: str, long: str) -> bool:
    """A lone surname must be known to be a person's; a lone first name must not be known to be anything else."""
    kinds = names[short].kinds
    if _is_common(names[short]) or _is_named_after_person(names, long):
        return False
    if names[long].kinds and not names[long].is_person and long in names[short].neighbours:
        return False  # "Anna works at Annabel Corp"
    if long.startswith(short):
        return not kinds or "person" in kinds
    return "person" in kinds


def _bears_lone_name(names: EvidenceByKey, short: str, long: str) -> bool:
    """Whether the person is called by it; a middle name only makes a surname ambiguous."""
    borne = (*(given_and_surname(long) or ()), titled_surname(long), surname_with_particle(long))
    return names[long].is_person and short in borne


def _is_named_after_person(names: EvidenceByKey, key: str) -> bool:
    """Whether `key` begins with a person's full name, as "Anna Berg Prize" does: it bears no name of its own."""
    words = key.split()
    beginnings = (" ".join(words[:count]) for count in range(2, len(words)))
    return not names[key].is_person and any(one in names and names[one].is_person for one in beginnings)


def _stated_aliases(key: str, evidence: NameEvidence) -> Collection[str]:
    # Somebody's sister may be any of two who are called so.
    is_ambiguous = is_relative_key(key) and len({alias.split()[0] for alias in evidence.aliases}) > 1
    return () if is_ambiguous else evidence.aliases


def _is_alias(names: EvidenceByKey, short: str, long: str) -> bool:
    return _both_proper_names(names, short, long) or (is_relative_key(long) and _is_proper_name(names[short]))


def _spellings(key: str, evidence: NameEvidence) -> Collection[str]:
    return _unless_same(spelling_key(key), key)


def _acronyms(key: str, evidence: NameEvidence) -> Collection[str]:
    return [initials for initials in acronyms(key) if initials != key]


def _bare_companies(key: str, evidence: NameEvidence) -> Collection[str]:
    return _unless_same(without_legal_form(key), key)


def _without_middle(key: str, evidence: NameEvidence) -> Collection[str]:
    return _unless_same(without_middle(key) if evidence.is_person and has_initials(key) else None, key)


def _with_titles(surname: str) -> list[str]:
    return [f"{title} {surname}" for title in sorted(TITLES)]


RULES = (
    Rule("spelling", 1, "is “{long}” in another spelling", _spellings, _same_kind, symmetric=True,
         apart=differ_in_accents),
    Rule("spacing", 1, "is “{long}” with another spacing", _spacings, _same_case, symmetric=True),
    Rule("plural", 1, "is the plural or the singular of “{long}”", _plurals, _both_common, symmetric=True),
    Rule("alias", 2, "is said to be another name of “{long}”", _stated_aliases, _is_alias, in_one_claim=True),
    Rule("acronym", 2, "are the initials of “{long}” alone", _acronyms, _is_acronym, suffices=_is_known_acronym,
         in_one_claim=True, reads_context=True),
    Rule("legal form", 2, "is “{long}” without its legal form", _bare_companies, _is_organization),
    Rule("middle name", 2, "is “{long}” without the middle name", _without_middle, _both_persons, suffices=_is_person),
    Rule("title", 3, "can only be “{long}”", _surnames, _fits_title, _with_titles, titled_surname,
         suffices=_is_person),
    Rule("initial", 3, "can only be “{long}”", _initialled, _both_persons, suffices=_is_person),
    Rule("short name", 3, "can only be “{long}”, which stands beside {beside}, too: no other organization's name "
         "begins or ends so", _short_organization_names, _is_short_organization_name, suffices=_share_context,
         reads_context=True),
    Rule("lone name", 4, "can only be “{long}”: nobody else bears that name", _lone_names, _is_lone,
         suffices=_bears_lone_name),
)  # fmt: skip
LAYERS = 4

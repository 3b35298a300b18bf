"""The evidence about a name that rules of resolution read. Pure.

What does not belong here: what follows from it (`merge_rules`, `typos`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sessiongraph.entity_resolution.name_normalization import entity_kinds

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
class NameEvidence:
    """The live evidence about one name key."""

    types: frozenset[str] = frozenset()  # as stated, casefolded, without ""
    wordings: frozenset[str] = frozenset()  # the name as it was written
    neighbours: frozenset[str] = frozenset()  # name keys that stand with it in a claim; symmetric
    aliases: frozenset[str] = frozenset()  # name keys that a claim says are another name of it

    @cached_property
    def kinds(self) -> frozenset[str]:
        return entity_kinds(self.types)

    @property
    def is_person(self) -> bool:
        return "person" in self.kinds


EvidenceByKey = Mapping[str, NameEvidence]


def is_alias_relation(relation: str) -> bool:
    """Whether a claim of `relation` (casefolded, single spaces) says that its object is another name of its subject."""
    return _ALIAS_RELATION.fullmatch(relation) is not None

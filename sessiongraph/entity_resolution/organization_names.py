"""Names of organizations: their legal forms, and the shorter names that they go by. Pure.

What does not belong here: which names a dataset holds and what they mean (`entity_resolver`).
"""

from sessiongraph.english import word_set
from sessiongraph.entity_resolution.name_normalization import LEGAL_FORMS, PARTICLES, spelling_key

_LEGAL = word_set("inc corp ltd co llc llp plc gmbh ag sa sas srl spa bv nv oy ab kg pty")
_ACRONYM_LETTERS = range(3, 8)


def has_legal_form(key: str) -> bool:
    last = key.rpartition(" ")[2]
    return last in _LEGAL or last in LEGAL_FORMS


def without_legal_form(key: str) -> str | None:
    """ "acme inc" as "acme"; None where there is no legal form."""
    words = spelling_key(key).split()
    return " ".join(words[:-1]) if len(words) > 1 and words[-1] in _LEGAL else None


def acronym(key: str) -> str | None:
    """ "international business machines" as "ibm"; three letters at least, of words that count."""
    words = key.split()
    if len(words) > 2 and words[-1] in _LEGAL | LEGAL_FORMS.keys():
        words = words[:-1]
    initials = "".join(word[0] for word in words if word not in PARTICLES)
    return initials if len(initials) in _ACRONYM_LETTERS and initials.isalpha() else None

"""What two names stand beside: context in which they may be one. Pure."""

from collections.abc import Mapping

from sessiongraph.entity_resolution.name_evidence import EvidenceByKey, NameEvidence

# A neighbour of more names than that is no context: everybody in a conversation is a neighbour of who leads it.
CONTEXT_NAMES = 30


def shared_context(names: EvidenceByKey, one: str, other: str) -> set[str]:
    """The neighbours that two names share and few others have."""
    shared = names[one].neighbours & names[other].neighbours
    return {key for key in shared if key in names and len(names[key].neighbours) <= CONTEXT_NAMES}


def context_of_short_name(names: EvidenceByKey, short: str, long: str) -> set[str]:
    """What a name and its short form both stand beside, but what has a word of them: a founder's firm and foundation
    stand beside the founder."""
    words = set(short.split())
    return {key for key in shared_context(names, short, long) if words.isdisjoint(key.split())}


def names_in_other_context(
    before: Mapping[str, NameEvidence | None], changes: Mapping[str, NameEvidence | None]
) -> set[str]:
    """The names that may share another context since `changes`: those with other neighbours, and those beside a name
    that has become context or is none any more."""
    found: set[str] = set()
    for key, evidence in changes.items():
        earlier = before[key]
        old = earlier.neighbours if earlier is not None else frozenset()
        new = evidence.neighbours if evidence is not None else frozenset()
        if old != new:
            found.add(key)
            was_context, is_context = (len(beside) <= CONTEXT_NAMES for beside in (old, new))
            if was_context != is_context:
                found |= old if was_context else new
    return found

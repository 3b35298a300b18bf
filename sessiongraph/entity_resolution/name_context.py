"""What two names stand beside: context in which they may be one. Pure."""

from sessiongraph.entity_resolution.name_evidence import EvidenceByKey

# A neighbour of more names than that is no context: everybody in a conversation is a neighbour of who leads it.
CONTEXT_NAMES = 30


def shared_context(names: EvidenceByKey, one: str, other: str) -> set[str]:
    """The neighbours that two names share and few others have."""
    shared = names[one].neighbours & names[other].neighbours
    return {key for key in shared if key in names and len(names[key].neighbours) <= CONTEXT_NAMES}

"""Which turns may hold secrets: those that belong to a dataset that allows them."""

from collections import Counter

from sessiongraph.access.control import AccessControl
from sessiongraph.secret_masking import mask_turn
from sessiongraph.types import Turn


def without_secrets(access: AccessControl, turn: Turn) -> tuple[Turn, Counter[str]]:
    """`turn` as it may be kept where it belongs, and how many secrets of which kind were masked in it. Blocks."""
    masked, counts = mask_turn(turn)
    if counts and access.allows_secrets(turn.user_id, turn.dataset_id):
        return turn, Counter()
    return masked, counts

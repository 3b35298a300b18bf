"""Which cached sessions belong to a dataset, and who may bring sessions into it.

Invariant: a turn belongs to the dataset that it was searched in; one without any belongs to its user's own
main dataset. Only of users who may write a dataset does it take turns.
"""

from collections.abc import Callable, Sequence

from resources.access.control import AccessControl
from resources.errors import CacheUnavailableError, PermissionDeniedError
from resources.ids import check_session_id
from resources.session_cache.base import SessionCache
from resources.types import MAIN_DATASET, Dataset, Turn, User


def belongs_to(dataset: Dataset) -> Callable[[Turn], bool]:
    """Whether a turn belongs to `dataset`."""

    def belongs(turn: Turn) -> bool:
        if turn.dataset_id is None:
            return dataset.name == MAIN_DATASET and dataset.owner_id == turn.user_id
        return turn.dataset_id == dataset.id

    return belongs


def discover_sessions(cache: SessionCache, access: AccessControl, dataset: Dataset) -> dict[User, list[str]]:
    """The cached sessions with turns that belong to `dataset`, by user. Blocks.

    One that cannot be read is among them, so that staging says why. Raises CacheUnavailableError where the cache
    does not answer at all.
    """
    belongs = belongs_to(dataset)
    found: dict[User, list[str]] = {}
    for user in access.holders(dataset, "write"):
        for session in cache.list_sessions(user.id):
            if _has_turn(cache, user, session.session_id, belongs):
                found.setdefault(user, []).append(session.session_id)
    return found


def named_sessions(
    access: AccessControl, dataset: Dataset, sessions: Sequence[tuple[str, str]]
) -> dict[User, list[str]]:
    """`sessions`, pairs of a user's name or id and a session id, by user. Blocks.

    Raises InvalidInputError for an unknown user or a malformed id, PermissionDeniedError for a user who may not
    write `dataset`.
    """
    named: dict[User, list[str]] = {}
    for name, session_id in sessions:
        user = access.get_user(name)
        if "write" not in access.permissions(user, dataset):
            raise PermissionDeniedError(
                f"{user.name!r} may not write {dataset.key!r}, so their sessions cannot be persisted into it: its "
                f"owner, {dataset.owner_name!r}, grants it with datasets.grant or `sessiongraph datasets grant`."
            )
        named.setdefault(user, []).append(check_session_id(session_id))
    return named


def _has_turn(cache: SessionCache, user: User, session_id: str, belongs: Callable[[Turn], bool]) -> bool:
    try:
        return any(map(belongs, cache.get_turns(user.id, session_id)))
    except CacheUnavailableError:
        return True

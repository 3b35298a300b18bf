"""Routing of cached sessions: which belong to a dataset, who may bring theirs into it, and which a run takes.

Invariant: where a turn belongs is fixed when it is written: the dataset that was searched or given, else the only one
that supplied what it cites, else (none is written down then) its user's own main dataset. It waits until it is staged
there, and nothing else clears that. Only of users who may write a dataset does it take turns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessiongraph.errors import PermissionDeniedError
from sessiongraph.ids import check_session_id
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.types import MAIN_DATASET, Dataset, Turn, User

if TYPE_CHECKING:
    from sessiongraph.access.control import AccessControl


@dataclass(frozen=True)
class SessionSelection:
    """The sessions that a run of a dataset takes, by user, and the turns of them: those that belong to the dataset.

    With `whole`, the sessions were named, all of their turns are taken, the others as copies, and one of the sessions
    at least must be known.
    """

    sessions: Mapping[User, Sequence[str]]
    belongs: Callable[[Turn], bool]
    whole: bool

    def takes(self, turn: Turn) -> bool:
        return self.whole or self.belongs(turn)


def select_sessions(
    cache: SessionCache,
    access: "AccessControl",
    dataset: Dataset,
    named: Sequence[tuple[str, str]] | None,
    whole: bool,
) -> SessionSelection:
    """What a run of `dataset` takes, and what its dry run looks at. Blocks.

    `named` are pairs of a user's name or id and a session id: they are taken `whole`, wherever they were searched, or
    else just their turns that belong to the dataset. None means every session that has turns which belong to it, and
    of those these turns. Raises as `named_sessions` and `discover_sessions` do.
    """
    if named is None:
        return SessionSelection(discover_sessions(cache, access, dataset), belongs_to(dataset), whole=False)
    sessions = named_sessions(access, dataset, named)
    return SessionSelection(sessions, belongs_to(dataset), whole)


def belongs_to(dataset: Dataset) -> Callable[[Turn], bool]:
    """Whether a turn belongs to `dataset`."""

    def belongs(turn: Turn) -> bool:
        if turn.dataset_id is None:
            return dataset.name == MAIN_DATASET and dataset.owner_id == turn.user_id
        return turn.dataset_id == dataset.id

    return belongs


def homes_of_sessions(
    cache: SessionCache, access: "AccessControl", user: User, session_ids: Sequence[str]
) -> dict[str, dict[str, int]]:
    """How many turns of each of the user's cached sessions belong to which dataset, by key ("" for one that is gone).

    Blocks. Raises CacheUnavailableError.
    """
    keys = {dataset.id: dataset.key for dataset in access.all_datasets()}
    found: dict[str, dict[str, int]] = {}
    for session_id in session_ids:
        counts: dict[str, int] = {}
        for turn in cache.get_turns(user.id, session_id):
            key = f"{user.name}/{MAIN_DATASET}" if turn.dataset_id is None else keys.get(turn.dataset_id, "")
            counts[key] = counts.get(key, 0) + 1
        if counts:
            found[session_id] = counts
    return found


def discover_sessions(cache: SessionCache, access: "AccessControl", dataset: Dataset) -> dict[User, list[str]]:
    """The cached sessions with turns that belong to `dataset`, by user: persisted already or not. Blocks.

    Raises CacheUnavailableError where the cache does not answer.
    """
    listed = cache.sessions_of(dataset.id)
    if dataset.name == MAIN_DATASET:
        listed += cache.sessions_of(None, dataset.owner_id)
    writers = {user.id: user for user in access.holders(dataset, "write")}
    found: dict[User, list[str]] = {}
    for user_id, session_id in dict.fromkeys(listed):
        if user_id in writers:
            found.setdefault(writers[user_id], []).append(session_id)
    return found


class Routes:
    """Into which dataset turns go, for many of them: who may write what is asked once, and held while it lives."""

    def __init__(self, access: "AccessControl") -> None:
        self._access = access
        self._users = {user.id: user for user in access.list_users()}
        self._datasets = {dataset.id: dataset for dataset in access.all_datasets()}
        self._writers: dict[str, set[str]] = {}

    def dataset_key(self, user_id: str, dataset_id: str | None) -> str | None:
        """The key of the dataset that such turns of the user belong to.

        None where there is no such user or dataset any more, or where the user may not write it.
        """
        user = self._users.get(user_id)
        if user is None:
            return None
        if dataset_id is None:
            return f"{user.name}/{MAIN_DATASET}"
        dataset = self._datasets.get(dataset_id)
        return dataset.key if dataset is not None and user_id in self._writer_ids(dataset) else None

    def user_name(self, user_id: str) -> str:
        return self._users[user_id].name

    def _writer_ids(self, dataset: Dataset) -> set[str]:
        if dataset.id not in self._writers:
            self._writers[dataset.id] = {user.id for user in self._access.holders(dataset, "write")}
        return self._writers[dataset.id]


def named_sessions(
    access: "AccessControl", dataset: Dataset, sessions: Sequence[tuple[str, str]]
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

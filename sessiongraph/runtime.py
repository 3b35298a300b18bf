"""The resources that API calls use, and the questions every call asks first: who, which dataset, may they.

One set of resources a process and settings, so that calls share the cache's connection, the model's limits and the
snapshots; changed environment variables take effect with the next call.
"""

import asyncio
import threading
from collections.abc import Sequence

from resources.bundle import Resources
from resources.errors import InvalidInputError
from resources.settings import Settings, load_settings
from resources.types import Dataset, Permission, User

_made: dict[Settings, Resources] = {}
_guard = threading.Lock()


def resources() -> Resources:
    """The resources for the settings of this moment."""
    settings = load_settings()
    with _guard:
        return _made.setdefault(settings, Resources(settings))


async def acting_user(bundle: Resources, user: User | None) -> User:
    """`user`, or the default user, who is created on first use. Opens access control, in a thread."""
    if user is None:
        return await asyncio.to_thread(lambda: bundle.access.default_user())
    if not isinstance(user, User):
        raise InvalidInputError(
            f"user must be a User, not {type(user).__name__}: await get_default_user(), users.get(name) or "
            "users.create(name) gives one."
        )
    return await asyncio.to_thread(lambda: bundle.access.get_user(user.id))


async def permitted(bundle: Resources, user: User, dataset: str, permission: Permission) -> Dataset:
    """The dataset that `dataset` (a name, an owner/name or an id) means to `user`, who has `permission` on it."""
    if not isinstance(dataset, str):
        raise InvalidInputError(f"A dataset is given by its name, a string, not {type(dataset).__name__}.")
    return await asyncio.to_thread(bundle.access.resolve, user, dataset, permission)


async def all_permitted(
    bundle: Resources, user: User, datasets: Sequence[str] | str | None, permission: Permission
) -> list[Dataset]:
    """The named datasets or, for None, all on which `user` has `permission`."""
    if datasets is None:
        return await asyncio.to_thread(bundle.access.list_datasets, user, permission)
    names = [datasets] if isinstance(datasets, str) else list(datasets)
    if not names:
        raise InvalidInputError("datasets is empty: name at least one, or leave it out to mean all of yours.")
    return [await permitted(bundle, user, name, permission) for name in dict.fromkeys(names)]

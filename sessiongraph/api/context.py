"""The questions that every call asks first: who, which dataset, may they; and is what was given what it should be."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sessiongraph import telemetry
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name
from sessiongraph.services import Services
from sessiongraph.types import Dataset, Permission, User

T = TypeVar("T")


async def acting_user(services: Services, user: User | None) -> User:
    """`user`, or the default user, who is created on first use. Opens access control, in a thread."""
    return await asyncio.to_thread(acting, services, user)


def acting(services: Services, user: User | None) -> User:
    """As `acting_user`, for who is in a thread already."""
    if user is None:
        return services.last_known.ask("default user", lambda: services.access.default_user())
    if not isinstance(user, User):
        raise InvalidInputError(
            f"user must be a User, not {type(user).__name__}: await get_default_user(), users.get(name) or "
            "users.create(name) gives one."
        )
    return services.last_known.ask(user.id, lambda: services.access.get_user(user.id))


async def named_user(services: Services, user: User) -> User:
    """The user that is meant by name: unlike whoever acts, never the default one for None."""
    return await acting_user(services, checked(user, User, "user"))


def checked(value: Any, kind: type[T], name: str) -> T:
    """`value` itself if it is a `kind`; raises InvalidInputError."""
    if not isinstance(value, kind):
        raise InvalidInputError(
            f"{name} must be a {kind.__name__}, not {type(value).__name__}: {name}s.get(name) gives one."
        )
    return value


def check_flag(value: object, name: str) -> None:
    """Refuse what is neither True nor False: "no" would be true."""
    if not isinstance(value, bool):
        raise InvalidInputError(f"{name} is True or False, not {value!r:.60}.")


def names(values: Any, name: str) -> list[str]:
    """The distinct strings in `values`, a list or another collection of them; a string alone is none of those."""
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
        raise InvalidInputError(f"{name} is a list of strings, not {type(values).__name__}.")
    listed = list(values)
    for value in listed:
        if not isinstance(value, str):
            raise InvalidInputError(f"{name} is a list of strings; {type(value).__name__} is in it.")
    return list(dict.fromkeys(listed))


def node_set_names(values: Any, name: str) -> list[str]:
    """As `names`, each of them well formed as a node set."""
    return [check_name(value, "node set") for value in names(values, name)]


async def permitted(services: Services, user: User, dataset: str, permission: Permission) -> Dataset:
    """The dataset that `dataset` (a name, an owner/name or an id) means to `user`, who has `permission` on it."""
    found = await asyncio.to_thread(permitted_now, services, user, dataset, permission)
    telemetry.annotate({"sessiongraph.dataset.id": found.id})
    return found


def permitted_now(services: Services, user: User, dataset: str, permission: Permission) -> Dataset:
    """As `permitted`, for who is in a thread already."""
    if not isinstance(dataset, str):
        raise InvalidInputError(f"A dataset is given by its name, a string, not {type(dataset).__name__}.")
    if permission != "read":
        return services.access.resolve(user, dataset, permission)
    return services.last_known.ask((user.id, dataset), lambda: services.access.resolve(user, dataset, "read"))


async def all_permitted(
    services: Services, user: User, datasets: Sequence[str] | str | None, permission: Permission
) -> list[Dataset]:
    """The named datasets or, for None, all on which `user` has `permission`."""
    found = await _all_permitted(services, user, datasets, permission)
    telemetry.annotate({"sessiongraph.datasets": len(found)})
    if len(found) == 1:
        telemetry.annotate({"sessiongraph.dataset.id": found[0].id})
    return found


def _all_permitted_now(services: Services, user: User, permission: Permission) -> list[Dataset]:
    if permission != "read":
        return services.access.list_datasets(user, permission)
    return services.last_known.ask((user.id, None), lambda: services.access.list_datasets(user, "read"))


async def _all_permitted(
    services: Services, user: User, datasets: Sequence[str] | str | None, permission: Permission
) -> list[Dataset]:
    if datasets is None:
        return await asyncio.to_thread(_all_permitted_now, services, user, permission)
    chosen = names([datasets] if isinstance(datasets, str) else datasets, "datasets")
    if not chosen:
        raise InvalidInputError("datasets is empty: name at least one, or leave it out to mean all of yours.")
    found = [await asyncio.to_thread(permitted_now, services, user, name, permission) for name in chosen]
    return list(dict.fromkeys(found))

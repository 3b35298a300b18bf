"""Datasets: what a user may see, who else may, and how one is deleted."""

import asyncio
import builtins

from sessiongraph.api.context import acting_user, named_user, permitted, resources
from sessiongraph.services import Resources
from sessiongraph.types import Dataset, Permission, Role, User


async def create(name: str, *, user: User | None = None) -> Dataset:
    """The user's dataset of that name, new or there already."""
    bundle = resources()
    owner = await acting_user(bundle, user)
    return await asyncio.to_thread(bundle.access.create_dataset, owner, name)


async def list(*, user: User | None = None) -> builtins.list[Dataset]:
    """The datasets that `user` may read, their own and those granted to them."""
    bundle = resources()
    return await asyncio.to_thread(bundle.access.list_datasets, await acting_user(bundle, user))


async def grant(dataset: str, to: User | Role, permission: Permission, *, by: User | None = None) -> None:
    """Let a user, or whoever is in a role, read, write, delete or share a dataset.

    Raises PermissionDeniedError unless `by` may share it, InvalidInputError for a user or role of another tenant.
    """
    bundle = resources()
    granting, receiving = await acting_user(bundle, by), await _grantee(bundle, to)
    target = await permitted(bundle, granting, dataset, "share")
    await asyncio.to_thread(bundle.access.grant, target, receiving, permission, granting)


async def _grantee(bundle: Resources, to: User | Role) -> User | Role:
    return to if isinstance(to, Role) else await named_user(bundle, to)


async def revoke(dataset: str, to: User | Role, permission: Permission, *, by: User | None = None) -> None:
    """Take a permission back. Raises PermissionDeniedError unless `by` may share the dataset."""
    bundle = resources()
    revoking, losing = await acting_user(bundle, by), await _grantee(bundle, to)
    target = await permitted(bundle, revoking, dataset, "share")
    await asyncio.to_thread(bundle.access.revoke, target, losing, permission, revoking)


async def grants(dataset: str, *, user: User | None = None) -> builtins.list[tuple[User | Role, Permission]]:
    """Who else may do what with a dataset. Raises PermissionDeniedError unless `user` may share it."""
    bundle = resources()
    target = await permitted(bundle, await acting_user(bundle, user), dataset, "share")
    return await asyncio.to_thread(bundle.access.grants, target)


async def delete(name: str, *, user: User | None = None) -> None:
    """Delete a dataset with everything in it: its file, its inbox, its grants. Its turns stay in the cache.

    Raises DatasetNotFoundError, PermissionDeniedError unless `user` owns it or may delete it.
    """
    bundle = resources()
    acting = await acting_user(bundle, user)
    target = await permitted(bundle, acting, name, "delete")
    await asyncio.to_thread(bundle.delete_files, target)
    await asyncio.to_thread(bundle.access.delete_dataset, target, acting)

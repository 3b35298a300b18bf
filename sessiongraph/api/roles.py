"""Roles: named groups of users, to which `datasets.grant` gives what every one of them may then do.

A role is of one tenant, or of those who are in none, and so are its users.
"""

import asyncio
import builtins

from sessiongraph.api.context import acting_user, checked, named_user, resources
from sessiongraph.types import Role, Tenant, User


async def create(name: str, *, tenant: Tenant | None = None, by: User | None = None) -> Role:
    """A new role with nobody in it, owned by `by`: of `tenant` or, for None, of the tenant that `by` is in, if any.

    Raises InvalidInputError where there is one of that name, or `by` neither owns the tenant nor is in it.
    """
    if tenant is not None:
        checked(tenant, Tenant, "tenant")
    bundle = resources()
    owner = await acting_user(bundle, by)
    return await asyncio.to_thread(bundle.access.groups.create_role, name, owner, tenant)


async def get(name: str, *, user: User | None = None) -> Role:
    """The role of that name in the tenant that `user` is in, or of "tenant/name". Raises InvalidInputError."""
    bundle = resources()
    acting = await acting_user(bundle, user)
    return await asyncio.to_thread(bundle.access.groups.get_role, name, acting)


async def list(*, user: User | None = None) -> builtins.list[Role]:
    """The roles of the tenant that `user` is in, and of those that they own."""
    bundle = resources()
    return await asyncio.to_thread(bundle.access.groups.list_roles, await acting_user(bundle, user))


async def users(role: Role, *, user: User | None = None) -> builtins.list[User]:
    """Who is in a role that `user` may know of, by name. Raises InvalidInputError."""
    bundle = resources()
    acting = await acting_user(bundle, user)
    return await asyncio.to_thread(bundle.access.groups.role_users, checked(role, Role, "role"), acting)


async def assign(role: Role, user: User, *, by: User | None = None) -> None:
    """Put a user into a role. Raises PermissionDeniedError unless `by` owns the role or its tenant.

    Raises InvalidInputError for a user or a role of another tenant.
    """
    checked(role, Role, "role")
    bundle = resources()
    owner, joining = await acting_user(bundle, by), await named_user(bundle, user)
    await asyncio.to_thread(bundle.access.groups.assign, role, joining, owner)


async def unassign(role: Role, user: User, *, by: User | None = None) -> None:
    """Take a user out of a role. Raises PermissionDeniedError unless `by` owns the role or its tenant."""
    checked(role, Role, "role")
    bundle = resources()
    owner, leaving = await acting_user(bundle, by), await named_user(bundle, user)
    await asyncio.to_thread(bundle.access.groups.unassign, role, leaving, owner)


async def delete(role: Role, *, by: User | None = None) -> None:
    """Delete a role, and with it what was granted to it. Raises PermissionDeniedError as `assign` does."""
    checked(role, Role, "role")
    bundle = resources()
    owner = await acting_user(bundle, by)
    await asyncio.to_thread(bundle.access.groups.delete_role, role, owner)

"""Tenants: users who see each other and nobody else, and can grant nothing to anybody else.

A user is in one tenant at the most; those who are in none are among themselves. Names of users and tenants are taken
once in all of a home, whoever may see them.
"""

import asyncio
import builtins

from sessiongraph.api.context import acting_user, checked, named_user, resources
from sessiongraph.types import Tenant, User


async def create(name: str, *, by: User | None = None) -> Tenant:
    """A new tenant with nobody in it, owned by `by`. Raises InvalidInputError where there is one of that name."""
    bundle = resources()
    owner = await acting_user(bundle, by)
    return await asyncio.to_thread(bundle.access.groups.create_tenant, name, owner)


async def get(name: str, *, user: User | None = None) -> Tenant:
    """The tenant of that name, which `user` owns or is in. Raises InvalidInputError."""
    bundle = resources()
    acting = await acting_user(bundle, user)
    return await asyncio.to_thread(bundle.access.groups.get_tenant, name, acting)


async def list(*, user: User | None = None) -> builtins.list[Tenant]:
    """The tenants that `user` owns or is in, by name."""
    bundle = resources()
    return await asyncio.to_thread(bundle.access.groups.list_tenants, await acting_user(bundle, user))


async def users(tenant: Tenant, *, user: User | None = None) -> builtins.list[User]:
    """Who is in a tenant that `user` owns or is in, by name. Raises InvalidInputError."""
    bundle = resources()
    acting = await acting_user(bundle, user)
    return await asyncio.to_thread(bundle.access.groups.tenant_users, checked(tenant, Tenant, "tenant"), acting)


async def add_user(tenant: Tenant, user: User, *, by: User | None = None) -> None:
    """Put a user into a tenant. Raises PermissionDeniedError unless `by` owns it.

    Raises InvalidInputError where the user is in another tenant, or shares datasets or roles with others already.
    """
    checked(tenant, Tenant, "tenant")
    bundle = resources()
    owner, joining = await acting_user(bundle, by), await named_user(bundle, user)
    await asyncio.to_thread(bundle.access.groups.add_tenant_user, tenant, joining, owner)


async def remove_user(tenant: Tenant, user: User, *, by: User | None = None) -> None:
    """Take a user out of a tenant. Raises PermissionDeniedError unless `by` owns it.

    They keep what is theirs, unshared: their roles, grants to them and grants on their datasets end.
    """
    checked(tenant, Tenant, "tenant")
    bundle = resources()
    owner, leaving = await acting_user(bundle, by), await named_user(bundle, user)
    await asyncio.to_thread(bundle.access.groups.remove_tenant_user, tenant, leaving, owner)

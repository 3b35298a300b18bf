"""Tenants: users who see each other and nobody else, and can grant nothing to anybody else.

A user is in one tenant at the most; those who are in none are among themselves. Names of users and tenants are taken
once in all of a home, whoever may see them.
"""

import asyncio
import builtins

from sessiongraph.api.context import acting_user, checked, named_user
from sessiongraph.services import Services
from sessiongraph.types import Tenant, User


class Tenants:
    """Tenants: users who see each other and nobody else, and can grant nothing to anybody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, name: str, *, by: User | None = None) -> Tenant:
        """A new tenant with nobody in it, owned by `by`. Raises InvalidInputError where there is one of that name."""
        services = self._services
        owner = await acting_user(services, by)
        return await asyncio.to_thread(services.access.groups.create_tenant, name, owner)

    async def get(self, name: str, *, user: User | None = None) -> Tenant:
        """The tenant of that name, which `user` owns or is in. Raises InvalidInputError."""
        services = self._services
        acting = await acting_user(services, user)
        return await asyncio.to_thread(services.access.groups.get_tenant, name, acting)

    async def list(self, *, user: User | None = None) -> builtins.list[Tenant]:
        """The tenants that `user` owns or is in, by name."""
        services = self._services
        return await asyncio.to_thread(services.access.groups.list_tenants, await acting_user(services, user))

    async def users(self, tenant: Tenant, *, user: User | None = None) -> builtins.list[User]:
        """Who is in a tenant that `user` owns or is in, by name. Raises InvalidInputError."""
        services = self._services
        acting = await acting_user(services, user)
        return await asyncio.to_thread(services.access.groups.tenant_users, checked(tenant, Tenant, "tenant"), acting)

    async def add_user(self, tenant: Tenant, user: User, *, by: User | None = None) -> None:
        """Put a user into a tenant. Raises PermissionDeniedError unless `by` owns it.

        Raises InvalidInputError where the user is in another tenant, or shares datasets or roles with others already.
        """
        checked(tenant, Tenant, "tenant")
        services = self._services
        owner, joining = await acting_user(services, by), await named_user(services, user)
        await asyncio.to_thread(services.access.groups.add_tenant_user, tenant, joining, owner)

    async def remove_user(self, tenant: Tenant, user: User, *, by: User | None = None) -> None:
        """Take a user out of a tenant. Raises PermissionDeniedError unless `by` owns it.

        They keep what is theirs, unshared: their roles, grants to them and grants on their datasets end.
        """
        checked(tenant, Tenant, "tenant")
        services = self._services
        owner, leaving = await acting_user(services, by), await named_user(services, user)
        await asyncio.to_thread(services.access.groups.remove_tenant_user, tenant, leaving, owner)

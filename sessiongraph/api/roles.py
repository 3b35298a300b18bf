"""Roles: named groups of users, to which `datasets.grant` gives what every one of them may then do.

A role is of one tenant, or of those who are in none, and so are its users.
"""

import asyncio
import builtins

from sessiongraph.api.context import acting_user, checked, named_user
from sessiongraph.services import Services
from sessiongraph.types import Role, Tenant, User


class Roles:
    """Roles: named groups of users, to which `datasets.grant` gives what every one of them may then do."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def create(self, name: str, *, tenant: Tenant | None = None, by: User | None = None) -> Role:
        """A new role with nobody in it, owned by `by`: of `tenant` or, for None, of the tenant that `by` is in, if any.

        Raises InvalidInputError where there is one of that name, or `by` neither owns the tenant nor is in it.
        """
        if tenant is not None:
            checked(tenant, Tenant, "tenant")
        services = self._services
        owner = await acting_user(services, by)
        return await asyncio.to_thread(services.access.groups.create_role, name, owner, tenant)

    async def get(self, name: str, *, user: User | None = None) -> Role:
        """The role of that name in the tenant that `user` is in, or of "tenant/name". Raises InvalidInputError."""
        services = self._services
        acting = await acting_user(services, user)
        return await asyncio.to_thread(services.access.groups.get_role, name, acting)

    async def list(self, *, user: User | None = None) -> builtins.list[Role]:
        """The roles of the tenant that `user` is in, and of those that they own."""
        services = self._services
        return await asyncio.to_thread(services.access.groups.list_roles, await acting_user(services, user))

    async def users(self, role: Role, *, user: User | None = None) -> builtins.list[User]:
        """Who is in a role that `user` may know of, by name. Raises InvalidInputError."""
        services = self._services
        acting = await acting_user(services, user)
        return await asyncio.to_thread(services.access.groups.role_users, checked(role, Role, "role"), acting)

    async def assign(self, role: Role, user: User, *, by: User | None = None) -> None:
        """Put a user into a role. Raises PermissionDeniedError unless `by` owns the role or its tenant.

        Raises InvalidInputError for a user or a role of another tenant.
        """
        checked(role, Role, "role")
        services = self._services
        owner, joining = await acting_user(services, by), await named_user(services, user)
        await asyncio.to_thread(services.access.groups.assign, role, joining, owner)

    async def unassign(self, role: Role, user: User, *, by: User | None = None) -> None:
        """Take a user out of a role. Raises PermissionDeniedError unless `by` owns the role or its tenant."""
        checked(role, Role, "role")
        services = self._services
        owner, leaving = await acting_user(services, by), await named_user(services, user)
        await asyncio.to_thread(services.access.groups.unassign, role, leaving, owner)

    async def delete(self, role: Role, *, by: User | None = None) -> None:
        """Delete a role, and with it what was granted to it. Raises PermissionDeniedError as `assign` does."""
        checked(role, Role, "role")
        services = self._services
        owner = await acting_user(services, by)
        await asyncio.to_thread(services.access.groups.delete_role, role, owner)

"""Users: who owns datasets and sessions."""

import asyncio
import builtins
from typing import TYPE_CHECKING

from sessiongraph.api.context import acting_user, named_user
from sessiongraph.services import Services
from sessiongraph.types import User

if TYPE_CHECKING:
    from sessiongraph.access.keys import ApiKey


class Users:
    """Users: who owns datasets and sessions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def get_default_user(self) -> User:
        """The user that every call means where none is given; created on first use."""
        return await acting_user(self._services, None)

    async def create(self, name: str) -> User:
        """A new user, such as "ana@example.com". Raises InvalidInputError where there is one of that name."""
        return await asyncio.to_thread(lambda: self._services.access.create_user(name))

    async def get(self, name: str) -> User:
        """The user of that name, of whichever tenant: how a program that knows who is there says so.

        Raises InvalidInputError where there is none.
        """
        return await asyncio.to_thread(lambda: self._services.access.get_user(name))

    async def list(self, *, user: User | None = None) -> builtins.list[User]:
        """The users whom `user` may know of, by name: of their tenant, if any, and of the tenants that they own."""
        services = self._services
        return await asyncio.to_thread(services.access.list_users, await acting_user(services, user))

    async def create_key(self, user: User, *, scope: str = "write", days: int | None = None) -> "tuple[ApiKey, str]":
        """A new API key of `user`, for the service; the second is the key itself, which is not kept.

        `scope` is read, write or admin; it is good for `days`, for ever where not given. Once a key was made, by
        whomever, the service of this home serves nobody without one. Raises InvalidInputError.
        """
        services, owner = self._services, await named_user(self._services, user)
        return await asyncio.to_thread(lambda: services.access.keys.create(owner, scope, days))

    async def list_keys(self, user: User) -> "builtins.list[ApiKey]":
        """The API keys of `user`, the oldest first, also those that are no good any more."""
        services, owner = self._services, await named_user(self._services, user)
        return await asyncio.to_thread(lambda: services.access.keys.list(owner))

    async def revoke_key(self, user: User, key_id: str) -> "ApiKey":
        """End a key of `user`, at once and for good. Raises InvalidInputError where they have none of that id."""
        services, owner = self._services, await named_user(self._services, user)
        return await asyncio.to_thread(lambda: services.access.keys.revoke(owner, key_id))

"""Users: who owns datasets and sessions."""

import asyncio
import builtins

from sessiongraph.api.context import acting_user
from sessiongraph.services import Services
from sessiongraph.types import User


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

"""Users: who owns datasets and sessions."""

import asyncio
import builtins

from sessiongraph.api.context import acting_user, resources
from sessiongraph.types import User


async def get_default_user() -> User:
    """The user that every call means where none is given; created on first use."""
    return await acting_user(resources(), None)


async def create(name: str) -> User:
    """A new user, such as "ana@example.com". Raises InvalidInputError where there is one of that name."""
    return await asyncio.to_thread(lambda: resources().access.create_user(name))


async def get(name: str) -> User:
    """The user of that name, of whichever tenant: how a program that knows who is there says so.

    Raises InvalidInputError where there is none.
    """
    return await asyncio.to_thread(lambda: resources().access.get_user(name))


async def list(*, user: User | None = None) -> builtins.list[User]:
    """The users whom `user` may know of, by name: of their tenant, if any, and of the tenants that they own."""
    bundle = resources()
    return await asyncio.to_thread(bundle.access.list_users, await acting_user(bundle, user))

"""Users who are named in a request, as far as the caller may know of them."""

from sessiongraph.access.groups import no_user
from sessiongraph.client import SessionGraph
from sessiongraph.errors import InvalidInputError
from sessiongraph.ids import check_name
from sessiongraph.types import User


async def known_user(client: SessionGraph, by: User, name: str) -> User:
    """The user of that name. Raises InvalidInputError, the same for who is not there and who is of another tenant."""
    check_name(name, kind="user name")
    for user in await client.users.list(user=by):
        if user.name == name:
            return user
    raise InvalidInputError(no_user(name))

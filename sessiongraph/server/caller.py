"""The caller of a request: the user whose key it has, and how far that key reaches."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from sessiongraph.access.keys import SCOPES, Scope
from sessiongraph.client import SessionGraph
from sessiongraph.types import User


@dataclass(frozen=True)
class Caller:
    """Who acts. Without a `key_id` it is a browser that the command line let in or, as long as there is no key at all,
    the default user on the machine itself. A browser that signed in has a `csrf_token`, which goes with its writes."""

    user: User
    scope: Scope
    key_id: str | None = None
    csrf_token: str | None = None

    def may(self, scope: Scope) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    def check(self, scope: Scope) -> None:
        """Raises HTTPException, a 403, where the key does not reach that far."""
        if not self.may(scope):
            raise HTTPException(403, f"This key may {self.scope}; the request needs the scope {scope}.")


def _caller(request: Request, scope: Scope) -> Caller:
    found = cast(Caller, request.state.caller)
    found.check(scope)
    return found


async def _reader(request: Request) -> Caller:
    return _caller(request, "read")


async def _writer(request: Request) -> Caller:
    return _caller(request, "write")


async def _admin(request: Request) -> Caller:
    return _caller(request, "admin")


async def _client(request: Request) -> SessionGraph:
    return cast(SessionGraph, request.app.state.client)


Reader = Annotated[Caller, Depends(_reader)]
Writer = Annotated[Caller, Depends(_writer)]
Admin = Annotated[Caller, Depends(_admin)]
Client = Annotated[SessionGraph, Depends(_client)]

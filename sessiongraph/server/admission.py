"""Admission: whose a request is, and whether they may have one more now.

Invariant: who acts is told by the key alone. As long as no key was ever made, the default user is served without one,
to this machine alone and never through a proxy.
"""

import asyncio
import math
from contextlib import nullcontext

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sessiongraph.client import SessionGraph
from sessiongraph.errors import SessionGraphError
from sessiongraph.server.caller import Caller
from sessiongraph.server.guard import was_forwarded
from sessiongraph.server.problems import describe, problem
from sessiongraph.server.rates import Rates, TooMany

# What says nothing of anybody's.
_OPEN_PATHS = frozenset(("/livez", "/readyz", "/openapi.json"))
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_WRONG_KEYS_PER_MINUTE = 30


class Admission:
    """Puts the Caller into the request's state, or refuses it: 401, 429."""

    def __init__(self, app: ASGIApp, client: SessionGraph) -> None:
        settings = client.settings
        self._app = app
        self._client = client
        self._rates = Rates(settings.server_requests_per_minute, settings.server_concurrency)
        self._wrong_keys = Rates(_WRONG_KEYS_PER_MINUTE, 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS:
            return await self._app(scope, receive, send)
        peer = scope["client"][0] if scope.get("client") else ""
        try:
            found = await asyncio.to_thread(self._caller, Headers(scope=scope), peer)
            if isinstance(found, Response):
                self._wrong_keys.take(peer)
                return await found(scope, receive, send)
            caller = found.key_id or "loopback"
            self._rates.take(caller)
            # An agent's stream of notifications is open for as long as the agent is, and costs nothing.
            is_idle_stream = scope["path"] == "/mcp" and scope["method"] == "GET"
            with nullcontext() if is_idle_stream else self._rates.one_more(caller):
                scope.setdefault("state", {})["caller"] = found
                await self._app(scope, receive, send)
        except TooMany as refused:
            headers = {"Retry-After": str(math.ceil(refused.seconds))}
            await problem(429, str(refused), headers=headers)(scope, receive, send)
        except SessionGraphError as error:  # of the keys' own file
            await problem(**describe(error, self._client.settings.home))(scope, receive, send)

    def _caller(self, headers: Headers, peer: str) -> Caller | Response:
        """Who asks, or the refusal. Blocks."""
        access = self._client.services.access
        given = headers.getlist("authorization")
        if given:
            scheme, _, key = given[0].partition(" ")
            is_one = len(given) == 1 and scheme.lower() == "bearer"
            found = access.keys.find(key.strip()) if is_one else None
            if found is None:
                return _unauthorized("The key is none, or no good any more.")
            return Caller(found.user, found.scope, found.id)
        if access.keys.exist():
            return _unauthorized("The request has no key.")
        if not peer.startswith(_LOOPBACK):
            return _unauthorized("Without a key, the service answers to its own machine alone.")
        if was_forwarded(headers):
            return _unauthorized("Without a key, the service answers nothing that came through a proxy.")
        return Caller(access.default_user(), "admin")


def _unauthorized(detail: str) -> Response:
    return problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="sessiongraph"'})

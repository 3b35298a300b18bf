"""Admission: whose a request is, and whether they may have one more now.

Invariant: who acts is told by the key alone, or by the cookie that a browser got for it (`browser_cookie`). As long as
no key was ever made, the default user is served without one, to this machine alone and never through a proxy.
"""

import asyncio
import math
from contextlib import nullcontext
from urllib.parse import urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sessiongraph.client import SessionGraph
from sessiongraph.errors import SessionGraphError
from sessiongraph.server.browser_cookie import BrowserCookie, csrf_token, may_write
from sessiongraph.server.caller import Caller
from sessiongraph.server.guard import was_forwarded
from sessiongraph.server.problems import describe, problem
from sessiongraph.server.rates import Rates, TooMany

SIGN_IN = "/sign-in"
# What says nothing of anybody's, and where one signs in.
_OPEN_PATHS = frozenset(("/livez", "/readyz", "/openapi.json", SIGN_IN))
_OPEN_FOLDER = "/static/"
# For programs alone: no cookie opens them. Of what is for programs, a missing key is told, and not asked for.
_WITHOUT_COOKIE = ("/mcp", "/metrics")
_FOR_PROGRAMS = ("/v1", *_WITHOUT_COOKIE)
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_WRONG_KEYS_PER_MINUTE = 30


def count_wrong_keys() -> Rates:
    """By address, the wrong keys that it tried."""
    return Rates(_WRONG_KEYS_PER_MINUTE, 1)


class Admission:
    """Puts the Caller into the request's state, or refuses it: 401, 429."""

    def __init__(self, app: ASGIApp, client: SessionGraph, wrong_keys: Rates) -> None:
        settings = client.settings
        self._app = app
        self._client = client
        self._rates = Rates(settings.server_requests_per_minute, settings.server_concurrency)
        self._wrong_keys = wrong_keys
        self._cookie = BrowserCookie(settings.home)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER):
            return await self._app(scope, receive, send)
        peer = scope["client"][0] if scope.get("client") else ""
        try:
            found = await asyncio.to_thread(self._caller, scope, Headers(scope=scope), peer)
            if isinstance(found, Response):
                if found.status_code == 401:
                    self._wrong_keys.take(peer)
                return await found(scope, receive, send)
            caller = found.key_id or f"user {found.user.id}"
            self._rates.take(caller)
            # An agent's stream of notifications is open for as long as the agent is, and costs nothing.
            is_idle_stream = path == "/mcp" and scope["method"] == "GET"
            with nullcontext() if is_idle_stream else self._rates.one_more(caller):
                scope.setdefault("state", {})["caller"] = found
                await self._app(scope, receive, send)
        except TooMany as refused:
            headers = {"Retry-After": str(math.ceil(refused.seconds))}
            await problem(429, str(refused), headers=headers)(scope, receive, send)
        except SessionGraphError as error:  # of the keys' own file
            await problem(**describe(error, self._client.settings.home))(scope, receive, send)

    def _caller(self, scope: Scope, headers: Headers, peer: str) -> Caller | Response:
        """Who asks, or the refusal. Blocks."""
        access = self._client.services.access
        is_page = scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(_FOR_PROGRAMS)
        given = headers.getlist("authorization")
        if given:
            scheme, _, key = given[0].partition(" ")
            is_one = len(given) == 1 and scheme.lower() == "bearer"
            found = access.keys.find(key.strip()) if is_one else None
            if found is None:
                return _unauthorized("The key is none, or no good any more.")
            return Caller(found.user, found.scope, found.id)
        secret = None if scope["path"].startswith(_WITHOUT_COOKIE) else self._cookie.read(headers)
        signed_in = access.browser_sessions.find(secret) if secret is not None else None
        if secret is not None and signed_in is not None:
            if not may_write(scope["method"], headers, secret):
                return _not_from_its_page()
            return Caller(signed_in.user, signed_in.scope, signed_in.key_id, csrf_token(secret))
        wrong = self._not_on_its_own_machine(headers, peer)
        if wrong is None:
            return Caller(access.default_user(), "admin")
        return _to_sign_in(scope) if is_page else _unauthorized(wrong)

    def _not_on_its_own_machine(self, headers: Headers, peer: str) -> str | None:
        """Why the request needs a key; None where it comes from the machine itself, and there is none at all."""
        if self._client.services.access.keys.exist():
            return "The request has no key."
        if not peer.startswith(_LOOPBACK):
            return "Without a key, the service answers to its own machine alone."
        if was_forwarded(headers):
            return "Without a key, the service answers nothing that came through a proxy."
        return None


def _unauthorized(detail: str) -> Response:
    return problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="sessiongraph"'})


def _not_from_its_page() -> Response:
    return problem(
        403,
        "The browser is signed in, and what it sent did not come from a page of the service (CSRF).",
        next_step="Load the page again. Programs send a key instead of the cookie.",
    )


def _to_sign_in(scope: Scope) -> Response:
    wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'to': wanted})}", 303, {"Cache-Control": "no-store"})

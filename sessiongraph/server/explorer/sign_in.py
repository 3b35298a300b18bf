"""Signing in and out, and the files that need none of it.

A key is typed once and becomes a cookie: `server/browser_cookie` says what that holds. Each sign-in is a new session
and ends the one that the browser had, so nobody is brought into a session that another knows.
"""

import asyncio
import math
import re
from typing import Annotated, cast

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from sessiongraph.access.control import AccessControl
from sessiongraph.client import SessionGraph
from sessiongraph.server.browser_cookie import BrowserCookie
from sessiongraph.server.explorer.page import renderer_of
from sessiongraph.server.guard import is_from_own_page
from sessiongraph.server.rates import Rates, TooMany

router = APIRouter(include_in_schema=False)

# A path of this service: never the beginning of another one's address.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_MOST_CHARS = 2000


@router.get("/static/{hash_}/{name}")
async def static_file(hash_: str, name: str, request: Request) -> Response:
    """A script, a style or a picture of the pages."""
    found = renderer_of(request).static_file(hash_, name)
    if found is None:
        raise HTTPException(404, "There is no such file.")
    return found


@router.get("/sign-in")
async def sign_in_page(request: Request, to: str = "/") -> Response:
    """Where a key is typed.

    Who followed a link of another site has come without the cookie, which its pages never send: from here they go where
    they wanted once more, and with it.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        return renderer_of(request).page("again.html.j2", to=_own(to))
    return _form(request, to)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    key: Annotated[str, Form()] = "",
    link: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Take a key, or a link of `sessiongraph view`, for a cookie."""
    if not is_from_own_page(request.headers):
        return _form(request, to, 403, "That did not come from this page. Type the key here.")
    client = cast(SessionGraph, request.app.state.client)
    cookie = BrowserCookie(client.settings.home)
    had = cookie.read(request.headers)
    secret = await asyncio.to_thread(_begin, client.services.access, key.strip(), link.strip(), had)
    if secret is None:
        return _refused(request, to, "The link" if link else "The key")
    response = RedirectResponse(_own(to), 303, {"Cache-Control": "no-store"})
    cookie.give(response, secret, request.headers, request.url.scheme)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the browser's session. It comes here by its cookie, so with its token."""
    client = cast(SessionGraph, request.app.state.client)
    cookie = BrowserCookie(client.settings.home)
    had = cookie.read(request.headers)
    if had is not None:
        await asyncio.to_thread(client.services.access.browser_sessions.end, had)
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    cookie.take_back(response)
    return response


def _begin(access: AccessControl, key: str, link: str, had: str | None) -> str | None:
    """The secret of a new session, by either; None where it is no good. Blocks."""
    if link:
        secret = access.browser_sessions.redeem(link)
    else:
        found = access.keys.find(key)
        secret = access.browser_sessions.begin(found) if found is not None else None
    if secret is not None and had is not None:
        access.browser_sessions.end(had)
    return secret


def _refused(request: Request, to: str, what: str) -> Response:
    wrong_keys = cast(Rates, request.app.state.wrong_keys)
    try:
        wrong_keys.take(request.client.host if request.client else "")
    except TooMany as refused:
        seconds = math.ceil(refused.seconds)
        response = _form(request, to, 429, f"Too many wrong keys came from here. Try again in {seconds} s.")
        response.headers["Retry-After"] = str(seconds)
        return response
    return _form(request, to, 401, f"{what} is none, or no good any more.")


def _form(request: Request, to: str, status: int = 200, wrong: str = "") -> Response:
    return renderer_of(request).page("sign_in.html.j2", status, to=_own(to), wrong=wrong)


def _own(path: str) -> str:
    """`path`, where it leads to a page of this service; else the first one."""
    is_own = len(path) <= _MOST_CHARS and _OWN_PATH.fullmatch(path)
    return path if is_own else "/"

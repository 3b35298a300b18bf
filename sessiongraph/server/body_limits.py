"""Bounds on what a request brings: so many bytes, in so many seconds."""

import asyncio
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sessiongraph.server.problems import problem

UPLOAD_PATHS = ("/v1/add/files", "/v1/sessions/import")
_JSON_BYTES = 4 * 1024 * 1024
_JSON_SECONDS = 30.0
_UPLOAD_SECONDS = 600.0


class BodyLimits:
    """Refuses a body that is too long (413) or too slow (408), before or while it comes."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        is_upload = scope["path"] in UPLOAD_PATHS
        body = _Body(
            receive,
            self._upload_bytes if is_upload else _JSON_BYTES,
            _UPLOAD_SECONDS if is_upload else _JSON_SECONDS,
        )
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            body.check_announced(Headers(scope=scope).get("content-length"))
            await self._app(scope, body.receive, watched)
        except HTTPException as refused:
            if begun:
                raise
            # What was not read would be taken for the next request.
            headers = {**(refused.headers or {}), "Connection": "close"}
            await problem(refused.status_code, refused.detail, headers=headers)(scope, receive, send)


class _Body:
    def __init__(self, receive: Receive, most_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._left = self._most = most_bytes
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._is_whole = False

    def check_announced(self, length: str | None) -> None:
        if length is not None and (not length.isdecimal() or int(length) > self._most):
            raise self._too_long()

    async def receive(self) -> Message:
        """The next message of the body; HTTPException where it is too long, or does not come in time."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout(max(self._deadline - time.monotonic(), 0)):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"The body did not arrive within {self._seconds:g} s.") from None
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise self._too_long()
            self._is_whole = not message.get("more_body", False)
        return message

    def _too_long(self) -> HTTPException:
        return HTTPException(413, f"The body is longer than the {self._most:,} bytes that this address takes.")

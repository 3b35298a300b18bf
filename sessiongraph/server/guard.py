"""The guard before everything: by which name the service was called, and from which web page.

Invariant: a web page of elsewhere reaches nothing. One that had its own name lead here (DNS rebinding) is refused by
the Host header, one that asks across by its Origin. This holds with keys and without.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sessiongraph.server.problems import problem

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
# What proxies add to a request.
_FORWARDED = ("forwarded", "via", "x-forwarded-", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip")


class Guard:
    """Lets pass what was sent to one of `hosts` or to this machine's own names, by no page or by one of `origins`."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset((*_LOOPBACK_NAMES, *hosts))
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return  # nothing here speaks WebSocket: uvicorn refuses the handshake
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or _name(hosts[0]) not in self._hosts:
            refusal = problem(421, "The service does not go by the name that the Host header says.")
            return await refusal(scope, receive, send)
        if origins and not self._is_known(origins, hosts[0]):
            refusal = problem(
                403,
                "The request comes from a web page of elsewhere (Origin), which may not call the service.",
                next_step="The operator lists pages that may in SESSIONGRAPH_SERVER_ORIGINS.",
            )
            return await refusal(scope, receive, send)
        await self._app(scope, receive, send)

    def _is_known(self, origins: Sequence[str], host: str) -> bool:
        if len(origins) != 1:
            return False
        return _is_own(origins[0], host) or origins[0].lower() in self._origins


def is_from_own_page(headers: Headers) -> bool:
    """Whether a page of the service itself sent the request: browsers say so of whatever could write."""
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    return len(origins) == len(hosts) == 1 and _is_own(origins[0], hosts[0])


def was_forwarded(headers: Headers) -> bool:
    """Whether the request came through a proxy, and so from anywhere."""
    return any(name.startswith(_FORWARDED) for name in headers)


def _is_own(origin: str, host: str) -> bool:
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()

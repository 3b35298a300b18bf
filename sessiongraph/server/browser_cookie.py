"""The cookie of a browser that signed in, and what keeps pages of elsewhere from acting by it.

Invariants: no script reads the cookie (HttpOnly), and browsers send it from the service's own site alone (SameSite);
it has the secret of a browser session, never a key. What would write by it must come from a page of the service
itself: by its Origin, and by the CSRF token that only such a page was told. The token is made from the secret, so
whoever has another session's has none of this one. A site is not an origin: other ports of the same host are held off
by these two alone. `access/browser_sessions` has the rules of what the secret is good for.
"""

import hashlib
import hmac
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response

from sessiongraph.access.browser_sessions import EXPIRY_SECONDS
from sessiongraph.server.guard import is_from_own_page

CSRF_HEADER = "x-csrf-token"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class BrowserCookie:
    """The cookie of a home's service: of its own name, as browsers do not tell apart the ports of a host."""

    def __init__(self, home: Path) -> None:
        self._name = f"sessiongraph-{hashlib.sha256(str(home).encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

    def read(self, headers: Headers) -> str | None:
        """The secret that came with a request; None where none did, or more than one."""
        pairs = (pair.strip().partition("=") for line in headers.getlist("cookie") for pair in line.split(";"))
        found = [value for name, _, value in pairs if name == self._name]
        return found[0] if len(found) == 1 and found[0] else None

    def give(self, response: Response, secret: str, headers: Headers, scheme: str) -> None:
        """Have the browser keep `secret`; where it came by TLS, also by way of a proxy, for TLS alone."""
        is_secure = scheme == "https" or headers.get("x-forwarded-proto", "").strip().lower() == "https"
        response.set_cookie(
            self._name, secret, max_age=EXPIRY_SECONDS, path="/", secure=is_secure, httponly=True, samesite="strict"
        )

    def take_back(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self._name, path="/", httponly=True, samesite="strict")


def csrf_token(secret: str) -> str:
    """What a page of the session with this secret sends with what it writes."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def may_write(method: str, headers: Headers, secret: str) -> bool:
    """Whether a request by the cookie only reads, or comes from a page of the service itself."""
    if method in _SAFE_METHODS:
        return True
    tokens = headers.getlist(CSRF_HEADER)
    is_told = len(tokens) == 1 and hmac.compare_digest(tokens[0].encode(), csrf_token(secret).encode())
    return is_told and is_from_own_page(headers)

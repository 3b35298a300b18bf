"""One delivery: signed by the conventions of Standard Webhooks, to an address that was checked, within bounds.

Invariants: no redirect is followed, no proxy or cookie used, and of the response nothing but the status is read; all of
it, names and TLS included, takes at most TRY_SECONDS.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx
from standardwebhooks import Webhook as Signer

from sessiongraph.delivery.addresses import Address, AddressRefusedError, Allowed, check_url, port_of, resolve
from sessiongraph.delivery.events import Event
from sessiongraph.errors import InvalidInputError

TRY_SECONDS = 10.0
_GONE = 410


@dataclass(frozen=True)
class Attempt:
    """What became of a delivery: received where `error` is None. `status` is the HTTP status, where there was one."""

    status: int | None = None
    error: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that nothing is to be sent any more."""
        return self.status == _GONE


class Sender:
    """Sends events where `allowed_hosts`, and everybody, may be called."""

    def __init__(self, allowed_hosts: tuple[str, ...]) -> None:
        self._allowed = Allowed.of(allowed_hosts)
        self._agent = f"sessiongraph/{version('sessiongraph')}"

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Trusts whom SSL_CERT_FILE or SSL_CERT_DIR names, else Mozilla's list. Takes a moment to make."""
        return httpx.create_ssl_context()

    async def send(self, url: str, secret: str, event: Event) -> Attempt:
        """Send `event` to `url`; the error says what is wrong in a few words, and nothing of what was answered."""
        body = json.dumps(event.payload(), separators=(",", ":"))
        try:
            async with asyncio.timeout(TRY_SECONDS):
                status = await self._post(url, _headers(secret, event.id, body), body)
        except TimeoutError:
            return Attempt(error=f"no answer within {TRY_SECONDS:g} s")
        except (AddressRefusedError, InvalidInputError) as error:
            return Attempt(error=str(error))
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            return Attempt(error=_in_words(error))
        return Attempt(status, None if 200 <= status < 300 else _refusal(status))

    async def _post(self, url: str, headers: Mapping[str, str], body: str) -> int:
        # Once more, for the operator may have changed what is allowed.
        host = urlsplit(check_url(url, self._allowed)).hostname or ""
        addresses = await resolve(host, port_of(url), self._allowed)
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, url, host, headers, body)
            except httpx.ConnectError:
                continue
        return await self._post_to(addresses[-1], url, host, headers, body)

    async def _post_to(self, address: Address, url: str, host: str, headers: Mapping[str, str], body: str) -> int:
        named = httpx.URL(url)
        # The connection goes to the address; the Host header, and the name that TLS checks, are the URL's.
        request = httpx.Request(
            "POST",
            named.copy_with(host=str(address)),
            headers={**headers, "Host": named.netloc.decode(), "User-Agent": self._agent},
            content=body,
            extensions={"sni_hostname": host, "timeout": httpx.Timeout(TRY_SECONDS).as_dict()},
        )
        # A connection of its own: one that is kept is kept by address, whatever name it was opened for.
        async with httpx.AsyncHTTPTransport(verify=self._tls) as transport:
            response = await transport.handle_async_request(request)
            return response.status_code


def _headers(secret: str, id_: str, body: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(secret).sign(id_, now, body),
    }


def _refusal(status: int) -> str:
    return f"HTTP {status}" + (", and redirects are not followed" if 300 <= status < 400 else "")


def _in_words(error: Exception) -> str:
    if "certificate" in str(error).lower():
        return "its TLS certificate is not valid for its name"
    return f"it could not be reached ({type(error).__name__})"

"""Which addresses a webhook may be sent to: public ones, and those that the operator named.

Invariant: what is checked is what is connected to. A name is resolved once, each of its addresses is looked at, and
the connection is made to one that passed; a second answer of the name server is never asked for. Who made the hook is
not told to which private address a name leads.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sessiongraph.errors import InvalidInputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LONGEST_URL = 2000
_PORTS = {"http": 80, "https": 443}
# All IPv6 addresses that are given out (RFC 4291); of what is outside Python does not know everything.
_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
# Where gateways put IPv4 addresses into IPv6 ones (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefusedError(Exception):
    """Nothing may be sent there; the message says why, for whoever made the hook."""


@dataclass(frozen=True)
class Allowed:
    """What the operator named in SESSIONGRAPH_WEBHOOK_ALLOWED_HOSTS: also there, and by http, hooks may be sent."""

    hosts: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, entries: Sequence[str]) -> "Allowed":
        networks = [network for network in map(_network, entries) if network is not None]
        return cls(frozenset(entries), tuple(networks))

    def has(self, host: str) -> bool:
        """Whether a host, as it stands in a URL, is named: by its name, or by a network that it is in."""
        address = _address(host)
        return host in self.hosts or (address is not None and self._holds(address))

    def admits(self, host: str, address: Address) -> bool:
        """Whether `host`, which leads to `address`, may be called there."""
        return host in self.hosts or self._holds(address) or is_public(address)

    def _holds(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether everybody reaches the same there: neither private nor special, nor a cover for an IPv4 one that is."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if address.version == 6 and address not in _IPV6_UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def check_url(url: object, allowed: Allowed) -> str:
    """`url` itself, where it is one for hooks; what its name leads to is seen later. Raises InvalidInputError."""
    if not isinstance(url, str) or len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInputError(f"A webhook's URL is https://… in ASCII, of at most {_LONGEST_URL} letters.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInputError(f"{url!r:.100} is no URL ({error}).") from None
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.fragment:
        raise InvalidInputError(f"{url!r:.100} is no webhook's URL: write https://host/path, without a login or a #.")
    if parts.scheme == "http" and not allowed.has(host):
        raise InvalidInputError(
            "A webhook is sent by https. The operator allows http to hosts and networks in "
            "SESSIONGRAPH_WEBHOOK_ALLOWED_HOSTS."
        )
    address = _address(host)
    if address is not None and not allowed.admits(host, address):
        raise InvalidInputError(_not_public(host))
    return url


async def resolve(host: str, port: int, allowed: Allowed) -> list[Address]:
    """The addresses at which `host` may be called, as its one answer has them. Raises AddressRefusedError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefusedError(f"{host} has no address") from None
    addresses = [_address(str(place[0])) for *_, place in found]
    admitted = [it for it in dict.fromkeys(addresses) if it is not None and allowed.admits(host, it)]
    if not admitted:
        raise AddressRefusedError(_not_public(host))
    return admitted


def port_of(url: str) -> int:
    """The port of a URL that `check_url` let pass."""
    parts = urlsplit(url)
    return parts.port or _PORTS[parts.scheme]


def _not_public(host: str) -> str:
    return (
        f"{host} has no public address, and nothing is sent to private ones unless the operator names them in "
        "SESSIONGRAPH_WEBHOOK_ALLOWED_HOSTS"
    )


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None

"""Nothing is sent to where the outside does not reach, however it is written, and whatever a name server says."""

import ipaddress

import pytest

from sessiongraph.delivery.addresses import AddressRefusedError, Allowed, check_url, is_public, resolve
from sessiongraph.errors import InvalidInputError
from sessiongraph.settings import Settings
from tests.sessiongraph.delivery.conftest import NameServer

NOBODY = Allowed.of(())
HIDDEN = [
    *("127.0.0.1", "127.255.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.5", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1"),
    *("ff02::1", "fec0::1", "2001:db8::1", "100::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2",),
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", HIDDEN)
async def test_what_is_not_public_is_not_called(names: NameServer, address: str):
    assert not is_public(ipaddress.ip_address(address))
    names.answers["hooks.test"] = [[address]]
    with pytest.raises(AddressRefusedError, match="no public address") as refused:
        await resolve("hooks.test", 443, NOBODY)
    # Nobody learns by a hook what the operator's name server knows.
    assert address not in str(refused.value)
    if "%" not in address:
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(InvalidInputError, match="no public address"):
            check_url(f"https://{host}/", NOBODY)


@pytest.mark.parametrize("address", PUBLIC)
async def test_what_is_public_is_called(names: NameServer, address: str):
    names.answers["hooks.test"] = [[address]]
    assert await resolve("hooks.test", 443, NOBODY) == [ipaddress.ip_address(address)]


async def test_of_a_name_with_several_addresses_the_private_ones_are_left_out(names: NameServer):
    names.answers["hooks.test"] = [["10.0.0.1", "8.8.8.8", "::1"]]
    assert await resolve("hooks.test", 443, NOBODY) == [ipaddress.ip_address("8.8.8.8")]


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "localhost", "localhost."])
async def test_other_ways_to_write_this_machine_are_seen_through(host: str):
    with pytest.raises(AddressRefusedError):
        await resolve(host, 443, NOBODY)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "file:///etc/passwd",
            "gopher://x/",
            "//x/",
            "x",
            "",
        ),
        *("https://", "https:///x", "https://ana:secret@hooks.example.com/", "https://hooks.example.com/#x"),
        *("https://hooks.example.com:99999/", "https://hooks.example.com/\r\nX: y", "https://hooks.example.com/a b"),
        *("https://höoks.example.com/", "https://[::1/", "https://x/" + "a" * 2000, None, 7, "https://a@[::1]/"),
    ],
)
def test_what_is_no_url_of_a_hook_is_refused_at_the_door(url: object):
    with pytest.raises(InvalidInputError):
        check_url(url, NOBODY)


async def test_the_operator_allows_hosts_and_networks_by_name(names: NameServer):
    allowed = Allowed.of(Settings(webhook_allowed_hosts="Inside.test, 10.0.0.0/8,fd00::/8").webhook_allowed_hosts)
    names.answers |= {"inside.test": [["192.168.0.1"]], "ten.test": [["10.1.1.1"]], "other.test": [["192.168.0.1"]]}
    for url in ("http://inside.test/", "http://INSIDE.test:8080/x", "http://10.2.3.4/", "https://[fd00::1]/"):
        assert check_url(url, allowed) == url
    assert len(await resolve("inside.test", 80, allowed)) == len(await resolve("ten.test", 443, allowed)) == 1
    with pytest.raises(AddressRefusedError):
        await resolve("other.test", 443, allowed)
    # By name alone it is not known to be inside: over https it may be, over http it is refused.
    with pytest.raises(InvalidInputError, match="by https"):
        check_url("http://ten.test/", allowed)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "10.0.0.0/40", "https://x", "a b", "*", "[::1]", "x:80"])
def test_what_is_no_host_and_no_network_is_refused_in_the_settings(entry: str):
    with pytest.raises(InvalidInputError, match="webhook_allowed_hosts"):
        Settings(webhook_allowed_hosts=entry)

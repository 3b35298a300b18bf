"""A delivery: signed as Standard Webhooks says, to the address that was checked, and bounded whatever is answered."""

import datetime as dt
import re
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from sessiongraph.delivery import sending
from sessiongraph.delivery.events import Event
from sessiongraph.delivery.sending import Sender
from tests.sessiongraph.delivery.conftest import NameServer
from tests.support.webhook_receiver import Receiver, receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = Event("passages.persisted", "evt_1", dt.datetime(2026, 3, 1, tzinfo=dt.UTC), {"passages": 1, "user": "ána"})
INSIDE = ("127.0.0.1", "hooks.test")


async def test_what_is_sent_is_signed_and_the_standards_own_library_says_so(receiver: Receiver):
    attempt = await Sender(INSIDE).send(receiver.url("/in?x=1"), SECRET, EVENT)
    assert (attempt.status, attempt.error) == (200, None)
    [got] = receiver.got
    assert got.path == "/in?x=1" and got.headers["content-type"] == "application/json" and got.id == "evt_1"
    assert got.verified(SECRET) == {
        "type": "passages.persisted", "timestamp": "2026-03-01T00:00:00+00:00", "data": {"passages": 1, "user": "ána"}
    }  # fmt: skip
    with pytest.raises(Exception, match="No matching signature"):
        got.verified("whsec_" + "A" * 32)


def test_the_program_of_the_docs_tells_what_is_ours_from_what_is_not(project_root: Path):
    """Against the library of the standard, which signs here."""
    [program] = re.findall(r"```python\n(.*?)```", (project_root / "docs" / "webhooks.md").read_text(), re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(program, namespace)
    now, body = dt.datetime.now(dt.UTC), EVENT.payload().__repr__().encode()
    for moment, signed_by, is_ours in (
        (now, SECRET, True),
        (now, "whsec_" + "A" * 32, False),
        (now - dt.timedelta(minutes=6), SECRET, False),
    ):
        signature = Webhook(signed_by).sign("evt_1", moment, body.decode())
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }
        if is_ours:
            namespace["verify"](SECRET, headers, body)
        else:
            with pytest.raises(ValueError):
                namespace["verify"](SECRET, headers, body)


async def test_a_name_that_turns_to_another_address_after_it_was_checked_gets_nothing(
    names: NameServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """DNS rebinding: the first answer may be called, the second may not. It is asked once, and connected to that."""
    tls = certificate_for("rebound.test", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    names.answers["rebound.test"] = [["127.0.0.9"], ["127.0.0.1"]]
    with receiving(tls) as receiver:
        sender, url = Sender(("127.0.0.9",)), receiver.url(host="rebound.test")
        assert "ConnectError" in str((await sender.send(url, SECRET, EVENT)).error)
        assert names.asked == ["rebound.test"]
        assert "no public address" in str((await sender.send(url, SECRET, EVENT)).error) and receiver.got == []


async def test_a_hook_that_is_allowed_no_more_gets_nothing(names: NameServer, receiver: Receiver):
    names.answers["hooks.test"] = [["127.0.0.1"]]
    url = receiver.url(host="hooks.test")
    assert (await Sender(INSIDE).send(url, SECRET, EVENT)).status == 200
    assert receiver.got[0].headers["host"] == f"hooks.test:{receiver.port}"
    refused = await Sender(()).send(url, SECRET, EVENT)
    private = await Sender(()).send(url.replace("http:", "https:"), SECRET, EVENT)
    assert "by https" in str(refused.error) and "no public address" in str(private.error) and len(receiver.got) == 1


async def test_the_next_address_is_tried_where_nobody_listens_at_the_first(names: NameServer, receiver: Receiver):
    names.answers["hooks.test"] = [["127.0.0.9", "127.0.0.1"]]
    assert (await Sender(INSIDE).send(receiver.url(host="hooks.test"), SECRET, EVENT)).error is None


async def test_redirects_are_not_followed(receiver: Receiver):
    receiver.status, receiver.headers = 307, {"Location": receiver.url("/elsewhere")}
    attempt = await Sender(INSIDE).send(receiver.url("/in"), SECRET, EVENT)
    assert attempt.status == 307 and "not followed" in str(attempt.error) and len(receiver.got) == 1


@pytest.mark.parametrize(("what", "is_received"), [("endless", True), ("endless_head", False), ("delay", False)])
async def test_a_receiver_cannot_hold_a_delivery_for_ever(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, what: str, is_received: bool
):
    """Its status counts; what comes after that is not read."""
    monkeypatch.setattr(sending, "TRY_SECONDS", 0.8)
    setattr(receiver, what, 3.0 if what == "delay" else True)
    started = time.monotonic()
    attempt = await Sender(INSIDE).send(receiver.url(), SECRET, EVENT)
    assert (attempt.error is None) == is_received and time.monotonic() - started < 2.5


async def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await Sender(INSIDE).send(receiver.url(), SECRET, EVENT)).error is None


async def test_who_is_not_there_is_told_of_without_details(receiver: Receiver):
    receiver.status = 500
    assert (await Sender(INSIDE).send(receiver.url(), SECRET, EVENT)).error == "HTTP 500"
    attempt = await Sender(INSIDE).send("http://127.0.0.1:9/", SECRET, EVENT)
    assert attempt.status is None and attempt.error == "it could not be reached (ConnectError)"


async def test_tls_is_checked_by_the_name_of_the_url_though_an_address_is_called(
    names: NameServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tls = certificate_for("hooks.test", tmp_path)
    names.answers |= {name: [["127.0.0.1"]] for name in ("hooks.test", "others.test")}
    with receiving(tls) as receiver:
        sender = Sender(("hooks.test", "others.test"))
        assert "certificate" in str((await sender.send(receiver.url(host="hooks.test"), SECRET, EVENT)).error)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        sender = Sender(("hooks.test", "others.test"))
        assert (await sender.send(receiver.url(host="hooks.test"), SECRET, EVENT)).error is None
        wrong = await sender.send(receiver.url(host="others.test"), SECRET, EVENT)
        assert "certificate" in str(wrong.error) and len(receiver.got) == 1


def certificate_for(name: str, folder: Path) -> ssl.SSLContext:
    """A certificate of that name, signed by itself, as `cert.pem` in `folder`; what a server shows it with."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context

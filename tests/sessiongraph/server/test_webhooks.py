"""Webhooks over REST: made, told by the service itself, tested, deleted; each the caller's own."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.server import delivering
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from tests.sessiongraph.server.conftest import Service, running
from tests.support.webhook_receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def service(serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(delivering, "INTERVAL_SECONDS", 0.2)
    return serve(webhook_allowed_hosts=("127.0.0.1",), persist_idle_seconds=0)


def test_what_is_said_is_told_as_soon_as_the_service_has_persisted_it(service: Service, receiver: Receiver):
    with service.http() as http:
        made = http.post("/v1/webhooks", json={"url": receiver.url("/in"), "events": ["passages.persisted"]})
        assert made.status_code == 201, made.text
        hook, secret = made.json()["webhook"], made.json()["secret"]
        assert hook["dataset"] == "default_user/main_dataset" and hook["state"] == "active"
        turn = {"question": "Where does she live?", "answer": "Alice Smith lives in Paris."}
        assert http.post("/v1/sessions/s1/turns", json=turn).is_success
        [got] = receiver.until(1)
        told = got.verified(secret)
        assert told["type"] == "passages.persisted" and told["data"]["sessions"][0]["session_id"] == "s1"
        assert b"Alice" not in got.body and b"Paris" not in got.body
        tested = http.post(f"/v1/webhooks/{hook['id']}/test")
        assert tested.json() == {"status": 200, "error": None}
        assert receiver.until(2)[1].verified(secret)["type"] == "webhook.test"
        listed = http.get("/v1/webhooks")
        assert [it["id"] for it in listed.json()] == [hook["id"]] and secret not in listed.text
        assert http.delete(f"/v1/webhooks/{hook['id']}").json() == {"deleted": True}
        assert http.get("/v1/webhooks").json() == []
        time.sleep(0.6)
    assert len(receiver.got) == 2


def test_what_is_persisted_at_the_end_is_told_at_the_end(home: Path, shared: Shared, receiver: Receiver):
    client = SessionGraph(Settings(home=home, webhook_allowed_hosts="127.0.0.1"), shared=shared)
    with running(client) as service, service.http() as http:
        secret = http.post("/v1/webhooks", json={"url": receiver.url()}).json()["secret"]
        turn = {"question": "Where does she live?", "answer": "Alice Smith lives in Paris."}
        assert http.post("/v1/sessions/s1/turns", json=turn).is_success and receiver.got == []
    [got] = receiver.got
    assert got.verified(secret)["data"]["sessions"][0]["session_id"] == "s1"


def test_hooks_are_their_users_and_need_a_key_that_reaches_so_far(service: Service, receiver: Receiver):
    keys = {scope: service.key_of("ana", scope) for scope in ("read", "write", "admin")}
    bob = service.http(service.key_of("bob"))
    body = {"url": receiver.url()}
    with service.http(keys["admin"]) as ana:
        made = ana.post("/v1/webhooks", json=body).json()["webhook"]["id"]
    for scope in ("read", "write"):
        with service.http(keys[scope]) as http:
            calls = [
                http.post("/v1/webhooks", json=body),
                http.delete(f"/v1/webhooks/{made}"),
                http.post(f"/v1/webhooks/{made}/test"),
            ]
            assert [it.status_code for it in calls] == [403] * 3 and http.get("/v1/webhooks").json()[0]["id"] == made
    with bob:
        assert bob.get("/v1/webhooks").json() == []
        for call in (lambda id_: bob.delete(f"/v1/webhooks/{id_}"), lambda id_: bob.post(f"/v1/webhooks/{id_}/test")):
            anothers, absent = call(made), call("0" * 12)
            assert anothers.status_code == absent.status_code == 422
            assert anothers.text == absent.text.replace("0" * 12, made)
    assert receiver.got == []


def test_where_nothing_may_be_sent_no_hook_is_made(service: Service):
    public = "https://hooks.example.com/"
    refused: list[dict[str, object]] = [
        *({"url": url} for url in ("http://10.0.0.1/", "https://169.254.169.254/latest", "file:///etc/passwd", "", 7)),
        *({"url": public, "events": events} for events in ([], ["x"], "passages.persisted")),
        {"url": public, "secret": "mine"},
    ]
    with service.http() as http:
        for given in refused:
            assert http.post("/v1/webhooks", json=given).status_code == 422, given
        assert http.get("/v1/webhooks").json() == []

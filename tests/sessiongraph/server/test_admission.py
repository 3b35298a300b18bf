"""Who comes in: nobody without a key once there is one, and never by way of a proxy or of a web page of elsewhere."""

import json
import socket
from collections.abc import Callable

import httpx
import pytest

from tests.sessiongraph.server.conftest import Service


def is_problem(answer: httpx.Response, status: int) -> bool:
    """Whether it is a whole problem document of this status."""
    document = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and answer.status_code == status == document["status"]
        and all(document[name] for name in ("type", "title", "detail", "class", "next_step"))
    )


def test_without_any_key_the_machine_itself_is_served(service: Service):
    with service.http() as http:
        assert http.get("/v1/users/me").json()["name"] == "default_user"


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Anything", "Via", "X-Real-IP"])
def test_without_any_key_nothing_comes_through_a_proxy(service: Service, header: str):
    with service.http(**{header: "127.0.0.1"}) as http:
        answer = http.get("/v1/datasets")
        assert is_problem(answer, 401) and "proxy" in answer.json()["detail"]
    key = service.key_of("ana")
    with service.http(key, **{header: "127.0.0.1"}) as http:
        assert http.get("/v1/users/me").json()["name"] == "ana"


def test_without_any_key_no_other_machine_is_served(service: Service, monkeypatch: pytest.MonkeyPatch):
    """As uvicorn tells the peer; here all come from the loopback, so the rule is narrowed."""
    monkeypatch.setattr("sessiongraph.server.admission._LOOPBACK", ("10.",))
    with service.http() as http:
        answer = http.get("/v1/datasets")
        assert is_problem(answer, 401) and "its own machine alone" in answer.json()["detail"]


def test_from_the_first_key_on_the_machine_itself_needs_one_too(service: Service):
    with service.http() as http:
        assert http.get("/v1/datasets").status_code == 200
        key = service.key_of("ana", "read")
        answer = http.get("/v1/datasets")
        assert is_problem(answer, 401) and answer.headers["www-authenticate"].startswith("Bearer")
    keys, ana = service.client.services.access.keys, service.client.services.access.get_user("ana")
    keys.revoke(ana, keys.list(ana)[0].id)
    with service.http() as none, service.http(key) as revoked:
        assert is_problem(none.get("/v1/datasets"), 401), "revoking the last key must not open the door"
        assert is_problem(revoked.get("/v1/datasets"), 401)


@pytest.mark.parametrize("given", ["", "Bearer", "Basic YTpi", "Bearer sgk_guess", "bearer\tx", "Bearer a b"])
def test_a_guess_is_no_key(service: Service, given: str):
    service.key_of("ana")
    with service.http(Authorization=given) as http:
        assert is_problem(http.get("/v1/users/me"), 401)


def test_two_keys_at_once_are_none(service: Service):
    one, other = service.key_of("ana"), service.key_of("bob")
    headers = [("Authorization", f"Bearer {one}"), ("Authorization", f"Bearer {other}")]
    assert is_problem(httpx.get(f"{service.url}/v1/users/me", headers=headers, trust_env=False), 401)


def test_guessing_is_slowed_and_keys_go_on_working(service: Service):
    key = service.key_of("ana")
    with service.http("sgk_guess") as guesser, service.http(key) as ana:
        answers = [guesser.get("/v1/users/me") for _ in range(40)]
        assert is_problem(answers[0], 401) and is_problem(answers[-1], 429)
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert ana.get("/v1/users/me").status_code == 200


def test_a_key_reaches_as_far_as_its_scope(service: Service):
    keys = {scope: service.key_of("ana", scope) for scope in ("read", "write", "admin")}
    turn = {"question": "Who?", "answer": "Alice lives in Paris."}
    calls: list[tuple[str, Callable[[httpx.Client], httpx.Response]]] = [
        ("read", lambda http: http.get("/v1/sessions")),
        ("read", lambda http: http.post("/v1/estimate_cognify", json={})),
        ("write", lambda http: http.post("/v1/sessions/s/turns", json=turn)),
        ("write", lambda http: http.post("/v1/add", json={"data": ["Alice lives in Paris."]})),
        ("write", lambda http: http.post("/v1/cognify", json={})),
        ("write", lambda http: http.post("/v1/search", json={"query_text": "Who?", "session_id": "s"})),
        ("read", lambda http: http.post("/v1/search", json={"query_text": "Who?"})),
        ("write", lambda http: http.post("/v1/forget", json={"dataset": "main_dataset"})),
        ("admin", lambda http: http.post("/v1/roles", json={"name": "readers"})),
        ("admin", lambda http: http.delete("/v1/datasets", params={"dataset": "main_dataset"})),
    ]
    order = ["read", "write", "admin"]
    for needed, call in calls:
        for scope in order:
            with service.http(keys[scope]) as http:
                answer = call(http)
            if order.index(scope) < order.index(needed):
                assert is_problem(answer, 403) and needed in answer.json()["detail"], (needed, scope)
            else:
                assert answer.status_code < 300, (needed, scope, answer.text)
                break  # what was done is not done again with the wider key


# Web pages


def raw(service: Service, request: str) -> tuple[int, str]:
    """The status and body that a request gets, sent as it stands."""
    port = int(service.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::2]"])
def test_a_name_of_elsewhere_that_leads_here_is_refused(service: Service, host: str):
    """DNS rebinding: a page of that name would be taken for the service's own."""
    status, body = raw(service, f"GET /v1/users/me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert status == 421 and json.loads(body)["status"] == 421
    status, _ = raw(service, f"GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert status == 421


def test_two_hosts_are_none(service: Service):
    status, _ = raw(
        service, "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert status in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:8321", "memory.example:443"])
def test_names_of_its_own_are_known(serve: Callable[..., Service], host: str):
    service = serve(server_hosts="memory.example")
    status, _ = raw(service, f"GET /v1/users/me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9", "http://127.0.0.1"])
def test_a_page_of_elsewhere_reaches_nothing(service: Service, origin: str):
    with service.http(Origin=origin) as http:
        for answer in (http.get("/v1/datasets"), http.post("/v1/add", json={"data": ["x"]}), http.options("/v1/add")):
            assert is_problem(answer, 403) and not any("access-control" in name for name in answer.headers)
    with service.http(Origin=service.url) as http:
        assert http.get("/v1/datasets").status_code == 200


def test_a_page_that_was_let_in_is_told_so(serve: Callable[..., Service]):
    service = serve(server_origins="https://chat.example, https://other.example")
    asked = {"Origin": "https://chat.example", "Access-Control-Request-Method": "POST"}
    with service.http(**asked) as http:
        preflight = http.options("/v1/search")
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://chat.example"
        assert http.get("/v1/datasets").headers["access-control-allow-origin"] == "https://chat.example"
    with service.http(Origin="https://evil.example") as http:
        assert is_problem(http.options("/v1/search"), 403)

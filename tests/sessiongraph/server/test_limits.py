"""What one caller may ask of the service: so much, so often, so much at once, and not as slowly as they like."""

import json
import socket
import threading
import time
from collections.abc import Callable

import pytest

from sessiongraph.server.rates import Rates, TooMany
from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.test_admission import is_problem
from tests.support.openai_endpoint import OpenAIEndpoint


def test_too_many_requests_are_told_when_to_come_again(serve: Callable[..., Service]):
    service = serve(server_requests_per_minute=6)
    one, other = service.key_of("ana"), service.key_of("bob")
    with service.http(one) as ana, service.http(other) as bob:
        answers = [ana.get("/v1/sessions") for _ in range(8)]
        assert [answer.status_code for answer in answers[:6]] == [200] * 6
        assert is_problem(answers[-1], 429) and 1 <= int(answers[-1].headers["retry-after"]) <= 10
        assert bob.get("/v1/sessions").status_code == 200
        assert ana.get("/livez").status_code == 200


def test_a_bucket_fills_again():
    now = [0.0]
    rates = Rates(60, 1, lambda: now[0])
    for _ in range(60):
        rates.take("ana")
    with pytest.raises(TooMany) as refused:
        rates.take("ana")
    assert refused.value.seconds == pytest.approx(1)
    now[0] = refused.value.seconds
    rates.take("ana")


def test_too_many_at_once_are_refused_and_the_next_served(serve: Callable[..., Service], endpoint: OpenAIEndpoint):
    service = serve(server_concurrency=1)
    with service.http() as http:
        http.post("/v1/add", json={"data": ["Alice lives in Paris."]})
        http.post("/v1/cognify", json={})
        endpoint.latency = 1.5
        slow: list[int] = []

        def ask() -> None:
            with service.http() as other:
                slow.append(other.post("/v1/search", json={"query_text": "Where does Alice live?"}).status_code)

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(0.5)
        refused = http.get("/v1/datasets")
        asking.join()
        assert is_problem(refused, 429) and refused.headers["retry-after"] == "1"
        assert slow == [200] and http.get("/v1/datasets").status_code == 200


def test_a_long_body_is_refused_by_what_it_says_and_by_what_it_is(serve: Callable[..., Service]):
    service = serve(server_upload_mb=1)
    with service.http() as http:
        long = {"data": ["Alice lives in Paris. " * 300_000]}
        assert is_problem(http.post("/v1/add", json=long), 413)

        def chunks():
            yield b'{"data": ["'
            for _ in range(100):
                yield b"Alice lives in Paris. " * 3_000
            yield b'"]}'

        endless = http.post("/v1/add", content=chunks(), headers={"Content-Type": "application/json"})
        assert is_problem(endless, 413)
        assert is_problem(http.post("/v1/add/files", files={"files": ("a.txt", b"word " * 400_000)}), 413)
        assert http.get("/v1/datasets").json() == []


def test_a_slow_body_is_given_up(serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sessiongraph.server.body_limits._JSON_SECONDS", 0.5)
    port = int(serve().url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = (
            "POST /v1/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        )
        connection.sendall(head.encode() + b'{"data"')
        begun = time.monotonic()
        answer = b""
        while b'"status": 408' not in answer and (chunk := connection.recv(65536)):
            answer += chunk
    assert b"408" in answer.split(b"\r\n")[0] and time.monotonic() - begun < 10
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["class"] == "HTTPError"


@pytest.mark.parametrize("length", ["-1", "1e9", "99999999999999999999"])
def test_a_length_that_cannot_be_is_refused(service: Service, length: str):
    port = int(service.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST /v1/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        status = connection.recv(65536).split()[1]
    assert status in (b"400", b"413")

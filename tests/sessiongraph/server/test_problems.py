"""Errors over HTTP: each a problem document, with the library's class and words and without the server's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.test_admission import is_problem, raw

ERRORS: list[tuple[str, str, object, int, str]] = [
    ("GET", "/v1/nothing", None, 404, "HTTPError"),
    ("GET", "/v1/datasets/", None, 404, "HTTPError"),
    ("PUT", "/v1/search", {}, 405, "HTTPError"),
    ("POST", "/v1/search", {}, 422, "InvalidInputError"),
    ("POST", "/v1/search", {"query_text": " "}, 422, "InvalidInputError"),
    ("POST", "/v1/search", {"query_text": "Who?", "top_k": "many"}, 422, "InvalidInputError"),
    ("POST", "/v1/search", {"query_text": "Who?", "only_context": "no"}, 422, "InvalidInputError"),
    ("POST", "/v1/search", {"query_text": "Who?", "unknown": 1}, 422, "InvalidInputError"),
    ("POST", "/v1/search", {"query_text": "\ud800"}, 422, "InvalidInputError"),
    ("POST", "/v1/search", {"query_text": "Who?"}, 409, "NoGraphDataError"),
    ("POST", "/v1/search", {"query_text": "Who?", "datasets": ["x"]}, 404, "DatasetNotFoundError"),
    ("POST", "/v1/add", {"data": ["…"]}, 422, "UnreadableDocumentError"),
    ("POST", "/v1/add", {"data": ["ok"], "dataset_name": "../x"}, 422, "InvalidInputError"),
    ("POST", "/v1/cognify", {}, 409, "NoGraphDataError"),
    ("POST", "/v1/persist_sessions", {"session_ids": ["s"]}, 404, "SessionsNotFoundError"),
    ("POST", "/v1/sessions/a%2Fb/turns", {"question": "q", "answer": "a"}, 404, "HTTPError"),
    ("POST", "/v1/sessions/.x/turns", {"question": "q", "answer": "a"}, 422, "InvalidInputError"),
    ("POST", "/v1/sessions/s/turns", {"question": "\x00", "answer": "a"}, 422, "InvalidInputError"),
    ("PATCH", "/v1/sessions/s/turns/t", {}, 422, "InvalidInputError"),
    ("GET", "/v1/graph?dataset=main_dataset", None, 409, "NoGraphDataError"),
    ("DELETE", "/v1/datasets?dataset=x", None, 404, "DatasetNotFoundError"),
]


def test_every_error_is_a_problem_document(service: Service):
    with service.http(**{"Content-Type": "application/json"}) as http:
        for method, path, body, status, class_ in ERRORS:
            answer = http.request(method, path, content=None if body is None else json.dumps(body))
            assert is_problem(answer, status), (path, answer.text)
            assert answer.json()["class"] == class_ and answer.json()["type"].endswith(class_), path
            if status == 405:
                assert answer.headers["allow"] == "POST"


def test_what_is_no_json_is_a_problem_too(service: Service):
    with service.http(**{"Content-Type": "application/json"}) as http:
        for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"query_text": "\xff"}', b"[" * 100_000, b"1e999"):
            answer = http.post("/v1/search", content=body)
            assert answer.status_code in (400, 422) and is_problem(answer, answer.status_code), body[:20]


@pytest.mark.parametrize("sent", ["\x00\x01\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\x01b\r\n\r\n"])
def test_what_is_no_http_is_a_problem_too(service: Service, sent: str):
    status, body = raw(service, sent)
    assert status == 400 and json.loads(body)["status"] == 400 and "a\x01b" not in body


def test_a_fault_of_the_services_own_says_nothing_of_its_inside(service: Service, monkeypatch: pytest.MonkeyPatch):
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("/srv/secret path, SELECT * FROM users")

    monkeypatch.setattr(service.client.datasets, "list", fail)
    with service.http() as http:
        answer = http.get("/v1/datasets")
        assert is_problem(answer, 500) and "secret" not in answer.text
        assert answer.json()["class"] == "RuntimeError"
    with service.http() as http:
        assert http.get("/v1/sessions").status_code == 200


def test_the_servers_folders_are_not_shown(home: Path, serve: Callable[..., Service]):
    home.mkdir()
    (home / "sessions.sqlite").write_bytes(b"no database" * 100)
    service = serve()
    with service.http() as http:
        answer = http.get("/v1/sessions")
        assert is_problem(answer, 503) and answer.json()["class"] == "CacheUnavailableError"
        assert str(home) not in answer.text and "$SESSIONGRAPH_HOME/sessions.sqlite" in answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert is_problem(http.get("/readyz"), 503) and http.get("/livez").json() == {"alive": True}


def test_sessions_that_are_off_are_told(serve: Callable[..., Service]):
    service = serve(caching=False)
    with service.http() as http:
        assert http.get("/v1/sessions").json()["class"] == "CachingDisabledError"
        assert http.get("/readyz").json()["sessions"] is False


@pytest.mark.parametrize("value", ["a%0d%0aSet-Cookie:%20x=1", "a%0ab", "x" * 50_000, "%00", "%ff%fe", "..%2f..%2fx"])
def test_no_header_is_written_by_a_caller(service: Service, value: str):
    head = f"Host: localhost\r\nIdempotency-Key: {value[:1000]}\r\nConnection: close\r\n\r\n"
    status, body = raw(service, f"GET /v1/sessions/{value}/turns HTTP/1.1\r\n{head}")
    # Were a header written, the body would begin later, or not at all.
    assert status == 400 or (status in (404, 422) and json.loads(body)["status"] == status)


def test_the_document_of_the_api_has_examples_and_problems(service: Service):
    with service.http() as http:
        document = http.get("/openapi.json").json()
    assert document["paths"]["/v1/search"]["post"]["responses"]["4XX"]["content"].keys() == {"application/problem+json"}
    for name, schema in document["components"]["schemas"].items():
        if name in ("AddBody", "SearchBody", "TurnBody", "PersistBody", "GrantBody"):
            assert any("examples" in field for field in schema["properties"].values()), name

"""The chat page of the examples, in a real browser, against the service. Skipped where no chromium is installed."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.sessiongraph.server.conftest import Service
from tests.support.browser import chromium, missing

pytestmark = [pytest.mark.skipif(missing() is not None, reason=missing() or ""), pytest.mark.timeout(300)]


@pytest.fixture
def page(project_root: Path) -> Iterator[str]:
    """The address of the folder of examples, of an origin of its own."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(project_root / "examples"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_chat_answers_persists_and_shows_markup_as_text(page: str, serve: Callable[..., Service], tmp_path: Path):
    service = serve(server_origins=page)
    with service.http() as http:
        http.post("/v1/add", json={"data": ["Alice moved to Paris in 2010."]})
        http.post("/v1/cognify", json={})
    with chromium(tmp_path / "profile") as browser:
        browser.open(f"{page}/chat.html?service={service.url}&session=s")
        browser.sees("Session s of default_user", seconds=60)
        browser.find("//input").send_keys("Where does Alice live?")
        browser.click("//button[text()='Send']")
        browser.sees("Alice moved to Paris in 2010.", seconds=60)
        browser.find("//input").send_keys("Where does <b onclick=x>she</b> live?")
        browser.click("//button[text()='Send']")
        browser.sees("Where does <b onclick=x>she</b> live?", seconds=60)
        browser.sees("source(s) found", seconds=60)
        browser.click("//button[text()='Persist']")
        browser.sees("of s are in the graph", seconds=60)
    with service.http() as http:
        assert len(http.get("/v1/sessions/s/turns").json()) >= 1


def test_a_page_that_was_not_let_in_gets_nothing(page: str, service: Service, tmp_path: Path):
    with chromium(tmp_path / "profile") as browser:
        browser.open(f"{page}/chat.html?service={service.url}&session=s")
        browser.sees("Failed to fetch", seconds=60)
        assert "default_user" not in browser.text

"""The service over real HTTP: uvicorn on a free port, a home of each test's own, models loaded once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from sessiongraph.cli.serve import SERVER_OPTIONS
from sessiongraph.client import SessionGraph
from sessiongraph.server.app import create_app
from sessiongraph.services import Shared
from sessiongraph.settings import Settings


class Service:
    """A running server and the client that it owns."""

    def __init__(self, client: SessionGraph, port: int) -> None:
        self.client = client
        self.url = f"http://127.0.0.1:{port}"

    def http(self, key: str | None = None, **headers: str) -> httpx.Client:
        """A caller with this key."""
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def key_of(self, name: str, scope: str = "admin") -> str:
        """A key of the user of that name, who is created where there is none."""
        access = self.client.services.access
        user = next((it for it in access.list_users() if it.name == name), None) or access.create_user(name)
        return access.keys.create(user, scope)[1]


@contextmanager
def running(client: SessionGraph) -> Iterator[Service]:
    """The service of `client`, until the end, when it is closed with it."""
    config = uvicorn.Config(create_app(client), host="127.0.0.1", port=0, **{**SERVER_OPTIONS, "factory": False})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    try:
        yield Service(client, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def serve(home: Path, shared: Shared) -> Iterator[Callable[..., Service]]:
    """Starts a server with these settings; it ends with the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(
            running(SessionGraph(Settings(home=home, **settings), shared=shared))
        )


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve()

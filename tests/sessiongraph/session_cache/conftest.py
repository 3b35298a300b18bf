"""Session caches over SQLite and over a real Redis, empty at the beginning of each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiongraph.session_cache import open_session_cache
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.settings import Settings
from tests.support.session_caches import OpenCache


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of an empty cache."""
    chosen = {"cache_backend": request.param, "session_ttl_seconds": 600}
    if request.param == "redis":
        server = request.getfixturevalue("redis_server")
        chosen |= {"cache_host": server.host, "cache_port": server.port}
    settings = Settings(_env_file=None, home=tmp_path / "home", **chosen)
    if request.param == "redis":
        open_session_cache(settings).clear()
    return settings


@pytest.fixture
def open_cache(settings: Settings) -> Iterator[OpenCache]:
    """Opens a cache over the same store as often as it is called, as several processes would."""
    opened: list[SessionCache] = []

    def open_(**changes: object) -> SessionCache:
        opened.append(open_session_cache(settings.model_copy(update=changes)))
        return opened[-1]

    yield open_
    for cache in opened:
        cache.close()


@pytest.fixture
def cache(open_cache: OpenCache) -> SessionCache:
    return open_cache()

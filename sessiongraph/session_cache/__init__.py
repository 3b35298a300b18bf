"""The session cache: turns as they are said, until they expire. `open_session_cache` picks the backend.

What a cache is stands in `base`; the backends, `sqlite` and `redis`, are imported when chosen.
"""

from sessiongraph.errors import CachingDisabledError
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.settings import Settings


def open_session_cache(settings: Settings) -> SessionCache:
    """The cache that `settings` choose; it connects when first used. Raises CachingDisabledError."""
    if not settings.caching:
        raise CachingDisabledError("Sessions need the session cache: set CACHING=true (the default) and try again.")
    if settings.cache_backend == "redis":
        from sessiongraph.session_cache.redis import RedisSessionCache

        return RedisSessionCache(
            settings.cache_host,
            settings.cache_port,
            settings.cache_username,
            settings.cache_password.get_secret_value() if settings.cache_password else None,
            settings.session_ttl_seconds,
        )
    from sessiongraph.session_cache.sqlite import SqliteSessionCache

    return SqliteSessionCache(settings.home / "sessions.sqlite", settings.session_ttl_seconds)

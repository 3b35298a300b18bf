"""The session cache: turns as they are said, until they expire. `open_session_cache` picks the backend.

What a cache is stands in `base`; the backends, `sqlite` and `redis`, are imported when chosen.
"""

from urllib.parse import quote

from sessiongraph.errors import CachingDisabledError
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.settings import Settings


def open_session_cache(settings: Settings) -> SessionCache:
    """The cache that `settings` choose; it connects when first used. Raises CachingDisabledError."""
    if not settings.caching:
        raise CachingDisabledError("Sessions need the session cache: set CACHING=true (the default) and try again.")
    if settings.cache_backend == "redis":
        from sessiongraph.session_cache.redis import RedisSessionCache

        return RedisSessionCache(_redis_url(settings), settings.session_ttl_seconds)
    from sessiongraph.session_cache.sqlite import SqliteSessionCache

    return SqliteSessionCache(settings.home / "sessions.sqlite", settings.session_ttl_seconds)


def _redis_url(settings: Settings) -> str:
    """CACHE_URL, or what the other settings come to as one."""
    if settings.cache_url is not None:
        return settings.cache_url.get_secret_value()
    password = settings.cache_password.get_secret_value() if settings.cache_password else ""
    user = quote(settings.cache_username or "", safe="")
    login = f"{user}:{quote(password, safe='')}@" if user or password else ""
    scheme = "rediss" if settings.cache_tls else "redis"
    host = f"[{settings.cache_host}]" if ":" in settings.cache_host else settings.cache_host
    return f"{scheme}://{login}{host}:{settings.cache_port}/{settings.cache_database}"

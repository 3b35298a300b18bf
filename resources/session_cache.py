"""The resource `session_cache`: where turns wait until they are persisted."""

from typing import Any

import dagster as dg

from resources.fields import check_secret, given_settings

_SETTINGS = {
    "caching": "caching",
    "backend": "cache_backend",
    "host": "cache_host",
    "port": "cache_port",
    "username": "cache_username",
    "password": "cache_password",
    "database": "cache_database",
    "tls": "cache_tls",
    "url": "cache_url",
    "ttl_seconds": "session_ttl_seconds",
}


class SessionCacheResource(dg.ConfigurableResource):
    """Settings of the session cache: `backend` is sqlite, in the home, or redis, at `host` and `port` or at `url`."""

    caching: bool | None = None
    backend: str | None = None
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = None
    database: int | None = None
    tls: bool | None = None
    url: str | None = None
    ttl_seconds: int | None = None

    def settings(self) -> dict[str, Any]:
        """The settings that are given, by the library's names."""
        return given_settings(self, _SETTINGS)

    def check_secrets(self) -> None:
        """Raise InvalidInputError where a secret is written out, instead of given as an EnvVar."""
        check_secret(self.password, "SessionCacheResource.password", "CACHE_PASSWORD")
        check_secret(self.url, "SessionCacheResource.url", "CACHE_URL")

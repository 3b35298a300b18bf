"""Every setting there is: read from the environment and from `.env`, checked, and resolved to absolute paths.

The names are those that cognee's users already have in their `.env`, and a few of ours.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AnyHttpUrl, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sessiongraph.errors import InvalidInputError

LOCAL_LLM = "local/extractive"
LOCAL_EMBEDDER = "local/wordllama"
# Seconds; a month. Nothing that is said waits longer than that to be persisted.
_LONGEST_WAIT = 30 * 24 * 3600


class Settings(BaseSettings):
    """Settings of one process. Field names are the environment variables in lower case, but for `home`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    home: Path = Field(default=Path(".sessiongraph"), validation_alias="SESSIONGRAPH_HOME")

    llm_model: str = LOCAL_LLM
    llm_api_key: str | None = None
    llm_endpoint: str | None = None
    llm_max_concurrency: int = Field(default=16, ge=1)
    llm_max_retries: int = Field(default=3, ge=0)
    llm_timeout_seconds: float = Field(default=60.0, gt=0)

    embedding_model: str = LOCAL_EMBEDDER
    embedding_api_key: str | None = None
    embedding_endpoint: str | None = None
    embedding_dimensions: int | None = Field(default=None, ge=1)

    caching: bool = True
    cache_backend: Literal["sqlite", "redis"] = "sqlite"
    cache_host: str = "127.0.0.1"
    cache_port: int = Field(default=6379, ge=1, le=65535)
    cache_username: str | None = None
    cache_password: str | None = None
    session_ttl_seconds: int = Field(default=7 * 24 * 3600, ge=1)

    # When the sensor persists a session by itself: what each means stands in sessiongraph/persistence/due_rules.py.
    persist_idle_seconds: float = Field(default=300.0, ge=0, le=_LONGEST_WAIT)
    persist_turns: int = Field(default=20, ge=1)
    persist_wait_seconds: float = Field(default=1800.0, ge=0, le=_LONGEST_WAIT)
    persist_before_expiry_seconds: float = Field(default=3600.0, ge=0, le=_LONGEST_WAIT)

    # How long Dagster's history is kept: what each means stands in orchestration/prune_history.py.
    keep_runs_days: int = Field(default=30, ge=1)
    keep_history_days: int = Field(default=365, ge=1)
    keep_observations_days: int = Field(default=30, ge=1)

    # Where a run's failure is posted to, as JSON.
    alert_webhook_url: AnyHttpUrl | None = None


def load_settings() -> Settings:
    """The settings of this moment, with `home` absolute. Raises InvalidInputError naming the variable at fault."""
    variables = frozenset((name, os.environ[name]) for name in os.environ if name.upper() in _NAMES)
    return _checked(variables, os.getcwd(), _changed_at(Path(".env")))


_NAMES = {name.upper() for name in Settings.model_fields} | {"SESSIONGRAPH_HOME"}


def _changed_at(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=8)
def _checked(variables: frozenset[tuple[str, str]], folder: str, dotenv: tuple[int, int] | None) -> Settings:
    """What the environment says, which is read and checked once as long as none of the arguments differs."""
    try:
        settings = Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors(include_url=False)
        )
        raise InvalidInputError(f"A setting is wrong: {faults}. Correct it in the environment or in .env.") from None
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})

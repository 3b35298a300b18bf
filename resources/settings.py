"""Every setting there is: read from the environment and from `.env`, checked, and resolved to absolute paths.

The names are those that cognee's users already have in their `.env`, and a few of ours.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from resources.errors import InvalidInputError

LOCAL_LLM = "local/extractive"
LOCAL_EMBEDDER = "local/wordllama"


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


def load_settings() -> Settings:
    """The settings of this moment, with `home` absolute. Raises InvalidInputError naming the variable at fault."""
    try:
        settings = Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors(include_url=False)
        )
        raise InvalidInputError(f"A setting is wrong: {faults}. Correct it in the environment or in .env.") from None
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})

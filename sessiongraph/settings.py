"""Every setting there is: given, or read from the environment and from `.env`, and checked.

A setting `llm_model` is the variable SESSIONGRAPH_LLM_MODEL or, where that is nowhere set, LLM_MODEL: the names that
cognee's users already have. The prefixed name goes first wherever it stands, the environment before `.env`.
"""

import os
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, Field, Secret, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from sessiongraph.errors import InvalidInputError
from sessiongraph.files import check_files_url
from sessiongraph.ids import key_parts
from sessiongraph.types import DEFAULT_USER, MAIN_DATASET

PREFIX = "SESSIONGRAPH_"
LOCAL_LLM = "local/extractive"
LOCAL_EMBEDDER = "local/wordllama"
LOCAL_SENTENCE_EMBEDDER = "local/e5-small"
# Seconds; a month. Nothing that is said waits longer than that to be persisted.
_LONGEST_WAIT = 30 * 24 * 3600


def variables_of(setting: str) -> list[str]:
    """The environment variables of `setting`, the one that goes first first."""
    # HOME, DATABASE_URL, SERVER_…, WEBHOOK_… and so on are other programs' words.
    alone = setting in (
        "home",
        "asset_key_prefix",
        "database_url",
        "files_url",
        "celery_url",
        "public_url",
        "dagster_url",
    )
    alone = alone or setting.startswith(("server_", "webhook_"))
    return [PREFIX + setting.upper(), *([] if alone else [setting.upper()])]


class Settings(BaseSettings):
    """Settings of one client; what is not given is read. Raises InvalidInputError that names what is wrong.

    `home` is made absolute. Keys and passwords are secrets: `repr`, logs and errors never show them.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True)

    home: Path = Field(default=Path(".sessiongraph"), validate_default=True)
    # What stands before the name of every asset, as in "team/memory"; for a home whose assets are beside others'.
    asset_key_prefix: str = Field(default="", pattern=r"^(?:[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)*)?$")

    llm_model: str = LOCAL_LLM
    llm_api_key: SecretStr | None = None
    llm_endpoint: str | None = None
    llm_max_concurrency: int = Field(default=16, ge=1)
    llm_max_retries: int = Field(default=3, ge=0)
    llm_timeout_seconds: float = Field(default=60.0, gt=0)

    embedding_model: str = LOCAL_EMBEDDER
    embedding_api_key: SecretStr | None = None
    embedding_endpoint: str | None = None
    embedding_dimensions: int | None = Field(default=None, ge=1)

    # The PostgreSQL that holds graphs, users and grants of any number of machines; without it they are files of `home`.
    database_url: SecretStr | None = None
    # Where originals, pages of changes, inboxes and checkpoints lie for all machines; without it in `home`.
    files_url: str | None = None

    caching: bool = True
    cache_backend: Literal["sqlite", "redis"] = "sqlite"
    cache_host: str = "127.0.0.1"
    cache_port: int = Field(default=6379, ge=1, le=65535)
    cache_username: str | None = None
    cache_password: SecretStr | None = None
    cache_database: int = Field(default=0, ge=0)
    cache_tls: bool = False
    # All of these in one, as managed services give it: rediss://user:password@host:6380/0 (rediss is with TLS).
    cache_url: SecretStr | None = None
    session_ttl_seconds: int = Field(default=7 * 24 * 3600, ge=1)

    # The Redis in which LangChain's RedisChatMessageHistory keeps its sessions, to be brought into that dataset; and
    # what keys there begin with, where that was chosen.
    langchain_redis_url: SecretStr | None = None
    langchain_redis_dataset: str = f"{DEFAULT_USER}/{MAIN_DATASET}"
    langchain_redis_key_prefix: str | None = None

    # When the sensor persists a session by itself: what each means stands in sessiongraph/persistence/due_rules.py.
    persist_idle_seconds: float = Field(default=300.0, ge=0, le=_LONGEST_WAIT)
    persist_turns: int = Field(default=20, ge=1)
    persist_wait_seconds: float = Field(default=1800.0, ge=0, le=_LONGEST_WAIT)
    persist_before_expiry_seconds: float = Field(default=3600.0, ge=0, le=_LONGEST_WAIT)

    # The broker of the Celery workers that do the steps of runs; without it a run does them itself.
    celery_url: SecretStr | None = None

    # How long Dagster's history is kept: what each means stands in orchestration/prune_history.py.
    keep_runs_days: int = Field(default=30, ge=1)
    keep_history_days: int = Field(default=365, ge=1)
    keep_observations_days: int = Field(default=30, ge=1)

    # Of the service: names by which it may be called beside localhost, and web pages of elsewhere that may call it,
    # with commas between; then what one key may do, of which each worker keeps its own count.
    server_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    server_origins: Annotated[tuple[str, ...], NoDecode] = ()
    server_requests_per_minute: int = Field(default=600, ge=1)
    server_concurrency: int = Field(default=16, ge=1)
    server_upload_mb: int = Field(default=64, ge=1, le=1024)

    # Hosts and networks, with commas between, to which webhooks may be sent though they are private, and by http.
    webhook_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    # Where people reach the explorer and the Dagster UI: pages of each link to the other then.
    public_url: AnyHttpUrl | None = None
    dagster_url: AnyHttpUrl | None = None

    # Where a run's failure is posted to, as JSON. Whoever knows the address may post there.
    alert_webhook_url: Secret[AnyHttpUrl] | None = None

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InvalidInputError(_explained(error, given)) from None

    @field_validator("cache_url", "langchain_redis_url")
    @classmethod
    def _of_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            address = urlsplit(url.get_secret_value())
            if address.scheme not in ("redis", "rediss") or not address.hostname:
                raise ValueError("it is redis://host:port/database or, with TLS, rediss://host:port/database")
            _ = address.port  # raises where it is no number
        return url

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            address = urlsplit(url.get_secret_value())
            if address.scheme not in ("postgresql", "postgres") or not address.path.strip("/"):
                raise ValueError("it is postgresql://user:password@host:port/database")
            _ = address.port  # raises where it is no number
        return url

    @field_validator("files_url")
    @classmethod
    def _of_files(cls, url: str | None) -> str | None:
        return url and check_files_url(url)

    @field_validator("langchain_redis_dataset")
    @classmethod
    def _key(cls, key: str) -> str:
        key_parts(key)
        return key

    @field_validator("cache_host")
    @classmethod
    def _no_url(cls, host: str) -> str:
        if "/" in host:
            raise ValueError("it is a host's name alone: SESSIONGRAPH_CACHE_URL takes redis:// and rediss:// addresses")
        return host

    @field_validator("server_hosts", "server_origins", "webhook_allowed_hosts", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        return (
            tuple(name.strip().lower() for name in names.split(",") if name.strip())
            if isinstance(names, str)
            else names
        )

    @field_validator("server_origins")
    @classmethod
    def _whole_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            address = urlsplit(origin)
            if address.scheme not in ("http", "https") or origin != f"{address.scheme}://{address.netloc}":
                raise ValueError(f"{origin!r:.60} is no origin: write https://host or http://host:port, without a path")
        return origins

    @field_validator("webhook_allowed_hosts")
    @classmethod
    def _hosts_or_networks(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if "/" in host:
                ip_network(host)  # raises where it is none
            elif not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
                raise ValueError(f"{host!r:.60} is no host's name, no address and no network, as 10.0.0.0/8 is")
        return hosts

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was given, then what the environment and `.env` say under the names of `variables_of`."""
        read = [it.env_vars for it in (env_settings, dotenv_settings) if isinstance(it, EnvSettingsSource)]
        return init_settings, _Named(settings_cls, read)


class _Named(PydanticBaseSettingsSource):
    """Looks each setting up under its first name in all places, then under its second."""

    def __init__(self, settings_cls: type[BaseSettings], places: Sequence[Mapping[str, str | None]]) -> None:
        super().__init__(settings_cls)
        self._places = places

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of a setting, or None."""
        for variable in variables_of(field_name):
            for place in self._places:
                if value := place.get(variable.lower()):
                    return value, field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def load_settings() -> Settings:
    """The settings of this moment. Raises InvalidInputError that names the variable at fault."""
    return Settings()


def environment_state() -> tuple[object, ...]:
    """What settings depend on, to be compared with what it was: variables, working directory, when `.env` changed."""
    variables = frozenset((name, os.environ[name]) for name in os.environ if name.upper() in _VARIABLES)
    try:
        dotenv = os.stat(".env")
    except OSError:
        return variables, os.getcwd(), None
    return variables, os.getcwd(), dotenv.st_mtime_ns, dotenv.st_size


_VARIABLES = frozenset(variable for name in Settings.model_fields for variable in variables_of(name))


def _explained(error: ValidationError, given: Mapping[str, Any]) -> str:
    """What is wrong with which setting, and what to do, without what a secret holds."""
    faults = error.errors(include_url=False, include_input=False)
    return " ".join(_fault(str(fault["loc"][0]), fault["msg"], given) for fault in faults)


def _fault(setting: str, wrong: str, given: Mapping[str, Any]) -> str:
    if setting in given:
        return f"The setting {setting} is wrong: {wrong}."
    own, *others = variables_of(setting)
    found = _set_variable([own, *others])
    if found is None or found == own:
        return f"The setting {own} is wrong: {wrong}. Correct it in the environment or in .env."
    return (
        f"The setting {found} is wrong: {wrong}. Correct it in the environment or in .env; if it is another program's, "
        f"leave it and set {own}, which goes first."
    )


def _set_variable(names: Sequence[str]) -> str | None:
    """Which of `names` a value was read from."""
    places = [EnvSettingsSource(Settings).env_vars, DotEnvSettingsSource(Settings).env_vars]
    return next((name for name in names for place in places if place.get(name.lower())), None)

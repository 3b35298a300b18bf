"""Bringing the tables of a database to this version: forward only, by one process at a time, all or nothing."""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from sessiongraph.errors import SessionGraphError

# The last of `migrations/versions`.
NEWEST = "0003"
_VERSIONS = Path(__file__).parent / "migrations"
# Who migrates holds it; any number that nobody else uses.
_LOCK = 7_311_873_201


def bring_up_to_date(engine: Engine, schema: str) -> None:
    """Make the tables in `schema`, or what of them this version has new. Raises SessionGraphError where the database is
    newer than this version."""
    with engine.begin() as connection:
        if _version(connection, schema) == NEWEST:
            return
    with engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        version = _version(connection, schema)
        if version == NEWEST:
            return
        if version is not None and version > NEWEST:
            raise SessionGraphError(
                f"The database was brought to version {version} by a newer sessiongraph; this one knows {NEWEST}. "
                "Nothing was written: install the newer sessiongraph here, too."
            )
        _upgrade(connection, schema)


def _version(connection: Connection, schema: str) -> str | None:
    if connection.scalar(text(f"SELECT to_regclass('{schema}.alembic_version')")) is None:
        return None
    version: str | None = connection.scalar(text(f"SELECT version_num FROM {schema}.alembic_version"))
    return version


def _upgrade(connection: Connection, schema: str) -> None:
    from alembic import command  # which takes a third of a second: an up-to-date database needs none
    from alembic.config import Config

    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    config = Config(attributes={"connection": connection, "schema": schema})
    config.set_main_option("script_location", str(_VERSIONS).replace("%", "%%"))
    command.upgrade(config, "head")

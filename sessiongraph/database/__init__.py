"""The PostgreSQL database of whoever runs more than one machine: its connections, its migrations, its faults."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessiongraph.database.engine import Database


def open_database(url: str) -> "Database":
    """The database at `url`, which is connected to when it is first used. Raises InvalidInputError where the driver is
    not installed."""
    try:
        from sessiongraph.database.engine import Database
    except ImportError as error:
        from sessiongraph.errors import InvalidInputError

        raise InvalidInputError(
            f"SESSIONGRAPH_DATABASE_URL needs what is not installed here ({error}): install 'sessiongraph[postgres]'."
        ) from error
    return Database(url)

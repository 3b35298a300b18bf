"""Who persists what is said in a home: a Dagster daemon, a process of the service or of MCP, or nobody."""

from pathlib import Path
from typing import Literal

import portalocker

from sessiongraph.services import Services
from sessiongraph.store import file_lock

Persisting = Literal["dagster", "this process", "another process", "nobody"]

MEANING: dict[Persisting, str] = {
    "dagster": "Dagster's daemon",
    "this process": "this process",
    "another process": "a running sessiongraph serve or mcp",
    "nobody": "nobody: start sessiongraph serve, or sessiongraph dev",
}


def lock_file(home: Path) -> Path:
    """Held by the one process of a home that persists by itself; the system lets go of it when that dies."""
    return home / "persisting.lock"


def take_lock(home: Path) -> portalocker.Lock | None:
    """The lock, to be released; None where another process holds it. Blocks for a moment."""
    return file_lock.take_lock(lock_file(home))


def who_persists(services: Services) -> Persisting:
    """For who is not about to persist anything. Blocks."""
    home = services.settings.home
    if lock_file(home).exists():
        lock = take_lock(home)
        if lock is None:
            return "another process"
        lock.release()
    return "dagster" if daemon_persists(services) else "nobody"


def daemon_persists(services: Services) -> bool:
    """Whether a Dagster daemon persists what is due in this home. Blocks; Dagster is slow to import."""
    from sessiongraph.dagster.daemon import ticks

    return ticks(services.dagster_instance)

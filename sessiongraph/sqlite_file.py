"""How a small SQLite file that many processes write to is opened: WAL, a busy timeout, foreign keys.

What is kept in such a file, and which error its users see, belongs to the resource that keeps it.
"""

import sqlite3
import time
from pathlib import Path

# How long one writer waits for another, in seconds.
BUSY_SECONDS = 5.0


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, for any one thread at a time. Creates the file and its folder.

    A commit survives the death of the process; one within the last moments before a power cut may be lost
    (synchronous=NORMAL), the file never. Raises sqlite3.Error or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _set_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        # What is deleted is overwritten, not just unlinked.
        connection.execute("PRAGMA secure_delete=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def is_locked(error: BaseException) -> bool:
    """Whether `error` says that another process or thread held the file for too long."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(code, int) and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _set_wal(connection: sqlite3.Connection) -> None:
    # When several processes create the file at once, SQLite refuses this pragma without waiting.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)

"""Where a home is served: said by the process that does, for whoever wants to open it.

Invariant: what is said holds as long as the lock is held, which the system lets go of when the process dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Say that `home` is served at `url`; nothing where another process says so of itself already."""
    lock = _take_lock(home)
    if lock is None:
        yield
        return
    try:
        _address_file(home).write_text(url, encoding="utf-8")
        yield
    finally:
        _address_file(home).unlink(missing_ok=True)
        lock.release()


def served_at(home: Path) -> str | None:
    """The address at which another process serves `home`; None where none does. Blocks for a moment."""
    if not _lock_file(home).exists():
        return None
    lock = _take_lock(home)
    if lock is not None:
        lock.release()
        return None
    try:
        return _address_file(home).read_text(encoding="utf-8") or None
    except OSError:
        return None  # it has just begun, or ended


def _lock_file(home: Path) -> Path:
    return home / "serving.lock"


def _address_file(home: Path) -> Path:
    return home / "serving.url"


def _take_lock(home: Path) -> portalocker.Lock | None:
    home.mkdir(parents=True, exist_ok=True)
    lock = portalocker.Lock(_lock_file(home), "a", timeout=0, fail_when_locked=True)
    try:
        lock.acquire()
    except portalocker.LockException:
        return None
    return lock

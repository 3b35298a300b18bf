"""Checkpoints that machines make for each other: published among a dataset's files, and fetched beside those made here.

Invariants:
- Nobody waits for an object store for longer than FETCH_SECONDS, nor soon again after it had no answer; then what is
  here is opened, or the rows are read. No failure here is anybody's: a warning says so.
- A published one says in its name at which commit it was made, after how many deletions, by which code and of what
  content. That is checked before it takes a name here. Of an earlier epoch none is fetched, and `forget` removes all of
  them; one that was being published meanwhile is removed by whoever did.
- What lies here of all datasets is bounded by CACHE_BYTES.
"""

import hashlib
import logging
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import portalocker

from sessiongraph.columnar.saved_arrays import BrokenArraysError, pack_folder, remove_folder, unpack_folder
from sessiongraph.files import Files
from sessiongraph.store.graph_store import CHECKPOINTS, GraphStore
from sessiongraph.store.store_version import StoreVersion, continues

logger = logging.getLogger(__name__)

FETCH_SECONDS = 10.0
CACHE_BYTES = 20 * 1024**3
# What the name of a folder begins with that is not whole, and none of a checkpoint.
MAKING = "making-"
_FETCHING = "fetching-"
# After an object store had no answer, it is not asked for so long.
_PAUSE_SECONDS = 60.0
_NAME = re.compile(r"(\d{12})-(\d+)-([0-9a-f]{16})-([0-9a-f]{32})\.zip")


@dataclass(frozen=True, order=True)
class Published:
    """A checkpoint of the commit `seq`, after so many deletions, by the name of the file that it is."""

    seq: int
    epoch: int
    code: str
    digest: str

    @property
    def file(self) -> str:
        return f"{self.seq:012}-{self.epoch}-{self.code}-{self.digest}.zip"

    @property
    def folder(self) -> str:
        """As what is the name of a checkpoint here."""
        return f"{self.seq:012}-{self.digest[:8]}"


class SharedCheckpoints:
    """Those of one process, whose home is `home`. Methods block; any number of threads may call them."""

    def __init__(self, home: Path, fetch_seconds: float = FETCH_SECONDS, cache_bytes: int = CACHE_BYTES) -> None:
        self._home, self._fetch_seconds, self._cache_bytes = home, fetch_seconds, cache_bytes
        self._not_before = 0.0

    def publish(self, store: GraphStore, folder: Path, version: StoreVersion, code: str) -> None:
        """Let other machines have the checkpoint in `folder`; those of earlier commits go."""
        making = store.checkpoints / f"{MAKING}{uuid4().hex}"
        files = store.files.below(CHECKPOINTS)
        try:
            making.mkdir()
            pack_folder(folder, making / "packed.zip")
            new = Published(version.seq, version.rows[0], code[:16], _digest(making / "packed.zip"))
            files.take(making / "packed.zip", new.file)
            if not store.read(partial(continues, known=version)):
                files.remove(new.file)
            for other in _published(files):
                if other.seq < new.seq:
                    files.remove(other.file)
        except Exception as error:
            logger.warning("The checkpoint %s is not there for other machines: %s", folder, error)
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def fetch(self, store: GraphStore, since: int, version: StoreVersion, code: str) -> bool:
        """Have the newest here that is of a commit after `since`, and fits the store at `version`; whether it came."""
        if time.monotonic() < self._not_before:
            return False
        came: list[bool] = []
        thread = threading.Thread(
            target=lambda: came.append(self._fetched(store, since, version, code)),
            name="fetching a checkpoint",
            daemon=True,
        )
        thread.start()
        thread.join(self._fetch_seconds)
        if thread.is_alive():
            self._not_before = time.monotonic() + _PAUSE_SECONDS
            logger.warning("A checkpoint of %s is not here yet: its rows are read, and nobody waits.", store.key)
        return any(came)

    def _fetched(self, store: GraphStore, since: int, version: StoreVersion, code: str) -> bool:
        try:
            files = store.files.below(CHECKPOINTS)
            found = [it for it in _published(files) if (it.epoch, it.code) == (version.rows[0], code[:16])]
            newest = max((it for it in found if since < it.seq <= version.seq), default=None)
            if newest is None:
                return False
            with _only_one(store, self._fetch_seconds):
                if not (store.checkpoints / newest.folder).exists():
                    _bring(files, newest, store.checkpoints)
            self._keep_to_budget()
            return True
        except FileNotFoundError:
            return False  # a newer one took its place, or something was forgotten
        except Exception as error:
            self._not_before = time.monotonic() + _PAUSE_SECONDS
            logger.warning("No checkpoint of %s could be fetched, and its rows are read: %s", store.key, error)
            return False

    def _keep_to_budget(self) -> None:
        """Remove what was made or fetched longest ago, of whichever dataset."""
        found = self._home.glob(f"datasets/*/{CHECKPOINTS}/[0-9]*")
        total = 0
        for place, folder in enumerate(sorted(found, key=lambda it: it.stat().st_mtime, reverse=True)):
            total += sum(path.stat().st_blocks * 512 for path in folder.iterdir())
            if place and total > self._cache_bytes:
                remove_folder(folder)


def _published(files: Files) -> list[Published]:
    named = (_NAME.fullmatch(it.name) for it in files.entries())
    return [Published(int(it[1]), int(it[2]), it[3], it[4]) for it in named if it]


def _bring(files: Files, it: Published, checkpoints: Path) -> None:
    """Make a folder of what is published, and then let it be one of `checkpoints`."""
    fetching = checkpoints / f"{_FETCHING}{uuid4().hex}"
    fetching.mkdir()
    try:
        with files.local(it.file, fetching) as packed:
            if _digest(packed) != it.digest:
                raise BrokenArraysError(f"{it.file} is not what was published")
            unpack_folder(packed, fetching / "whole")
        (fetching / "whole").rename(checkpoints / it.folder)
    finally:
        shutil.rmtree(fetching, ignore_errors=True)
    for older in checkpoints.glob("[0-9]*"):
        if older.name < it.folder:
            remove_folder(older)


@contextmanager
def _only_one(store: GraphStore, seconds: float) -> Iterator[None]:
    """Alone of this machine's processes, which would all fetch the same; what a killed one left is removed."""
    store.checkpoints.mkdir(parents=True, exist_ok=True)
    with portalocker.Lock(store.folder / "fetch.lock", "a", timeout=seconds):
        for left in store.checkpoints.glob(f"{_FETCHING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=16)).hexdigest()

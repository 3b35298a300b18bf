"""What processes beside a test do with the lock of a dataset: here, where they have to import nothing but the lock."""

import contextlib
import time
from pathlib import Path
from typing import Any

from sessiongraph.errors import StoreBusyError
from sessiongraph.store.file_lock import dataset_lock


def read_on_and_on(path: Path, stop: Any, reading: Any) -> None:
    first = True
    while not stop.is_set():
        with contextlib.suppress(StoreBusyError), dataset_lock(path, exclusive=False, wait_seconds=10):
            if first:
                reading.release()
                first = False
            time.sleep(0.05)


def write_once(path: Path, done: Any) -> None:
    with dataset_lock(path, exclusive=True, wait_seconds=60):
        done.set()

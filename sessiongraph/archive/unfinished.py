"""Where imports are made: a folder of their own each in `<home>/imports`, of which nothing is a dataset yet.

Invariant: what a killed import left goes with the next one. Whoever imports shares a lock, so whoever has it alone
knows that the folders there are nobody's.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sessiongraph.errors import SessionGraphError, StoreBusyError
from sessiongraph.ids import new_id
from sessiongraph.store.duckdb_store import WAIT_SECONDS
from sessiongraph.store.file_lock import dataset_lock


@contextmanager
def unfinished_folder(home: Path) -> Iterator[Path]:
    """A new folder to import into, which goes with whatever is still in it."""
    imports = home / "imports"
    lock = imports / "imports.lock"
    with suppress(StoreBusyError), dataset_lock(lock, exclusive=True, wait_seconds=0):
        for left in filter(Path.is_dir, imports.iterdir()):
            shutil.rmtree(left)
    with dataset_lock(lock, exclusive=False, wait_seconds=WAIT_SECONDS):
        folder = imports / new_id()
        try:
            folder.mkdir(mode=0o700)
            yield folder
        except OSError as error:
            raise SessionGraphError(
                f"The archive could not be written into {str(home)!r} ({error.strerror or error}), and nothing of it "
                "was kept: see that the folder can be written and its disk is not full."
            ) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

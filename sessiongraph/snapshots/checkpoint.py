"""Checkpoints: what a graph is derived to, as files that any process of the machine maps instead of reading the store.

A checkpoint is the state of a `SnapshotBuilder` at a commit, in a folder of its own beside the store. Whoever opens the
newest adds the commits since, by the same steps as any refresh. Where machines share their files, those of others are
brought here first (`shared_checkpoints.py`).

Invariants:
- A checkpoint that was opened and followed shows what a graph read from the beginning shows. One that was made by other
  code, or of another store, is passed over, and so is one that is broken or half-written: that costs time, never data.
- A checkpoint never changes. It is made beside the others, and takes its name when it is whole: nobody waits for it.
- What is forgotten is in none: `GraphStore.rewrite` removes all of them before it begins, and one that was begun before
  is given up, for the store that it was made from is no more.
"""

import logging
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sessiongraph.columnar.saved_arrays import ArrayWriter, BrokenArraysError, SavedArrays, remove_folder
from sessiongraph.snapshots.shared_checkpoints import MAKING, SharedCheckpoints
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder, saved_version
from sessiongraph.source_digest import source_digest
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.file_lock import take_lock
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.store.store_version import StoreVersion, continues
from sessiongraph.text_index.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

# A hash of the rooms that derive: a change of what they hold makes other state of the same rows.
DERIVING_CODE = source_digest("snapshots", "entity_resolution", "text_index", "columnar", "prompts")
# A graph of fewer rows of the ledger is read in less time, and takes less room, than its checkpoint is worth.
_FEWEST_ROWS = 600


@dataclass(frozen=True)
class Made:
    """A checkpoint that was made: at which commit, how many passages, entities and facts it holds, and its size."""

    seq: int
    passages: int
    entities: int
    facts: int
    nbytes: int


def open_newest(
    store: GraphStore, connection: StoreConnection, embedding_model: str | None, tokenizer: Tokenizer
) -> SnapshotBuilder | None:
    """The state of the newest checkpoint that fits the store behind `connection`, with the vectors of that model (of
    any, for None); None where there is none."""
    for saved in _fitting(store, connection, embedding_model):
        builder = SnapshotBuilder(saved.about["model"], tokenizer)
        try:
            builder.load(saved)
        except (BrokenArraysError, KeyError, TypeError, ValueError) as error:
            _warn(saved.folder, error)
            continue
        return builder
    return None


def bring_newest(store: GraphStore, embedding_model: str | None, shared: SharedCheckpoints) -> bool:
    """Have the newest that other machines made here, where enough is missing here; whether it came in time.

    What was made here before something was forgotten elsewhere goes. Waits a while for an object store, and no longer.
    """

    def behind(connection: StoreConnection) -> tuple[StoreVersion, int, int]:
        now = connection.version()
        for folder in _newest_first(store):
            with suppress(BrokenArraysError, KeyError, TypeError, ValueError):
                if saved_version(SavedArrays(folder)).rows < now.rows:
                    remove_folder(folder)
        return now, *_behind(store, connection, embedding_model)

    version, since, rows = store.read(behind)
    return rows >= _FEWEST_ROWS and shared.fetch(store, since, version, DERIVING_CODE)


def is_due(store: GraphStore, embedding_model: str, patience: int = 1, shared: SharedCheckpoints | None = None) -> bool:
    """Whether so much lies behind the newest checkpoint that making the next one costs less than reading that does.

    Making one costs as much as there is, and reading what is behind as much as that is: with one process opened for
    each commit, both together are least where the next is made after a number of rows that grows with the root of all.
    `patience` is how often as many may be waited for.
    """
    if not store.exists:
        return False

    def far_behind(connection: StoreConnection) -> bool:
        _, new = _behind(store, connection, embedding_model)
        if new < patience * _FEWEST_ROWS:
            return False
        [(count,)] = connection.execute("SELECT count(*) FROM ledger").fetchall()
        return bool(new >= patience * 2 * math.isqrt(count))

    is_far = store.read(far_behind)
    if is_far and shared and bring_newest(store, embedding_model, shared):
        return store.read(far_behind)
    return is_far


def make_checkpoint(
    store: GraphStore, embedding_model: str, tokenizer: Tokenizer, shared: SharedCheckpoints | None = None
) -> Made | None:
    """Make a checkpoint of the store as it is now, for all machines that share `shared`, and remove the older ones.

    None where another process makes one, or something was forgotten meanwhile. Readers and writers are not waited for
    but to read what is new. Blocks.
    """
    with _only_maker(store) as is_only:
        if not is_only or not store.exists:
            return None
        if shared:
            bring_newest(store, embedding_model, shared)
        builder = store.read(lambda connection: _read(store, connection, embedding_model, tokenizer))
        folder = store.checkpoints / f"{MAKING}{uuid4().hex}"
        try:
            _write(builder, folder, embedding_model)
            made = folder.with_name(f"{builder.version.seq:012}-{uuid4().hex[:8]}")
            if not store.read(lambda connection: continues(connection, builder.version) and bool(folder.rename(made))):
                return None
            # Where readers do not keep writers out, something may have been forgotten just then.
            if not store.read(lambda connection: continues(connection, builder.version)):
                remove_folder(made)
                return None
        except FileNotFoundError:
            return None  # removed with all others, for something was forgotten
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        for other in _newest_first(store):
            if other != made:
                remove_folder(other)
        if shared:
            shared.publish(store, made, builder.version, DERIVING_CODE)
    nbytes = sum(path.stat().st_blocks * 512 for path in made.iterdir())
    return Made(builder.version.seq, *builder.sizes, nbytes)


def _behind(store: GraphStore, connection: StoreConnection, embedding_model: str | None) -> tuple[int, int]:
    """The commit of the newest checkpoint that fits, and how many rows of the ledger came since."""
    fitting = next(_fitting(store, connection, embedding_model), None)
    since = 0 if fitting is None else saved_version(fitting).seq
    [(new,)] = connection.execute("SELECT count(*) FROM ledger WHERE seq > ?", [since]).fetchall()
    return since, int(new)


def _read(
    store: GraphStore, connection: StoreConnection, embedding_model: str, tokenizer: Tokenizer
) -> SnapshotBuilder:
    builder = open_newest(store, connection, embedding_model, tokenizer) or SnapshotBuilder(embedding_model, tokenizer)
    builder.update(connection)
    return builder


def _write(builder: SnapshotBuilder, folder: Path, embedding_model: str) -> None:
    folder.mkdir(parents=True)
    writer = ArrayWriter(folder)
    try:
        builder.save(writer)
        writer.finish({"code": DERIVING_CODE, "model": embedding_model})
    finally:
        writer.close()


def _fitting(store: GraphStore, connection: StoreConnection, embedding_model: str | None) -> Iterator[SavedArrays]:
    """The checkpoints, the newest first, that this code made of the store behind `connection`, with the vectors of that
    model (of any, for None)."""
    for folder in _newest_first(store):
        try:
            saved = SavedArrays(folder)
            is_ours = saved.about["code"] == DERIVING_CODE and embedding_model in (None, saved.about["model"])
            if is_ours and continues(connection, saved_version(saved)):
                yield saved
        except (BrokenArraysError, KeyError, TypeError, ValueError) as error:
            _warn(folder, error)


def _newest_first(store: GraphStore) -> list[Path]:
    """The folders of whole checkpoints: their names begin with their commits."""
    return sorted(store.checkpoints.glob("[0-9]*"), reverse=True)


def _warn(folder: Path, error: Exception) -> None:
    # Where it was removed meanwhile, a newer one or a forgetting has done so.
    if folder.exists():
        logger.warning("The checkpoint %s is broken and passed over: %s", folder, error)


@contextmanager
def _only_maker(store: GraphStore) -> Iterator[bool]:
    """Whether this is the only one that makes a checkpoint of the store now; what others left half-made is removed."""
    lock = take_lock(store.folder / "checkpoint.lock")
    if lock is None:
        yield False
        return
    try:
        for left in store.checkpoints.glob(f"{MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield True
    finally:
        lock.release()

"""A checkpoint shows what reading all shows, to any process, and holds nothing that was forgotten."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.growth_data import MODEL, Facts
from sessiongraph.columnar.saved_arrays import MANIFEST
from sessiongraph.snapshots import checkpoint
from sessiongraph.snapshots.checkpoint import is_due, make_checkpoint
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction
from sessiongraph.text_index.tokenizer import Tokenizer
from tests.sessiongraph.snapshots.test_snapshot_builder import shown
from tests.support.snapshots import load_snapshot

FEW = 600
FACTS = 591  # the others relate an entity to itself, or repeat another


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of some facts, with a checkpoint."""
    store = DuckDBStore(tmp_path_factory.mktemp("filled") / "graph.duckdb")
    Facts(FEW).commit(store, FEW)
    assert make_checkpoint(store, MODEL, Tokenizer()) is not None
    return store.path.parent


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> DuckDBStore:
    """A copy of it. Times are kept, or the checkpoint would be another."""
    shutil.copytree(filled, tmp_path / "copy")
    return DuckDBStore(tmp_path / "copy" / "graph.duckdb")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each reading of a store from the beginning, or not: whether a checkpoint was opened."""
    found: list[bool] = []

    def open_newest(*arguments: object) -> SnapshotBuilder | None:
        builder = original(*arguments)  # type: ignore[arg-type]
        found.append(builder is not None)
        return builder

    original = checkpoint.open_newest
    monkeypatch.setattr("sessiongraph.snapshots.snapshot_cache.open_newest", open_newest)
    return found


def commit_more(store: DuckDBStore) -> None:
    facts = Facts(FEW)
    facts.count = FEW
    facts.commit(store, 50)


def read(store: DuckDBStore, model: str = MODEL) -> Snapshot:
    return SnapshotReader().snapshot(store, model)


def is_what_reading_all_shows(store: DuckDBStore) -> bool:
    found, expected = read(store), store.read(lambda connection: load_snapshot(connection, MODEL))
    return shown(found) == shown(expected) and vectors(found) == vectors(expected)


def vectors(snapshot: Snapshot) -> dict[str, bytes]:
    return {id_: vector.tobytes() for id_, vector in zip(snapshot.facts["id"], snapshot.fact_vectors[:], strict=True)}


def the_checkpoint(store: DuckDBStore) -> Path:
    [folder] = store.checkpoints.iterdir()
    return folder


def forget(store: DuckDBStore, passage: str) -> None:
    def delete(tx: Transaction) -> None:
        tx.delete("ledger", "passage_id", [passage])
        tx.delete("chunks", "passage_id", [passage])

    store.rewrite("run", "forget", delete)


def test_an_opened_checkpoint_is_followed(store: DuckDBStore, opened: list[bool]) -> None:
    commit_more(store)

    assert is_what_reading_all_shows(store)
    assert opened == [True]


def test_it_shows_a_process_all_without_reading_the_store(store: DuckDBStore, opened: list[bool]) -> None:
    """Words, names, facts, vectors and merges, by a reader that asks for nothing but the newest."""
    found = read(store)

    assert (len(found.passages), len(found.facts)) == (FEW // 5, FACTS)
    assert found.fact_vectors.shape == (FACTS, 256)
    assert found.nbytes < 1_000_000  # of its own: what is mapped is the machine's


def test_a_reader_without_vectors_opens_it_too(store: DuckDBStore, opened: list[bool]) -> None:
    assert SnapshotReader().read(store, lambda _, snapshot: len(snapshot.facts)) == FACTS
    assert opened == [True]


def test_the_vectors_of_another_model_are_read_from_the_store(store: DuckDBStore, opened: list[bool]) -> None:
    assert read(store, "another").fact_vectors.shape == (FACTS, 0)
    assert opened == [False]


def cut(folder: Path) -> None:
    with (folder / "packed.bin").open("r+b") as file:
        file.truncate(1000)


def overwrite(folder: Path) -> None:
    with (folder / "packed.bin").open("r+b") as file:
        file.write(b"\xff" * 5000)


def remove_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def garble_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("{]")


def of_other_code(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["about"]["code"] = "older"
    (folder / MANIFEST).write_text(json.dumps(manifest))


def without_a_part(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["places"]["entities.keys"]
    (folder / MANIFEST).write_text(json.dumps(manifest))


def remove_all(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "spoil", [cut, overwrite, remove_manifest, garble_manifest, of_other_code, without_a_part, remove_all]
)
def test_one_that_cannot_be_used_is_passed_over(
    store: DuckDBStore, opened: list[bool], spoil: Callable[[Path], None]
) -> None:
    spoil(the_checkpoint(store))

    assert is_what_reading_all_shows(store)
    assert opened == [False]
    assert make_checkpoint(store, MODEL, Tokenizer()) is not None
    assert is_what_reading_all_shows(store)
    assert opened == [False, True]


def test_a_broken_one_is_told(store: DuckDBStore, caplog: pytest.LogCaptureFixture) -> None:
    overwrite(the_checkpoint(store))
    read(store)

    [told] = [record.getMessage() for record in caplog.records]
    assert "is broken and passed over" in told and "packed.bin is not the file that was written" in told


def test_that_of_another_store_is_passed_over(store: DuckDBStore, tmp_path: Path, opened: list[bool]) -> None:
    other = DuckDBStore(tmp_path / "other" / "graph.duckdb")
    Facts(FEW).commit(other, 50)
    shutil.copytree(store.checkpoints, other.checkpoints)

    assert is_what_reading_all_shows(other)
    assert opened == [False]


def test_what_is_forgotten_is_in_none(store: DuckDBStore) -> None:
    passages = read(store).passages
    text, passage = next((it.text, it.id) for it in passages.itertuples() if it.kind == "document")
    assert any(text.encode() in path.read_bytes() for path in the_checkpoint(store).iterdir())

    forget(store, passage)

    assert not store.checkpoints.exists()
    assert make_checkpoint(store, MODEL, Tokenizer()) is not None
    assert not any(text.encode() in path.read_bytes() for path in the_checkpoint(store).iterdir())
    assert is_what_reading_all_shows(store)


def test_one_that_was_begun_before_a_forgetting_is_given_up(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = read(store).passages["id"].iloc[0]
    original = SnapshotBuilder.save

    def save(builder: SnapshotBuilder, to: checkpoint.ArrayWriter) -> None:
        original(builder, to)
        forget(store, passage)

    monkeypatch.setattr(SnapshotBuilder, "save", save)

    assert make_checkpoint(store, MODEL, Tokenizer()) is None
    assert not store.checkpoints.exists() or not list(store.checkpoints.iterdir())


def test_the_next_one_takes_over_what_has_not_changed(store: DuckDBStore) -> None:
    commit_more(store)
    before = the_checkpoint(store).name
    assert make_checkpoint(store, MODEL, Tokenizer()) is not None

    assert the_checkpoint(store).name > before
    assert is_what_reading_all_shows(store)


def test_two_that_make_one_at_once_do_no_harm(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = SnapshotBuilder.save

    def save(builder: SnapshotBuilder, to: checkpoint.ArrayWriter) -> None:
        made.append(make_checkpoint(store, MODEL, Tokenizer()))
        original(builder, to)

    monkeypatch.setattr(SnapshotBuilder, "save", save)

    assert make_checkpoint(store, MODEL, Tokenizer()) is not None
    assert made == [None]


def test_one_is_due_when_enough_has_come(tmp_path: Path) -> None:
    store, facts = DuckDBStore(tmp_path / "graph.duckdb"), Facts(4000)
    due = [is_due(store, MODEL)]
    for count in (500, 3000, 500):
        facts.commit(store, count)
        due.append(is_due(store, MODEL))
    make_checkpoint(store, MODEL, Tokenizer())

    assert [*due, is_due(store, MODEL)] == [False, False, True, True, False]
    assert is_due(store, "another")
    of_other_code(the_checkpoint(store))
    assert is_due(store, MODEL)


KILLED = """
import os, signal, sys
from pathlib import Path
from sessiongraph.snapshots.checkpoint import make_checkpoint
from sessiongraph.columnar.saved_arrays import ArrayWriter
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.text_index.tokenizer import Tokenizer

left = int(sys.argv[2])
original = ArrayWriter.value

def value(self, *arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    original(self, *arguments)

ArrayWriter.value = value
make_checkpoint(DuckDBStore(Path(sys.argv[1])), "growth", Tokenizer())
"""


def test_a_process_killed_while_it_makes_one_leaves_the_last_in_place(store: DuckDBStore, opened: list[bool]) -> None:
    commit_more(store)
    before = the_checkpoint(store).name
    for after in (0, 30):
        command = [sys.executable, "-c", KILLED, str(store.path), str(after)]
        killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
        assert killed.returncode == -signal.SIGKILL
    assert before in {path.name for path in store.checkpoints.iterdir()}
    assert is_what_reading_all_shows(store)

    make_checkpoint(store, MODEL, Tokenizer())

    assert the_checkpoint(store).name > before  # and nothing else is left
    assert is_what_reading_all_shows(store)
    assert opened == [True, True]

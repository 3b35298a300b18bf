"""What one machine derived another opens, as if it had made it itself; and no reader waits for where it lies."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.growth_data import MODEL, Facts
from sessiongraph.database.engine import Database
from sessiongraph.files import Files, open_files
from sessiongraph.snapshots import checkpoint
from sessiongraph.snapshots.checkpoint import is_due, make_checkpoint
from sessiongraph.snapshots.shared_checkpoints import SharedCheckpoints
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.store.postgres_store import PostgresStore
from sessiongraph.text_index.tokenizer import Tokenizer
from tests.sessiongraph.snapshots.test_snapshot_builder import shown
from tests.support.object_store import ObjectStore, object_store

FEW, PASSAGES = 600, 120


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so few passages, too."""
    monkeypatch.setattr(checkpoint, "_FEWEST_ROWS", 50)


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as server:
        yield server


class Machine:
    """A home of its own, and what it shares with others."""

    def __init__(self, home: Path, database: Database, dataset: str, files: Files) -> None:
        self.store: GraphStore = PostgresStore(database, dataset, home / "datasets" / dataset, files=files)
        self.shared = SharedCheckpoints(home)

    def make(self) -> bool:
        return make_checkpoint(self.store, MODEL, Tokenizer(), self.shared) is not None

    def read(self) -> Snapshot:
        return SnapshotReader(self.shared).snapshot(self.store, MODEL)

    @property
    def is_due(self) -> bool:
        return is_due(self.store, MODEL, shared=self.shared)

    @property
    def here(self) -> list[str]:
        return sorted(it.name[:12].lstrip("0") for it in self.store.checkpoints.glob("*"))

    @property
    def published(self) -> list[str]:
        return sorted(it.name.split("/")[-1] for it in self.store.files.entries("checkpoints"))


@pytest.fixture
def machines(tmp_path: Path, postgres: Database, server: ObjectStore) -> Callable[[str], Machine]:
    dataset = uuid4().hex
    files = open_files(server.url)
    return lambda name: Machine(tmp_path / name, postgres, dataset, files)


def forget_one(store: GraphStore) -> None:
    of_one = "passage_id = (SELECT min(passage_id) FROM ledger)"
    store.rewrite("r", "forget", lambda tx: tx.delete_where("ledger", of_one))


def test_another_machine_opens_what_one_made_and_adds_what_came_since(
    machines: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bool] = []
    one, other = machines("one"), machines("other")
    facts = Facts(FEW)
    facts.commit(one.store, FEW)
    assert one.is_due and one.make() and len(one.published) == 1
    facts.commit(one.store, 20)

    monkeypatch.setattr(
        "sessiongraph.snapshots.snapshot_cache.open_newest",
        lambda *given: opened.append((builder := checkpoint.open_newest(*given)) is not None) or builder,
    )

    snapshot = other.read()

    assert other.here == ["1"] and opened == [True]
    assert shown(snapshot) == shown(SnapshotReader().snapshot(machines("third").store, MODEL))
    assert not machines("fourth").is_due  # the one that is published is enough

    facts.commit(one.store, FEW)
    assert other.make() and other.here == ["3"] and len(other.published) == 1
    assert one.make() and one.here == ["3"]  # from the other's, not from its own


def test_what_is_forgotten_is_published_nowhere_and_opened_nowhere(machines: Callable[[str], Machine]) -> None:
    one, other = machines("one"), machines("other")
    Facts(FEW).commit(one.store, FEW)
    assert one.make() and len(other.read().passages) == PASSAGES
    [left_behind] = (it.name for it in one.store.files.entries("checkpoints"))
    with one.store.files.local(left_behind) as path:
        kept = path.read_bytes()

    forget_one(one.store)
    assert one.here == [] == one.published and other.here == ["1"]
    one.store.files.write(left_behind, kept)  # as of a machine that was cut off until now

    assert len(other.read().passages) == PASSAGES - 1 and other.here == []


def test_what_is_not_what_was_published_is_passed_over(
    machines: Callable[[str], Machine], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = machines("one"), machines("other")
    Facts(FEW).commit(one.store, FEW)
    assert one.make()
    [name] = (it.name for it in one.store.files.entries("checkpoints"))
    one.store.files.write(name, b"PK spoiled")

    with caplog.at_level(logging.WARNING):
        assert len(other.read().passages) == PASSAGES
    assert "is not what was published" in caplog.text and other.here == []


def test_a_reader_waits_for_no_object_store(
    tmp_path: Path, postgres: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as silent:  # which takes connections, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        machine = Machine(tmp_path, postgres, uuid4().hex, open_files("s3://bucket"))
        machine.shared = SharedCheckpoints(tmp_path, fetch_seconds=0.5)
        Facts(FEW).commit(machine.store, FEW)
        began = time.monotonic()

        with caplog.at_level(logging.WARNING):
            assert len(machine.read().passages) == PASSAGES
            assert len(machine.read().passages) == PASSAGES  # and the second time it is not even asked
    assert time.monotonic() - began < 5 and caplog.text.count("is not here yet") == 1


def test_a_store_that_is_away_fails_no_checkpoint(
    tmp_path: Path, postgres: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    machine = Machine(tmp_path, postgres, uuid4().hex, open_files("s3://bucket"))
    Facts(FEW).commit(machine.store, FEW)

    with caplog.at_level(logging.WARNING):
        assert machine.make() and machine.here == ["1"]
    assert "is not there for other machines" in caplog.text


def test_what_lies_here_is_bounded(tmp_path: Path, postgres: Database, server: ObjectStore) -> None:
    home, files = tmp_path / "home", open_files(server.url)
    for dataset in (uuid4().hex, uuid4().hex):
        maker = Machine(tmp_path / "maker", postgres, dataset, files.below(dataset))
        Facts(FEW).commit(maker.store, FEW)
        assert maker.make()
        reader = Machine(home, postgres, dataset, files.below(dataset))
        reader.shared = SharedCheckpoints(home, cache_bytes=1)
        reader.read()

    assert [it.parent.parent.name for it in home.glob("datasets/*/checkpoints/*")] == [dataset]

"""Readers never fail because a writer works: they see the last version, and the new one once it is there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resources.errors import StoreBusyError
from resources.graph_store import reader as module
from resources.graph_store.reader import SnapshotReader
from resources.graph_store.store import GraphStore, Transaction
from tests.support.evidence import Evidence, put


def ids(reader: SnapshotReader, store: GraphStore) -> list[str]:
    return reader.snapshot(store, "model").passages["id"].tolist()


@contextmanager
def writing(store: GraphStore, evidence: Evidence) -> Iterator[None]:
    """While another thread holds the store and has written `evidence`, not yet committed."""
    begun, end = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        tx.insert("node_sets", [{"document_id": evidence.id, "name": "x"}])
        begun.set()
        assert end.wait(30)

    thread = threading.Thread(target=store.write, args=("r", "a", hold))
    thread.start()
    assert begun.wait(30)
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_a_store_that_has_not_moved_is_not_read_again(store: GraphStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a"))
    assert reader.snapshot(store, "model") is reader.snapshot(store, "model")


def test_the_last_version_is_served_while_a_writer_works_and_the_new_one_after(store: GraphStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a"))
    before = reader.snapshot(store, "model")
    put(store, Evidence("b"))
    with writing(store, Evidence("a")):
        assert reader.snapshot(store, "model") is before
    assert ids(reader, store) == ["a", "b"]


def test_who_has_never_seen_the_dataset_waits_its_turn_and_is_told(store: GraphStore) -> None:
    put(store, Evidence("a"))
    with writing(store, Evidence("a")), pytest.raises(StoreBusyError):
        SnapshotReader().snapshot(store, "model")


def test_an_absent_store_is_empty_until_it_is_there(store: GraphStore) -> None:
    reader = SnapshotReader()
    assert ids(reader, store) == []
    put(store, Evidence("a"))
    assert ids(reader, store) == ["a"]
    store.delete()
    assert ids(reader, store) == []


def test_a_store_that_appears_while_its_absence_is_read_is_seen_next_time(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, load = SnapshotReader(), module.load_snapshot

    def appear(connection, model):  # type: ignore[no-untyped-def]
        if not store.exists:
            put(store, Evidence("a"))
        return load(connection, model)

    monkeypatch.setattr(module, "load_snapshot", appear)
    assert ids(reader, store) == []
    assert ids(reader, store) == ["a"]


def test_what_was_used_longest_ago_goes_when_the_budget_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = [GraphStore(tmp_path / name / "graph.duckdb") for name in "abc"]
    for store in stores:
        put(store, Evidence("d", "some text"))
    reader = SnapshotReader()
    a, b, c = stores
    first = reader.snapshot(a, "model")
    monkeypatch.setattr(module, "MEMORY_BUDGET_BYTES", int(first.nbytes * 2.5))
    kept = reader.snapshot(b, "model")
    assert reader.snapshot(a, "model") is first
    reader.snapshot(c, "model")
    assert reader.snapshot(a, "model") is first
    assert reader.snapshot(b, "model") is not kept


def test_one_snapshot_larger_than_the_budget_is_still_served(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEMORY_BUDGET_BYTES", 1)
    put(store, Evidence("a"))
    reader = SnapshotReader()
    assert reader.snapshot(store, "model") is reader.snapshot(store, "model")

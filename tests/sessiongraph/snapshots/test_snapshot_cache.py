"""Readers never fail because a writer works: they see the last version, and the new one once it is there."""

import gc
import random
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sessiongraph.errors import StoreBusyError
from sessiongraph.ids import text_id
from sessiongraph.snapshots import snapshot_builder
from sessiongraph.snapshots import snapshot_cache as module
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.snapshots.snapshot_builder import SnapshotBuilder
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from sessiongraph.store.connection import StoreConnection
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction
from tests.support.evidence import Evidence, put, settle

NOON = datetime(2024, 5, 8, 12)


def ids(reader: SnapshotReader, store: DuckDBStore) -> list[str]:
    return reader.snapshot(store, "model").passages["id"].tolist()


@contextmanager
def writing(store: DuckDBStore, evidence: Evidence) -> Iterator[None]:
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


def test_a_store_that_has_not_moved_is_not_read_again(store: DuckDBStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a"))
    assert reader.snapshot(store, "model") is reader.snapshot(store, "model")


def test_the_last_version_is_served_while_a_writer_works_and_the_new_one_after(store: DuckDBStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a"))
    before = reader.snapshot(store, "model")
    put(store, Evidence("b"))
    with writing(store, Evidence("a")):
        assert reader.snapshot(store, "model") is before
    assert ids(reader, store) == ["a", "b"]


def test_a_first_read_that_a_writer_keeps_waiting_raises_busy(store: DuckDBStore) -> None:
    put(store, Evidence("a"))
    with writing(store, Evidence("a")), pytest.raises(StoreBusyError):
        SnapshotReader().snapshot(store, "model")


def test_an_absent_store_is_empty_until_it_is_there(store: DuckDBStore) -> None:
    reader = SnapshotReader()
    assert ids(reader, store) == []
    put(store, Evidence("a"))
    assert ids(reader, store) == ["a"]
    store.delete()
    assert ids(reader, store) == []


def test_a_store_that_appears_while_its_absence_is_read_is_seen_next_time(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, refresh = SnapshotReader(), SnapshotBuilder.refresh

    def appear(state: SnapshotBuilder, connection: StoreConnection) -> Snapshot:
        if not store.exists:
            put(store, Evidence("a"))
        return refresh(state, connection)

    monkeypatch.setattr(SnapshotBuilder, "refresh", appear)
    assert ids(reader, store) == []
    assert ids(reader, store) == ["a"]


def test_what_was_used_longest_ago_goes_when_the_budget_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = [DuckDBStore(tmp_path / name / "graph.duckdb") for name in "abc"]
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
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEMORY_BUDGET_BYTES", 1)
    put(store, Evidence("a"))
    reader = SnapshotReader()
    assert reader.snapshot(store, "model") is reader.snapshot(store, "model")


def test_a_file_written_anew_is_read_anew(store: DuckDBStore) -> None:
    """What was forgotten must not linger in what a reader has derived before."""
    reader = SnapshotReader()
    put(store, Evidence("a", mentions=[("Acme", "", "", "document")]))
    put(store, Evidence("b"))
    assert ids(reader, store) == ["a", "b"]

    def forget(tx: Transaction) -> None:
        for table, column in (("ledger", "passage_id"), ("chunks", "passage_id"), ("documents", "id")):
            tx.delete(table, column, ["a"])

    store.rewrite("r", "a", forget)
    put(store, Evidence("c"))
    assert sorted(ids(reader, store)) == ["b", "c"]
    assert reader.snapshot(store, "model").entities.empty


def test_a_dataset_that_was_deleted_and_made_anew_is_another(store: DuckDBStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a"))
    assert ids(reader, store) == ["a"]
    store.delete()
    put(store, Evidence("b"))
    assert ids(reader, store) == ["b"]


def test_many_that_ask_at_once_share_one_refresh(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, refresh, refreshed = SnapshotReader(), SnapshotBuilder.refresh, []
    begun = threading.Event()

    def slow(state: SnapshotBuilder, connection: StoreConnection) -> Snapshot:
        refreshed.append(state)
        # Until the others ask too, or most of them.
        assert begun.wait(30)
        return refresh(state, connection)

    monkeypatch.setattr(SnapshotBuilder, "refresh", slow)
    put(store, Evidence("a"))
    found: list[Snapshot] = []
    threads = [threading.Thread(target=lambda: found.append(reader.snapshot(store, "model"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.set()
    for thread in threads:
        thread.join()
    assert len(refreshed) == 1
    assert all(snapshot is found[0] for snapshot in found)


def test_a_refresh_that_fails_is_made_good_by_the_next(store: DuckDBStore, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a", mentions=[("Acme", "", "", "document")]))
    assert ids(reader, store) == ["a"]
    put(store, Evidence("b"))
    with monkeypatch.context() as patched:
        patched.setattr(snapshot_builder, "read_vectors", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reader.snapshot(store, "model")
    assert sorted(ids(reader, store)) == ["a", "b"]


def test_what_was_handed_out_stays_as_it_was(store: DuckDBStore) -> None:
    """A search that is still running must not see rows move under it."""
    reader = SnapshotReader()
    put(store, *(Evidence(name, f"about {name}", mentions=[(name, "", "", "user")], said_at=NOON) for name in "abc"))
    before = reader.snapshot(store, "model")
    expected = [frame.copy() for frame in (before.passages, before.entities, before.mentions)]
    settle(store, "a", "a", "skipped")
    put(store, Evidence("d", "about d", mentions=[("b", "Person", "who is b", "user")]))
    assert sorted(ids(reader, store)) == ["b", "c", "d"]
    for frame, copy in zip((before.passages, before.entities, before.mentions), expected, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
    assert (before.passage_index.scores("about a") > 0).all()


def test_what_was_read_leaves_memory_for_what_is_written_next(store: DuckDBStore) -> None:
    """Vectors are read within a small limit of DuckDB's memory, which the next user of its instance must not have."""
    put(store, Evidence("a"))
    SnapshotReader().snapshot(store, "model")
    texts = [random.Random(number).randbytes(500_000).hex() for number in range(200)]
    store.write("r", "a", lambda tx: tx.insert("windows", [{"id": text[:32], "summary": text} for text in texts]))
    count = store.read(lambda con: con.execute("SELECT count(*) FROM windows").fetchall())
    assert count == [(201,)]


def embed(store: DuckDBStore, text: str) -> None:
    row = {"text_id": text_id(text), "model": "model", "vector": np.ones(4, "<f4").tobytes()}
    store.write("r", "a", lambda tx: tx.insert("embeddings", [row]))


def whole(reader: SnapshotReader, store: DuckDBStore) -> Snapshot:
    """What is read where no vectors are needed."""
    return reader.read(store, lambda _, snapshot: snapshot)


def test_who_needs_no_vectors_reads_none_in_a_process_that_does_not_search(store: DuckDBStore) -> None:
    put(store, Evidence("a", "some text"))
    embed(store, "some text")

    assert whole(SnapshotReader(), store).passage_vectors.shape == (1, 0)
    assert SnapshotReader().snapshot(store, "model").passage_vectors.shape == (1, 4)


def test_who_needs_no_vectors_shares_the_graph_of_those_who_search(store: DuckDBStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a", "some text"))
    searched = reader.snapshot(store, "model")
    assert whole(reader, store) is searched
    put(store, Evidence("b"))
    assert whole(reader, store) is reader.snapshot(store, "model")


def test_the_graph_without_vectors_goes_when_one_with_vectors_is_asked_for(store: DuckDBStore) -> None:
    """Two of them would be twice the memory."""
    reader = SnapshotReader()
    put(store, Evidence("a"))
    left = weakref.ref(whole(reader, store))
    assert left() is not None
    searched = reader.snapshot(store, "model")
    gc.collect()
    assert left() is None
    assert whole(reader, store) is searched


def test_nobody_who_has_seen_a_dataset_waits_for_who_waits_for_a_writer(tmp_path: Path) -> None:
    """A page is made once the writer is done; meanwhile searches go on with what they saw."""
    store = DuckDBStore(tmp_path / "graph.duckdb", wait_seconds=30)
    reader = SnapshotReader()
    put(store, Evidence("a"))
    before = reader.snapshot(store, "model")
    put(store, Evidence("b"))
    read: list[Snapshot] = []
    page = threading.Thread(target=lambda: read.append(whole(reader, store)))
    with writing(store, Evidence("a")):
        page.start()
        page.join(0.3)
        assert page.is_alive() and reader.snapshot(store, "model") is before
    page.join()
    assert len(read[0].passages) == 2 and reader.snapshot(store, "model") is read[0]


def test_what_is_closed_is_let_go_of(store: DuckDBStore) -> None:
    reader = SnapshotReader()
    put(store, Evidence("a"))
    left = weakref.ref(reader.snapshot(store, "model"))
    reader.close()
    gc.collect()
    assert left() is None and ids(reader, store) == ["a"]

"""What every kind of store does alike: all or nothing, in order, and the same rows, versions and digests."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sessiongraph.errors import StoreBusyError
from sessiongraph.ids import new_id
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.store.schema import TABLES, table_columns
from sessiongraph.store.store_version import continues

NewStore = Callable[[], GraphStore]

_VALUES = {
    "VARCHAR": "Ünïcode 'quoted' ? $1 % \\ 日本 🦆",
    "BIGINT": 2**40,
    "INTEGER": 7,
    "TIMESTAMP": datetime(2024, 5, 8, 12, 30, 15, 123456),
    "BOOLEAN": True,
    "BLOB": b"\x00\x01\xff\\x",
    "VARCHAR[]": ["one", "it's, {two}", ""],
}
_SMALL = ("start", "stop", "position")


@pytest.fixture(params=["duckdb", "postgres"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> NewStore:
    """Makes stores of datasets of their own, of one kind. None waits for long."""
    if request.param == "duckdb":
        return lambda: DuckDBStore(tmp_path / new_id() / "graph.duckdb", wait_seconds=0.5)
    from sessiongraph.store.postgres_store import PostgresStore

    database = request.getfixturevalue("postgres")

    def make() -> GraphStore:
        id_ = new_id()
        return PostgresStore(database, id_, tmp_path / id_, wait_seconds=0.5)

    return make


@pytest.fixture
def store(new_store: NewStore) -> GraphStore:
    return new_store()


def add(tx: Transaction, *ids: str) -> None:
    tx.insert("windows", [{"id": id_, "summary": f"about {id_}"} for id_ in ids])


def ids(store: GraphStore) -> list[str]:
    return [id_ for (id_,) in store.read(lambda con: con.execute("SELECT id FROM windows ORDER BY id").fetchall())]


def test_an_absent_store_reads_as_empty_and_is_not_made(store: GraphStore) -> None:
    assert (ids(store), store.exists, store.signature()) == ([], False, None)


def test_a_write_that_raises_leaves_nothing_of_itself(store: GraphStore) -> None:
    store.write("r1", "a", lambda tx: add(tx, "kept"))

    def half_done(tx: Transaction) -> None:
        add(tx, "half")
        tx.delete("windows", "id", ["kept"])
        raise RuntimeError("on the way")

    with pytest.raises(RuntimeError):
        store.write("r2", "a", half_done)
    assert ids(store) == ["kept"]
    assert store.read(lambda con: con.execute("SELECT seq, run_id FROM commits").fetchall()) == [(1, "r1")]


def test_commits_are_numbered_in_their_order_and_one_that_changes_nothing_is_none(store: GraphStore) -> None:
    store.write("r1", "a", lambda tx: add(tx, "x"))
    before = store.signature()
    assert store.write("r2", "a", lambda tx: tx.connection.execute("SELECT count(*) FROM windows").fetchall()) == [(1,)]
    assert store.signature() == before
    store.write("r3", "b", lambda tx: add(tx, "y"))
    assert store.signature() != before
    rows = store.read(lambda con: con.execute("SELECT seq, run_id, asset FROM commits ORDER BY seq").fetchall())
    assert rows == [(1, "r1", "a"), (2, "r3", "b")]
    assert store.read(lambda con: con.execute("SELECT seq FROM windows ORDER BY id").fetchall()) == [(1,), (2,)]


def test_a_change_sees_what_it_has_inserted_and_deleted(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "old"))

    def change(tx: Transaction) -> list[str]:
        add(tx, "new")
        tx.delete("windows", "id", ["old"])
        return [id_ for (id_,) in tx.connection.execute("SELECT id FROM windows").fetchall()]

    assert store.write("r", "a", change) == ["new"]


def test_every_column_of_every_table_keeps_what_it_was_given_and_what_it_was_not(store: GraphStore) -> None:
    columns = table_columns()
    given = {
        table: {name: 7 if name in _SMALL else _VALUES[type_] for name, type_ in columns[table] if name != "seq"}
        for table in TABLES
        if table != "commits"
    }
    keys = {"documents": ["id"], "windows": ["id"], "embeddings": ["text_id", "model"]}

    def change(tx: Transaction) -> None:
        for table, row in given.items():
            none = {name: f"none {name}" if name in keys.get(table, ()) else None for name in row}
            tx.insert(table, [row, none])

    store.write("r", "a", change)
    for table, row in given.items():
        names = ", ".join(row)
        found = store.read(lambda con, of=table, names=names: con.execute(f"SELECT {names} FROM {of}").fetchall())
        known = [it for it in found if it == tuple(row.values())]
        assert len(known) == 1 and len(found) == 2, (table, found)


def test_texts_that_no_database_can_keep_are_kept_but_for_what_it_cannot(store: GraphStore) -> None:
    said = [{"id": "a", "summary": "half \ud83d of"}, {"id": "b", "summary": "nul \0 in"}]
    store.write("r", "a", lambda tx: tx.insert("windows", said))
    [(half,), (nul,)] = store.read(lambda con: con.execute("SELECT summary FROM windows ORDER BY id").fetchall())
    assert half == "half ? of" and nul in ("nul \0 in", "nul \ufffd in")


def test_values_are_given_by_place_by_number_and_by_name(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "a", "b", "it's ?"))

    def read(query: str, values: object) -> list[str]:
        found = store.read(lambda con: con.execute(query, values).fetchall())  # type: ignore[arg-type]
        return [id_ for (id_,) in found]

    assert read("SELECT id FROM windows WHERE id = ? AND summary = ?", ["a", "about a"]) == ["a"]
    assert read("SELECT id FROM windows WHERE id = $1 OR id = $1", ["a"]) == ["a"]
    assert read("SELECT id FROM windows WHERE seq > $since AND id = $id", {"since": 0, "id": "b"}) == ["b"]
    assert read("SELECT id FROM windows WHERE id IN (SELECT unnest(?)) ORDER BY id", [["a", "b"]]) == ["a", "b"]
    assert read("SELECT id FROM windows WHERE id IN (SELECT unnest(?))", [[]]) == []
    assert read("SELECT id FROM windows WHERE id = 'it''s ?'", None) == ["it's ?"]


def test_columns_and_batches_hold_what_rows_hold(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, *(f"{n:05}" for n in range(12_000))))
    columns = store.read(lambda con: con.columns("SELECT id, seq FROM windows ORDER BY id"))
    assert columns["id"][11_999] == "11999" and columns["seq"].dtype == np.int64
    batches = store.read(lambda con: list(con.batches("SELECT id FROM windows WHERE seq > ?", [0])))
    assert sorted(np.concatenate([batch["id"] for batch in batches])) == columns["id"].tolist()
    assert all(not len(column) for column in store.read(lambda con: con.columns("SELECT subject FROM claims")).values())


def test_what_is_registered_is_a_table_for_its_time(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "a", "b"))

    def read(con):  # type: ignore[no-untyped-def]
        with con.registered("wanted", {"id": np.array(["b", "c"], object), "place": np.array([5, 6])}):
            return con.execute("SELECT id, place FROM windows JOIN wanted USING (id)").fetchall()

    assert store.read(read) == [("b", 5)]


def test_a_draft_is_seen_by_its_connection_alone(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "a", "b"))

    def read(con):  # type: ignore[no-untyped-def]
        con.draft("windows", "id IN (SELECT unnest(?))", [["a"]])
        Transaction(con, 9).insert("windows", [{"id": "it's", "summary": None}])
        return con.execute("SELECT id, summary, seq FROM windows ORDER BY id").fetchall()

    assert store.read(read) == [("a", "about a", 1), ("it's", None, 9)]
    assert ids(store) == ["a", "b"]


def test_a_version_stands_until_something_is_deleted(store: GraphStore) -> None:
    def document(id_: str) -> Callable[[Transaction], None]:
        return lambda tx: tx.insert("documents", [{"id": id_, "kind": "document", "text": "t"}])

    store.write("r", "a", document("one"))
    first = store.read(lambda con: con.version())
    store.write("r", "a", document("two"))
    assert store.read(lambda con: (continues(con, first), con.version().seq)) == (True, 2)
    store.rewrite("r", "a", lambda tx: tx.delete("documents", "id", ["one"]))
    assert not store.read(lambda con: continues(con, first))
    later = store.read(lambda con: con.version())
    assert store.read(lambda con: continues(con, later)) and later.seq == 3
    assert type(later).of_json(later.as_json()) == later


def test_what_is_derived_goes_with_what_is_deleted(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "a"))
    for folder in (store.checkpoints, store.findings):
        folder.mkdir(parents=True)
    store.rewrite("r", "a", lambda tx: tx.delete("windows", "id", ["a"]))
    assert not store.checkpoints.exists() and not store.findings.exists()
    store.delete()
    assert not store.exists and ids(store) == []


def test_datasets_are_strangers_to_each_other(new_store: NewStore) -> None:
    one, two = new_store(), new_store()
    for store in (one, two):
        store.write("r", "a", lambda tx: add(tx, "same"))
    one.write("r", "a", lambda tx: tx.delete("windows", "id", ["same"]))
    two.write("r", "a", lambda tx: tx.delete_where("windows", "NOT EXISTS (SELECT 1 FROM windows w WHERE w.seq = 1)"))
    assert (ids(one), ids(two)) == ([], ["same"])


def test_one_writer_at_a_time_and_another_waits_as_long_as_stated(store: GraphStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "first"))
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        add(tx, "slow")
        begun.set()
        assert go_on.wait(60)

    writer = threading.Thread(target=lambda: store.write("r", "a", slow))
    writer.start()
    try:
        assert begun.wait(60)
        with pytest.raises(StoreBusyError):
            store.write("r", "a", lambda tx: add(tx, "refused"))
    finally:
        go_on.set()
        writer.join()
    store.write("r", "a", lambda tx: add(tx, "third"))
    assert ids(store) == ["first", "slow", "third"]
    assert store.read(lambda con: con.execute("SELECT max(seq) FROM commits").fetchall()) == [(3,)]


def test_many_rows_have_a_digest_though_a_column_of_theirs_is_empty(new_store: NewStore, tmp_path: Path) -> None:
    store = new_store()
    store.write("r", "a", lambda tx: tx.insert("windows", [{"id": str(id_), "summary": None} for id_ in range(4_000)]))
    (tmp_path / "copy").mkdir()

    def digest(of: GraphStore) -> tuple[int, int]:
        return of.read(lambda con: con.digest("SELECT id, summary FROM windows"))

    assert digest(store) == digest(store.copy_to(tmp_path / "copy" / "graph.duckdb")) and digest(store)[0] == 4_000


def test_a_copy_has_the_same_rows_and_digests_and_may_be_taken_back(new_store: NewStore, tmp_path: Path) -> None:
    store, other = new_store(), new_store()
    said = {"passage_id": "p", "document_id": "d", "turn_id": "t", "question": "What's {it}?", "answer": "a, b: 'c'"}
    told = {"content_hash": "h", "created_at": datetime(2024, 5, 8, 12), "position": 1, "elements": ["e"]}
    store.write("r1", "a", lambda tx: tx.insert("turns", [{**said, **told, "score": None}]))
    store.write("r2", "a", lambda tx: tx.insert("turns", [{**said, **told, "score": 4}]))
    (tmp_path / "copy").mkdir()
    copy = store.copy_to(tmp_path / "copy" / "graph.duckdb")
    query = "SELECT passage_id, question, answer, score, created_at, elements FROM turns ORDER BY seq"

    def rows(of: GraphStore) -> list[tuple[object, ...]]:
        return of.read(lambda con: con.execute(query).fetchall())

    def digest(of: GraphStore) -> tuple[int, int]:
        return of.read(lambda con: con.digest("SELECT passage_id, question, answer, score, created_at FROM turns"))

    assert rows(store) == rows(copy) and digest(store) == digest(copy) and digest(store)[0] == 2
    assert other.take(copy)
    assert rows(other) == rows(store)
    assert other.read(lambda con: con.version().seq) == 2
    other.write("r3", "a", lambda tx: add(tx, "next"))
    assert other.read(lambda con: con.version().seq) == 3
    assert not other.take(store.copy_to(tmp_path / "copy" / "again.duckdb"))

"""A dataset's file: all or nothing, one writer at a time, nothing left behind, nothing kept that was deleted."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sessiongraph.errors import SessionGraphError, StoreBusyError
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.graph_store import Transaction

_PRELUDE = """
import sys
from pathlib import Path
from sessiongraph.store.duckdb_store import DuckDBStore
store = DuckDBStore(Path(sys.argv[1]))
def add(tx, *texts):
    tx.insert("windows", [{"id": text, "summary": text} for text in texts])
"""


def add(tx: Transaction, *texts: str) -> None:
    tx.insert("windows", [{"id": text, "summary": text} for text in texts])


def texts(store: DuckDBStore) -> list[str]:
    return [text for (text,) in store.read(lambda con: con.execute("SELECT id FROM windows ORDER BY 1").fetchall())]


@pytest.fixture
def run(project_root: Path, store: DuckDBStore):  # type: ignore[no-untyped-def]
    """Start another process on the same store."""

    def start(code: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + textwrap.dedent(code), str(store.path)],
            cwd=project_root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


@contextmanager
def holding(process: "subprocess.Popen[str]") -> Iterator[None]:
    """While `process`, which prints a line once it has what it wants, has it."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_first_write_that_raises_leaves_a_store_that_reads_as_empty(store: DuckDBStore) -> None:
    def fail(tx: Transaction) -> None:
        add(tx, "half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write("r", "a", fail)
    assert texts(store) == []
    store.write("r", "a", lambda tx: add(tx, "next"))
    assert texts(store) == ["next"]


@pytest.mark.parametrize("before", ["", "store.write('r', 'a', lambda tx: add(tx, 'old'))"])
def test_killed_in_the_middle_of_a_write_leaves_the_old_state_and_no_lock(store: DuckDBStore, run, before: str) -> None:
    process = run(f"""
        {before}
        def change(tx):
            add(tx, *(str(n) for n in range(5000)))
            print("ready", flush=True)
            sys.stdin.read()
        store.write("r", "a", change)
    """)
    with holding(process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert texts(store) == (["old"] if before else [])
        store.write("r", "a", lambda tx: add(tx, "zzz"))
    assert texts(store)[-1] == "zzz"


def test_what_was_committed_before_a_kill_is_there(store: DuckDBStore, run) -> None:
    process = run("""
        import duckdb, os, signal
        real = duckdb.connect
        armed = False
        class Connection:
            def __init__(self, real): self._real = real
            def __getattr__(self, name): return getattr(self._real, name)
            def execute(self, query, *values):
                if armed and "DETACH" in query: os.kill(os.getpid(), signal.SIGKILL)
                return self._real.execute(query, *values)
        duckdb.connect = lambda *a, **k: Connection(real(*a, **k))
        store.write("r", "a", lambda tx: add(tx, "first"))
        armed = True
        store.write("r", "a", lambda tx: add(tx, "second"))
    """)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert texts(store) == ["first", "second"]


def test_a_reader_waits_as_long_as_stated_and_then_says_why(store: DuckDBStore, run) -> None:
    store.write("r", "a", lambda tx: add(tx, "old"))
    process = run("""
        def change(tx):
            add(tx, "new")
            print("ready", flush=True)
            sys.stdin.readline()
        store.write("r", "a", change)
    """)
    with holding(process):
        with pytest.raises(StoreBusyError, match=r"another process \(waited 0\.2 s.*try again"):
            texts(store)
        with pytest.raises(StoreBusyError):
            store.write("r", "a", lambda tx: add(tx, "mine"))
        process.communicate("go\n")
        assert texts(store) == ["new", "old"]


def test_readers_share_the_store_and_keep_a_writer_out(store: DuckDBStore, run) -> None:
    store.write("r", "a", lambda tx: add(tx, "old"))
    process = run("""
        def query(con):
            print("ready", flush=True)
            sys.stdin.readline()
        store.read(query)
    """)
    with holding(process):
        assert texts(store) == ["old"]
        with pytest.raises(StoreBusyError):
            store.write("r", "a", lambda tx: add(tx, "mine"))


def test_an_absent_store_reads_as_empty_and_is_not_made(store: DuckDBStore) -> None:
    assert texts(store) == []
    assert store.signature() is None
    assert not store.path.parent.exists()


def test_a_change_that_changes_nothing_is_no_commit(store: DuckDBStore) -> None:
    store.write("r1", "a", lambda tx: None)
    store.write("r2", "a", lambda tx: add(tx))
    assert store.read(lambda con: con.execute("SELECT * FROM commits").fetchall()) == []
    store.write("r3", "a", lambda tx: add(tx, "x"))
    store.write("r4", "a", lambda tx: None)
    assert store.read(lambda con: con.execute("SELECT seq, run_id FROM commits").fetchall()) == [(1, "r3")]


def test_every_commit_has_a_greater_seq_and_its_rows_carry_it(store: DuckDBStore) -> None:
    for text in "abc":
        store.write(text, "a", lambda tx, text=text: add(tx, text))
    rows = store.read(
        lambda con: con.execute("SELECT id, run_id, seq FROM windows JOIN commits USING (seq)").fetchall()
    )
    assert sorted(rows) == [("a", "a", 1), ("b", "b", 2), ("c", "c", 3)]


def test_rewriting_drops_deleted_bytes_from_the_folder(store: DuckDBStore) -> None:
    secret = "the-secret-of-mallory" * 3
    store.write("r1", "a", lambda tx: add(tx, "kept", secret))
    assert secret.encode() in bytes_of(store)
    store.rewrite("r2", "a", lambda tx: tx.delete("windows", "id", [secret]))
    assert texts(store) == ["kept"]
    assert secret.encode() not in bytes_of(store)
    store.write("r3", "a", lambda tx: add(tx, "later"))
    assert store.read(lambda con: con.execute("SELECT id, seq FROM windows").fetchall()) == [("kept", 1), ("later", 3)]


def bytes_of(store: DuckDBStore) -> bytes:
    return b"".join(file.read_bytes() for file in store.path.parent.iterdir())


def test_a_rewrite_that_raises_changes_nothing_and_leaves_no_copy(store: DuckDBStore) -> None:
    store.write("r1", "a", lambda tx: add(tx, "kept"))
    before = sorted(store.path.parent.iterdir()), store.signature()

    def fail(tx: Transaction) -> None:
        tx.delete("windows", "id", ["kept"])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.rewrite("r2", "a", fail)
    assert (sorted(store.path.parent.iterdir()), store.signature()) == before
    assert texts(store) == ["kept"]


def test_killed_in_the_middle_of_a_rewrite_leaves_the_old_state_and_the_next_one_cleans_up(
    store: DuckDBStore, run
) -> None:
    secret = "the-secret-of-mallory" * 3
    store.write("r", "a", lambda tx: add(tx, "kept", secret))
    process = run(f"""
        def change(tx):
            tx.delete("windows", "id", ["{secret}"])
            print("ready", flush=True)
            sys.stdin.read()
        store.rewrite("r", "a", change)
    """)
    with holding(process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert texts(store) == ["kept", secret]
        store.rewrite("r", "a", lambda tx: tx.delete("windows", "id", [secret]))
    assert texts(store) == ["kept"]
    assert secret.encode() not in bytes_of(store)


def test_the_signature_moves_with_every_write_whoever_writes(store: DuckDBStore, run) -> None:
    seen = {store.signature()}
    for text in "abcde":
        store.write("r", "a", lambda tx, text=text: add(tx, text))
        assert store.signature() not in seen
        seen.add(store.signature())
    store.rewrite("r", "a", lambda tx: tx.delete("windows", "id", ["a"]))
    assert store.signature() not in seen
    seen.add(store.signature())
    run("store.write('r', 'a', lambda tx: add(tx, 'theirs'))").communicate()
    assert store.signature() not in seen
    still = store.signature()
    texts(store)
    assert store.signature() == still


def test_a_store_of_another_schema_version_is_refused_by_name(store: DuckDBStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "x"))
    store.write("r", "a", lambda tx: (tx.connection.execute("UPDATE meta SET schema_version = 99"), add(tx, "y")))
    for use in (texts, lambda it: it.write("r", "a", lambda tx: add(tx, "z"))):
        with pytest.raises(SessionGraphError, match=r"another version of sessiongraph \(schema 99.*Use the version"):
            use(store)


def test_a_file_that_is_no_store_is_refused_and_kept(store: DuckDBStore) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database" * 100)
    for use in (texts, lambda it: it.write("r", "a", lambda tx: add(tx, "z"))):
        with pytest.raises(SessionGraphError, match="could not be used"):
            use(store)
    assert store.path.read_bytes() == b"not a database" * 100


def test_a_home_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of the folder")
    with pytest.raises(SessionGraphError, match="SESSIONGRAPH_HOME"):
        DuckDBStore(tmp_path / "file" / "d" / "graph.duckdb").write("r", "a", lambda tx: add(tx, "x"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home_is_explained(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)
    with pytest.raises(SessionGraphError, match="SESSIONGRAPH_HOME"):
        DuckDBStore(tmp_path / "home" / "d" / "graph.duckdb").write("r", "a", lambda tx: add(tx, "x"))


def test_texts_come_back_as_they_went_in(store: DuckDBStore) -> None:
    said = [
        "",
        " ",
        "nul\x00inside",
        "'; DROP TABLE windows; --",
        "😀 e\u0301 \u2028",
        "line\r\nbreak",
        "nan",
        "None",
        "NULL",
    ]
    store.write("r", "a", lambda tx: tx.insert("windows", [{"id": str(n), "summary": t} for n, t in enumerate(said)]))
    rows = store.read(lambda con: con.execute("SELECT summary FROM windows ORDER BY id::INT").fetchall())
    assert [summary for (summary,) in rows] == said


def test_missing_values_stay_missing_in_every_column(store: DuckDBStore) -> None:
    moment = datetime(1, 1, 1)
    rows = [
        {"passage_id": "1", "question": None, "score": None, "feedback": None, "created_at": moment, "position": 1},
        {"passage_id": "2", "question": "q", "score": 5, "feedback": None, "created_at": None, "position": 2**40},
    ]
    store.write("r", "a", lambda tx: tx.insert("turns", rows))
    columns = "passage_id, question, score, feedback, created_at, position"
    found = store.read(lambda con: con.execute(f"SELECT {columns} FROM turns ORDER BY 1").fetchall())
    assert found == [tuple(row.values()) for row in rows]


def test_deleting_a_store_leaves_an_absent_one(store: DuckDBStore) -> None:
    store.write("r", "a", lambda tx: add(tx, "x"))
    store.delete()
    assert not store.exists
    assert texts(store) == []


def test_a_rewrite_takes_in_the_log_that_a_killed_writer_left(store: DuckDBStore, run):  # type: ignore[no-untyped-def]
    store.write("r", "a", lambda tx: add(tx, "kept"))
    killed = run("""
import duckdb, os, signal
connection = duckdb.connect(sys.argv[1])
connection.execute("INSERT INTO windows VALUES ('kept later', '', 2), ('forgotten', '', 2)")
os.kill(os.getpid(), signal.SIGKILL)
""")
    assert killed.wait() == -signal.SIGKILL
    assert store.path.with_name("graph.duckdb.wal").exists()
    store.rewrite("r", "a", lambda tx: tx.delete("windows", "id", ["forgotten"]))
    assert texts(store) == ["kept", "kept later"]
    assert not store.path.with_name("graph.duckdb.wal").exists()


def test_a_rewrite_that_is_killed_before_the_new_file_stands_leaves_no_old_words_behind(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
):
    store.write("r", "a", lambda tx: add(tx, "secret-name", "kept"))
    seen: list[list[str]] = []
    replace = Path.replace

    def look_and_replace(self: Path, target: Path) -> Path:
        replaced = replace(self, target)
        seen.append([file.name for file in store.path.parent.iterdir() if b"secret-name" in file.read_bytes()])
        return replaced

    monkeypatch.setattr(Path, "replace", look_and_replace)
    store.rewrite("r", "a", lambda tx: tx.delete("windows", "id", ["secret-name"]))
    assert seen == [[]]


def written_by_version_1(path: Path) -> None:
    """A store with one turn, as the first version of the tables kept it."""
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute((Path(__file__).parent / "schema_1.sql").read_text())
        connection.execute("INSERT INTO meta VALUES (1)")
        connection.execute("INSERT INTO commits VALUES (1, 'r', 'a', now()::TIMESTAMP)")
        connection.execute(
            "INSERT INTO turns BY NAME SELECT 'p' AS passage_id, 'q?' AS question, 'a' AS answer, 1 AS seq"
        )


@pytest.mark.parametrize("first", ["read", "write", "rewrite"])
def test_a_store_of_an_earlier_version_is_upgraded_by_its_first_use_and_keeps_its_rows(
    store: DuckDBStore, first: str
) -> None:
    written_by_version_1(store.path)
    if first == "write":
        store.write("r", "a", lambda tx: add(tx, "x"))
    elif first == "rewrite":
        store.rewrite("r", "a", lambda tx: add(tx, "x"))
    read = store.read(lambda con: con.execute("SELECT question, elements FROM current_turns").fetchall())
    assert read == [("q?", None)]
    assert store.read(lambda con: con.execute("SELECT utc_offset_minutes FROM current_turns").fetchall()) == [(None,)]
    store.write(
        "r", "a", lambda tx: tx.insert("turns", [{"passage_id": "p", "question": "r?", "elements": ["e", "f"]}])
    )
    store.write("r", "a", lambda tx: tx.insert("turns", [{"passage_id": "n", "question": "s?", "elements": []}]))
    read = store.read(lambda con: con.execute("SELECT question, elements FROM current_turns ORDER BY 1").fetchall())
    assert read == [("r?", ["e", "f"]), ("s?", [])]
    assert store.read(lambda con: con.execute("SELECT count(*) FROM decisions").fetchall()) == [(0,)]


def test_documents_of_an_earlier_version_have_no_day_and_new_ones_may(store: DuckDBStore) -> None:
    written_by_version_1(store.path)
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("INSERT INTO documents BY NAME SELECT 'd' AS id, '4 May 2019' AS text, 1 AS seq")
        connection.execute("INSERT INTO chunks VALUES ('c', 'd', 0, 10, 1)")
    store.write("r", "a", lambda tx: tx.insert("documents", [{"id": "e", "said_on": None}]))
    store.write("r", "a", lambda tx: tx.insert("documents", [{"id": "f", "said_on": "2019-05-04"}]))
    store.write("r", "a", lambda tx: tx.insert("chunks", [{"passage_id": "g", "said_on": "2019-05-04"}]))
    documents = store.read(lambda con: con.execute("SELECT id, said_on FROM documents ORDER BY id").fetchall())
    assert documents == [("d", None), ("e", None), ("f", "2019-05-04")]
    chunks = store.read(lambda con: con.execute("SELECT passage_id, said_on FROM chunks ORDER BY 1").fetchall())
    assert chunks == [("c", None), ("g", "2019-05-04")]


def test_a_forked_process_can_use_the_store_that_its_parent_has_used(store: DuckDBStore, run) -> None:
    """Servers fork their workers after they have loaded everything; a database's threads do not come along."""
    process = run("""
        import os, signal
        store.write("r", "a", lambda tx: add(tx, *map(str, range(5000))))
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            store.write("r", "a", lambda tx: add(tx, *map(str, range(5000, 10000))))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        store.write("r", "a", lambda tx: add(tx, "last"))
    """)
    process.communicate()
    assert process.returncode == 0
    assert len(texts(store)) == 10_001


def test_no_bar_is_drawn_into_what_a_notebook_prints(project_root: Path):
    # DuckDB takes a process without a main file for a notebook, and draws one there once a statement has taken 2 s.
    code = """
        from sessiongraph.store.duckdb_pool import DuckDBPool
        pool = DuckDBPool()
        with pool.opened(None) as connection:
            pass
        for each in (connection := pool._idle[0], connection.cursor()):
            print(each.execute("SELECT current_setting('enable_progress_bar')").fetchone())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=project_root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "(False,)\n(False,)\n"

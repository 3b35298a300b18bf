"""Stores in PostgreSQL: processes that are killed, a server that is away or full, and tables of other versions."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect, text

import sessiongraph
from sessiongraph.access.models import Base
from sessiongraph.database import migration, open_database
from sessiongraph.database.engine import SCHEMA, Database
from sessiongraph.errors import InvalidInputError, SessionGraphError, StoreUnavailableError
from sessiongraph.ids import new_id
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from sessiongraph.snapshots.incremental_read import VECTORS
from sessiongraph.store.graph_store import Transaction
from sessiongraph.store.postgres_connection import _COLUMNS, PostgresConnection
from sessiongraph.store.postgres_store import PostgresStore
from tests.support.dataset_state import doubled, read_state
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.postgres_server import PostgresServer, drop_database, new_database, unprivileged_user
from tests.support.slow_proxy import SlowProxy

_PRELUDE = """
import sys
from pathlib import Path
from sessiongraph.database import open_database
from sessiongraph.store.postgres_store import PostgresStore
database = open_database(sys.argv[1])
store = PostgresStore(database, sys.argv[2], Path(sys.argv[3]))
def add(tx, *ids):
    tx.insert("windows", [{"id": id_, "summary": id_} for id_ in ids])
"""


def add(tx: Transaction, *ids: str) -> None:
    tx.insert("windows", [{"id": id_, "summary": id_} for id_ in ids])


def ids(store: PostgresStore) -> list[str]:
    return [id_ for (id_,) in store.read(lambda con: con.execute("SELECT id FROM windows ORDER BY id").fetchall())]


@pytest.fixture
def store(postgres: Database, tmp_path: Path) -> PostgresStore:
    return PostgresStore(postgres, new_id(), tmp_path / "d", wait_seconds=30)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that the test may stop and start again."""
    few = {"max_connections": "8", "superuser_reserved_connections": "1", "reserved_connections": "0"}
    # What was committed outlives a crash of the server, as it does in earnest.
    made = PostgresServer(**few, synchronous_commit="on")
    made.start()
    yield made
    made.remove()


def process(store: PostgresStore, code: str, root: Path) -> "subprocess.Popen[str]":
    """Another process on the same store."""
    url = store._database.url.render_as_string(hide_password=False)
    given = [url, store._dataset, str(store.folder)]
    return subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + textwrap.dedent(code), *given],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("when", ["before", "in", "after"])
def test_killed_in_a_commit_leaves_all_of_it_or_nothing(store: PostgresStore, project_root: Path, when: str):
    store.write("r", "a", lambda tx: add(tx, "old"))
    killed = process(
        store,
        f"""
        import os, psycopg
        assert store.exists
        def kill(): os.kill(os.getpid(), 9)
        commit = psycopg.Connection.commit
        def dying(self):
            if "{when}" == "after": commit(self)
            kill()
        def change(tx):
            add(tx, *map(str, range(20_000)))
            if "{when}" == "before": kill()
        if "{when}" != "before": psycopg.Connection.commit = dying
        store.write("r", "a", change)
        """,
        project_root,
    )
    assert killed.wait() == -signal.SIGKILL
    assert len(ids(store)) == (20_001 if when == "after" else 1)
    store.write("r", "a", lambda tx: add(tx, "next"))
    seqs = store.read(lambda con: con.execute("SELECT seq FROM commits ORDER BY seq").fetchall())
    assert seqs == [(n + 1,) for n in range(len(seqs))] and "next" in ids(store)


def test_many_writers_and_a_forgetter_lose_and_double_nothing(store: PostgresStore, project_root: Path):
    code = """
        for n in range(20):
            store.write("r", "a", lambda tx: add(tx, f"{sys.stdin.fileno()}-{os.getpid()}-{n}"))
    """
    writers = [process(store, "import os\n" + textwrap.dedent(code), project_root) for _ in range(3)]
    seen, version = 0, None
    while any(writer.poll() is None for writer in writers):
        known = store.read(
            lambda con: (con.version(), con.execute("SELECT count(*), max(seq) FROM windows").fetchall())
        )
        (now, [(count, newest)]) = known
        # Who reads sees whole commits in their order: none appears below one that was seen.
        assert count == (newest or 0) == now.seq and count >= seen
        seen, version = count, now
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(set(ids(store))) == 60 and store.read(lambda con: con.version().seq) == 60
    assert version is not None


def test_a_reader_that_goes_on_sees_one_moment(store: PostgresStore):
    store.write("r", "a", lambda tx: add(tx, "one"))

    def read(con):  # type: ignore[no-untyped-def]
        before = con.execute("SELECT count(*) FROM windows").fetchall()
        store.rewrite("r", "a", lambda tx: tx.delete("windows", "id", ["one"]))
        return before, con.execute("SELECT count(*) FROM windows").fetchall()

    assert store.read(read) == ([(1,)], [(1,)])
    assert ids(store) == []


def test_a_server_that_is_restarted_is_used_again(server: PostgresServer, tmp_path: Path):
    database = open_database(new_database(server.url()))
    store = PostgresStore(database, "d", tmp_path)
    store.write("r", "a", lambda tx: add(tx, "one"))

    def interrupted(tx: Transaction) -> None:
        add(tx, "lost")
        server.stop(signal.SIGQUIT)

    with pytest.raises(StoreUnavailableError, match="whole or not at all"):
        store.write("r", "a", interrupted)
    with pytest.raises(StoreUnavailableError, match="SESSIONGRAPH_DATABASE_URL"):
        ids(store)
    server.start()
    assert ids(store) == ["one"]
    store.write("r", "a", lambda tx: add(tx, "two"))
    assert ids(store) == ["one", "two"]
    database.close()


@pytest.fixture
def network(postgres_url: str) -> Iterator[tuple[SlowProxy, str]]:
    """What lies between a process and a database of its own, and the address of that on the other side."""
    url = new_database(postgres_url, like=postgres_url)
    server, name = url.rsplit("/", 1)
    with SlowProxy(("127.0.0.1", int(server.rsplit(":", 1)[1]))).running() as proxy:
        yield proxy, f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}"
    drop_database(url)


@pytest.mark.parametrize(("when", "written"), [("within the transaction", 0), ("before its end was answered", 1000)])
def test_a_network_that_is_cut_leaves_all_of_a_commit_or_nothing(
    network: tuple[SlowProxy, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, written: int
):
    proxy, url = network
    database = open_database(url)
    store = PostgresStore(database, "d", tmp_path)
    store.write("r", "a", lambda tx: add(tx, "old"))
    commit = psycopg.Connection.commit

    def unanswered(connection: psycopg.Connection) -> None:
        proxy.delay = 60.0
        threading.Timer(0.5, proxy.cut).start()
        commit(connection)

    def change(tx: Transaction) -> None:
        add(tx, *map(str, range(1000)))
        if when == "within the transaction":
            proxy.cut()

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailableError, match="whole or not at all"):
        patch.setattr(psycopg.Connection, "commit", unanswered)
        store.write("r", "a", change)
    proxy.delay = 0.0
    assert len(ids(store)) == 1 + written
    store.write("r", "a", lambda tx: add(tx, "next"))
    assert len(ids(store)) == 2 + written
    database.close()


def test_a_slow_network_is_waited_for(network: tuple[SlowProxy, str], tmp_path: Path):
    proxy, url = network
    proxy.delay = 0.1
    database = open_database(url)
    store = PostgresStore(database, "d", tmp_path)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda id_: store.write("r", "a", lambda tx: add(tx, id_)), "abc"))
    assert ids(store) == ["a", "b", "c"] and store.read(lambda con: con.version().seq) == 3
    database.close()


def test_where_no_connection_is_free_one_is_waited_for_and_then_it_is_said(server: PostgresServer):
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE guest LOGIN")
        admin.execute("CREATE DATABASE of_guest OWNER guest")
    url = server.url("of_guest").replace("postgres@", "guest@")
    guest = open_database(url)
    assert guest.engine  # makes its tables, which takes no more than owning the database
    guest.engine.dispose()
    held: list[psycopg.Connection] = []
    with pytest.raises(psycopg.OperationalError):
        while True:
            held.append(psycopg.connect(url))
    with (
        pytest.raises(StoreUnavailableError, match=r"no connection free.*max_connections"),
        guest.transaction(read_only=True, wait_seconds=0.3),
    ):
        pass
    threading.Timer(0.5, lambda: [it.close() for it in held]).start()
    with guest.transaction(read_only=True, wait_seconds=60) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    guest.close()


async def test_a_search_goes_on_while_the_server_is_away(server: PostgresServer, home: Path, endpoint: OpenAIEndpoint):
    async def found(memory: sessiongraph.SessionGraph) -> str:
        return str(await memory.search("Alice", query_type=sessiongraph.SearchType.CHUNKS, datasets=["d"]))

    async with sessiongraph.SessionGraph(Settings(home=home, database_url=new_database(server.url()))) as memory:
        await memory.add(["Alice lives in Paris."], dataset_name="d")
        await memory.cognify(datasets=["d"])
        assert "Paris" in await found(memory)
        server.stop()
        assert "Paris" in await found(memory)
        with pytest.raises(StoreUnavailableError):
            await memory.add(["Bob lives in Rome."], dataset_name="d")
        server.start()
        await memory.add(["Bob lives in Rome."], dataset_name="d")


@pytest.fixture
def small_disk(postgres_url: str, tmp_path: Path) -> Iterator[str]:
    """A database on a disk of its own, of 24 MB: a file system in memory, which root alone may mount."""
    disk, name = Path(tempfile.mkdtemp(prefix="sessiongraph-disk-")), f"disk_{new_id()[:12]}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        disk.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        os.chown(disk, unprivileged_user() or os.getuid(), -1)
        server, _, _ = postgres_url.rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE {name} LOCATION '{disk}'")
            url = new_database(postgres_url, like=postgres_url)
            connection.execute(f"ALTER DATABASE {url.rsplit('/', 1)[1]} SET TABLESPACE {name}")
            yield url
            drop_database(url)
            connection.execute(f"DROP TABLESPACE {name}")
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def fill(connection: psycopg.Connection) -> None:
    """Leave no page free on the disk of the database."""
    connection.execute("CREATE TABLE filler (bytes text)")
    for pages in (256, 16, 1):
        with suppress(psycopg.errors.DiskFull):
            while True:
                connection.execute(
                    "INSERT INTO filler SELECT repeat('x', 1900) FROM generate_series(1, 4 * %s)", [pages]
                )


async def test_a_disk_that_is_full_fails_a_persist_and_once_there_is_room_the_next_makes_it_up(
    small_disk: str, home: Path, shared: Shared
):
    async with sessiongraph.SessionGraph(Settings(home=home, database_url=small_disk), shared=shared) as memory:

        async def found(question: str) -> str:
            return str(await memory.search(question, query_type=sessiongraph.SearchType.CHUNKS, datasets=["d"]))

        await memory.add(["Alice Novak lives in Paris."], dataset_name="d")
        await memory.cognify(datasets=["d"])
        # More than free places in pages hold, and nothing that could be written smaller.
        tools_gave = random.Random(7).randbytes(200_000).hex()
        await memory.sessions.add_turn(
            "s", "Where is Bob?", "Bob Marsh lives in Oslo.", context=tools_gave, dataset="d"
        )
        [dataset] = [it for it in memory.services.access.all_datasets() if it.name == "d"]
        store, model = memory.services.store(dataset), memory.services.embedder.identity
        before = read_state(store, model)
        with psycopg.connect(small_disk, autocommit=True) as connection:
            fill(connection)
            for _ in range(2):
                with pytest.raises(
                    StoreUnavailableError, match=r"The database .* is full .* Nothing was written: make room"
                ):
                    await memory.persist_sessions(["s"], "d")
                assert read_state(store, model) == before and store.read(doubled) == {}
            assert "Paris" in await found("Where does Alice live?")
            connection.execute("DROP TABLE filler")
        assert (await memory.persist_sessions(["s"], "d")).persisted == 1
        assert "Oslo" in await found("Where does Bob live?") and store.read(doubled) == {}


def test_a_database_without_tables_gets_them_once_whoever_comes_first(postgres_url: str):
    url = new_database(postgres_url)
    databases = [open_database(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(lambda it: it.engine is not None, databases))
    for database in databases:
        database.close()
    drop_database(url)


def test_a_newer_database_is_refused_by_name(postgres_url: str, tmp_path: Path):
    url = new_database(postgres_url, like=postgres_url)
    with psycopg.connect(url) as connection:
        connection.execute(f"UPDATE {SCHEMA}.alembic_version SET version_num = '9999'")
    database = open_database(url)
    with pytest.raises(SessionGraphError, match=r"9999.*install the newer sessiongraph"):
        PostgresStore(database, "d", tmp_path).write("r", "a", lambda tx: add(tx, "x"))
    database.close()
    drop_database(url)


def test_sessions_of_a_database_of_the_first_version_are_noted_as_not_read(postgres_url: str, tmp_path: Path):
    """An upgrade alone calls no model."""
    url = new_database(postgres_url, like=postgres_url)
    database = open_database(url)
    session = {"id": "s", "kind": "session", "name": "s", "user_id": "u", "created_at": datetime(2024, 5, 8)}
    PostgresStore(database, "d", tmp_path).write("run", "session_turns", lambda tx: tx.insert("documents", [session]))
    database.close()
    with psycopg.connect(url, autocommit=True) as earlier:
        earlier.execute(f"DROP TABLE {SCHEMA}.session_lessons, {SCHEMA}.graph_schemas")
        earlier.execute(f"DROP INDEX {SCHEMA}.embeddings_dataset_id_model_seq_idx")
        earlier.execute(f"CREATE INDEX ON {SCHEMA}.embeddings (dataset_id, seq)")
        earlier.execute(f"UPDATE {SCHEMA}.alembic_version SET version_num = '0001'")
    database = open_database(url)
    query = "SELECT document_id, reading_id, seq FROM session_lessons"
    rows = PostgresStore(database, "d", tmp_path).read(lambda con: con.execute(query).fetchall())
    database.close()
    drop_database(url)
    assert rows == [("s", None, 1)]


def test_the_tables_are_those_that_the_code_knows(postgres: Database):
    seen = inspect(postgres.engine)
    for table, columns in _COLUMNS.items():
        found = {it["name"] for it in seen.get_columns(table, schema=SCHEMA)}
        assert found == {"dataset_id", *columns}, table
    for table in Base.metadata.sorted_tables:
        found = {it["name"] for it in seen.get_columns(table.name, schema=SCHEMA)}
        assert found == {column.name for column in table.columns}, table.name


def test_the_newest_migration_is_the_last_one(project_root: Path):
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(project_root / "sessiongraph" / "database" / "migrations"))
    assert scripts.get_current_head() == migration.NEWEST


def test_a_query_reads_one_partition_of_each_table(store: PostgresStore):
    def plan(con) -> str:  # type: ignore[no-untyped-def]
        query = "SELECT * FROM current_ledger JOIN commits USING (seq) WHERE passage_id IN (SELECT unnest(?))"
        text_, values = con._whole(query, [["a"]])
        return str(psycopg.RawCursor(con.connection).execute(b"EXPLAIN " + text_, values).fetchall())

    explained = store.read(plan)
    assert sum(f"ledger_{n} " in explained or f"ledger_{n}'" in explained for n in range(16)) <= 1
    assert explained.count("Append") == 0


def test_new_vectors_are_found_without_a_look_at_those_before(store: PostgresStore):
    """Of what was just written PostgreSQL has no statistics; a commit is to be found at once all the same."""

    def vectors(first: int, count: int) -> list[dict[str, object]]:
        return [{"text_id": f"{n:032x}", "model": "m", "vector": bytes(8)} for n in range(first, first + count)]

    def seen(con: PostgresConnection) -> int:
        text_, values = con._whole(VECTORS, ["m", 1])
        explain = b"EXPLAIN (ANALYZE, FORMAT JSON) "
        [(plans,)] = psycopg.RawCursor(con.connection).execute(explain + text_, values).fetchall()
        plan = plans[0]["Plan"]
        assert plan["Actual Rows"] == 3
        return int(plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))

    store.write("r", "a", lambda tx: tx.insert("embeddings", vectors(0, 5_000)))
    store.write("r", "a", lambda tx: tx.insert("embeddings", vectors(5_000, 3)))
    assert store.read(seen) == 3


def test_nothing_stays_in_the_servers_session(postgres: Database, store: PostgresStore):
    """Behind PgBouncer the next transaction may be somebody else's server."""
    store.write("r", "a", lambda tx: add(tx, "x"))
    ids(store)
    with postgres.engine.connect() as connection:
        assert connection.scalar(text("SHOW jit")) == "on"
        assert connection.scalar(text("SHOW lock_timeout")) == "0"
        assert connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
        assert connection.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 0


def test_a_wrong_address_is_named_without_its_password(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="postgresql://user:password@host:port/database"):
        Settings(database_url="mysql://u:secret@h/d", _env_file=None)
    database = open_database("postgresql://u:secret@127.0.0.1:1/d")
    with pytest.raises(StoreUnavailableError) as raised:
        ids(PostgresStore(database, "d", tmp_path))
    assert "127.0.0.1:1/d" in str(raised.value) and "secret" not in str(raised.value) + repr(database.url)

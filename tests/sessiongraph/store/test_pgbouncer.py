"""Stores behind PgBouncer in transaction mode, where each transaction may have another of the server's connections."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sessiongraph.access.control import AccessControl
from sessiongraph.access.database import AccessTables
from sessiongraph.database import open_database
from sessiongraph.store.postgres_store import PostgresStore
from tests.support.postgres_server import drop_database, new_database, unprivileged_user

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    """An empty database, reached through two connections that all who come share."""
    url = new_database(postgres_url)
    server, name = url.rsplit("/", 1)
    port = server.rsplit(":", 1)[1]
    folder = Path(tempfile.mkdtemp(prefix="sessiongraph-pgbouncer-"))  # not within pytest's, which are root's alone
    folder.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listens = free.getsockname()[1]
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(f"""\
[databases]
{name} = host=127.0.0.1 port={port} dbname={name} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listens}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
""")
    with (folder / "log").open("wb") as log:
        bouncer = subprocess.Popen(
            [str(PROGRAM), str(folder / "pgbouncer.ini")], stdout=log, stderr=log, user=unprivileged_user()
        )
    pooled = f"postgresql://postgres@127.0.0.1:{listens}/{name}"
    try:
        _wait_until_it_answers(pooled, folder / "log")
        yield pooled
    finally:
        bouncer.terminate()
        bouncer.wait(20)
        drop_database(url)
        shutil.rmtree(folder)


def _wait_until_it_answers(url: str, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def add(store: PostgresStore, id_: str) -> None:
    store.write("r", "a", lambda tx: tx.insert("windows", [{"id": id_, "summary": "kept"}]))


def test_many_write_read_and_forget_through_two_connections(pooled_url: str, tmp_path: Path) -> None:
    databases = [open_database(pooled_url) for _ in range(4)]  # as four processes have them
    stores = [PostgresStore(database, "d", tmp_path / str(n)) for n, database in enumerate(databases)]

    def work(number: int) -> None:
        store = stores[number % len(stores)]
        for n in range(10):
            add(store, f"{number}-{n}")
            count, newest = store.read(lambda con: con.execute("SELECT count(*), max(seq) FROM windows").fetchall()[0])
            assert count >= 1 and newest >= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    before = stores[0].read(lambda con: con.version())
    stores[1].rewrite("r", "a", lambda tx: tx.delete("windows", "id", ["0-0"]))
    after = stores[2].read(lambda con: con.version())
    ids = stores[3].read(lambda con: con.execute("SELECT id FROM windows").fetchall())

    assert before.seq == 80 and after.rows != before.rows
    assert {id_ for (id_,) in ids} == {f"{number}-{n}" for number in range(8) for n in range(10)} - {"0-0"}
    for database in databases:
        database.close()


def test_users_and_grants_are_kept_through_it(pooled_url: str) -> None:
    database = open_database(pooled_url)
    with closing(AccessControl(AccessTables(database))) as access, ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: access.create_user(f"user{n}"), range(12)))
        assert {user.name for user in access.list_users()} == {f"user{n}" for n in range(12)}
    database.close()

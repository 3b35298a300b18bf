"""What a tick of the sensor `new_sessions` costs, with many sessions cached: none due, a few, all, and after a recheck.

    python benchmarks/sensor_tick.py [--sessions 100000] [--turns 3] [--users 200] [--out FIGURES.json]

On a Redis of its own and on SQLite. Each case is ticked in a fresh process, after one tick that warms up, against an
instance of Dagster on disk. Requests are round trips to Redis (a pipeline is one), or SQL statements; memory is what
the ticks added to the process's peak.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from rich.console import Console
from rich.table import Table

from benchmarks.measure import fresh_home, measured, redis_server, write_figures
from sessiongraph.types import Turn

CHUNK = 1000
TICKS = 3
# Cases, in the order in which each is made of the one before: how many sessions wait.
CASES = ("all due", "few due", "none due", "none due, after a recheck")
FEW = 100


def fill(sessions: int, turns: int, users: int) -> float:
    """Put that many sessions into the cache, by turns into the main datasets of `users`; the seconds that it took."""
    from sessiongraph.default_client import default_services

    access, cache = default_services().access, default_services().cache
    owners = [access.create_user(f"user{number}") for number in range(users)]
    now, started = datetime.now(UTC), time.perf_counter()
    for start in range(0, sessions, CHUNK):
        cache.put_turns(
            [
                Turn(f"t{turn}", owners[number % users].id, f"s{number}", "Where does Ana live?", "In Oslo.", now)
                for number in range(start, min(start + CHUNK, sessions))
                for turn in range(turns)
            ]
        )
    return time.perf_counter() - started


def stage_all_but(left: int) -> float:
    """Tell the cache that all sessions but `left` of them are staged; the seconds that it took."""
    from sessiongraph.default_client import default_services

    cache = default_services().cache
    listed = cache.list_sessions()[left:]
    started = time.perf_counter()
    for start in range(0, len(listed), CHUNK):
        some = listed[start : start + CHUNK]
        cache.note_staged([turn for it in some for turn in cache.get_turns(it.user_id, it.session_id)])
    return time.perf_counter() - started


def tick_here() -> dict[str, Any]:
    """The figures of a few ticks in this process."""
    import dagster as dg

    from orchestration.sensors.new_sessions import new_sessions
    from resources.graph import GraphResource
    from sessiongraph.default_client import default_services

    instance = default_services().dagster_instance
    resources = {"graph": GraphResource()}  # type: ignore[call-arg]
    cache = default_services().cache
    cache.check()
    with measured() as before:
        pass
    wall, cpu, observing, asked = [], [], 0.0, 0
    cursor: str | None = None
    for number in range(TICKS + 1):
        context = dg.build_sensor_context(instance, cursor=cursor, resources=resources)
        with requests_counted(cache) as counted, measured() as cost, context:
            result = cast("dg.SensorResult", new_sessions(context))
        if number == 0:  # It observes the cache, too.
            observing = cost.wall_seconds
        else:
            wall.append(cost.wall_seconds)
            cpu.append(cost.cpu_seconds)
        asked, cursor = counted[0], result.cursor
    return {
        "ms": round(statistics.median(wall) * 1000, 1),
        "CPU ms": round(statistics.median(cpu) * 1000, 1),
        "first tick ms": round(observing * 1000, 1),
        "requests": asked,
        "MB": round(cost.peak_rss_mb - before.peak_rss_mb, 1),
        "runs asked for": len(result.run_requests or []),
        "cursor bytes": len(cursor or ""),
        "says": result.skip_reason.skip_message if result.skip_reason else "",
    }


@contextmanager
def requests_counted(cache: Any) -> Iterator[list[int]]:
    """How often the backend of `cache` is asked something inside."""
    count = [0]

    def counted(*_: object) -> None:
        count[0] += 1

    if os.environ["CACHE_BACKEND"] == "sqlite":
        cache._opened.set_trace_callback(counted)
        yield count
        cache._opened.set_trace_callback(None)
        return
    from redis.connection import Connection

    send = Connection.send_packed_command
    Connection.send_packed_command = lambda *its, **more: (counted(), send(*its, **more))[1]  # type: ignore
    yield count
    Connection.send_packed_command = send  # type: ignore[method-assign]


def ticked() -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, "--tick"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def cases(options: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    from sessiongraph.default_client import default_services

    filled = fill(options.sessions, options.turns, options.users)
    yield "filling", {"us a session": round(filled / options.sessions * 1e6, 1)}
    for case in CASES:
        noted = 0.0
        if case == "few due":
            noted = stage_all_but(FEW)
        elif case == "none due":
            stage_all_but(0)
        elif case == "none due, after a recheck":
            default_services().cache.recheck()
        figures = ticked()
        if noted:
            figures["us a session to read and note as staged"] = round(noted / options.sessions * 1e6, 1)
        yield case, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tick", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["PERSIST_IDLE_SECONDS"] = "0"
    if options.tick:
        print(json.dumps(tick_here()))
        return
    found: dict[str, dict[str, Any]] = {}
    for backend in ("sqlite", "redis"):
        os.environ["CACHE_BACKEND"] = backend
        with fresh_home(), redis_server() as port:
            os.environ["CACHE_PORT"] = str(port)
            found[backend] = dict(cases(options))
    show(options, found)
    write_figures(options.out, found)


def show(options: argparse.Namespace, found: dict[str, dict[str, Any]]) -> None:
    title = f"A tick over {options.sessions:,} sessions of {options.turns} turns, {options.users} datasets"
    table = Table("cache", "case", title=title)
    columns = ("ms", "CPU ms", "first tick ms", "requests", "MB", "runs asked for", "cursor bytes")
    for column in columns:
        table.add_column(column, justify="right")
    for backend, figures in found.items():
        for case in CASES:
            table.add_row(backend, case, *(str(figures[case][column]) for column in columns))
    Console().print(table)
    for backend, figures in found.items():
        more = {**figures["filling"], **{k: v for k, v in figures["few due"].items() if k.startswith("us ")}}
        Console().print(f"{backend}: {more}")


if __name__ == "__main__":
    main()

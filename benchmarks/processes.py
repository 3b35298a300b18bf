"""How many turns a minute do 1, 2 and 4 processes persist, on files and on PostgreSQL, and what limits them?

    python benchmarks/processes.py [--sessions 50] [--latency 200] [--json figures.json]

Each process persists its sessions of ten turns into a dataset of its own, five at a time, as runs do; all on one home,
with one session cache, against an endpoint in a process of its own. Clocks run from when the last one is ready to when
the last one has ended. Cores are what these processes used, without the endpoint's and the server's.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.cost_workloads import say
from benchmarks.endpoint import endpoint
from benchmarks.measure import fresh_home, postgres_server, write_figures

PROCESSES = (1, 2, 4)
TURNS, AT_ONCE = 10, 5


@dataclass(frozen=True)
class Throughput:
    """What `processes` did on a `store`: turns a minute in all, the cores that they used, model calls a second."""

    store: str
    processes: int
    turns_a_minute: float
    cores: float
    calls_a_second: float


def measure(store: str, processes: int, sessions: int, latency_ms: float) -> Throughput:
    with fresh_home(), endpoint(latency_ms) as served:
        os.environ["CACHE_BACKEND"] = "sqlite"
        spawn = multiprocessing.get_context("spawn")
        with spawn.Manager() as manager:
            ready = manager.Barrier(processes + 1)
            with spawn.Pool(processes) as pool:
                work = pool.starmap_async(_work, [(number, sessions, ready) for number in range(processes)], 1)
                with suppress(BrokenBarrierError):  # whose cause comes with the work
                    ready.wait(300)
                served.calls()
                started = time.perf_counter()
                cpu_seconds = sum(work.get(3600))
                seconds = time.perf_counter() - started
        calls = served.calls()
    return Throughput(
        store,
        processes,
        turns_a_minute=round(60 * processes * sessions * TURNS / seconds),
        cores=round(cpu_seconds / seconds, 2),
        calls_a_second=round((calls.chat + calls.embedding) / seconds, 1),
    )


def _work(number: int, sessions: int, ready: Any) -> float:
    """Persist the sessions of the process `number`, and one before; the CPU seconds that they took."""
    first = number * (sessions + 1)
    try:
        return asyncio.run(_persist(f"dataset-{number}", range(first, first + sessions + 1), ready))
    except Exception:
        ready.abort()  # or the others would wait for it
        raise


async def _persist(dataset: str, numbers: range, ready: Any) -> float:
    from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist

    ids = await say(numbers, dataset)
    # Everything is loaded by the first, which is not counted.
    await persist(session_ids=ids[:1], dataset=dataset, create=True)
    await asyncio.to_thread(ready.wait, 300)
    started = time.process_time()
    for start in range(1, len(ids), AT_ONCE):
        report = await persist(session_ids=ids[start : start + AT_ONCE], dataset=dataset)
        assert not report.failed, report
    return time.process_time() - started


@contextmanager
def _on_postgres() -> Iterator[None]:
    with postgres_server() as url:
        os.environ["SESSIONGRAPH_DATABASE_URL"] = url
        try:
            yield
        finally:
            del os.environ["SESSIONGRAPH_DATABASE_URL"]


def table(found: list[Throughput]) -> str:
    rows = [
        f"| {it.store} | {it.processes} | {it.turns_a_minute:,.0f} | {it.cores} | {it.calls_a_second} |" for it in found
    ]
    headings = "| store | processes | turns a minute | cores used | model calls a second |"
    return "\n".join([headings, "| --- | --: | --: | --: | --: |", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=50, help="of each process")
    parser.add_argument("--latency", type=float, default=200.0, help="milliseconds of a model's call")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    found = []
    for processes in PROCESSES:
        found.append(measure("files", processes, arguments.sessions, arguments.latency))
        with _on_postgres():
            found.append(measure("PostgreSQL", processes, arguments.sessions, arguments.latency))
    print(table(found))
    write_figures(arguments.json, {"throughput": [asdict(it) for it in found]})


if __name__ == "__main__":
    main()

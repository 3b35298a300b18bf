"""What the service adds to a call: the same calls in process and over HTTP, one after another, on one home.

    python benchmarks/service.py [--calls 300] [--json figures.json]

Starts `sessiongraph serve` on a home of its own with a key, as anybody would who is called from outside. In process the
client is this program's own, on a home that was filled in the same way. Figures are milliseconds.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.measure import free_port, fresh_home, write_figures
from sessiongraph import SearchType, SessionGraph, Settings

_TEXTS = [f"Person{number} Smith lives in Town{number} and works for Company{number % 7}." for number in range(200)]
_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
_PATIENCE_SECONDS = 120
Timings = dict[str, list[float]]


async def in_process(client: SessionGraph, calls: int) -> Timings:
    """Milliseconds of each call of the Python API."""
    work: dict[str, Callable[[int], Awaitable[Any]]] = {
        "list datasets": lambda number: client.datasets.list(),
        "add a turn": lambda number: client.sessions.add_turn(f"s{number % 10}", f"Question {number}?", "An answer."),
        "find passages": lambda number: client.search(f"Where does Person{number % 200} live?", SearchType.CHUNKS),
        "answer": lambda number: client.search(f"Where does Person{number % 200} live?"),
    }
    return {name: [await _timed(call, number) for number in range(calls)] for name, call in work.items()}


async def over_http(url: str, key: str, calls: int) -> Timings:
    """Milliseconds of each call of the service, over one connection."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as http:

        async def post(path: str, body: dict[str, Any]) -> None:
            (await http.post(path, json=body)).raise_for_status()

        async def list_datasets(number: int) -> None:
            (await http.get("/v1/datasets")).raise_for_status()

        work: dict[str, Callable[[int], Awaitable[Any]]] = {
            "list datasets": list_datasets,
            "add a turn": lambda number: post(
                f"/v1/sessions/s{number % 10}/turns", {"question": f"Question {number}?", "answer": "An answer."}
            ),
            "find passages": lambda number: post(
                "/v1/search", {"query_text": f"Where does Person{number % 200} live?", "query_type": "CHUNKS"}
            ),
            "answer": lambda number: post("/v1/search", {"query_text": f"Where does Person{number % 200} live?"}),
        }
        return {name: [await _timed(call, number) for number in range(calls)] for name, call in work.items()}


async def _timed(call: Callable[[int], Awaitable[Any]], number: int) -> float:
    begun = time.perf_counter()
    await call(number)
    return (time.perf_counter() - begun) * 1000


async def fill(client: SessionGraph) -> str:
    """A dataset of 200 documents, and a key."""
    user = await client.users.get_default_user()
    await client.add(_TEXTS)
    await client.cognify()
    await client.search("Where does Person1 live?")
    return (await client.users.create_key(user, scope="admin"))[1]


@contextmanager
def serving(home: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """`sessiongraph serve` on `home`, ready: its process and its URL. Its limits are out of the way."""
    port = free_port()
    environment = {
        **os.environ,
        "SESSIONGRAPH_HOME": str(home),
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "SESSIONGRAPH_SERVER_REQUESTS_PER_MINUTE": "1000000",
        "SESSIONGRAPH_SERVER_CONCURRENCY": "64",
        "PERSIST_TURNS": "1000000",  # nothing is persisted meanwhile by itself: in process neither
    }
    command = [sys.executable, "-c", _MAIN, "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env=environment)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + _PATIENCE_SECONDS
    try:
        while True:
            try:
                httpx.get(f"{url}/readyz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield process, url
    finally:
        process.terminate()
        process.wait()


async def measure(calls: int) -> dict[str, dict[str, float]]:
    """p50 and p95 of each kind of call, in process and over HTTP, and what HTTP adds to the p50."""
    with fresh_home() as home:
        async with SessionGraph(Settings(home=home)) as client:
            await fill(client)
            inside = await in_process(client, calls)
    with fresh_home() as home:
        async with SessionGraph(Settings(home=home)) as client:
            key = await fill(client)
        with serving(home) as (_, url):
            await over_http(url, key, 10)  # its models are loaded by then
            outside = await over_http(url, key, calls)
    return {
        name: {
            "in process p50": _quantile(inside[name], 50),
            "in process p95": _quantile(inside[name], 95),
            "over HTTP p50": _quantile(outside[name], 50),
            "over HTTP p95": _quantile(outside[name], 95),
            "added p50": round(_quantile(outside[name], 50) - _quantile(inside[name], 50), 2),
        }
        for name in inside
    }


def _quantile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.calls))
    for name, row in figures.items():
        print(f"{name:16}" + "  ".join(f"{kind} {value:8.2f}" for kind, value in row.items()))
    write_figures(arguments.json, figures)


if __name__ == "__main__":
    main()

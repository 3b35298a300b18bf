"""Many clients of the service at once: how many requests a second, how long each takes, is anything lost or doubled?

    python benchmarks/service_load.py [--seconds 300] [--cache sqlite redis] [--workers 1 2] [--json figures.json]

Clients tell turns, search in their sessions and persist them, one call after another, as fast as they are answered:
over HTTP, and beside that the same calls in process, on one loop. Of several workers one is killed in the middle, and
what was under way is sent again under its key, as any client would. When the service has ended and everything is
persisted, each turn that was acknowledged must be in the cache and in the graph, once. Models answer within 20 ms.
Exits with 1 unless there was no error and nothing lost or doubled.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks.concurrency_soak import environment
from benchmarks.measure import fresh_home, redis_server, write_figures
from benchmarks.service import fill, serving
from sessiongraph import SessionGraph, Settings
from sessiongraph.errors import StoreBusyError
from sessiongraph.ids import session_document_id, turn_passage_id
from tests.support.dataset_state import doubled

CLIENTS = 8
KINDS = ("turn", "search", "persist")
_TURNS_A_SESSION = 30
_AGAIN_SECONDS = 0.2
_WARM_SECONDS = 5


class Door(Protocol):
    """The three calls, whichever way they go. Each raises `Again` where it is to be sent again under its key."""

    async def turn(self, session: str, key: str, question: str, answer: str) -> None: ...

    async def search(self, session: str, key: str, question: str) -> None: ...

    async def persist(self, session: str, key: str) -> None: ...


class Again(Exception):
    """The call may or may not have been done: a worker has died, or the store was busy for longer than its wait."""


@dataclass
class Log:
    """Seconds of the answered calls by kind, the turns that were acknowledged, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    told: list[tuple[str, str]] = field(default_factory=list)
    again: int = 0
    errors: list[str] = field(default_factory=list)


class InProcess:
    def __init__(self, client: SessionGraph) -> None:
        self._client = client

    async def turn(self, session: str, key: str, question: str, answer: str) -> None:
        await self._client.sessions.add_turn(session, question, answer, turn_id=key, dataset="main_dataset")

    async def search(self, session: str, key: str, question: str) -> None:
        await self._client.search(question, datasets=["main_dataset"], session_id=session)

    async def persist(self, session: str, key: str) -> None:
        try:
            await self._client.persist_sessions([session], dataset="main_dataset")
        except StoreBusyError as error:
            raise Again from error


class OverHttp:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def turn(self, session: str, key: str, question: str, answer: str) -> None:
        body = {"question": question, "answer": answer, "dataset": "main_dataset"}
        await self._post(f"/v1/sessions/{session}/turns", key, body)

    async def search(self, session: str, key: str, question: str) -> None:
        body = {"query_text": question, "datasets": ["main_dataset"], "session_id": session}
        await self._post("/v1/search", key, body)

    async def persist(self, session: str, key: str) -> None:
        await self._post("/v1/persist_sessions", key, {"session_ids": [session], "dataset": "main_dataset"})

    async def _post(self, path: str, key: str, body: dict[str, Any]) -> None:
        try:
            answer = await self._http.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as error:
            raise Again from error
        if answer.status_code == 503 and "Retry-After" in answer.headers:
            raise Again
        if not answer.is_success:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")


class LoadClient:
    """Turns, searches and persists in sessions of its own, six to three to one."""

    def __init__(self, name: str, door: Door, search_is_named: bool) -> None:
        self.log = Log()
        self._name, self._door = name, door
        self._random = random.Random(name)
        self._turning = ("turn", "search") if search_is_named else ("turn",)

    async def work(self, until: float) -> Log:
        number = 0
        while time.time() < until:
            kind = "turn" if number % _TURNS_A_SESSION == 0 else self._random.choices(KINDS, (6, 3, 1))[0]
            await self._until_answered(kind, f"{self._name}-{number // _TURNS_A_SESSION}", f"{self._name}-{number}")
            number += 1
        return self.log

    async def _until_answered(self, kind: str, session: str, key: str) -> None:
        person, town = f"Person{self._random.randrange(200)} Smith", f"Town{self._random.randrange(200)}"
        begun = time.perf_counter()
        while True:
            try:
                await self._call(kind, session, key, person, town)
            except Again:
                self.log.again += 1
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            except Exception as error:
                self.log.errors.append(f"{kind}: {type(error).__name__}: {error}"[:500])
                return
            self.log.seconds[kind].append(time.perf_counter() - begun)
            if kind in self._turning:
                self.log.told.append((session, key))
            return

    async def _call(self, kind: str, session: str, key: str, person: str, town: str) -> None:
        match kind:
            case "turn":
                await self._door.turn(session, key, f"Where is {person}?", f"{person} moved to {town} in 2019.")
            case "search":
                await self._door.search(session, key, f"Where does {person} live?")
            case _:
                await self._door.persist(session, key)


@dataclass
class Figures:
    """`p50_ms` and `p95_ms` by kind of call; `again`: calls that were sent once more."""

    way: str
    cache: str
    requests_a_second: float
    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
    again: int
    errors: list[str]
    turns: int
    lost: int = 0
    doubled: int = 0

    @property
    def passed(self) -> bool:
        return not (self.errors or self.lost or self.doubled)


async def _load(door: Door, seconds: float, *, name: str = "client", search_is_named: bool) -> list[Log]:
    clients = [LoadClient(f"{name}{number}", door, search_is_named) for number in range(CLIENTS)]
    until = time.time() + seconds
    return await asyncio.gather(*(client.work(until) for client in clients))


async def in_process(cache: str, seconds: float) -> Figures:
    with fresh_home() as home:
        async with SessionGraph(Settings(home=home)) as client:
            await fill(client)
            # Turns of searches get ids of their own here: only over HTTP may the caller name them.
            await _load(InProcess(client), _WARM_SECONDS, name="warm", search_is_named=False)
            logs = await _load(InProcess(client), seconds, search_is_named=False)
        return await _verified(_figures("in process", cache, seconds, logs), home, logs)


async def over_http(cache: str, workers: int, seconds: float) -> Figures:
    with fresh_home() as home:
        async with SessionGraph(Settings(home=home)) as client:
            key = await fill(client)
        with serving(home, "--workers", str(workers)) as (process, url):
            headers = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as http:
                await _load(OverHttp(http), _WARM_SECONDS, name="warm", search_is_named=True)
                loading = _load(OverHttp(http), seconds, search_is_named=True)
                if workers > 1:
                    logs, _ = await asyncio.gather(loading, asyncio.to_thread(_kill_a_worker, process.pid, seconds / 2))
                else:
                    logs = await loading
        way = f"{workers} worker" + ("s, one killed" if workers > 1 else "")
        return await _verified(_figures(way, cache, seconds, logs), home, logs)


def _kill_a_worker(parent: int, after: float) -> None:
    time.sleep(after)
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    workers = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)


def _figures(way: str, cache: str, seconds: float, logs: list[Log]) -> Figures:
    taken = {kind: [value for log in logs for value in log.seconds[kind]] for kind in KINDS}
    return Figures(
        way=way,
        cache=cache,
        requests_a_second=round(sum(map(len, taken.values())) / seconds, 1),
        p50_ms={kind: _percentile(values, 50) for kind, values in taken.items()},
        p95_ms={kind: _percentile(values, 95) for kind, values in taken.items()},
        again=sum(log.again for log in logs),
        errors=[error for log in logs for error in log.errors],
        turns=sum(len(log.told) for log in logs),
    )


def _percentile(seconds: list[float], percent: int) -> float:
    return round(float(np.percentile(seconds, percent)) * 1000, 1) if seconds else float("nan")


async def _verified(figures: Figures, home: Path, logs: list[Log]) -> Figures:
    """Persist what is left, and count the acknowledged turns that are not in the cache, or not once in the graph."""
    async with SessionGraph(Settings(home=home)) as client:
        services, user = client.services, await client.users.get_default_user()
        told = {turn for log in logs for turn in log.told}
        sessions = {session for session, _ in told}
        cached = {(session, turn.turn_id) for session in sessions for turn in await client.sessions.get_turns(session)}
        await client.persist_sessions(sorted(sessions), dataset="main_dataset")
        store = services.store(services.access.resolve(user, "main_dataset", "read"))
        query = "SELECT passage_id FROM current_ledger WHERE disposition <> 'failed'"
        settled = {row[0] for row in store.read(lambda connection: connection.execute(query).fetchall())}
        passages = {turn: turn_passage_id(session_document_id(user.id, turn[0]), turn[1]) for turn in told}
        figures.lost = sum(turn not in cached or passages[turn] not in settled for turn in told)
        figures.doubled = sum(store.read(doubled).values())
    return figures


def _row(figures: Figures) -> str:
    times = "  ".join(f"{kind} {figures.p50_ms[kind]:.0f}/{figures.p95_ms[kind]:.0f} ms" for kind in KINDS)
    return (
        f"{figures.cache:7}{figures.way:22}{figures.requests_a_second:6.1f} requests/s  {times}  again {figures.again}"
        f"  turns {figures.turns}  errors {len(figures.errors)}  lost {figures.lost}  doubled {figures.doubled}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--cache", nargs="+", choices=("sqlite", "redis"), default=("sqlite", "redis"))
    parser.add_argument("--workers", nargs="+", type=int, default=(1, 2))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    everything: list[Figures] = []
    for cache in options.cache:
        with ExitStack() as stack:
            port = stack.enter_context(redis_server()) if cache == "redis" else None
            os.environ |= stack.enter_context(environment(cache, port))
            ways = [in_process(cache, options.seconds)]
            ways += [over_http(cache, workers, options.seconds) for workers in options.workers]
            for way in ways:
                figures = asyncio.run(way)
                everything.append(figures)
                print(_row(figures), *figures.errors[:3], sep="\n    ", flush=True)
    write_figures(options.json, {f"{one.cache}, {one.way}": vars(one) for one in everything})
    return 0 if all(one.passed for one in everything) else 1


if __name__ == "__main__":
    sys.exit(main())

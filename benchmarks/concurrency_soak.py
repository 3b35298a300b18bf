"""Many processes on one project home: is anything refused, lost or doubled, and how long does a search take meanwhile?

    python benchmarks/concurrency_soak.py --processes 8 --seconds 600 --cache redis --postgres

Processes persist the same sessions and their own, search, add turns, forget, and run Dagster's job, into two datasets,
with both models behind a local HTTP endpoint. When they have stopped, one persist must bring every turn that was added
and not forgotten into both datasets, exactly as into a third one that is built undisturbed. A StoreBusyError after its
stated wait is no fault, and is counted apart. Exits with 1 unless there was no error and nothing lost or doubled.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

import sessiongraph
from benchmarks.measure import fresh_home, postgres_server, redis_server, write_figures
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph import sessions
from sessiongraph.default_client import default_services
from sessiongraph.errors import InvalidInputError, SessionGraphError, SessionsNotFoundError, StoreBusyError
from sessiongraph.ids import session_document_id, turn_passage_id
from tests.support.dataset_state import doubled, read_state
from tests.support.openai_endpoint import OpenAIEndpoint

FIRST, SECOND, UNDISTURBED = "first", "second", "undisturbed"
DATASETS = (FIRST, SECOND)
DOCUMENT = "Alice Novak works at Acme Labs. Acme Labs is based in Lisbon."
PEOPLE = ("Alice Novak", "Bob Marsh", "Carla Zanetti", "Dora Quist", "Emil Varga", "Fiona Reyes")
PLACES = ("Paris", "Lisbon", "Trieste", "Vienna", "Oslo", "Lyon")
# All processes go on to new shared sessions at the same time, so that none grows for ever.
SHARED_SECONDS = 5.0
MODEL_SECONDS = 0.02


@dataclass
class Log:
    """What one process did: seconds by kind of operation, what it added and forgot, and what it was refused.

    `writes` are (dataset, start, end) of the persists that wrote; turns are (session, turn).
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    writes: list[tuple[str, float, float]] = field(default_factory=list)
    added: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[tuple[str, str, str]] = field(default_factory=list)
    busy: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass
class Figures:
    """`came_back` counts forgotten turns that a persist brought back; `in_parallel` persists that wrote while another
    dataset was persisted to; search times are in milliseconds."""

    processes: int
    cache: str
    seconds: float
    operations: dict[str, int]
    errors: list[str]
    busy: int
    turns: int
    lost: int = 0
    doubled: int = 0
    came_back: int = 0
    different: list[str] = field(default_factory=list)
    in_parallel: int = 0
    search_p50_ms: float = 0.0
    search_p95_ms: float = 0.0
    longest_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not (self.errors or self.lost or self.doubled or self.came_back or self.different)


class Worker:
    """One process: does the operations of its role until its time is over."""

    def __init__(self, name: str) -> None:
        self.log = Log()
        self._name = name
        self._random = random.Random(name)

    async def work(self, role: str, until: float) -> Log:
        operation: Callable[[], Awaitable[None]] = getattr(self, f"_{role}")
        while time.time() < until:
            begun = time.time()
            try:
                await operation()
            except StoreBusyError:
                self.log.busy += 1
            except Exception as error:
                self.log.errors.append(f"{role}: {type(error).__name__}: {error}"[:500])
            self.log.seconds.setdefault(role, []).append(time.time() - begun)
        return self.log

    def _shared(self) -> str:
        return f"shared-{int(time.time() / SHARED_SECONDS)}"

    async def _say(self, session_id: str, dataset: str) -> None:
        person, place = self._random.choice(PEOPLE), self._random.choice(PLACES)
        number = self._random.randrange(1000)
        turn = await sessions.add_turn(
            session_id, f"Where is {person} in {number}?", f"{person} lives in {place}{number}.", dataset=dataset
        )
        self.log.added.append((session_id, turn))

    async def _persist(self, session_ids: list[str], dataset: str) -> None:
        begun = time.time()
        try:
            report = await persist(session_ids=session_ids, dataset=dataset, create=True)
        except SessionsNotFoundError:
            return  # nobody has said anything in it yet
        if report.settled:
            self.log.writes.append((dataset, begun, time.time()))
        if report.failed or report.unread:
            self.log.errors.append(f"persist: {report}")

    async def _talk(self) -> None:
        await self._say(self._shared(), self._random.choice(DATASETS))
        await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def _persist_shared(self) -> None:
        await self._persist([self._shared()], self._random.choice(DATASETS))

    async def _persist_own(self) -> None:
        own = f"{self._name}-{len(self.log.added) // 20}"
        await self._say(own, SECOND)
        await self._persist([own], SECOND)

    async def _search(self) -> None:
        question = f"Where is {self._random.choice(PEOPLE)} in {self._random.randrange(1000)}?"
        session = f"{self._name}-{len(self.log.added) // 20}" if self._random.random() < 0.2 else None
        begun = time.time()
        (result,) = await sessiongraph.search(question, datasets=[self._random.choice(DATASETS)], session_id=session)
        self.log.seconds.setdefault("search alone", []).append(time.time() - begun)
        if result.warnings:
            self.log.errors.append(f"search: {result.warnings}")
        if session and result.turn_id:
            self.log.added.append((session, result.turn_id))
        await asyncio.sleep(0.02)

    async def _forget(self) -> None:
        session = self._shared()
        turns = await sessions.get_turns(session)
        if len(turns) > 2:
            turn = self._random.choice(turns).turn_id
            self.log.dropped.append((session, turn))
            for dataset in DATASETS:
                try:
                    await sessiongraph.forget(dataset, session_id=session, turn_id=turn)
                except (InvalidInputError, SessionsNotFoundError):
                    continue  # it had not been persisted there
                self.log.forgotten.append((dataset, session, turn))
            await sessions.delete_turn(session, turn)
        await asyncio.sleep(0.5)

    async def _dagster(self) -> None:
        await asyncio.to_thread(_run_job, self._random.choice(DATASETS))


def _run_job(dataset: str) -> None:
    """Dagster's own run of what `persist` does, in this process."""
    from orchestration.definitions import build_defs
    from sessiongraph.default_client import default_services

    result = (
        build_defs()
        .resolve_job_def("persist_sessions")
        .execute_in_process(
            partition_key=f"default_user/{dataset}",
            instance=default_services().dagster_instance,
            raise_on_error=False,
        )
    )
    for event in result.all_events:
        if event.event_type_value == "STEP_FAILURE":
            reason = str(event.step_failure_data.user_failure_data or event.step_failure_data.error)
            raise StoreBusyError(reason) if "StoreBusyError" in reason else SessionGraphError(reason)


ROLES = ("persist_shared", "search", "talk", "forget", "persist_shared", "persist_own", "dagster", "search")


# Where the processes wait for each other when they have loaded what they need.
_ready: Any = None


def _set_ready(barrier: Any) -> None:
    global _ready
    _ready = barrier


def _in_process(role: str, name: str, seconds: float) -> Log:
    logging.disable(logging.CRITICAL)  # of Dagster, which tells every step of every run
    return asyncio.run(_work(role, name, seconds))


async def _work(role: str, name: str, seconds: float) -> Log:
    await sessiongraph.search("Where does Alice Novak work?", datasets=[FIRST])
    if role == "dagster":
        await asyncio.to_thread(_run_job, FIRST)
    await asyncio.to_thread(_ready.wait)
    return await Worker(name).work(role, time.time() + seconds)


def soak(roles: tuple[str, ...], seconds: float, cache: str) -> Figures:
    """Let a process of each of `roles` work for `seconds` on the home of the environment; what came of it."""
    asyncio.run(prepare())
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(roles))
    with ProcessPoolExecutor(len(roles), context, _set_ready, (barrier,)) as pool:
        jobs = [pool.submit(_in_process, role, f"{role}-{number}", seconds) for number, role in enumerate(roles)]
        logs = [job.result() for job in jobs]
    operations = sum((Counter({kind: len(all_) for kind, all_ in log.seconds.items()}) for log in logs), Counter())
    figures = Figures(
        processes=len(roles),
        cache=cache,
        seconds=seconds,
        operations=dict(operations),
        errors=[error for log in logs for error in log.errors],
        busy=sum(log.busy for log in logs),
        turns=sum(len(log.added) for log in logs),
    )
    _time(figures, logs)
    asyncio.run(verify(figures, logs))
    return figures


async def prepare(documents: Sequence[str] = (DOCUMENT,)) -> None:
    """Let each dataset begin with these."""
    for dataset in (*DATASETS, UNDISTURBED):
        await sessiongraph.add(documents, dataset_name=dataset)
        await sessiongraph.cognify(dataset)


def _time(figures: Figures, logs: list[Log]) -> None:
    taken: dict[str, list[float]] = {}
    for log in logs:
        for kind, seconds in log.seconds.items():
            taken.setdefault(kind, []).extend(seconds)
    searches = taken.pop("search alone", [0.0])
    figures.operations.pop("search alone", None)
    p50, p95 = np.percentile(searches, (50, 95)) * 1000
    figures.search_p50_ms, figures.search_p95_ms = round(float(p50), 1), round(float(p95), 1)
    figures.longest_seconds = {kind: round(max(seconds), 2) for kind, seconds in taken.items()}
    writes = [write for log in logs for write in log.writes]
    figures.in_parallel = sum(
        any(other != dataset and begun < ended < end for other, begun, end in writes) for dataset, _, ended in writes
    )


async def verify(figures: Figures, logs: list[Log]) -> None:
    """One persist of everything by nobody disturbed, and what is in the datasets then."""
    services, user = default_services(), await sessiongraph.get_default_user()
    dropped = {turn for log in logs for turn in log.dropped}
    added = {turn for log in logs for turn in log.added} - dropped
    ids = sorted({session_id for session_id, _ in added})
    for dataset in (*DATASETS, UNDISTURBED):
        await persist(session_ids=ids, dataset=dataset, create=True)
    passages = {turn: turn_passage_id(session_document_id(user.id, turn[0]), turn[1]) for turn in added | dropped}
    stores = {name: services.store(services.access.resolve(user, name, "read")) for name in (*DATASETS, UNDISTURBED)}
    forgotten = {turn for log in logs for turn in log.forgotten}
    for name, store in stores.items():
        in_ledger = store.read(_settled)
        here = {(session, turn) for dataset, session, turn in forgotten if dataset == name}
        figures.came_back += sum(passages[turn] in in_ledger for turn in here)
        # What had not been persisted yet when it was to be forgotten may have been since; it leaves for the comparison.
        for session, turn in dropped:
            if passages[session, turn] in in_ledger:
                await sessiongraph.forget(name, session_id=session, turn_id=turn)
        figures.lost += sum(passages[turn] not in in_ledger for turn in added)
        figures.doubled += sum(store.read(doubled).values())
    states = {}
    for name, store in stores.items():
        state = await asyncio.to_thread(read_state, store, services.embedder.identity)
        # The endpoint's descriptions depend on what else is in a call.
        names = [row[:1] for row in state.entities]
        states[name] = replace(state, entities=names, mentions=[row[:2] for row in state.mentions])
    for name in DATASETS:
        for what, (only, missing) in states[name].differences(states[UNDISTURBED]).items():
            figures.different.append(f"{name}: {what}: {only[:2]} instead of {missing[:2]}"[:600])


def _settled(connection: Any) -> set[str]:
    rows = connection.execute("SELECT passage_id FROM current_ledger WHERE disposition <> 'failed'")
    return {passage_id for (passage_id,) in rows.fetchall()}


@contextmanager
def environment(cache: str, port: int | None) -> Iterator[dict[str, str]]:
    """The variables of every process: both models behind an endpoint of this one, and the cache."""
    with OpenAIEndpoint().running() as endpoint:
        endpoint.latency = MODEL_SECONDS
        variables = {
            "LLM_MODEL": "openai/test-model",
            "LLM_ENDPOINT": endpoint.url,
            "EMBEDDING_MODEL": "openai/test-embedder",
            "EMBEDDING_ENDPOINT": endpoint.url,
            "CACHE_BACKEND": cache,
        }
        if port is not None:
            variables |= {"CACHE_HOST": "127.0.0.1", "CACHE_PORT": str(port)}
        yield variables


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--cache", choices=("sqlite", "redis"), default="sqlite")
    parser.add_argument("--postgres", action="store_true", help="keep graphs and users in a PostgreSQL of its own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    options = parser.parse_args()
    roles = tuple(ROLES[number % len(ROLES)] for number in range(options.processes))
    with ExitStack() as stack:
        stack.enter_context(fresh_home())
        port = stack.enter_context(redis_server()) if options.cache == "redis" else None
        if options.postgres:
            os.environ["SESSIONGRAPH_DATABASE_URL"] = stack.enter_context(postgres_server())
        os.environ |= stack.enter_context(environment(options.cache, port))
        figures = soak(roles, options.seconds, options.cache)
    for name, value in asdict(figures).items():
        print(f"{name:16} {value}")
    write_figures(options.json, asdict(figures))
    return 0 if figures.passed else 1


if __name__ == "__main__":
    sys.exit(main())

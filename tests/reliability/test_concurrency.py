"""Several processes on one home: nothing is refused, lost or doubled, and no writer waits behind readers for ever."""

import asyncio
import contextlib
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import sessiongraph
import sessiongraph.persistence.persist as module
from benchmarks.concurrency_soak import environment, soak
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph import sessions
from sessiongraph.default_client import default_services
from sessiongraph.errors import StoreBusyError
from sessiongraph.extraction.build_graph import KnowledgeReport
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.store.file_lock import dataset_lock
from sessiongraph.types import Turn
from tests.support.openai_endpoint import OpenAIEndpoint


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "roles",
    [
        ("persist_shared", "persist_shared", "search", "talk", "forget"),
        ("persist_shared", "dagster", "search", "talk", "persist_own"),
    ],
    ids=["forgetting", "with Dagster's runs"],
)
def test_many_processes_on_one_home(
    home: Path, cache: str, roles: tuple[str, ...], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    if (cache == "redis") == ("forget" in roles):
        pytest.skip("each of the two runs on one cache: they take long")
    monkeypatch.delenv("DAGSTER_HOME")
    port = None
    if cache == "redis":
        port = request.getfixturevalue("redis_server").port
        monkeypatch.setenv("SESSIONGRAPH_DATABASE_URL", request.getfixturevalue("database_url"))
    with monkeypatch.context() as patch, environment(cache, port) as variables:
        for name, value in variables.items():
            patch.setenv(name, value)
        figures = soak(roles, 5.0, cache)
    assert figures.passed, figures
    assert figures.turns > 5 and figures.operations["search"] > 5


def _read_on_and_on(path: Path, stop: Any, reading: Any) -> None:
    first = True
    while not stop.is_set():
        with contextlib.suppress(StoreBusyError), dataset_lock(path, exclusive=False, wait_seconds=10):
            if first:
                reading.release()
                first = False
            time.sleep(0.05)


def test_readers_that_take_turns_do_not_starve_a_writer(tmp_path: Path):
    path, context = tmp_path / "graph.lock", multiprocessing.get_context("spawn")
    stop, reading = context.Event(), context.Semaphore(0)
    readers = [context.Process(target=_read_on_and_on, args=(path, stop, reading)) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in readers:
            assert reading.acquire(timeout=60)
        for _ in range(5):
            with dataset_lock(path, exclusive=True, wait_seconds=10):
                pass
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_a_reader_does_not_wait_behind_a_writer_that_waits(tmp_path: Path):
    """It is told at once, and serves what it has."""
    path, context = tmp_path / "graph.lock", multiprocessing.get_context("spawn")
    stop = context.Event()
    with dataset_lock(path, exclusive=False, wait_seconds=0):
        writer = context.Process(target=_write_once, args=(path, stop))
        writer.start()
        deadline = time.monotonic() + 60
        with pytest.raises(StoreBusyError, match="waited 0 s"):
            while time.monotonic() < deadline:  # until the writer stands in the gate
                with dataset_lock(path, exclusive=False, wait_seconds=0):
                    time.sleep(0.01)
        assert not stop.is_set()
    assert stop.wait(30), "and the writer gets in as soon as the readers before it are out"
    writer.join()


def _write_once(path: Path, done: Any) -> None:
    with dataset_lock(path, exclusive=True, wait_seconds=60):
        done.set()


async def test_a_turn_forgotten_while_a_persist_reads_the_cache_does_not_come_back(
    cache: str, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    secret = await sessions.add_turn("s", "Where is the key?", "Mallory has it.")
    await persist(session_ids=["s"], create=True)
    await sessions.add_turn("s", "Where does Boris live?", "Boris lives in Rome.")
    backend = type(default_services().cache)
    get_turns, forgetting = backend.get_turns, [True]

    def read_and_forget(self: SessionCache, user_id: str, session_id: str, last: int | None = None) -> list[Turn]:
        turns = get_turns(self, user_id, session_id, last)
        if forgetting and session_id == "s":
            forgetting.clear()
            with ThreadPoolExecutor(1) as other:
                other.submit(asyncio.run, sessiongraph.forget("main_dataset", session_id="s", turn_id=secret)).result()
        return turns

    monkeypatch.setattr(backend, "get_turns", read_and_forget)
    report = await persist(session_ids=["s"], create=True)
    assert not forgetting and report.persisted == 2
    names = {node["name"] for _, node in (await sessiongraph.graph(dataset="main_dataset")).nodes(data=True)}
    assert "Boris" in names and "Mallory" not in names


async def test_a_turn_forgotten_at_the_end_of_a_persist_is_in_no_report(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    secret = await sessions.add_turn("s", "Where is the key?", "Mallory has it.")
    build_knowledge = module.build_knowledge

    async def build_and_forget(*args: Any, **options: Any) -> KnowledgeReport:
        report = await build_knowledge(*args, **options)
        await sessiongraph.forget("main_dataset", session_id="s", turn_id=secret)
        return report

    monkeypatch.setattr(module, "build_knowledge", build_and_forget)
    report = await persist(session_ids=["s"], create=True)
    assert (report.persisted, secret in str(report.turns)) == (1, False)

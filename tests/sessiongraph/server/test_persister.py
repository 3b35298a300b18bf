"""Somebody persists: with the service alone, nothing else running, what is said is in the graph before it expires."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.dagster import daemon
from sessiongraph.server import persister as persister_module
from sessiongraph.server.persister import Persister
from sessiongraph.server.who_persists import take_lock, who_persists
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from tests.sessiongraph.server.conftest import Service, running
from tests.support.openai_endpoint import OpenAIEndpoint


def persisted(client: SessionGraph) -> int:
    """How many turns of the default user's main dataset are in its graph."""
    services = client.services
    dataset = services.access.resolve(services.access.default_user(), "main_dataset", "read")
    query = "SELECT count(*) FROM live_windows WHERE passage_id IN (SELECT passage_id FROM turns)"
    store = services.store(dataset)
    return store.read(lambda con: con.execute(query).fetchall()[0][0]) if store.exists else 0


def until(seen: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, f"not seen within {seconds} s: {what}"
        time.sleep(0.2)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(persister_module, "INTERVAL_SECONDS", 0.3)


def say(service: Service, number: int = 1) -> None:
    with service.http() as http:
        turn = {"question": "Where is she?", "answer": f"Alice Smith lives in Town{number}."}
        assert http.post("/v1/sessions/s/turns", json=turn).status_code == 201


def test_what_is_said_is_persisted_by_itself(serve: Callable[..., Service]):
    service = serve(session_ttl_seconds=16)
    say(service)
    until(lambda: persisted(service.client) == 1, "the turn is in the graph")
    assert who(service) == "this process"
    assert who_persists(service.client.services) == "another process"


def test_what_waits_at_the_end_is_persisted_then(home: Path, shared: Shared):
    client = SessionGraph(Settings(home=home), shared=shared)
    with running(client) as service:
        say(service)
        time.sleep(1)
        assert persisted(client) == 0, "an idle session waits for five minutes"
    assert persisted(client) == 1
    client.services.close()


def test_of_two_servers_of_a_home_one_persists_and_the_other_takes_over(home: Path, shared: Shared):
    one, other = (SessionGraph(Settings(home=home, session_ttl_seconds=16), shared=shared) for _ in range(2))
    with running(other) as second:
        with running(one) as first:
            seen = {who(first), who(second)}
            until(lambda: {who(first), who(second)} == {"this process", "another process"}, f"one persists: {seen}")
            say(second)
            until(lambda: persisted(other) == 1, "what is told to one is persisted, by whichever")
        until(lambda: who(second) == "this process", "the one that is left persists")


def who(service: Service) -> str:
    with service.http() as http:
        return str(http.get("/readyz").json()["persists"])


def test_a_daemon_that_persists_is_left_to_it(
    serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, shared_dagster_home: Path
):
    """The sensor's ticks say so; here one is written down, as the daemon does it."""
    monkeypatch.setattr(persister_module, "daemon_persists", lambda services: True)
    service = serve(persist_idle_seconds=0)
    say(service)
    until(lambda: who(service) == "dagster", "the daemon is seen")
    time.sleep(1.5)
    assert persisted(service.client) == 0


def test_what_a_daemon_leaves_until_its_end_is_taken(serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(persister_module, "daemon_persists", lambda services: True)
    service = serve(session_ttl_seconds=16)
    say(service)
    until(lambda: persisted(service.client) == 1, "the turn is in the graph")


def test_no_sensor_ticked_means_no_daemon(shared_dagster_home: Path, home: Path):
    with_services = SessionGraph(Settings(home=home)).services
    assert daemon.ticks(with_services.dagster_instance, "no_such_sensor") is False
    assert who_persists(with_services) == "nobody"
    with_services.close()


async def test_a_model_that_fails_is_asked_again_later(
    home: Path, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(persister_module, "_FIRST_WAIT", 0.5)
    client = SessionGraph(Settings(home=home, persist_idle_seconds=0))
    persister = Persister(client, sweeps=False)
    endpoint.fail(500)
    await client.sessions.add_turn("s", "Where?", "Alice Smith lives in Paris.")
    work = asyncio.create_task(persister.run())
    await asyncio.to_thread(until, lambda: len(endpoint.chats) >= 2, "the model was asked again")
    assert await asyncio.to_thread(persisted, client) == 0
    endpoint.heal()
    await asyncio.to_thread(until, lambda: persisted(client) == 1, "the turn is in the graph")
    work.cancel()
    await client.close()


async def test_what_was_staged_before_a_crash_is_taken_up(home: Path, endpoint: OpenAIEndpoint):
    client = SessionGraph(Settings(home=home))
    endpoint.fail(500)
    await client.sessions.add_turn("s", "Where?", "Alice Smith lives in Paris.")
    with pytest.raises(Exception, match="500"):
        await client.persist_sessions(["s"], create=True)
    await client.sessions.clear()
    endpoint.heal()
    work = asyncio.create_task(Persister(client, sweeps=True).run())
    await asyncio.to_thread(until, lambda: persisted(client) == 1, "the turn is in the graph")
    asked = lambda: [it for it in endpoint.chats if it.user.startswith("~ lessons")]  # noqa: E731
    await asyncio.to_thread(until, lambda: len(asked()) == 1, "the session was read for what it teaches")
    work.cancel()
    await client.close()


def test_a_killed_process_lets_go_of_the_lock(home: Path, project_root: Path):
    script = (
        "import sys, time; from pathlib import Path; from sessiongraph.server.who_persists import take_lock\n"
        "lock = take_lock(Path(sys.argv[1])); print(lock is not None, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(project_root)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline().strip() == "True"
        assert take_lock(home) is None
        process.kill()
    until(lambda: take_lock(home) is not None, "the lock is free", 10)

"""`sessiongraph serve` as an operator runs it: several workers, one of them killed, and an end that loses nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.settings import Settings
from tests.sessiongraph.server.test_persister import persisted
from tests.support.dataset_state import doubled

_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
_PATIENCE_SECONDS = 90


@contextmanager
def serving(home: Path, root: Path, *arguments: str, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`sessiongraph serve` on a free port; ended with SIGTERM where it is there still."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "SESSIONGRAPH_HOME": str(home), **settings}
    command = [sys.executable, "-c", _MAIN, "serve", "--port", str(port), *arguments]
    with (home.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home.parent)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            log_text = (home.parent / "serve.log").read_text()
            assert process.poll() is None and time.monotonic() < deadline, log_text
            time.sleep(0.2)
        yield process, url
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(_PATIENCE_SECONDS)


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The process ids of the workers, as Linux tells them."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    names = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, name in names.items() if b"spawn_main" in name]


def tell(url: str, session: str, count: int, told: list[str]) -> None:
    """Tell turns one after another, each again under its key until the service says that it has it."""
    for number in range(count):
        turn = {"question": "Where?", "answer": f"Person{session}{number} Smith lives in Town{number}."}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            assert time.monotonic() < deadline
            try:
                with httpx.Client(trust_env=False, timeout=10) as http:
                    headers = {"Idempotency-Key": f"{session}-{number}"}
                    answer = http.post(f"{url}/v1/sessions/{session}/turns", json=turn, headers=headers)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code == 201:
                told.append(answer.json()["turn_id"])
                break
            time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")
def test_a_worker_that_is_killed_loses_and_doubles_nothing(home: Path, project_root: Path):
    told: list[str] = []
    settings = {"PERSIST_IDLE_SECONDS": "0", "SESSIONGRAPH_SERVER_REQUESTS_PER_MINUTE": "100000"}
    with serving(home, project_root, "--workers", "2", **settings) as (process, url):
        telling = [threading.Thread(target=tell, args=(url, f"s{n}", 15, told)) for n in range(4)]
        for thread in telling:
            thread.start()
        for _ in range(2):
            time.sleep(1.5)
            os.kill(workers_of(process)[0], signal.SIGKILL)
        for thread in telling:
            thread.join()
        process.terminate()
        assert process.wait(_PATIENCE_SECONDS) in (0, -signal.SIGTERM)
    client = SessionGraph(Settings(home=home))
    services = client.services
    user = services.access.default_user()
    kept = [turn.turn_id for n in range(4) for turn in services.cache.get_turns(user.id, f"s{n}")]
    assert sorted(kept) == sorted(told) and len(set(told)) == 60
    # What the last worker did not come to in its last seconds, the next one takes up.
    if persisted(client) < 60:
        with serving(home, project_root, **settings):
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while persisted(client) < 60:
                assert time.monotonic() < deadline
                time.sleep(0.5)
    store = services.store(services.access.resolve(user, "main_dataset", "read"))
    assert persisted(client) == 60 and store.read(doubled) == {}
    services.close()


def test_what_was_told_is_in_the_graph_when_the_service_ends(home: Path, project_root: Path):
    told: list[str] = []
    with serving(home, project_root) as (process, url):
        tell(url, "s", 3, told)
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
    client = SessionGraph(Settings(home=home))
    assert persisted(client) == 3
    client.services.close()


def test_others_are_not_listened_to_without_a_key(home: Path, project_root: Path):
    environment = {**os.environ, "PYTHONPATH": str(project_root), "SESSIONGRAPH_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, "serve", "--host", "0.0.0.0", "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
    )
    assert done.returncode == 2 and "users key create" in done.stderr

"""The Dagster UI as a test uses it: started on a free port by a command, asked over GraphQL, ended."""

import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_START_SECONDS = 120
_END_SECONDS = 60

Ask = Callable[[str], dict[str, Any]]


@contextmanager
def running(command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path, port: int) -> Iterator[Ask]:
    """`command` (which listens on `port`) runs meanwhile; yields what answers a GraphQL query. It must end with 0."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
        try:
            _wait_until_open(port, process, log)
            yield lambda query: _ask(port, query)
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(_END_SECONDS)
    assert ended == 0, log.read_text()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _ask(port: int, query: str) -> dict[str, Any]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
        return data


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

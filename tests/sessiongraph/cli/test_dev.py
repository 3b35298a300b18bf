"""`sessiongraph dev`: the Dagster UI, really started, on the home that the commands work on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

MAIN = "from sessiongraph.cli import main; main()"


def _ask(url: str, query: str) -> dict:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)


def test_the_ui_shows_the_assets_and_ends_with_its_command(tmp_path: Path, project_root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SESSIONGRAPH_HOME": "home", "PYTHONPATH": str(project_root)}
    environment.pop("DAGSTER_HOME", None)
    command = [sys.executable, "-c", MAIN, "dev", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_open(port, process)
            data = _ask(
                f"http://127.0.0.1:{port}", "{ assetNodes { assetKey { path } repository { location { name } } } }"
            )
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(60)

    names = {node["assetKey"]["path"][0] for node in data["assetNodes"]}
    assert names == {"documents", "knowledge_graph", "session_cache", "session_turns", "session_knowledge"}
    assert {node["repository"]["location"]["name"] for node in data["assetNodes"]} == {"orchestration"}
    assert (tmp_path / "home" / "dagster" / "history").is_dir()
    assert ended == 0

"""The way of docs/scaling.md from the compose file to a persisted session: its processes, with its settings, by hand.

Only where they are differs: PostgreSQL, Redis and the object store are the tests' own, ports are free ones.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.conftest import RedisServer
from tests.support.dagster_ui import free_port

pytest.importorskip("dagster_docker", reason="`make deploy-check` walks it")
pytestmark = pytest.mark.timeout(600)

from tests.support.object_store import ObjectStore  # noqa: E402
from tests.support.postgres_server import PostgresServer  # noqa: E402


@dataclass
class Deployment:
    """The services of the compose file, as processes of this machine."""

    folder: Path
    services: dict[str, Any]
    environment: dict[str, str]
    instead: dict[str, str]
    ports: dict[str, int]

    def command(self, service: str) -> list[str]:
        words = [self.instead.get(word, word) for word in self.services[service]["command"]]
        return [str(Path(sys.executable).parent / words[0]), *words[1:]]

    def once(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, service: str, *more: str) -> Iterator[None]:
        log = self.folder / f"{service}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.command(service), *more], cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)

    def call(self, path: str, body: object, key: str) -> Any:
        """What the service answers."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.ports['service']}/v1/{path}"
        with urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers)) as answer:
            return json.load(answer)


@pytest.fixture
def stores() -> Iterator[tuple[PostgresServer, ObjectStore]]:
    server, objects = PostgresServer(), ObjectStore()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE sessiongraph LOGIN")
        for database in ("sessiongraph", "dagster"):
            connection.execute(f"CREATE DATABASE {database} OWNER sessiongraph")
    yield server, objects
    objects.stop()
    server.remove()


@pytest.fixture
def deployment(
    stores: tuple[PostgresServer, ObjectStore], redis_server: RedisServer, project_root: Path, tmp_path: Path
) -> Deployment:
    server, objects = stores
    deploy, home = project_root / "deploy", tmp_path / "home"
    services = yaml.safe_load((deploy / "compose.yaml").read_text())["services"]
    ports = {name: free_port() for name in ("service", "code", "webserver")}
    (home / "dagster").mkdir(parents=True)
    storage = (deploy / "dagster.yaml").read_text().replace("port: 5432", f"port: {server.port}")
    (home / "dagster/dagster.yaml").write_text(storage)
    workspace = (deploy / "workspace.yaml").read_text().replace("host: code", "host: 127.0.0.1")
    (tmp_path / "workspace.yaml").write_text(workspace.replace("port: 4000", f"port: {ports['code']}"))
    addresses = {
        "@postgres:5432": f"@127.0.0.1:{server.port}",
        "redis:6379": f"{redis_server.host}:{redis_server.port}",
        "http://objects:9000": objects.variables["AWS_ENDPOINT_URL"],
        "s3://sessiongraph": objects.url,
    }

    def here(value: str) -> str:
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        value = re.sub(r"\$\{\w+(?::\?[^}]*)?\}", "secret", value)
        for there, address in addresses.items():
            value = value.replace(there, address)
        return value

    given = {name: here(value) for name, value in services["service"]["environment"].items()}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SESSIONGRAPH_", "LLM_"))},
        **given,
        "DAGSTER_PG_HOST": "127.0.0.1",
        "SESSIONGRAPH_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "PERSIST_IDLE_SECONDS": "1",  # who walks waits for five minutes
    }
    instead = {
        "4000": str(ports["code"]),
        "3000": str(ports["webserver"]),
        "0.0.0.0": "127.0.0.1",
        "/opt/sessiongraph/project": str(project_root),
        "/etc/sessiongraph/workspace.yaml": str(tmp_path / "workspace.yaml"),
    }
    return Deployment(tmp_path, services, environment, instead, ports)


def test_what_was_said_to_the_service_is_persisted_by_the_daemon(
    deployment: Deployment, stores: tuple[PostgresServer, ObjectStore]
) -> None:
    program = str(Path(sys.executable).parent / "sessiongraph")
    deployment.once(*deployment.command("tables"))
    with ExitStack() as stack:
        stack.enter_context(deployment.running("code"))
        _wait(lambda: deployment.once(program.replace("sessiongraph", "dagster"), *_health(deployment)), 90)
        stack.enter_context(deployment.running("daemon"))
        stack.enter_context(deployment.running("webserver"))
        stack.enter_context(deployment.running("service", "--port", str(deployment.ports["service"])))
        _wait(lambda: urllib.request.urlopen(f"http://127.0.0.1:{deployment.ports['service']}/readyz"), 90)
        key = deployment.once(program, "users", "key", "create", "default_user").split()[0]
        deployment.call("add", {"data": ["Northwind makes kettles in Leeds."], "dataset_name": "demo"}, key)
        deployment.call("cognify", {"datasets": ["demo"]}, key)
        asked = {"query_text": "I moved to Bergen. Where are kettles made?", "session_id": "s1", "datasets": ["demo"]}
        deployment.call("search", asked, key)
        found = {"query_text": "Where do I live?", "datasets": ["demo"], "node_sets": ["user_sessions_from_cache"]}

        def is_found() -> None:
            [result] = deployment.call("search", found, key)
            assert "Bergen" in result["answer"]

        _wait(is_found, 120)
        _wait(lambda: _has_succeeded(deployment), 60)
    assert any("/changes/session_knowledge/" in name for name in stores[1].list_keys())


def _health(deployment: Deployment) -> list[str]:
    return ["api", "grpc-health-check", "-p", str(deployment.ports["code"])]


def _has_succeeded(deployment: Deployment) -> None:
    query = "{ runsOrError { ... on Runs { results { jobName status } } } }"
    request = urllib.request.Request(
        f"http://127.0.0.1:{deployment.ports['webserver']}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        runs = json.load(answer)["data"]["runsOrError"]["results"]
    assert {"jobName": "persist_sessions", "status": "SUCCESS"} in runs, runs


def _wait(ask: Any, seconds: float) -> Any:
    """What `ask` gives once it does not fail."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (AssertionError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)

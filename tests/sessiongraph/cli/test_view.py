"""`sessiongraph view` in an empty home: it serves, is found by the next one, and signs in where keys are asked for."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from sessiongraph.cli import app
from sessiongraph.default_client import default_services
from sessiongraph.server.address import served_at

_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"


@contextmanager
def viewing(project_root: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command at work in this process's environment, and the address that it says."""
    command = [sys.executable, "-c", _MAIN, "view", "--no-browser", *options]
    environment = {**os.environ, "PYTHONPATH": str(project_root)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.timeout(120)
def test_an_empty_home_is_looked_at_and_the_next_view_finds_the_service(project_root: Path, home: Path):
    with viewing(project_root) as (process, address):
        assert "Nothing yet" in httpx.get(address, trust_env=False, timeout=60).text
        again = CliRunner().invoke(app, ["view", "/ask", "--no-browser"])
        assert again.exit_code == 0 and again.stdout.strip() == f"{address}ask", "no second service is started"

        access = default_services().access
        access.keys.create(access.default_user(), "read")
        asked = CliRunner().invoke(app, ["view", "/ask", "--no-browser"]).stdout.strip()
        link = urlsplit(asked).fragment.removeprefix("link=")
        with httpx.Client(base_url=address, headers={"Origin": address.rstrip("/")}, trust_env=False) as http:
            assert http.get("/v1/users/me").status_code == 401
            assert http.post("/sign-in", data={"link": link, "to": "/ask"}).headers["location"] == "/ask"
            assert http.get("/v1/users/me").json()["name"] == "default_user"

        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert served_at(home) is None
    with viewing(project_root) as (process, _):
        assert served_at(home) is not None
        process.kill()
        process.wait(30)
        assert served_at(home) is None, "one that was killed is not taken for a service"


def test_what_is_no_page_is_refused():
    for page in ("ask", "//evil.example"):
        assert CliRunner().invoke(app, ["view", page, "--no-browser"]).exception is not None

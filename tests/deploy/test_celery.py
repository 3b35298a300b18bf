"""With SESSIONGRAPH_CELERY_URL the steps of a run are done by Celery's workers, and what was said is in the graph."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.executor import build_executor
from sessiongraph.dagster_home import write_dagster_home
from sessiongraph.errors import InvalidInputError
from tests.conftest import RedisServer

_DG = "import sys; from dagster_dg_cli.cli import main; sys.argv[0] = 'dg'; main()"
_CELERY = "from dagster_celery.cli import main; main()"


def test_without_celery_installed_the_setting_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dagster_celery", None)
    with pytest.raises(InvalidInputError, match=r"sessiongraph\[celery\]"):
        build_executor(SecretStr("redis://127.0.0.1:1/0"))


@pytest.mark.timeout(300)
def test_two_workers_share_the_steps_of_a_run(redis_server: RedisServer, project_root: Path, tmp_path: Path) -> None:
    pytest.importorskip("dagster_celery")
    home = tmp_path / "home"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # a worker is started by its command
        "PYTHONPATH": str(project_root),
        "SESSIONGRAPH_HOME": str(home),
        "DAGSTER_HOME": str(write_dagster_home(home)),
        "SESSIONGRAPH_CELERY_URL": f"redis://{redis_server.host}:{redis_server.port}/7",
        "LLM_MODEL": "local/extractive",
        "EMBEDDING_MODEL": "local/wordllama",
    }

    def python(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=project_root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    python("-m", "sessiongraph.cli", "add", "Northwind makes kettles.", "--dataset", "notes")
    python("-m", "sessiongraph.cli", "cognify", "--dataset", "notes")
    python("-m", "sessiongraph.cli", "search", "I moved to Bergen.", "--dataset", "notes", "--session", "s1")
    logs = [tmp_path / name for name in ("one", "two")]
    workers = [_worker(log, project_root, environment) for log in logs]
    try:
        for log in logs:
            _wait_for(log, "ready.")
        python("-c", _DG, "launch", "--job", "persist_sessions", "--partition", "default_user/notes")
    finally:
        for worker in workers:
            os.killpg(worker.pid, signal.SIGTERM)
        for worker in workers:
            worker.wait(30)

    assert "Bergen" in python("-m", "sessiongraph.cli", "facts", "list", "--dataset", "notes")
    steps = [log.read_text() for log in logs]
    assert all("STEP_SUCCESS" in done for done in steps), "one worker did them all"


def _worker(log: Path, folder: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    config = str(folder / "deploy/celery.yaml")
    command = ["worker", "start", "-A", "dagster_celery.app", "-y", config, "-n", log.name, "--", "--concurrency=1"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", _CELERY, *command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_for(log: Path, word: str) -> None:
    deadline = time.monotonic() + 60
    while word not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)

"""The daemon for real: what another process says is persisted with nobody's hand on it, killed or not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(600)
def test_what_is_said_finds_its_way_also_over_a_kill_of_everything(project_root: Path, tmp_path: Path) -> None:
    """A process of its own, in which no other test has left a thread. It ends by itself unless all is seen."""
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/daemon.py", "--json", str(figures)],
        cwd=project_root, capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    found = json.loads(figures.read_text())
    assert (found["lost"], found["doubled"], found["failures"]) == (0, 0, [])
    assert found["ttl_left"] > 0
    # The run that was killed with its code server is marked as failed, and another one did its work.
    assert found["runs"] == {"SUCCESS": 3, "FAILURE": 1}

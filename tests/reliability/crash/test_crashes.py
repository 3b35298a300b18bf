"""The crash campaign in short: `make soak` runs it in full."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(900)
def test_kills_a_full_disk_and_a_read_only_home_lose_nothing(project_root: Path, tmp_path: Path):
    """A process of its own, because it forks: other tests leave threads behind."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/hostile_home.py", "--steps", "2", "--kills", "14", "--json", str(figures)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, timeout=880, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    found = json.loads(figures.read_text())
    assert sum(found["kills"].values()) >= 14 and len(found["kills"]) >= 8
    assert (found["lost"], found["doubled"], found["failures"]) == (0, 0, [])
    assert "read-only: sessiongraph.errors.SessionGraphError" in done.stdout
    assert "lost 0, doubled 0, failures 0" in done.stdout

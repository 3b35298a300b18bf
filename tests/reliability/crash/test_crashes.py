"""The crash campaign in short: `make soak` runs it in full."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(project_root: Path, *arguments: str) -> str:
    """What a benchmark prints. A process of its own, because it forks: other tests leave threads behind."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project_root, capture_output=True, text=True, timeout=480, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(500)
def test_nothing_is_lost_or_doubled_by_a_kill(project_root: Path, tmp_path: Path):
    figures = tmp_path / "figures.json"
    run(project_root, "benchmarks/crash_campaign.py", "--kills", "14", "--json", str(figures))
    found = json.loads(figures.read_text())
    assert sum(found["kills"].values()) >= 14 and len(found["kills"]) >= 8
    assert (found["lost"], found["doubled"], found["failures"]) == (0, 0, [])


@pytest.mark.timeout(500)
def test_a_full_disk_and_a_read_only_home_give_a_clear_error_and_lose_nothing(project_root: Path):
    printed = run(project_root, "benchmarks/hostile_home.py", "--steps", "2")
    assert "read-only: sessiongraph.errors.SessionGraphError" in printed
    assert "lost 0, doubled 0, failures 0" in printed

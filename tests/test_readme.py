"""The README claims only what a reader can run: its story is run as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path


def test_the_story_of_the_readme_runs(project_root: Path, tmp_path: Path):
    (story,) = re.findall(r"```python\n(.*?)```", (project_root / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    settings = {"SESSIONGRAPH_HOME": str(tmp_path / "home"), "PYTHONPATH": str(project_root)}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", story],
        cwd=tmp_path,
        env={**inherited, **settings},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert "Paris" in answers[0] and "software engineer" in answers[1] and "Paris" in answers[3]
    assert "2 turn(s) persisted (2 extracted now)" in answers[2]

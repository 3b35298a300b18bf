"""Pythons of their own, for packages whose pins conflict with ours: made once for each list of pins, then kept."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import portalocker
import pytest


def python_with(pins: Path, config: pytest.Config) -> Path:
    """The Python of an environment that has what the file `pins` names, and nothing else."""
    name = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = config.cache.mkdir(f"{pins.stem}-{name}") / "venv"  # type: ignore[union-attr]
    python, done = folder / "bin" / "python", folder / "done"
    with portalocker.Lock(folder.parent / "lock", timeout=240):
        if not done.exists():
            venv.create(folder, with_pip=False, symlinks=True, clear=True)
            install = ["install", "-q", "--no-compile", "--disable-pip-version-check", "--no-input", "-r", str(pins)]
            made = subprocess.run(
                [sys.executable, "-m", "pip", "--python", str(python), *install], capture_output=True, text=True
            )
            assert made.returncode == 0, made.stderr
            done.touch()
    return python


def run_in(python: Path, script: Path, *arguments: str, root: Path) -> str:
    """What `script` prints, with the checkout on its path; it must end well."""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [str(python), str(script), *arguments], env=variables, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout

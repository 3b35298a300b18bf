"""The rooms stay rooms: nothing heavy is loaded by a name, and each module says what it is for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOMS = ("sessiongraph", "resources", "assets", "orchestration")
HEAVY = ("dagster", "litellm", "spacy", "wordllama", "pandas", "duckdb", "numpy", "sqlalchemy", "redis", "networkx")


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import sessiongraph", HEAVY),
        ("from sessiongraph import SearchType, SessionGraphError", ("dagster", "litellm", "spacy", "pandas", "duckdb")),
        ("import orchestration.definitions", ("litellm", "spacy", "wordllama", "duckdb", "pandas", "sqlalchemy")),
    ],
)
def test_imports_are_lazy(project_root: Path, statement: str, unwanted: tuple[str, ...]):
    script = f"{statement}\nimport sys\nprint([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project_root, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_module_says_what_it_is_for(project_root: Path):
    silent = [
        str(path.relative_to(project_root))
        for room in ROOMS
        for path in (project_root / room).rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []

"""The rooms stay rooms: imports go down, never up or sideways, and nothing heavy is loaded by a name."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FLOORS = {"resources": 1, "assets": 2, "orchestration": 3, "sessiongraph": 4}
HEAVY = ("dagster", "litellm", "spacy", "wordllama", "pandas", "duckdb", "numpy", "sqlalchemy", "redis", "networkx")


def imported(source: str) -> Iterator[str]:
    """The packages of ours that `source` imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        yield from (root for name in names if (root := name.partition(".")[0]) in FLOORS)


def test_imports_go_down(project_root: Path):
    files = [(room, path) for room in FLOORS for path in (project_root / room).rglob("*.py")]
    assert len(files) > 80
    upward = [
        f"{path.relative_to(project_root)} imports {root}"
        for room, path in files
        for root in imported(path.read_text(encoding="utf-8"))
        if root != room and FLOORS[root] >= FLOORS[room]
    ]
    assert upward == []


def test_an_upward_import_would_be_seen():
    assert list(imported("def f():\n    from sessiongraph.runtime import resources\n")) == ["sessiongraph"]


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import sessiongraph", HEAVY),
        ("from sessiongraph import SearchType, SessionGraphError", ("dagster", "litellm", "spacy", "pandas", "duckdb")),
        ("import orchestration.definitions", ("litellm", "spacy", "wordllama")),
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
        for room in FLOORS
        for path in (project_root / room).rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []

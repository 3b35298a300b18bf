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
        # What each run that persists sessions asks for what waits, which mostly is nothing.
        ("import sessiongraph.importers.sources", ("redis", "bs4", "spacy", "pypdfium2", "opentelemetry.sdk")),
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


# What makes something that can change, where a module calls it.
_MAKERS = {
    *("dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter"),
    *("Lock", "RLock", "Event", "Semaphore", "local", "ContextVar", "WeakKeyDictionary", "WeakValueDictionary"),
    *("LRUCache", "TTLCache", "Shared", "DuckDBPool", "LocalModels", "SnapshotReader"),
}
_MEMOS = {"cache", "lru_cache", "cached"}
# The default client, which the functions of `sessiongraph` act on.
_ALLOWED = {("sessiongraph/default_client.py", "_default")}


def _last_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    node = node.value if isinstance(node, ast.Subscript) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_mutable(value: ast.expr | None) -> bool:
    """Whether it is an empty container, to be filled later, or something that keeps state."""
    if isinstance(value, ast.Dict | ast.List | ast.Set):
        return not (value.keys if isinstance(value, ast.Dict) else value.elts)
    return isinstance(value, ast.Call) and _last_name(value) in _MAKERS and not value.args


def _state_of(source: str) -> list[str]:
    """The names of what a module keeps: containers that begin empty, locks, memos, names that `global` rebinds."""
    tree, found = ast.parse(source), []
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [ast.unparse(target) for target in targets]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [node.name for decorator in node.decorator_list if _last_name(decorator) in _MEMOS]
        elif isinstance(node, ast.Global):
            found += node.names
    return found


def test_no_module_but_the_default_clients_keeps_state(project_root: Path):
    kept = {
        (str(path.relative_to(project_root)), name)
        for room in ROOMS
        for path in (project_root / room).rglob("*.py")
        for name in _state_of(path.read_text(encoding="utf-8"))
    }
    assert kept - _ALLOWED == set()


def test_state_that_a_module_keeps_would_be_seen():
    source = (
        "from functools import lru_cache\n_seen: dict[str, int] = {}\n_guard = threading.Lock()\n"
        "@lru_cache(maxsize=8)\ndef stem(word): ...\ndef load():\n    global _model\n"
    )
    assert _state_of(source) == ["_seen", "_guard", "stem", "_model"]

"""A store of each test's own."""

from pathlib import Path

import pytest

from resources.graph_store.store import GraphStore


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    return GraphStore(tmp_path / "d" / "graph.duckdb", wait_seconds=0.2)

"""A snapshot of the people, places and things that the dialogues speak of."""

import json
from pathlib import Path
from typing import Any

import pytest

from sessiongraph.retrieval.scope import Scope
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.types import Dataset
from tests.sessiongraph.conftest import endpoint, home, shared_dagster_home
from tests.support.evidence import Evidence, put
from tests.support.snapshots import load_snapshot

__all__ = ["endpoint", "home", "shared_dagster_home"]

DIALOGUES: dict[str, Any] = json.loads(Path(__file__).with_name("dialogues.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> list[Scope]:
    store = DuckDBStore(tmp_path_factory.mktemp("world") / "graph.duckdb")
    put(
        store,
        *(
            Evidence(f"p{number}", text, [(name, kind, "", "document") for name, kind in _entities(text)])
            for number, text in enumerate(DIALOGUES["texts"])
        ),
    )
    snapshot = store.read(lambda connection: load_snapshot(connection, "model"))
    return [Scope(Dataset("d", "d", "u", "u"), snapshot)]


def _entities(text: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind in DIALOGUES["entities"].items() if name in text]

"""`sessiongraph changes`: the page that an event in Dagster names is opened by the command that stands there."""

import json
import re
from pathlib import Path

import dagster as dg
import pytest

from sessiongraph.dagster_home import DagsterInstances
from tests.support.terminal import Terminal


def test_the_command_in_the_materialization_opens_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_pages: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened_pages.append(url) is None)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    terminal = Terminal(tmp_path)
    assert terminal("add", "Alice Smith moved to Paris in 2010.").code == 0
    assert terminal("cognify").code == 0
    instances = DagsterInstances()
    event = instances.of(tmp_path / "home").get_latest_materialization_event(dg.AssetKey("knowledge_graph"))
    instances.close()
    assert event is not None and event.asset_materialization is not None
    said = event.asset_materialization.metadata["changes"]
    command = re.search(r"`sessiongraph (.*?)`", str(said.value))
    assert isinstance(said, dg.MarkdownMetadataValue) and command is not None

    opened = terminal(*command[1].split())

    assert opened.code == 0, opened.err
    page = Path(opened.out.splitlines()[0])
    assert "Alice Smith" in page.read_text() and opened_pages == [page.as_uri()]
    assert [it["path"] for it in json.loads(terminal("changes", "list", "--json").out)] == [str(page)]


def test_a_page_that_is_not_there_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    done = Terminal(tmp_path)("changes", "open", "nope")

    assert done.code == 2 and "sessiongraph changes list" in done.err

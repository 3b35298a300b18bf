"""What the API did is told in Dagster by figures, and on a page by its words, which `forget` takes back."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import sessiongraph
from sessiongraph import sessions
from sessiongraph.default_client import default_services
from tests.support.openai_endpoint import OpenAIEndpoint

WORDS = ("Mallory", "Timbuktu", "hides in")


def newest_metadata(asset: str) -> dict[str, Any]:
    """The metadata of the newest materialization of `asset`."""
    event = default_services().dagster_instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event is not None and event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def on_disk(home: Path) -> list[tuple[str, str]]:
    files = [file for file in home.rglob("*") if file.is_file()]
    return [(file.name, word) for file in files for word in WORDS if word.encode() in file.read_bytes()]


def page_of(asset: str) -> Path:
    """The page of its newest materialization."""
    event, home = newest_metadata(asset), default_services().settings.home
    assert f"`sessiongraph changes open {event['operation'][:8]} -d default_user/d`" in event["changes"]
    [page] = home.glob(f"datasets/*/changes/{asset}/{event['operation']}.html")
    return page


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def block_pages(home: Path) -> None:
    (folder,) = (home / "datasets").iterdir()
    (folder / "changes").write_text("in the way")


@pytest.fixture
async def turns(endpoint: OpenAIEndpoint) -> list[str]:
    """The ids of a session's two turns, in a dataset that has a document."""
    await sessiongraph.add("Erin Green works for Acme.", dataset_name="d")
    answers = ("Carol Brown lives in Berlin.", "Mallory Black hides in Timbuktu.")
    return [await sessions.add_turn(session_id="s1", question="Where?", answer=it, dataset="d") for it in answers]


async def test_a_persist_is_reported_in_figures_and_shown_on_a_page(turns: list[str]) -> None:
    await sessiongraph.cognify("d")
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s1"], dataset="d", create=True)

    event = newest_metadata("session_knowledge")

    assert (event["persisted_by_run"], event["facts_added"], event["entities_added"]) == (2, 2, 4)
    assert event["dagster/row_count"] == 2 and event["queue_seconds"] >= 0 and event["facts"] > event["facts_added"]
    page = text_of(page_of("session_knowledge"))
    assert all(word in page for word in (*WORDS, "Carol Brown", "default_user/d")) and "Acme" not in page
    assert not [word for word in WORDS if word in str(event)]
    assert "Acme" in text_of(page_of("knowledge_graph"))


async def test_what_is_forgotten_is_on_no_page_and_the_rest_still_is(turns: list[str], home: Path) -> None:
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s1"], dataset="d", create=True)
    page = page_of("session_knowledge")
    assert on_disk(home)

    await sessiongraph.forget("d", session_id="s1", turn_id=turns[1])

    assert on_disk(home) == []
    assert "Carol Brown" in text_of(page)  # the link from Dagster still leads to something

    await sessiongraph.forget("d")
    assert "Carol" not in text_of(page)


async def test_a_page_that_cannot_be_written_undoes_nothing(turns: list[str], home: Path) -> None:
    block_pages(home)

    report = await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["s1"], dataset="d", create=True
    )

    assert report.persisted == 2 and newest_metadata("session_knowledge")["persisted_by_run"] == 2
    assert "changes" not in newest_metadata("session_knowledge")

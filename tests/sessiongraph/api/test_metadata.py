"""Metadata of documents and turns: kept as it was given wherever they go, and in the way of nothing."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sessiongraph
from sessiongraph import InvalidInputError, SearchType, datasets, persist_sessions_in_knowledge_graph_pipeline, sessions
from sessiongraph.default_client import default_services
from sessiongraph.metadata import MOST_CHARACTERS, checked_metadata, metadata_of_json
from sessiongraph.store.graph_store import GraphStore
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.secrets import GITHUB, PASSWORD

TEXT = "Alice Novak moved to Paris in 2010."
GIVEN: dict[str, Any] = {"project": "atlas", "tags": ["a", 1.5, True, None], "by": {"name": "Ünal"}}


async def store_of(name: str) -> GraphStore:
    [dataset] = [it for it in await datasets.list() if it.name == name]
    return default_services().store(dataset)


async def stored(name: str, table: str = "documents") -> list[str | None]:
    query = f"SELECT metadata FROM {table} WHERE metadata IS NOT NULL"
    rows = (await store_of(name)).read(lambda connection: connection.execute(query).fetchall())
    return [text for (text,) in rows]


async def found(where: dict[str, Any], name: str = "d") -> set[str]:
    [result] = await sessiongraph.search(
        "Alice Novak kayak", SearchType.CHUNKS, datasets=name, where={"metadata": where}
    )
    return {citation.text.split(".")[0] for citation in result.citations}


async def test_it_goes_where_its_document_and_its_turn_go(home: Path, cache: str, tmp_path: Path) -> None:
    await sessiongraph.add([TEXT], "d", metadata=GIVEN)
    await sessiongraph.cognify("d")
    when = datetime(2024, 5, 1, tzinfo=UTC)
    turn_id = await sessions.add_turn(
        "s", "Alice Novak bought a kayak.", "Noted.", dataset="d", metadata={"channel": "phone"}, created_at=when
    )
    await sessions.edit_turn("s", turn_id, answer="I see.")
    [turn] = await sessions.get_turns("s")
    assert turn.metadata == {"channel": "phone"}
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d")
    assert await found({"channel": "phone"}) == {"Alice Novak bought a kayak"}

    # Told again without it, under the same key: it stays, and nothing is due.
    await sessions.delete_session("s")
    await sessions.add_turn("s", turn.question, turn.answer, dataset="d", turn_id=turn_id, created_at=when)
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d")
    assert report.usage.calls == 0 and await found({"channel": "phone"}) == {"Alice Novak bought a kayak"}

    await sessiongraph.export_dataset("d", tmp_path / "d.zip")
    await sessiongraph.import_dataset(tmp_path / "d.zip", as_name="e")
    assert await found({"channel": "phone"}, "e") == {"Alice Novak bought a kayak"}
    assert await found({"project": "atlas"}, "e") == {TEXT[:-1]}

    await sessiongraph.forget("e", session_id="s")
    assert await stored("e", "turns") == [] and len(await stored("e")) == 1
    await sessiongraph.forget("d")
    (tmp_path / "d.zip").unlink()
    shutil.rmtree(default_services().folder((await datasets.list())[-1]), ignore_errors=True)


async def test_it_makes_nothing_due_and_no_model_sees_it(home: Path, endpoint: OpenAIEndpoint) -> None:
    await sessiongraph.add([TEXT], "plain")
    await sessiongraph.add([TEXT], "described", metadata={"project": "zanzibar"})
    await sessiongraph.cognify(["plain", "described"])
    assert all("zanzibar" not in str(request.body) for request in endpoint.requests)
    await sessions.add_turn("s", "Alice Novak bought a kayak.", "Noted.", turn_id="t", dataset="plain")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="plain")
    [turn] = await sessions.get_turns("s")
    await sessions.delete_session("s")
    await sessions.add_turn(
        *("s", turn.question, turn.answer),
        **{"turn_id": "t", "dataset": "plain", "created_at": turn.created_at, "metadata": {"channel": "zanzibar"}},
    )
    endpoint.requests.clear()
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="plain")
    assert endpoint.requests == [] and report.extracted == 0
    assert await found({"channel": "zanzibar"}, "plain") == {"Alice Novak bought a kayak"}


async def test_a_document_that_is_there_keeps_its_own(home: Path) -> None:
    await sessiongraph.add([TEXT], "d", metadata={"project": "atlas"})
    again = await sessiongraph.add([TEXT], "d", metadata={"project": "zephyr"})
    assert "keeps its metadata" in again.warnings["text"][0]
    assert await stored("d") == ['{"project": "atlas"}']
    assert (await sessiongraph.add([TEXT], "d", metadata={"project": "atlas"})).warnings == {}


async def test_its_secrets_are_masked(home: Path, cache: str) -> None:
    added = await sessiongraph.add([TEXT], "d", metadata={"password": PASSWORD, "notes": [{"git": GITHUB}], "n": 3})
    assert added.secrets.total() == 2
    assert await stored("d") == [
        '{"n": 3, "notes": [{"git": "[secret: GitHub Token]"}], "password": "[secret: password]"}'
    ]
    await sessions.add_turn("s", "Hello there, Alice.", "Hm.", dataset="d", metadata={"token": GITHUB, "channel": "x"})
    [turn] = await sessions.get_turns("s")
    assert turn.metadata == {"token": "[secret: GitHub Token]", "channel": "x"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([1], "JSON object"),
        ("x", "JSON object"),
        ({1: 2}, "strings as its keys"),
        ({"a": {1, 2}}, "written as JSON"),
        ({"a": float("nan")}, "written as JSON"),
        ({"a": "\ud800"}, "written as JSON"),
        ({"a": "\x00"}, "NUL"),
        ({"a": "x" * MOST_CHARACTERS}, "longer than"),
    ],
)
async def test_what_is_no_json_object_is_refused_before_anything_is_written(given: Any, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        await sessiongraph.add([TEXT], "d", metadata=given)
    with pytest.raises(InvalidInputError, match=says):
        await sessions.add_turn("s", "q", "a", metadata=given)
    assert await datasets.list() == []


def test_a_command_line_gives_it_as_json() -> None:
    assert metadata_of_json(None) is None and metadata_of_json("{}") is None
    assert metadata_of_json('{"year": 2024}') == {"year": 2024}
    for wrong in ("{", "[]", "null", "[" * 100_000, '{"a": NaN}'):
        with pytest.raises(InvalidInputError, match="JSON"):
            metadata_of_json(wrong)


def test_it_is_kept_as_json_has_it() -> None:
    assert checked_metadata({"a": (1, 2), "b": {}}) == {"a": [1, 2], "b": {}}
    assert checked_metadata({}) is None

"""What went wrong elsewhere, row by row: each test names a failure that was seen in cognee 1.6.5, and shows ours.

Each runs through the public API, on the embedded models or a real endpoint; those about
sessions on both grounds: SQLite and DuckDB, Redis and PostgreSQL.
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline, sessions, users
from sessiongraph.default_client import default_services
from tests.support.openai_endpoint import OpenAIEndpoint

NODE_SET = "user_sessions_from_cache"


async def persist(dataset: str = "one", *ids: str) -> sessiongraph.PersistReport:
    return await persist_sessions_in_knowledge_graph_pipeline(
        session_ids=list(ids or ["s"]), dataset=dataset, create=True
    )


async def names(dataset: str = "one") -> set[str]:
    graph = await sessiongraph.graph(dataset=dataset)
    return {node["name"] for _, node in graph.nodes(data=True)}


@pytest.fixture
async def said(ground: str) -> list[str]:
    """Two turns of the session `s`, on each ground, persisted into the dataset `one`; their ids."""
    await sessiongraph.datasets.create("one")
    first = await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Rome.")
    second = await sessions.add_turn("s", "Where does Bob live?", "Bob lives in Oslo.")
    assert (await persist()).persisted == 2
    return [first, second]


async def test_row_a_persisted_turn_is_deleted_and_a_new_one_added(said: list[str]):
    """Its count unchanged, the new turn was never persisted."""
    await sessions.delete_turn("s", said[1])
    await sessions.add_turn("s", "Where does Carla live?", "Carla lives in Porto.")
    report = await persist()
    assert (report.persisted, report.extracted) == (3, 1)
    assert {"Rome", "Oslo", "Porto"} <= await names()


async def test_row_a_persisted_turn_is_edited_or_rated(said: list[str]):
    """Neither ever propagated."""
    await sessions.edit_turn("s", said[0], answer="Alice lives in Paris.")
    await persist()
    assert "Paris" in await names() and "Rome" not in await names()
    await sessions.add_feedback("s", said[1], score=2)
    report = await persist()
    assert [turn.reason for turn in report.sessions["s"].turns] == [None, "rated 2 of 5"]
    assert "Oslo" not in await names()
    await sessions.add_feedback("s", said[1], score=5)
    await persist()
    assert "Oslo" in await names()


async def test_row_the_same_session_is_persisted_into_a_second_dataset(said: list[str]):
    """Nothing was written, and "Completed" said."""
    await sessiongraph.datasets.create("two")
    assert (await persist("two")).persisted == 2
    assert await names("two") == await names("one")


async def test_row_the_mark_of_what_was_persisted_is_lost_while_the_session_lives(said: list[str]):
    """The text was ingested twice. Here there is none to be lost: what the cache forgets and gets again is known."""
    before = await sessiongraph.graph(dataset="one")
    turns = await sessions.get_turns("s")
    await sessions.clear()
    default_services().cache.put_turns(turns)  # the turns alone: whatever else the cache knew of them is gone
    report = await persist()
    assert (report.persisted, report.staged, report.extracted) == (2, 0, 0)
    after = await sessiongraph.graph(dataset="one")
    assert set(after.nodes) == set(before.nodes) and set(after.edges) == set(before.edges)


async def test_row_a_window_fails_the_session_grows_and_is_tried_again(ground: str, endpoint: OpenAIEndpoint):
    """The first turn was there twice."""
    await sessiongraph.datasets.create("one")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Rome.")
    await sessions.add_turn("s", "Where does Bob live?", "Bob lives in Oslo.")
    endpoint.fail(500, when="Bob lives in Oslo")
    assert (await persist()).failed == 1
    await sessions.add_turn("s", "Where does Carla live?", "Carla lives in Porto.")
    endpoint.heal()
    report = await persist()
    assert (report.persisted, report.extracted) == (3, 2)
    graph = await sessiongraph.graph(dataset="one")
    statements = [fact["statement"] for _, _, fact in graph.edges(data=True)]
    assert sum(statement == "Alice lives in Rome." for statement in statements) == 1
    assert all(len(fact["evidence"]) == 1 for _, _, fact in graph.edges(data=True))


async def test_row_the_extraction_fails_and_errors_are_not_to_be_raised(ground: str, endpoint: OpenAIEndpoint):
    """The watermark advanced, the turns were lost, and it was "Completed". Here a failure is raised, and made good."""
    await sessiongraph.datasets.create("one")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Rome.")
    endpoint.fail(500)
    with pytest.raises(sessiongraph.LLMFailedError):
        await persist()
    endpoint.heal()
    assert (await persist()).persisted == 1
    assert "Rome" in await names()


async def test_row_an_entity_of_a_session_is_in_the_base_graph_already(ground: str):
    """Its description was overwritten by "Question: …" and its node set replaced."""
    await sessiongraph.add(["Alice lives in Rome. Alice works at Acme Labs."], "one", node_set=["books"])
    await sessiongraph.cognify("one")
    before = await sessiongraph.graph(dataset="one")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    await persist()
    graph = await sessiongraph.graph(dataset="one")
    (alice,) = [node for _, node in graph.nodes(data=True) if node["name"] == "Alice"]
    assert set(alice["node_sets"]) == {"books", NODE_SET}
    assert "Question" not in alice["description"] and "Session" not in alice["description"]
    assert set(before.nodes) <= set(graph.nodes)


@pytest.mark.parametrize("ids", [None, [], ["unknown"], ["s", "mis-spelt"]])
async def test_row_no_empty_unknown_or_misspelt_session_ids(said: list[str], ids: list[str] | None):
    """All were "Completed", and nothing returned said that nothing had happened."""
    if ids == ["unknown"]:
        with pytest.raises(sessiongraph.SessionsNotFoundError, match="unknown"):
            await persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, dataset="one", create=True)
        return
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=ids, dataset="one", create=True)
    if not ids:
        assert report.turns == [] and "none was persisted" in str(report)
    else:
        assert report.missing == ["mis-spelt"] and "Not found: mis-spelt" in str(report)


async def test_row_one_more_turn_speaks_of_her(said: list[str], endpoint: OpenAIEndpoint):
    """Extracted alone, "What does she do" had lost its Alice."""
    await sessions.add_turn("s", "What does Alice do?", "Alice teaches.")
    await persist()
    endpoint.requests.clear()
    await sessions.add_turn("s", "Where does she do that?", "She teaches at Acme Labs.")
    report = await persist()
    (call,) = endpoint.chats
    assert report.extracted == 1
    assert "~ assistant: Alice teaches." in call.user and "[1] Where does she" in call.user


async def test_row_the_key_is_refused_in_the_middle_of_three_sessions(
    ground: str, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    """The third was not attempted, and two failed calls took 79 s. One refused key stops all at once; others go on."""
    await sessiongraph.datasets.create("one")
    for name in ("Alice", "Bob", "Carla"):
        await sessions.add_turn(f"s-{name}", f"Where does {name} live?", f"{name} lives in Rome. " * 300)
    ids = ["s-Alice", "s-Bob", "s-Carla"]
    endpoint.fail(401, when="Bob lives")
    monkeypatch.setenv("LLM_MAX_RETRIES", "3")
    with pytest.raises(sessiongraph.LLMFailedError, match="LLM_API_KEY"):
        await persist("one", *ids)
    assert sum("Bob lives" in call.user for call in endpoint.chats) == 1
    endpoint.heal()
    endpoint.fail(400, when="Bob lives")
    await sessions.add_turn("s-Carla", "Where does Dora live?", "Dora lives in Oslo.")
    report = await persist("one", *ids)
    assert (report.persisted, report.failed) == (3, 1)


async def test_row_an_empty_question_and_answer(ground: str, endpoint: OpenAIEndpoint):
    """Two LLM calls were made for nothing."""
    await sessiongraph.datasets.create("one")
    await sessions.add_turn("s", "", " ")
    report = await persist()
    assert [turn.reason for turn in report.sessions["s"].turns] == ["empty"]
    assert endpoint.chats == []


async def test_row_redis_is_down(monkeypatch: pytest.MonkeyPatch):
    """The search itself answered 503."""
    await sessiongraph.add(["Alice lives in Paris."], "one")
    await sessiongraph.cognify("one")
    monkeypatch.setenv("CACHE_BACKEND", "redis")
    monkeypatch.setenv("CACHE_PORT", "1")
    (result,) = await sessiongraph.search("Where does Alice live?", datasets="one", session_id="s")
    assert "Paris" in str(result)
    assert any("without the session's history" in warning for warning in result.warnings)


async def test_row_the_default_user_is_asked_for_before_anything_was_added():
    """It was a DatabaseNotCreatedError."""
    assert (await sessiongraph.get_default_user()).name == "default_user"


async def test_row_there_is_no_api_key(monkeypatch: pytest.MonkeyPatch):
    """After 40 s: "Embedding connection test timed out"; and torch was installed. Here the default models need none."""
    await sessiongraph.add(["Alice lives in Paris."], "one")
    assert (await sessiongraph.cognify("one"))["one"].count("persisted") == 1
    monkeypatch.setenv("LLM_MODEL", "openai/gpt-4o-mini")
    await sessiongraph.add(["Bob lives in Oslo."], "one")
    with pytest.raises(sessiongraph.LLMNotConfiguredError, match="LLM_API_KEY"):
        await sessiongraph.cognify("one")


async def test_row_a_dataset_is_missing_or_not_permitted():
    """Both were told by the same message, to everyone."""
    owner, reader, stranger = [await users.create(name) for name in ("owner", "reader", "stranger")]
    await sessiongraph.datasets.create("d", user=owner)
    await sessiongraph.datasets.grant("d", reader, "read", by=owner)
    with pytest.raises(sessiongraph.PermissionDeniedError, match="write"):
        await persist_sessions_in_knowledge_graph_pipeline(reader, ["s"], "owner/d", create=True)
    for dataset in ("owner/d", "owner/x"):
        with pytest.raises(sessiongraph.DatasetNotFoundError, match=dataset):
            await persist_sessions_in_knowledge_graph_pipeline(stranger, ["s"], dataset, create=True)


@pytest.mark.parametrize("bad", ["../x", "a\nb"])
async def test_row_a_session_id_is_a_path_or_has_a_newline(ground: str, bad: str):
    """It was accepted."""
    for call in (
        sessions.add_turn(bad, "q", "a"),
        sessiongraph.search("q", session_id=bad),
        persist_sessions_in_knowledge_graph_pipeline(session_ids=[bad], create=True),
    ):
        with pytest.raises(sessiongraph.InvalidInputError, match="session id"):
            await call


async def test_row_a_cached_session_is_deleted(said: list[str]):
    """Its graph content stayed, with no way to remove it. It stays here too, until it is to be forgotten."""
    await sessions.delete_session("s")
    await persist()
    assert "Rome" in await names()
    await sessiongraph.forget("one", session_id="s")
    with pytest.raises(sessiongraph.NoGraphDataError):
        await names()


async def test_row_what_links_a_node_to_its_turn(said: list[str]):
    """Nothing did: no session id, turn id or time on any node."""
    turns = {turn.turn_id: turn for turn in await sessions.get_turns("s")}
    graph = await sessiongraph.graph(dataset="one")
    for element in [*graph.nodes.values(), *graph.edges.values()]:
        assert element["evidence"]
        for piece in element["evidence"]:
            assert piece["session_id"] == "s" and piece["turn_id"] in said
            assert abs(piece["said_at"] - turns[piece["turn_id"]].created_at) < timedelta(seconds=1)


def test_row_a_caller_must_know_which_sessions_are_due(home: Path, project_root: Path):
    """And what nobody persisted was dropped as it expired. Here the sensor finds them, and persists before that."""
    code = """
import asyncio, dagster as dg
from sessiongraph import sessions
from orchestration.definitions import build_defs
from orchestration.sensors import new_sessions
from resources.graph import GraphResource

asyncio.run(sessions.add_turn("s", "Where does Alice live?", "Alice lives in Rome."))
resources = {"graph": GraphResource()}
with dg.DagsterInstance.ephemeral() as instance:
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        (request,) = new_sessions(context).run_requests
    ran = build_defs().resolve_job_def("persist_sessions").execute_in_process(
        partition_key=request.partition_key, run_config=request.run_config, instance=instance
    )
    assert ran.success

async def see():
    await sessions.clear()
    import sessiongraph
    return {node["name"] for _, node in (await sessiongraph.graph()).nodes(data=True)}

assert "Rome" in asyncio.run(see())
"""
    environment = {"SESSIONGRAPH_HOME": str(home), "SESSION_TTL_SECONDS": "60"}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=project_root, env={**os.environ, **environment}, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr.decode()

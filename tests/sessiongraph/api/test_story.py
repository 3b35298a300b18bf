"""The job, whole: documents, a conversation, and the conversation in the graph after its cache is gone."""

import asyncio
import io
import logging
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import (
    SearchType,
    get_default_user,
    persist_sessions_in_knowledge_graph_pipeline,
    sessions,
    users,
)
from sessiongraph.api.persist import BackgroundPersist
from tests.support.openai_endpoint import OpenAIEndpoint

SESSION_NODE_SET = "user_sessions_from_cache"
STORIES = [
    ("Alice moved to Paris in 2010. She works as a software engineer.", "Alice", "Paris", "software engineer"),
    ("Tomás moved to Lisbon in 2019. He works as a teacher.", "Tomás", "Lisbon", "teacher"),
]


@pytest.mark.parametrize(("text", "name", "place", "job"), STORIES)
async def test_what_was_said_outlives_the_cache(cache: str, text: str, name: str, place: str, job: str):
    pronoun = "she" if "She" in text else "he"
    await sessiongraph.add([text], dataset_name="stories")
    await sessiongraph.cognify(datasets=["stories"])
    for question, expected in ((f"Where does {name} live?", place), (f"What does {pronoun} do for work?", job)):
        (result,) = await sessiongraph.search(
            query_type=SearchType.GRAPH_COMPLETION, query_text=question, session_id="s1", datasets=["stories"]
        )
        assert expected in str(result)
        assert result.citations and result.turn_id and not result.warnings

    user = await get_default_user()
    report = await persist_sessions_in_knowledge_graph_pipeline(
        user=user, session_ids=["s1"], dataset="stories", run_in_background=False, create=True
    )
    assert (report.persisted, report.skipped, report.failed, report.missing) == (2, 0, 0, [])
    turns = await sessions.get_turns("s1")
    assert [turn.turn_id for turn in report.sessions["s1"].turns] == [turn.turn_id for turn in turns]

    said = await sessiongraph.graph(dataset="stories", node_sets=[SESSION_NODE_SET])
    assert {place, job} <= {node["name"] for _, node in said.nodes(data=True)}
    assert said.number_of_edges() >= 2
    for element in [*said.nodes.values(), *said.edges.values()]:
        assert SESSION_NODE_SET in element["node_sets"]
        for piece in element["evidence"]:
            assert (piece["session_id"], piece["run_id"]) == ("s1", report.run_id)
            assert piece["turn_id"] in {turn.turn_id for turn in turns}
            assert abs(piece["said_at"] - datetime.now(UTC)).total_seconds() < 600

    assert await sessions.clear() == 1
    (found,) = await sessiongraph.search(f"Where does {name} live?", datasets=["stories"], node_sets=[SESSION_NODE_SET])
    assert place in str(found)
    assert {citation.session_id for citation in found.citations} == {"s1"}

    again = await persist_sessions_in_knowledge_graph_pipeline(user, ["s1"], "stories", create=True)
    assert (again.persisted, again.extracted, again.staged, again.usage.calls) == (2, 0, 0, 0)


async def test_one_more_turn_is_extracted_alone_with_the_earlier_ones_as_context(endpoint: OpenAIEndpoint):
    await sessiongraph.datasets.create("d")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    await sessions.add_turn("s", "Since when?", "Alice lives there since 2010.")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d", create=True)
    endpoint.requests.clear()

    await sessions.add_turn("s", "What does she do?", "She works at Acme Labs.")
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d", create=True)

    assert (report.persisted, report.extracted) == (3, 1)
    (call,) = endpoint.chats
    assert "~ assistant: Alice lives in Paris." in call.user
    assert "[1] What does she do?" in call.user and "[3]" not in call.user


async def test_a_programs_loop_stdout_and_logging_stay_its_own():
    handlers, loop = list(logging.getLogger().handlers), asyncio.get_running_loop()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    with redirect_stdout(io.StringIO()) as printed:
        await sessiongraph.add(["Boris founded Acme Labs in 1999."], dataset_name="d")
        await sessiongraph.cognify("d")
        answers = await asyncio.gather(
            *(sessiongraph.search("Who founded Acme Labs?", datasets="d", session_id=f"s{n}") for n in range(6))
        )
        reports = await asyncio.gather(
            *(
                persist_sessions_in_knowledge_graph_pipeline(session_ids=[f"s{n}"], dataset="d", create=True)
                for n in range(6)
            )
        )
    ticking.cancel()
    assert all("Boris" in str(results[0]) for results in answers)
    assert [report.persisted for report in reports] == [1] * 6
    assert printed.getvalue() == ""
    assert logging.getLogger().handlers == handlers
    assert asyncio.get_running_loop() is loop and ticks > 10


def test_one_program_may_use_one_event_loop_after_another():
    async def ask() -> str:
        return str((await sessiongraph.search("Who founded Acme Labs?", session_id="s"))[0])

    asyncio.run(sessiongraph.add(["Boris founded Acme Labs in 1999."]))
    asyncio.run(sessiongraph.cognify())
    assert "Boris" in asyncio.run(ask())
    assert "Boris" in asyncio.run(ask())


async def test_a_background_persist_is_awaited_for_its_report():
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    handle = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], run_in_background=True, create=True)
    assert isinstance(handle, BackgroundPersist) and not handle.done
    assert (await handle).persisted == 1
    assert handle.done


async def test_a_background_failure_is_not_lost(caplog: pytest.LogCaptureFixture):
    handle = await persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["nobody"], run_in_background=True, create=True
    )
    with pytest.raises(sessiongraph.SessionsNotFoundError):
        await handle
    unheard = await persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["nobody"], run_in_background=True, create=True
    )
    await asyncio.wait([unheard._work])
    await asyncio.sleep(0)
    assert "No session found: 'nobody'" in caplog.text


async def test_every_change_is_in_dagsters_history(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DAGSTER_HOME")
    import dagster as dg

    from sessiongraph.default_client import default_services

    await sessiongraph.add(["Boris founded Acme Labs in 1999."], dataset_name="d")
    await sessiongraph.cognify("d")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.", dataset="d")
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d", create=True)

    instance = default_services().dagster_instance
    for asset in ("documents", "knowledge_graph", "session_turns", "session_knowledge"):
        event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None and event.asset_materialization is not None
        assert event.asset_materialization.partition == "default_user/d"
        words = str(event.asset_materialization.metadata)
        assert "Paris" not in words and "Boris" not in words
    assert event.asset_materialization.metadata["operation"].value == report.run_id
    assert instance.has_dynamic_partition("datasets", "default_user/d")


async def test_what_a_failing_call_had_done_is_in_dagsters_history(
    home: Path, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.CALL_CHARS", 100)
    import dagster as dg

    from sessiongraph.default_client import default_services

    await sessiongraph.datasets.create("d")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.", dataset="d")
    await sessions.add_turn("s", "Where does Carol live?", "Carol lives in Berlin. " * 5, dataset="d")
    endpoint.fail(401, when="Carol lives in Berlin")
    with pytest.raises(sessiongraph.LLMFailedError, match="401"):
        await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d", create=True)

    instance = default_services().dagster_instance
    done = {}
    for asset in ("session_turns", "session_knowledge"):
        event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None and event.asset_materialization is not None
        done[asset] = event.asset_materialization.metadata
    assert done["session_turns"]["turns_staged"].value == 2
    assert done["session_knowledge"]["persisted"].value == 1


async def test_work_is_kept_where_it_cannot_be_reported_to_dagster(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file"))
    report = await sessiongraph.add(["Boris founded Acme Labs in 1999."], dataset_name="d")
    assert report.added == 1 and (await sessiongraph.cognify("d"))["d"].settled == 1
    assert "could not be reported to Dagster" in caplog.text


async def test_sessions_are_a_users_own():
    ana = await users.create("ana@example.com")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.", user=ana)
    assert await sessions.get_turns("s") == []
    with pytest.raises(sessiongraph.SessionsNotFoundError):
        await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    assert (await persist_sessions_in_knowledge_graph_pipeline(ana, ["s"], create=True)).persisted == 1

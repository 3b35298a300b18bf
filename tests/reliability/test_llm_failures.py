"""A model that fails, in every way that models do: what is told, what is tried again, and that nothing is lost."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import sessiongraph
from sessiongraph import SearchType, sessions
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph.extraction.ledger import ENDPOINT_AT_FAULT, QUARANTINE_AFTER
from tests.support.openai_endpoint import OpenAIEndpoint

Break = Callable[[OpenAIEndpoint], None]

BY_THE_TEXT: dict[str, Break] = {
    "refused": lambda it: it.reply("", when="Boris", refusal="I cannot help with that."),
    "withheld": lambda it: it.reply("", when="Boris", finish_reason="content_filter"),
    "truncated": lambda it: it.reply('{"summaries": [', when="Boris", finish_reason="length"),
    "no JSON": lambda it: it.reply("Sure! Here you are:", when="Boris"),
    "not the schema": lambda it: it.reply('{"summaries": 1}', when="Boris"),
    "passages not given": lambda it: it.reply(
        '{"summaries": [], "entities": [], "facts": [{"subject": "A", "relation": "is", "object": "B", '
        '"statement": "A is B.", "passage": 99}]}',
        when="Boris",
    ),
    "too long": lambda it: it.fail(400, when="Boris", message="maximum context length exceeded"),
    "too large": lambda it: it.fail(413, when="Boris"),
    "unprocessable": lambda it: it.fail(422, when="Boris"),
    "forbidden by a firewall": lambda it: it.fail(403, when="Boris", message="<html>Request blocked.</html>"),
    "not found by a router": lambda it: it.fail(404, when="Boris", message="no route for this prompt"),
    "legal reasons": lambda it: it.fail(451, when="Boris"),
    "a server that stumbles": lambda it: it.fail(500, when="Boris"),
}
BY_THE_ENDPOINT: dict[str, Break] = {
    "503": lambda it: it.fail(503, when="Boris"),
    "429": lambda it: it.fail(429, when="Boris", retry_after="0"),
    "408": lambda it: it.fail(408, when="Boris"),
    "endless": lambda it: it.never_end(when="Boris"),
}


async def two_sessions() -> None:
    await sessions.add_turn("good", "Where does Alice live?", "Alice lives in Paris.")
    await sessions.add_turn("bad", "Where does Boris live?", "Boris lives in Rome.")


def ledger(home: Path) -> list[tuple[str, str | None]]:
    """Every row that there ever was, oldest first."""
    (path,) = home.glob("datasets/*/graph.duckdb")
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("SELECT disposition, reason FROM ledger ORDER BY seq, passage_id").fetchall()


async def names(dataset: str = "main_dataset") -> set[str]:
    graph = await sessiongraph.graph(dataset=dataset)
    return {node["name"] for _, node in graph.nodes(data=True)}


@pytest.mark.parametrize("fault", BY_THE_TEXT)
async def test_a_turn_that_always_fails_is_quarantined_listed_and_retried_on_request(
    endpoint: OpenAIEndpoint, home: Path, fault: str
):
    await two_sessions()
    BY_THE_TEXT[fault](endpoint)
    for attempt in range(1, QUARANTINE_AFTER + 1):
        report = await persist(session_ids=["good", "bad"], create=True) if attempt == 1 else await failing(["bad"])
        assert report is None or (report.persisted, report.failed, report.quarantined) == (1, 1, [])
    asked = len(endpoint.chats)

    report = await persist(session_ids=["good", "bad"], create=True)
    (turn,) = report.quarantined
    assert (report.persisted, report.failed, turn.disposition) == (1, 1, "failed")
    assert turn == report.sessions["bad"].turns[0] and turn.reason and "test-model" in turn.reason
    assert "1 of those failed too often" in str(report) and "retry_failed" in str(report)
    assert len(endpoint.chats) == asked, "what is quarantined is paid for no more"
    assert [row[0] for row in ledger(home)].count("failed") == QUARANTINE_AFTER

    endpoint.heal()
    assert (await persist(session_ids=["bad"], create=True)).failed == 1, "not even when it would work: nobody can know"
    report = await persist(session_ids=["bad"], retry_failed=True, create=True)
    assert (report.persisted, report.failed, report.quarantined, report.extracted) == (1, 0, [], 1)
    assert {"Alice", "Paris", "Boris", "Rome"} <= await names()
    assert (await persist(session_ids=["good", "bad"], retry_failed=True, create=True)).extracted == 0


async def failing(ids: list[str]) -> None:
    """Persist what cannot be extracted, alone."""
    with pytest.raises(sessiongraph.LLMFailedError):
        await persist(session_ids=ids, create=True)


@pytest.mark.parametrize("fault", BY_THE_ENDPOINT)
async def test_an_endpoint_that_fails_quarantines_nothing(
    endpoint: OpenAIEndpoint, home: Path, monkeypatch: pytest.MonkeyPatch, fault: str
):
    monkeypatch.setenv("LLM_TIMEOUT_SECONDS", "0.4")
    await two_sessions()
    BY_THE_ENDPOINT[fault](endpoint)
    for _ in range(QUARANTINE_AFTER + 2):
        report = await persist(session_ids=["good", "bad", *await padding()], create=True)
        (turn,) = report.sessions["bad"].turns
        assert (turn.disposition, report.quarantined) == ("failed", [])
        assert turn.reason and turn.reason.startswith(ENDPOINT_AT_FAULT)
    endpoint.heal()
    report = await persist(session_ids=["good", "bad"], create=True)
    assert (report.persisted, report.failed) == (2, 0)


async def padding() -> list[str]:
    """One more session that works, so that the bad one is never all that was asked for."""
    number = len(await sessions.list_sessions())
    await sessions.add_turn(f"more{number}", f"Where does Carla{number} live?", f"Carla{number} lives in Oslo.")
    return [f"more{number}"]


async def test_a_changed_turn_or_model_leaves_quarantine(endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch):
    await two_sessions()
    endpoint.reply("no JSON", when="Boris")
    for _ in range(QUARANTINE_AFTER):
        await failing(["bad"])
    assert len((await persist(session_ids=["bad"], create=True)).quarantined) == 1
    (turn,) = await sessions.get_turns("bad")

    await sessions.edit_turn("bad", turn.turn_id, question="Where does he live?", answer="He lives in Rome.")
    assert (await persist(session_ids=["bad"], create=True)).persisted == 1

    await sessions.edit_turn("bad", turn.turn_id, question=turn.question, answer=turn.answer)
    await failing(["bad"])  # the old words, once more: that is the fourth time
    assert len((await persist(session_ids=["bad"], create=True)).quarantined) == 1
    monkeypatch.setenv("LLM_MODEL", "openai/a-better-model")
    endpoint.heal()
    assert (await persist(session_ids=["bad"], create=True)).persisted == 1


async def test_a_quarantined_turn_that_is_rated_badly_is_skipped(endpoint: OpenAIEndpoint):
    await two_sessions()
    endpoint.reply("no JSON", when="Boris")
    for _ in range(QUARANTINE_AFTER):
        await failing(["bad"])
    (turn,) = await sessions.get_turns("bad")
    await sessions.add_feedback("bad", turn.turn_id, score=1)
    report = await persist(session_ids=["bad"], create=True)
    assert (report.skipped, report.failed, report.quarantined) == (1, 0, [])


async def test_documents_are_quarantined_in_the_same_way(endpoint: OpenAIEndpoint):
    await sessiongraph.add(["Alice lives in Paris.", "Boris lives in Rome."], dataset_name="d")
    endpoint.reply("no JSON", when="Boris")
    assert (await sessiongraph.cognify("d"))["d"].quarantined == []
    for _ in range(QUARANTINE_AFTER - 1):
        with pytest.raises(sessiongraph.LLMFailedError):
            await sessiongraph.cognify("d")
    report = (await sessiongraph.cognify("d"))["d"]
    assert (report.count("persisted"), report.count("failed"), len(report.quarantined)) == (1, 1, 1)
    endpoint.heal()
    report = (await sessiongraph.cognify("d", retry_failed=True))["d"]
    assert (report.count("persisted"), report.quarantined) == (2, [])


async def test_a_failed_edit_leaves_what_was_said_before(endpoint: OpenAIEndpoint):
    turn = await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    await persist(session_ids=["s"], create=True)
    await sessions.edit_turn("s", turn, answer="Alice lives with Boris.")
    endpoint.reply("no JSON", when="Boris")
    for _ in range(QUARANTINE_AFTER):
        await failing(["s"])
    assert len((await persist(session_ids=["s"], create=True)).quarantined) == 1
    assert "Paris" in await names() and "Boris" not in await names()


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_no_account_stops_at_once_and_loses_nothing(
    endpoint: OpenAIEndpoint, home: Path, monkeypatch: pytest.MonkeyPatch, status: int
):
    monkeypatch.setenv("LLM_MAX_RETRIES", "3")
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    for number in range(12):
        await sessions.add_turn(f"s{number}", "Who?", f"Person{number} lives in Paris. " * 200)
    ids = [f"s{number}" for number in range(12)]
    endpoint.fail(status)
    with pytest.raises(sessiongraph.LLMFailedError, match="LLM_API_KEY") as caught:
        await persist(session_ids=ids, create=True)
    assert caught.value.fatal and not caught.value.transient and caught.value.attempts == 1
    assert len(endpoint.chats) <= 2, "one call says it for all"
    endpoint.heal()
    await sessions.clear()
    assert (await persist(session_ids=ids, create=True)).persisted == 12


async def test_a_run_waits_as_long_as_it_is_asked_to(endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLM_MAX_RETRIES", "2")
    await two_sessions()
    endpoint.fail(429, times=1, retry_after="1")
    started = time.monotonic()
    report = await persist(session_ids=["good", "bad"], create=True)
    assert (report.persisted, report.failed) == (2, 0)
    assert time.monotonic() - started >= 1.0 and len(endpoint.chats) == 2


async def test_an_endless_answer_ends_with_the_timeout(endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLM_TIMEOUT_SECONDS", "0.5")
    await two_sessions()
    endpoint.never_end()  # bytes keep coming all the time
    with pytest.raises(sessiongraph.LLMFailedError, match="LLM_TIMEOUT_SECONDS") as caught:
        await persist(session_ids=["good"], create=True)
    assert caught.value.transient
    endpoint.heal()
    assert (await persist(session_ids=["good"], create=True)).persisted == 1


async def test_vectors_of_another_length_are_refused_and_nothing_breaks(endpoint: OpenAIEndpoint, caplog):
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    await sessiongraph.cognify("d")
    endpoint.dimensions = 48
    await sessiongraph.add(["Boris lives in Rome."], dataset_name="d")
    report = (await sessiongraph.cognify("d"))["d"]
    assert report.count("persisted") == 2 and report.unembedded > 0
    assert "vectors of 48 numbers where the dataset has some of 64" in caplog.text

    (result,) = await sessiongraph.search("Where does Boris live?", datasets=["d"])
    assert "Rome" in str(result)
    assert "found by their words alone" in result.warnings[0] and "cognify" in result.warnings[0]


async def test_a_text_without_a_usable_vector_is_told_and_found_by_its_words(endpoint: OpenAIEndpoint, caplog):
    endpoint.base64 = False
    right = endpoint.vectors
    endpoint.vectors = lambda texts, size: [
        [None] * size if text == "Trust." else row for text, row in zip(texts, right(texts, size), strict=True)
    ]
    await sessiongraph.add(["Trust.", "Boris lives in Rome.", "Carla lives in Oslo."], dataset_name="d")
    report = (await sessiongraph.cognify("d"))["d"]
    assert (report.count("persisted"), report.unembedded) == (3, 1)
    assert "1 texts are without a vector" in caplog.text and "not finite" in caplog.text
    for kind in (SearchType.CHUNKS, SearchType.GRAPH_COMPLETION):
        (result,) = await sessiongraph.search("Where does Boris live?", kind, datasets=["d"])
        assert "Rome" in str(result)
    (result,) = await sessiongraph.search("Trust.", SearchType.CHUNKS, datasets=["d"])
    assert "Trust." in result.context and "Found by words alone" in result.warnings[0]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
async def test_a_text_that_the_embedder_refuses_costs_no_other_its_vector(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch, status: int
):
    monkeypatch.setenv("LLM_MODEL", "local/extractive")
    endpoint.fail(status, when="Boris")
    await sessiongraph.add(["Boris snores.", *(f"Carla{n} lives in Oslo." for n in range(9))], dataset_name="d")
    report = (await sessiongraph.cognify("d"))["d"]
    assert (report.count("persisted"), report.failure, report.unembedded) == (10, None, 1)
    endpoint.heal()
    assert (await sessiongraph.cognify("d"))["d"].unembedded == 0


async def test_a_model_that_changed_behind_its_name_is_embedded_anew_by_its_dimensions(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    await sessiongraph.cognify("d")
    monkeypatch.setenv("EMBEDDING_DIMENSIONS", "48")
    report = (await sessiongraph.cognify("d"))["d"]
    assert (report.extracted, report.unembedded) == (0, 0) and report.usage.embedding_calls == 1
    assert (await sessiongraph.search("Where does Alice live?", datasets=["d"]))[0].warnings == []


async def test_a_changed_embedder_is_told_and_cognify_embeds_documents_and_sessions_anew(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    await sessiongraph.cognify("d")
    await sessions.add_turn("s", "Where does Boris live?", "Boris lives in Rome.")
    await persist(session_ids=["s"], dataset="d", create=True)
    await sessiongraph.datasets.create("said")
    await persist(session_ids=["s"], dataset="said", create=True)
    await sessions.clear()

    monkeypatch.setenv("EMBEDDING_MODEL", "openai/another-embedder")
    endpoint.dimensions = 32
    for kind in (SearchType.GRAPH_COMPLETION, SearchType.CHUNKS):
        (result,) = await sessiongraph.search("Where does Boris live?", kind, datasets=["d"])
        assert "Rome" in result.context
        assert "no vectors of openai/another-embedder" in result.warnings[0] and "cognify" in result.warnings[0]
    assert (await sessiongraph.search("Boris", SearchType.CHUNKS_LEXICAL, datasets=["d"]))[0].warnings == []

    chats = len(endpoint.chats)
    reports = await sessiongraph.cognify(["d", "said"])
    assert [report.unembedded for report in reports.values()] == [0, 0]
    embedded = {text for request in endpoint.embeddings for text in request.body["input"]}
    assert {"Alice lives in Paris.", "Where does Boris live?\nBoris lives in Rome."} <= embedded
    assert len(endpoint.chats) == chats, "nothing is extracted anew"
    for dataset in ("d", "said"):
        assert (await sessiongraph.search("Where does Boris live?", datasets=[dataset]))[0].warnings == []
    again = await sessiongraph.cognify("d")
    assert again["d"].usage.embedding_calls == 0

    monkeypatch.setenv("EMBEDDING_MODEL", "openai/test-embedder")
    endpoint.dimensions = 64
    assert (await sessiongraph.search("Where does Boris live?", datasets=["d"]))[0].warnings == [], "the old are kept"


async def test_a_dataset_of_sessions_alone_is_embedded_anew_by_cognify(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
):
    await two_sessions()
    await persist(session_ids=["good", "bad"], create=True)
    monkeypatch.setenv("EMBEDDING_MODEL", "openai/another-embedder")
    assert (await sessiongraph.search("Where does Boris live?"))[0].warnings
    await sessiongraph.cognify("main_dataset")
    assert (await sessiongraph.search("Where does Boris live?"))[0].warnings == []


async def test_an_answer_that_does_not_validate_is_asked_for_again(endpoint: OpenAIEndpoint):
    await two_sessions()
    endpoint.reply(json.dumps({"summaries": [], "entities": [], "facts": "none"}), times=1)
    report = await persist(session_ids=["good", "bad"], create=True)
    assert (report.persisted, report.failed, len(endpoint.chats)) == (2, 0, 2)


async def test_dagsters_runs_leave_what_is_quarantined_alone_until_they_are_told(endpoint: OpenAIEndpoint, home: Path):
    import dagster as dg

    from orchestration.definitions import build_defs

    await two_sessions()
    endpoint.reply("no JSON", when="Boris")
    job = build_defs().resolve_job_def("persist_sessions")
    key = "default_user/main_dataset"
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("datasets", [key])

        def run(**config: bool) -> tuple[bool, int, int]:
            run_config = {"ops": {"session_knowledge": {"config": config}}}
            ran = job.execute_in_process(
                partition_key=key, instance=instance, run_config=run_config, raise_on_error=False
            )
            told = [
                event.materialization.metadata
                for event in ran.all_events
                if event.is_step_materialization and event.asset_key == dg.AssetKey("session_knowledge")
            ]
            numbers = [(int(it["failed"].value), int(it["quarantined"].value)) for it in told] or [(-1, -1)]
            return (ran.success, *numbers[0])

        results = [await asyncio.to_thread(run) for _ in range(QUARANTINE_AFTER)]
        assert results == [(True, 1, 0), (False, -1, -1), (False, -1, -1)]
        assert await asyncio.to_thread(run) == (True, 1, 1)
        endpoint.heal()
        assert await asyncio.to_thread(run) == (True, 1, 1)
        assert await asyncio.to_thread(lambda: run(retry_failed=True)) == (True, 0, 0)


def test_the_command_line_lists_what_is_quarantined_and_retries_it(endpoint: OpenAIEndpoint, home: Path):
    from typer.testing import CliRunner

    from sessiongraph.cli import app

    asyncio.run(two_sessions())
    endpoint.reply("no JSON", when="Boris")
    for _ in range(QUARANTINE_AFTER):
        CliRunner().invoke(app, ["persist", "bad"])
    told = CliRunner().invoke(app, ["persist", "good", "bad", "--json"])
    assert told.exit_code == 1 and json.loads(told.stdout)["quarantined"] == 1
    assert "--retry-failed" in told.stderr
    endpoint.heal()
    assert CliRunner().invoke(app, ["persist", "good", "bad", "--retry-failed"]).exit_code == 0

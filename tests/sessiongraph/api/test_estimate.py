"""`estimate_persist` and `persist --dry-run`: asked as persisting is asked, and refused as it is refused."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sessiongraph
from sessiongraph import sessions
from sessiongraph.cli import app
from tests.support.openai_endpoint import OpenAIEndpoint


async def test_the_estimate_reads_as_a_sentence_and_the_run_agrees(endpoint: OpenAIEndpoint) -> None:
    await sessions.add_turn(session_id="s1", question="Where is Carol?", answer="Carol Brown is in Berlin.")

    estimate = await sessiongraph.estimate_persist(session_ids=["s1"])
    report = await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s1"], create=True)

    assert str(estimate).startswith("1 turn(s) would be staged, 1 extracted") and "unknown" in str(estimate)
    assert estimate.calls == report.usage.calls == 1 and report.persisted == 1


async def test_it_refuses_what_persisting_refuses(home: Path) -> None:
    with pytest.raises(sessiongraph.SessionsNotFoundError):
        await sessiongraph.estimate_persist(session_ids=["nope"])
    with pytest.raises(sessiongraph.InvalidInputError):
        await sessiongraph.estimate_persist(session_ids="s1")
    with pytest.raises(sessiongraph.DatasetNotFoundError):
        await sessiongraph.estimate_persist(session_ids=["s1"], dataset="nobody/d")
    assert (await sessiongraph.estimate_persist()).turns == []


def test_a_dry_run_on_the_command_line(endpoint: OpenAIEndpoint) -> None:
    turn = sessions.add_turn(session_id="s1", question="Where is Carol?", answer="Carol Brown is in Berlin.")
    asyncio.run(turn)

    shown = CliRunner().invoke(app, ["persist", "s1", "--dry-run"])
    data = json.loads(CliRunner().invoke(app, ["persist", "--all", "--dry-run", "--json"]).stdout)

    assert shown.exit_code == 0 and "1 extracted" in shown.stdout and "extract" in shown.stdout
    assert data["calls"] == 1 and data["turns"][0]["action"] == "extract" and data["cost"] is None
    assert endpoint.requests == []


async def test_what_cognifying_would_do_and_cost_is_told_before_and_holds(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sessiongraph.add(["Alice Smith moved to Paris.", "Bob Jones lives in Rome."], dataset_name="d")

    estimate = (await sessiongraph.estimate_cognify("d"))["d"]
    assert endpoint.requests == [] and estimate.prompt_tokens > 0
    report = (await sessiongraph.cognify("d"))["d"]
    assert (estimate.extract, estimate.calls) == (report.extracted, report.usage.calls) == (2, 1)

    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    unasked = (await sessiongraph.estimate_cognify("d"))["d"]
    asked = (await sessiongraph.estimate_cognify("d", reextract=True))["d"]
    assert (unasked.extract, unasked.calls, unasked.stale) == (0, 0, 2)
    assert (asked.extract, asked.calls, asked.stale) == (2, 1, 2)


def test_what_is_stale_is_shown_and_extracted_anew_on_the_command_line(
    endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cli(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    asyncio.run(sessiongraph.add("Alice Smith moved to Paris."))
    asyncio.run(sessions.add_turn(session_id="s1", question="Where is Carol?", answer="Carol Brown is in Berlin."))
    cli("cognify"), cli("persist", "s1")
    assert "--reextract" not in cli("status")
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    chats = len(endpoint.chats)

    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["datasets"][0]["stale"] == 2
    assert "--reextract" in cli("status")
    assert "1 passage(s) are stale" in cli("cognify") and "1 turn(s) are stale" in cli("persist", "s1")
    assert "1 would be extracted" in cli("cognify", "--reextract", "--dry-run")
    assert "1 extracted" in cli("persist", "s1", "--reextract", "--dry-run")
    assert len(endpoint.chats) == chats

    cli("cognify", "--reextract"), cli("persist", "s1", "--reextract")
    assert len(endpoint.chats) == chats + 2
    assert "--reextract" not in cli("status")

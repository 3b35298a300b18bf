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
    report = await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s1"])

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

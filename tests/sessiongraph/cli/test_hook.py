"""`sessiongraph hook claude-code` as Claude Code runs it: a process in the folder of a project, with JSON on stdin."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiongraph.client import SessionGraph
from sessiongraph.server.persister import persisting
from sessiongraph.settings import Settings
from tests.sessiongraph.importers.samples import said, step, write_lines
from tests.sessiongraph.server.test_persister import persisted, until

_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"
FIRST = (
    step("u1", None, "user", "Where does Alice live?"),
    step("a1", "u1", "assistant", said("Alice Smith lives in Paris."), 1),
)
SECOND = (
    step("u2", "a1", "user", "And Bob?", 2),
    step("a2", "u2", "assistant", said("Bob Jones lives in Berlin."), 3),
)


class Agent:
    """A Claude Code that works in `project`, where a `.env` would lead the memory astray."""

    def __init__(self, folder: Path, home: Path, root: Path) -> None:
        self.home, self._root = home, root
        self.project, self.transcript = folder / "project", folder / "5e55.jsonl"
        self.project.mkdir()
        (self.project / ".env").write_text("CACHE_BACKEND=redis\nCACHE_HOST=elsewhere.example\n")
        self.client = SessionGraph(Settings(home=home))

    def hook(
        self, event: str = "Stop", *options: str, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        told = {
            "session_id": "5e55",
            "transcript_path": str(self.transcript),
            "cwd": str(self.project),
            "permission_mode": "default",
            "hook_event_name": event,
        }
        return subprocess.run(
            [sys.executable, "-c", _MAIN, "hook", "claude-code", *options],
            cwd=self.project,
            env={**os.environ, "PYTHONPATH": str(self._root), "SESSIONGRAPH_HOME": str(self.home), **environment},
            input=json.dumps(told) if stdin is None else stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def turns(self) -> list[tuple[str, str]]:
        turns = asyncio.run(self.client.sessions.get_turns("claude-code-5e55"))
        return [(turn.question, turn.answer) for turn in turns]


@pytest.fixture
def agent(tmp_path: Path, home: Path, project_root: Path) -> Iterator[Agent]:
    made = Agent(tmp_path, home, project_root)
    yield made
    made.client.services.close()


def test_what_is_said_comes_in_as_the_transcript_grows_and_is_persisted_by_whoever_persists(agent: Agent):
    before = agent.hook("PreCompact")  # nothing was said, and there is no transcript yet
    assert (before.returncode, before.stdout, before.stderr) == (0, "", "")
    write_lines(agent.transcript, *FIRST, '{"type": "user", "mess')  # Claude Code writes on meanwhile
    done = agent.hook("Stop")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: len(agent.turns()) == 1, "the first turn")
    write_lines(agent.transcript, *FIRST, *SECOND)
    for _ in range(2):
        done = agent.hook("SessionEnd")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    until(lambda: len(agent.turns()) == 2, "the second turn")
    assert agent.turns() == [
        ("Where does Alice live?", "Alice Smith lives in Paris."),
        ("And Bob?", "Bob Jones lives in Berlin."),
    ]
    assert not list(agent.project.glob(".sessiongraph"))

    async def persist() -> None:
        async with persisting(agent.client, sweeps=False):
            """As `sessiongraph mcp` and `serve` do at their end."""

    asyncio.run(persist())
    assert persisted(agent.client) == 2


def test_a_long_transcript_keeps_nobody_waiting(agent: Agent):
    talk = [step("u0", None, "user", "Hello.")]
    for number in range(8_000):
        talk.append(step(f"a{number}", f"u{number}", "assistant", said(f"It is {number}. " * 20)))
        talk.append(step(f"u{number + 1}", f"a{number}", "user", f"And now, {number}?"))
    write_lines(agent.transcript, *talk)
    began = time.monotonic()
    done = agent.hook("SessionEnd")
    waited = time.monotonic() - began
    assert done.returncode == 0
    until(lambda: len(agent.turns()) == 8_001, "all turns")
    assert waited < (time.monotonic() - began) / 2


@pytest.mark.parametrize(
    ("options", "stdin", "environment", "says"),
    [
        ((), "", {}, "Claude Code starts this command"),
        ((), '{"transcript_path": null}', {}, "Claude Code starts this command"),
        (("--bad",), None, {}, "There is no '--bad'"),
        ((), None, {"SESSIONGRAPH_HOME": ""}, "Set SESSIONGRAPH_HOME"),
        ((), None, {"SESSIONGRAPH_HOME": "memory"}, "whole path"),
    ],
)
def test_what_is_wrong_is_told_to_the_user_and_never_stops_the_agent(
    agent: Agent, options: tuple[str, ...], stdin: str | None, environment: dict[str, str], says: str
):
    write_lines(agent.transcript, *FIRST)
    done = agent.hook("Stop", *options, stdin=stdin, **environment)
    # 2 would send the agent back to work.
    assert (done.returncode, done.stdout) == (1, "") and says in done.stderr
    assert [path.name for path in agent.project.iterdir()] == [".env"]


def test_an_import_that_failed_is_told_by_the_next_call(agent: Agent):
    write_lines(agent.transcript, *FIRST)
    assert agent.hook("Stop", "--user", "nobody").returncode == 0
    log = agent.home / "claude_code_hook.log"
    until(lambda: "There is no user 'nobody'" in log.read_text(), "the reason in the log")
    told = agent.hook("Stop")
    assert told.returncode == 1 and "There is no user 'nobody'" in told.stderr
    until(lambda: len(agent.turns()) == 1, "the turn")
    assert agent.hook("Stop").returncode == 0

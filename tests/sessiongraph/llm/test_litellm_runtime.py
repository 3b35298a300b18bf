"""A program that calls models keeps its streams, its loggers and its event loops to itself."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from sessiongraph.errors import LLMFailedError
from sessiongraph.llm.client import LLM
from sessiongraph.settings import Settings
from tests.support.openai_endpoint import OpenAIEndpoint


async def test_nothing_reaches_the_users_streams_and_loggers(
    openai_endpoint: OpenAIEndpoint, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    openai_endpoint.fail(500, when="Bob")
    llm = LLM(
        Settings(
            _env_file=None,  # type: ignore[call-arg]
            llm_model="openai/test-model",
            llm_endpoint=openai_endpoint.url,
            llm_max_retries=0,
        )
    )
    await llm.text([{"role": "user", "content": "Alice met Carol."}])
    with pytest.raises(LLMFailedError):
        await llm.text([{"role": "user", "content": "Alice met Bob."}])
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name.startswith("LiteLLM")] == []


TWO_LOOPS = """
import asyncio, gc, logging, sys
before = list(logging.getLogger().handlers)
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.settings import Settings
assert "litellm" not in sys.modules
settings = Settings(_env_file=None, llm_model="openai/m", llm_endpoint=sys.argv[1],
                    embedding_model="openai/e", embedding_endpoint=sys.argv[1])

async def work(turn):
    asks = [LLM(settings).text([{"role": "user", "content": f"[{n}] Turn {turn}."}]) for n in range(5)]
    await asyncio.gather(*asks, Embedder(settings).embed(["a", "b"]))

for turn in range(3):
    asyncio.run(work(turn))
    gc.collect()
assert "litellm" in sys.modules
assert logging.getLogger().handlers == before
"""


def test_one_event_loop_after_another_leaves_nothing_behind(
    openai_endpoint: OpenAIEndpoint, project_root: Path
) -> None:
    """In a process of its own, where every unclosed socket and unawaited coroutine is reported."""
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", TWO_LOOPS, openai_endpoint.url],
        cwd=project_root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(openai_endpoint.chats) == 15

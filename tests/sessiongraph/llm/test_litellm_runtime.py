"""A program that calls models keeps its streams, its loggers and its event loops to itself."""

import logging
import os
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


async def test_the_hosts_own_calls_of_litellm_are_logged_as_ever(
    openai_endpoint: OpenAIEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url = openai_endpoint.url
    await LLM(Settings(_env_file=None, llm_model="openai/m", llm_endpoint=url)).text(  # type: ignore[call-arg]
        [{"role": "user", "content": "Alice met Carol."}]
    )
    import litellm

    levels = [logging.getLogger(name).level for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")]
    assert levels == [logging.NOTSET] * 3
    host = {"model": "openai/host", "messages": [{"role": "user", "content": "Hi"}], "api_base": url, "api_key": "none"}
    await litellm.acompletion(**host)
    said = [record.getMessage() for record in caplog.records if record.name == "LiteLLM"]
    assert any("host" in message for message in said) and not any("model= m;" in message for message in said)


HOST = """
import asyncio, os, sys
before = dict(os.environ)
from sessiongraph.llm.client import LLM
from sessiongraph.settings import Settings
settings = Settings(_env_file=None, llm_model="openai/m", llm_endpoint=sys.argv[1])
asyncio.run(LLM(settings).text([{"role": "user", "content": "[1] Alice."}]))
assert "litellm" in sys.modules
assert dict(os.environ) == before, before.items() ^ os.environ.items()
"""


def test_the_hosts_environment_is_as_it_was(openai_endpoint: OpenAIEndpoint, project_root: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM")}
    done = subprocess.run(
        [sys.executable, "-c", HOST, openai_endpoint.url],
        cwd=project_root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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


LOOP_OF_EACH_THREAD = """
import asyncio, gc, sys, threading
import litellm
from litellm.integrations.custom_logger import CustomLogger
from sessiongraph.llm.client import LLM
from sessiongraph.llm.embedder import Embedder
from sessiongraph.settings import Settings
settings = Settings(_env_file=None, llm_model="openai/m", llm_endpoint=sys.argv[1],
                    embedding_model="openai/e", embedding_endpoint=sys.argv[1])
llm, embedder = LLM(settings), Embedder(settings)
told = []

class Told(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        await asyncio.sleep(0.01)
        told.append(kwargs["model"])

litellm.callbacks = [Told()]

async def request(n):
    await asyncio.gather(llm.text([{"role": "user", "content": f"[1] Turn {n}."}]), embedder.embed([f"Turn {n}."]))

def threads(numbers):
    started = [threading.Thread(target=lambda n=n: asyncio.run(request(n))) for n in numbers]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()

threads(range(1))              # one request after the other, as a development server has them
for wave in range(3):
    threads(range(10 * wave + 1, 10 * wave + 5))    # several at once
    gc.collect()
    asyncio.run(request(10 * wave + 9))
    loop = asyncio.new_event_loop()                 # as older frameworks do, who cancel nothing at the end
    loop.run_until_complete(request(10 * wave + 10))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gc.collect()
assert sorted(told) == ["e"] * 19 + ["m"] * 19, told
"""


def test_a_loop_in_each_thread_leaves_nothing_behind_and_tells_callbacks_once(
    openai_endpoint: OpenAIEndpoint, project_root: Path
) -> None:
    """Flask, Streamlit and LangChain's synchronous calls run each request in a loop of its own, in any thread."""
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", LOOP_OF_EACH_THREAD, openai_endpoint.url],
        cwd=project_root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

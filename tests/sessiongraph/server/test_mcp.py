"""Memory for agents: a client of the official SDK over both transports, with nothing else running."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from sessiongraph.client import SessionGraph
from sessiongraph.settings import Settings
from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.test_isolation import TEXT
from tests.sessiongraph.server.test_persister import persisted

_MAIN = "import sys; from sessiongraph.cli import main; sys.argv[0] = 'sessiongraph'; main()"


@asynccontextmanager
async def over_http(service: Service, key: str | None = None) -> AsyncIterator[Client]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http,
        Client(streamable_http_client(f"{service.url}/mcp", http_client=http)) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(home: Path, root: Path, *arguments: str, **settings: str) -> AsyncIterator[Client]:
    environment = {**os.environ, "PYTHONPATH": str(root), "SESSIONGRAPH_HOME": str(home), **settings}
    server = StdioServerParameters(
        command=sys.executable, args=["-c", _MAIN, "mcp", *arguments], env=environment, cwd=str(home.parent)
    )
    async with Client(server) as client:
        yield client


async def call(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in result.content if part.type == "text")
    return f"error: {text}" if result.is_error else text


async def test_an_agent_remembers_and_recalls(service: Service):
    async with over_http(service) as agent:
        assert {tool.name for tool in (await agent.list_tools()).tools} == {
            "remember", "recall", "persist_session", "forget", "correct_fact", "list_sessions",
        }  # fmt: skip
        assert await call(agent, "recall", query="Where does Alice Smith live?") == "Nothing was found."
        kept = await call(
            agent, "remember", text="Alice Smith moved to Lyon in 2019.", reply="Noted.", metadata={"project": "atlas"}
        )
        assert "Remembered, as turn" in kept
        for step in ("before it is persisted", "after"):
            for project, expected in (("atlas", "Lyon"), ("zephyr", "Nothing was found.")):
                where = {"metadata": {"project": project}, "kinds": ["session"]}
                assert expected in await call(agent, "recall", query="Where does Alice Smith live?", where=where), step
            if step != "after":
                assert "1 turn(s) persisted" in await call(agent, "persist_session")
        assert "error" in await call(agent, "recall", query="Alice", where={"since": "2020"})
        found = await call(agent, "recall", query="Where does Alice Smith live?")
        assert "Lyon" in found and "user" in found and "session mcp-" in found
        assert "1 turn(s)" in await call(agent, "list_sessions")
        turn_id = kept.split()[3]
        session = kept.rsplit(" ", 1)[1].rstrip(".")
        assert "Forgotten" in await call(agent, "forget", session_id=session, turn_id=turn_id)
        assert await call(agent, "recall", query="Where does Alice Smith live?") == "Nothing was found."


async def test_what_is_told_over_stdio_alone_is_in_the_graph(home: Path, project_root: Path):
    async with over_stdio(home, project_root, SESSION_TTL_SECONDS="60") as agent:
        assert "Remembered" in await call(agent, "remember", text="Alice Smith moved to Lyon in 2019.")
        told = time.monotonic()
        async with SessionGraph(Settings(home=home)) as client:
            while persisted(client) == 0:
                assert time.monotonic() - told < 60, "the turn expired"
                await asyncio.sleep(0.5)
        assert "Lyon" in await call(agent, "recall", query="Where does Alice Smith live?")


async def test_what_waits_when_the_agent_goes_is_in_the_graph(
    home: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
):
    # The SDK ends a server that takes more than 2 s to end, and one may be on a slow machine.
    monkeypatch.setattr("mcp.client.stdio.PROCESS_TERMINATION_TIMEOUT", 60)
    async with over_stdio(home, project_root, "--dataset", "main_dataset") as agent:
        assert "Remembered" in await call(agent, "remember", text="Alice Smith moved to Lyon in 2019.")
    async with SessionGraph(Settings(home=home)) as client:
        assert persisted(client) == 1


async def test_each_connection_over_stdio_has_a_session_of_its_own(home: Path, project_root: Path):
    sessions = set()
    # Of the folder that the agent works in, which may be anybody's: nothing of it is read.
    (home.parent / ".env").write_text("SESSIONGRAPH_CACHING=false\nLLM_MODEL=no/such-model\n")
    for _ in range(2):
        async with over_stdio(home, project_root) as agent:
            sessions.add((await call(agent, "remember", text="Alice Smith lives in Lyon.")).rsplit(" ", 1)[1])
    assert len(sessions) == 2


async def test_nobody_who_has_no_key_gets_a_tool(service: Service):
    service.key_of("olga")
    with pytest.raises(BaseException) as refused:
        async with over_http(service) as agent:
            await call(agent, "list_sessions")
    assert refused.value is not None
    with service.http() as http:
        assert http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).status_code == 401
    with service.http("sgk_x", Origin="https://evil.example") as http:
        assert http.post("/mcp", json={}).status_code == 403


async def test_an_agent_sees_what_its_user_may_and_no_more(service: Service):
    olga, sam = service.key_of("olga"), service.key_of("sam")
    reader = service.key_of("sam", "read")
    with service.http(olga) as http:
        http.post("/v1/add", json={"data": [TEXT], "dataset_name": "secrets"})
        http.post("/v1/cognify", json={"datasets": "secrets"})
    async with over_http(service, olga) as agent:
        assert "Valparaiso" in await call(agent, "recall", query="Where does Zephyrine Quill live?")
        await call(agent, "remember", text="Zephyrine keeps a secret.", session_id="s1")
        entity = await agent.read_resource("sessiongraph://entities/secrets/Quill")
        assert "Valparaiso" in json.loads(entity.contents[0].text)["facts"][0]["statement"]
    async with over_http(service, sam) as agent:
        for dataset in (None, "olga/secrets"):
            found = await call(agent, "recall", query="Where does Zephyrine Quill live?", dataset=dataset)
            assert "Valparaiso" not in found and "secret" not in found.replace("olga/secrets", "")
        hidden = await call(agent, "recall", query="Who?", dataset="olga/secrets")
        absent = await call(agent, "recall", query="Who?", dataset="olga/nothing")
        assert hidden.startswith("error") and hidden == absent.replace("nothing", "secrets")
        assert await call(agent, "list_sessions") == "There is no recent session."
        assert json.loads((await agent.read_resource("sessiongraph://sessions/s1")).contents[0].text) == []
        for arguments in ({"session_id": "s1"}, {"document_id": "0" * 32, "dataset": "olga/secrets"}):
            assert (await call(agent, "forget", **arguments)).startswith("error")
        assert (await call(agent, "remember", text="x", dataset="olga/secrets")).startswith("error")
        with pytest.raises(Exception, match="knows no dataset"):
            await agent.read_resource("sessiongraph://entities/olga%2Fsecrets/Zephyrine")
    async with over_http(service, reader) as agent:
        assert "write" in await call(agent, "remember", text="Sam lives in Oslo.")


async def test_a_string_is_no_path(service: Service):
    async with over_http(service) as agent:
        for text in ("/etc/passwd", "file:///etc/passwd"):
            await call(agent, "remember", text=text, session_id="paths")
        turns = json.loads((await agent.read_resource("sessiongraph://sessions/paths")).contents[0].text)
        assert [turn["question"] for turn in turns] == ["/etc/passwd", "file:///etc/passwd"]
        assert (await call(agent, "remember", text="x", session_id="../../x")).startswith("error")


async def test_a_recall_fits_its_budget(service: Service):
    with service.http() as http:
        texts = [f"Person{number} Smith lives in Town{number} and works for Acme." for number in range(40)]
        http.post("/v1/add", json={"data": texts})
        http.post("/v1/cognify", json={})
    async with over_http(service) as agent:
        found = {size: await call(agent, "recall", query="Smith of Acme", max_tokens=size) for size in (100, 400, 1500)}
        assert all(len(text) <= 4 * size for size, text in found.items())
        assert len(found[100]) < len(found[400]) < len(found[1500])
        assert (await call(agent, "recall", query="Smith", max_tokens=5)).startswith("error")


async def test_an_agent_corrects_what_recall_showed(service: Service):
    async with over_http(service) as agent:
        await call(agent, "remember", text="Alice Smith lives in Lyon.")
        await call(agent, "persist_session")
        found = await call(agent, "recall", query="Where does Alice Smith live?")
        fact = re.findall(r"fact ([0-9a-f]+);", found)[0]
        assert "Marseille" in await call(agent, "correct_fact", fact=fact, object="Marseille")
        assert "Marseille" in await call(agent, "recall", query="Where does Alice Smith live?")
        assert (await call(agent, "correct_fact", fact="0000000", wrong=True)).startswith("error")


async def test_the_prompt_teaches_when_to_use_which(service: Service):
    async with over_http(service) as agent:
        assert [prompt.name for prompt in (await agent.list_prompts()).prompts] == ["use_memory"]
        prompt = await agent.get_prompt("use_memory")
        assert "recall" in str(prompt.messages) and "remember" in str(prompt.messages)
        assert agent.instructions and "recall" in agent.instructions

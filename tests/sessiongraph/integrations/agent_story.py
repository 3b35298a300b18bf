"""What a program of the OpenAI Agents SDK does with a session of ours, beside one of the SDK's own.

Run in an environment of the SDK, with the addresses of the service and of the model; prints JSON for the test.
"""

import asyncio
import json
import sys

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    Runner,
    SessionSettings,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from sessiongraph.errors import InvalidInputError
from sessiongraph.integrations.openai_agents import SessionGraphSession

SERVICE, MODEL = sys.argv[1:3]
# What the SDK writes into sessions, and what it might: of each kind one, with what JSON is prone to lose.
ODD_ITEMS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "input_text", "text": "Söll 🎈 \ud83d"}, {"type": "input_image"}]},
    {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAAABo" + "k3" * 40},
    {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"n": 1.0, "b": 12345678901234567}'},
    {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "3 \u0000"}]},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "Lyon"}},
    {
        "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "It is 3.", "annotations": [], "logprobs": []}],
    },
    {"role": "user", "content": ""},
    {"role": "user", "content": "My key is sk-proj-4f9QmX27LbVt8sKd03HnRwYz61PcEuGjAo5iTq. Ok?"},
]  # fmt: skip


@function_tool
def parcel_status(parcel: str) -> str:
    """Where a parcel is."""
    return f"Parcel {parcel} lies in the depot of Grenoble."


class Twofold(SQLiteSession):
    """A session of the SDK's that writes to one of ours, too, and reads from that."""

    def __init__(self, ours: SessionGraphSession) -> None:
        super().__init__(ours.session_id)
        self.ours = ours

    async def get_items(self, limit: int | None = None) -> list:
        found = await self.ours.get_items(limit)
        assert found == await super().get_items(limit)
        return found

    async def add_items(self, items: list) -> None:
        await super().add_items(items)
        await self.ours.add_items(items)


async def both(ours: SessionGraphSession, theirs: SQLiteSession) -> None:
    """They hold the same, whatever of it one asks for."""
    assert await ours.get_items() == await theirs.get_items()
    for limit in (1, 3, 1000, 0):
        assert await ours.get_items(limit) == await theirs.get_items(limit), limit


async def operations() -> None:
    ours, theirs = SessionGraphSession("odd", url=SERVICE), SQLiteSession("odd")
    assert await ours.pop_item() is None and await ours.get_items() == []
    for items in (ODD_ITEMS[:1], ODD_ITEMS[1:5], [], ODD_ITEMS[5:]):
        for session in (ours, theirs):
            await session.add_items(items)
        await both(ours, theirs)
    for _ in range(4):
        assert await ours.pop_item() == await theirs.pop_item()
        await both(ours, theirs)
    for session in (ours, theirs):
        await session.add_items(ODD_ITEMS[-2:])
    await both(ours, theirs)
    ours.session_settings = theirs.session_settings = SessionSettings(limit=2)
    assert len(await ours.get_items()) == 2
    await both(ours, theirs)
    for session in (ours, theirs):
        await session.clear_session()
    await both(ours, theirs)


async def conversation() -> list[str]:
    model = OpenAIChatCompletionsModel("test", AsyncOpenAI(base_url=MODEL, api_key="none"))
    agent = Agent("Helper", model=model, model_settings=ModelSettings(), tools=[parcel_status])
    session = Twofold(SessionGraphSession("parcels", url=SERVICE, dataset="work"))
    answers = []
    for said in ("I moved to Lyon. Where is parcel 4711?", "I work at Acme.", "Whom do I work for?"):
        answered = await Runner.run(agent, said, session=session)
        answers.append(answered.final_output)
        assert await session.get_items()
    # Two sessions at once, each written by several runs.
    sessions = [SessionGraphSession(name, url=SERVICE) for name in ("one", "two")]
    each = [[{"role": "user", "content": f"{it.session_id} {n}"} for n in range(6)] for it in sessions]
    await asyncio.gather(*(it.add_items([item]) for it, items in zip(sessions, each, strict=True) for item in items))
    for session, items in zip(sessions, each, strict=True):
        found = await session.get_items()
        assert sorted(it["content"] for it in found) == sorted(it["content"] for it in items)
    return answers


async def errors() -> list[str]:
    told = []
    for make in (
        lambda: SessionGraphSession("a/b"),
        lambda: SessionGraphSession("s", url=SERVICE, dataset="no such name!").add_items(ODD_ITEMS[:1]),
    ):
        try:
            await make()
        except InvalidInputError as error:
            told.append(str(error))
    return told


async def main() -> None:
    set_tracing_disabled(True)
    await operations()
    answers = await conversation()
    loaded = [name for name in ("fastapi", "duckdb", "litellm", "dagster", "sessiongraph.types") if name in sys.modules]
    print(json.dumps({"answers": answers, "errors": await errors(), "loaded": loaded}))


asyncio.run(main())

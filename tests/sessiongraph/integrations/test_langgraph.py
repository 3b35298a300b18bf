"""LangGraph's own graphs over a store of ours: what an agent remembers is kept, found, replaced and forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore, Item
from langgraph.store.memory import InMemoryStore

from sessiongraph import SessionGraph, Settings
from sessiongraph.errors import InvalidInputError
from sessiongraph.integrations.langgraph import SessionGraphStore
from sessiongraph.services import Shared

ANA, BOB = ("memories", "ana"), ("memories", "bob")
KEY = "sk-proj-4f9QmX27LbVt8sKd03HnRwYz61PcEuGjAo5iTq"
# What JSON and a document's text are prone to lose.
ODD = {
    "text": "Zoë lives\u200b in  Söll. \n\n\n x",
    "n": 1.5,
    "big": 12345678901234567,
    "none": None,
    "l": [{"a": True}],
}


@pytest.fixture
async def memory(home: Path, shared: Shared) -> AsyncIterator[SessionGraph]:
    async with SessionGraph(Settings(home=home), shared=shared) as it:
        yield it


@pytest.fixture
def store(memory: SessionGraph) -> SessionGraphStore:
    return SessionGraphStore(memory, dataset="work")


class State(TypedDict, total=False):
    key: str
    said: str
    asked: str
    found: str


async def facts(memory: SessionGraph) -> list[str]:
    return sorted(fact.statement for fact in await memory.facts.list("work"))


async def test_what_an_agent_of_langgraph_remembers_is_found_by_the_next_and_by_every_search(
    memory: SessionGraph, store: SessionGraphStore
):
    async def remember(state: State, runtime: Runtime) -> dict[str, Any]:
        assert runtime.store is not None
        await runtime.store.aput(ANA, state["key"], {"text": state["said"]})
        return {}

    async def recall(state: State, runtime: Runtime) -> dict[str, Any]:
        assert runtime.store is not None
        found = await runtime.store.asearch(("memories",), query=state["asked"], limit=1)
        return {"found": found[0].value["text"]}

    graph = StateGraph(State)
    graph.add_node("remember", remember)
    graph.add_node("recall", recall)
    graph.add_edge(START, "remember")
    graph.add_edge("remember", "recall")
    agent = graph.compile(store=store)
    asked = "Where does Alice live?"
    await agent.ainvoke({"key": "food", "said": "Alice Smith likes pizza.", "asked": asked})
    told = await agent.ainvoke({"key": "home", "said": "Alice Smith lives in Paris.", "asked": asked})
    assert told["found"] == "Alice Smith lives in Paris."
    (result,) = await memory.search(asked, datasets=["work"])
    assert str(result) == "Alice Smith lives in Paris."
    # What is put again is forgotten as it was, and so is what is deleted.
    told = await agent.ainvoke({"key": "home", "said": "Alice Smith lives in Rome.", "asked": asked})
    assert told["found"] == "Alice Smith lives in Rome."
    assert await facts(memory) == ["Alice Smith likes pizza.", "Alice Smith lives in Rome."]
    await store.adelete(ANA, "food")
    assert await facts(memory) == ["Alice Smith lives in Rome."]


async def test_it_answers_as_langgraphs_own_store_does(store: SessionGraphStore):
    own = InMemoryStore()

    async def both(ask: Any) -> None:
        def plain(found: Any) -> Any:
            if isinstance(found, Item):
                return found.namespace, found.key, found.value
            return sorted(map(plain, found), key=str) if isinstance(found, list) else found

        ours, theirs = plain(await ask(store)), plain(await ask(own))
        assert ours == theirs

    puts = [(ANA, "odd", ODD), (ANA, "same", {"n": 2}), (BOB, "same", {"n": 2}), (("a b", "ü]", "c"), 'k"]', {"n": 3})]
    for namespace, key, value in puts:
        for it in (store, own):
            await it.aput(namespace, key, value)
    asks = [
        *[lambda it, at=at: it.aget(*at) for at in [(ANA, "odd"), (BOB, "odd"), (("a b", "ü]", "c"), 'k"]')]],
        *[lambda it, at=at: it.asearch(at, limit=9) for at in [(), ("memories",), ANA, ("mem",), ("a b", "ü]")]],
        *[lambda it, by=by: it.asearch((), filter=by) for by in [{"n": 2}, {"n": {"$gte": 2}}, {"l": [{"a": True}]}]],
    ]
    # Of its own, LangGraph's goes on to list those that are empty.
    namespaces = [
        lambda it: it.alist_namespaces(),
        lambda it: it.alist_namespaces(prefix=("memories",), max_depth=1),
        lambda it: it.alist_namespaces(suffix=("*", "c"), limit=1),
    ]
    for ask in [*asks, *namespaces]:
        await both(ask)
    for it in (store, own):
        await it.aput(ANA, "same", {"n": 5})
        await it.adelete(BOB, "same")
        await it.adelete(BOB, "never")
    for ask in asks:
        await both(ask)
    assert await store.alist_namespaces(prefix=("memories",)) == [ANA]
    assert await store.asearch((), filter={"other": {"$gt": 1}}) == []


async def test_times_are_those_of_the_first_and_of_the_last_time_it_was_put(store: SessionGraphStore):
    await store.aput(ANA, "home", {"text": "Rome."})
    first = await store.aget(ANA, "home")
    await store.aput(ANA, "home", {"text": "Rome."})
    assert first is not None and await store.aget(ANA, "home") == first
    await store.aput(ANA, "home", {"text": "Paris."})
    second = await store.aget(ANA, "home")
    assert second is not None and second.created_at == first.created_at and second.updated_at > first.updated_at


async def test_what_is_not_to_be_read_is_kept_and_not_found(memory: SessionGraph, store: SessionGraphStore):
    value = {"text": "Alice Smith lives in Paris.", "note": "Bob Jones lives in Oslo."}
    await store.aput(ANA, "some", value, index=["note"])
    await store.aput(ANA, "none", value, index=False)
    await store.aput(ANA, "none", {**value, "n": 2}, index=False)
    assert await facts(memory) == ["Bob Jones lives in Oslo."]
    assert [it.key for it in await store.asearch(ANA)] == ["none", "some"]
    again = await store.aget(ANA, "none")
    assert again is not None and again.value["n"] == 2


async def test_secrets_are_masked_in_all_that_is_kept(memory: SessionGraph, store: SessionGraphStore):
    await store.aput(ANA, "login", {"note": f"Key {KEY}", "password": "hunter2-Kx93", "deep": [{"api_key": KEY}]})
    found = await store.aget(ANA, "login")
    assert found is not None and "secret: " in found.value["note"] and "secret: " in found.value["password"]
    kept = Path.read_bytes(memory.services.store(await memory.datasets.create("work")).path)
    assert b"langgraph:" in kept and KEY.encode() not in kept and b"hunter2" not in kept


async def test_a_put_that_was_killed_leaves_the_new_value_and_the_next_one_tidies_up(
    memory: SessionGraph, store: SessionGraphStore, monkeypatch: pytest.MonkeyPatch
):
    await store.aput(ANA, "home", {"text": "Alice Smith lives in Paris."})

    async def killed(*_: object, **given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(memory, "forget", killed)
        await store.aput(ANA, "home", {"text": "Alice Smith lives in Rome."})
    assert [it.value["text"] for it in await store.asearch(ANA)] == ["Alice Smith lives in Rome."]
    await store.aput(ANA, "home", {"text": "Alice Smith lives in Rome."})
    assert await facts(memory) == ["Alice Smith lives in Rome."]


def test_it_works_without_an_event_loop_and_says_what_it_cannot_keep(home: Path, shared: Shared):
    store: BaseStore = SessionGraphStore(SessionGraph(Settings(home=home), shared=shared), dataset="work")
    assert store.get(ANA, "home") is None and store.search(ANA, query="Where?") == []
    store.put(ANA, "home", {"text": "Alice Smith lives in Rome."})
    assert [it.key for it in store.search((), query="Where does Alice live?")] == ["home"]
    with pytest.raises(InvalidInputError, match="JSON cannot write"):
        store.put(ANA, "home", {"text": object()})
    with pytest.raises(NotImplementedError):
        store.put(ANA, "home", {"text": "x"}, ttl=5)

"""People who talk of themselves: who they are, what they are called, and that nobody is taken for anybody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiongraph import SessionGraph, Settings
from sessiongraph.services import Shared
from sessiongraph.types import User

DATASET = "anna@north.example/team"


@pytest.fixture
async def memory(tmp_path: Path, shared: Shared) -> AsyncIterator[SessionGraph]:
    async with SessionGraph(Settings(home=tmp_path), shared=shared) as client:
        await client.datasets.create("d")
        yield client


async def say(memory: SessionGraph, user: User | None, session_id: str, *said: str, dataset: str = "d") -> None:
    for number, text in enumerate(said):
        day = datetime(2026, 3, 1 + number, 9, tzinfo=UTC)
        await memory.sessions.add_turn(session_id, text, "OK.", user=user, created_at=day, dataset=dataset)
    await memory.persist_sessions([session_id], user=user, dataset=dataset, create=True)


async def facts(memory: SessionGraph, user: User | None, dataset: str = "d") -> set[tuple[str, str, str]]:
    graph = await memory.graph(dataset=dataset, user=user)
    name = {node: data["name"] for node, data in graph.nodes(data=True)}
    return {(name[a], data["relation"], name[b]) for a, b, data in graph.edges(data=True) if "relation" in data}


async def asked(memory: SessionGraph, question: str, user: User | None, dataset: str = "d") -> str:
    return str((await memory.search(question, user=user, datasets=[dataset]))[0])


async def two_annas(memory: SessionGraph) -> tuple[User, User]:
    north, south = await memory.users.create("anna@north.example"), await memory.users.create("anna@south.example")
    await memory.datasets.create("team", user=north)
    for permission in ("read", "write"):
        await memory.datasets.grant("team", south, permission, by=north)
    await say(memory, north, "n", "I live in Turku.", "I'm allergic to penicillin.", dataset=DATASET)
    await say(memory, south, "s", "I live in Porto.", "I have a dog named Bruno.", dataset=DATASET)
    await say(memory, north, "n2", "My colleague Anna likes chess.", dataset=DATASET)
    return north, south


async def test_whoever_has_no_name_is_the_user_until_they_tell_one(memory: SessionGraph) -> None:
    await say(memory, None, "a", "I live in Bergen.", "I'm a nurse.")
    assert {("the user", "lives in", "Bergen"), ("the user", "is", "nurse")} <= await facts(memory, None)
    assert "Bergen" in await asked(memory, "Where do I live?", None)
    report = (await say(memory, None, "b", "My name is Ragna."), await memory.persist_sessions(["a"], dataset="d"))[1]
    assert report.extracted == 0  # a name makes nothing due
    assert {("Ragna", "lives in", "Bergen"), ("Ragna", "is", "nurse")} <= await facts(memory, None)
    assert "Bergen" in await asked(memory, "Where does Ragna live?", None)
    [result] = await memory.search("Where do I live?", datasets=["d"])
    assert result.citations[0].speaker == "Ragna"


async def test_an_earlier_name_stays_an_alias_and_the_newest_is_shown(memory: SessionGraph) -> None:
    await say(memory, None, "a", "My name is Alexandra Winter.", "Please call me Lexi.", "I play the cello.")
    graph = await memory.graph(dataset="d")
    [me] = [data for _, data in graph.nodes(data=True) if data["name"] == "Lexi"]
    assert "Alexandra Winter" in str(me["aliases"])
    assert "cello" in await asked(memory, "What does Lexi play?", None)


async def test_two_of_a_name_and_a_third_are_three(memory: SessionGraph) -> None:
    north, south = await two_annas(memory)
    found = await facts(memory, north, DATASET)
    assert ("anna@north.example", "lives in", "Turku") in found
    assert ("anna@south.example", "lives in", "Porto") in found
    assert {subject for subject, _, object_ in found if object_ == "chess"} == {"Anna"}
    assert "Turku" in await asked(memory, "Where do I live?", north, DATASET)
    assert "Porto" in await asked(memory, "Where do I live?", south, DATASET)
    # What the other one told is no answer.
    assert "penicillin" not in await asked(memory, "What am I allergic to?", south, DATASET)
    assert "Bruno" not in await asked(memory, "What's my dog called?", north, DATASET)


async def test_of_two_who_give_the_same_name_each_is_told_apart_by_the_account(memory: SessionGraph) -> None:
    north, south = await two_annas(memory)
    await say(memory, north, "n3", "My name is Mia Berg.", dataset=DATASET)
    assert ("Mia Berg", "lives in", "Turku") in await facts(memory, north, DATASET)
    # The other one's name is their own again as soon as nobody else bears it.
    assert ("anna", "lives in", "Porto") in await facts(memory, north, DATASET)
    await say(memory, south, "s3", "My name is Mia Berg.", dataset=DATASET)
    found = await facts(memory, north, DATASET)
    assert ("Mia Berg (anna@north.example)", "lives in", "Turku") in found
    assert ("Mia Berg (anna@south.example)", "lives in", "Porto") in found


async def test_whoever_is_forgotten_leaves_nothing_and_makes_nothing_due(memory: SessionGraph) -> None:
    north, south = await two_annas(memory)
    await memory.forget(DATASET, user=south, by=north)
    found = await facts(memory, north, DATASET)
    assert ("anna", "lives in", "Turku") in found
    assert not [fact for fact in found if "Porto" in fact or "south" in "".join(fact)]
    report = await memory.persist_sessions(["n", "n2"], dataset=DATASET, user=north)
    assert (report.extracted, report.stale) == (0, 0)


async def test_whom_one_tells_of_by_a_relation_is_theirs_and_becomes_the_named_one(memory: SessionGraph) -> None:
    await say(memory, None, "a", "My sister lives in Oslo.", "Our CFO plays golf.")
    known = await facts(memory, None)
    assert {("the user's sister", "lives in", "Oslo"), ("the user", "has sister", "the user's sister")} <= known
    assert ("the user's CFO", "plays", "golf") in await facts(memory, None)
    await say(memory, None, "b", "My sister is called Astrid.", "Our CFO is Petra Lund.")
    found = await facts(memory, None)
    assert {
        ("Astrid", "lives in", "Oslo"),
        ("Petra Lund", "plays", "golf"),
        ("the user", "has cfo", "Petra Lund"),
    } <= found


async def test_two_sisters_are_not_one(memory: SessionGraph) -> None:
    await say(memory, None, "a", "My sister Astrid lives in Oslo.", "My sister Ingrid lives in Rome.")
    found = await facts(memory, None)
    assert {("Astrid", "lives in", "Oslo"), ("Ingrid", "lives in", "Rome")} <= found


async def test_another_users_sister_is_another(memory: SessionGraph) -> None:
    north, south = await two_annas(memory)
    await say(memory, north, "n4", "My sister lives in Oslo.", dataset=DATASET)
    await say(memory, south, "s4", "My sister lives in Rome.", dataset=DATASET)
    found = await facts(memory, north, DATASET)
    assert ("anna@north.example's sister", "lives in", "Oslo") in found
    assert ("anna@south.example's sister", "lives in", "Rome") in found


async def test_the_user_of_a_document_is_nobodys_speaker(memory: SessionGraph) -> None:
    await memory.add(["The user opens the lid. The user presses the red button."], dataset_name="d")
    await memory.cognify(datasets=["d"])
    await say(memory, None, "a", "I live in Bergen.")
    subjects = {subject for subject, _, _ in await facts(memory, None)}
    graph = await memory.graph(dataset="d")
    mine = [node for node, data in graph.nodes(data=True) if data["name"] == "the user"]
    assert len(mine) == 1 and "the user" in subjects


async def test_nobodys_text_speaks_for_another_user(memory: SessionGraph) -> None:
    north, south = await two_annas(memory)
    await say(memory, south, "s5", f"\x02{north.id}\x02 lives in Hell.", dataset=DATASET)
    assert "Hell" not in await asked(memory, "Where do I live?", north, DATASET)

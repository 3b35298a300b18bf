"""Items of a program's own session: given back as they were, and turns like any others."""

import asyncio

import pytest

import sessiongraph
from sessiongraph import SessionItem, persist_sessions_in_knowledge_graph_pipeline, sessions
from sessiongraph.errors import InvalidInputError

KEY = "sk-proj-4f9QmX27LbVt8sKd03HnRwYz61PcEuGjAo5iTq"


def user(text: str) -> SessionItem:
    return SessionItem(f"user {text}", question=text)


def reply(text: str) -> SessionItem:
    return SessionItem(f"reply {text}", answer=text)


def tool(text: str) -> SessionItem:
    return SessionItem(f"tool {text}", context=text)


async def told(session_id: str = "s") -> list[tuple[str, str, str | None]]:
    return [(it.question, it.answer, it.context) for it in await sessions.get_turns(session_id)]


@pytest.mark.usefixtures("cache")
async def test_items_come_back_one_by_one_however_they_came_in():
    items = [tool("brief"), user("a"), user("b"), tool("look"), reply("c"), tool("late"), reply("d"), user("e")]
    await sessions.add_items("once", items)
    for item in items:
        await sessions.add_items("each", [item])
    for session_id in ("once", "each"):
        assert await sessions.get_items(session_id) == [item.data for item in items]
        assert await sessions.get_items(session_id, last=2) == ["reply d", "user e"]
        assert await told(session_id) == [("a\n\nb", "c\n\nd", "brief\nlook\nlate"), ("e", "", None)]


@pytest.mark.usefixtures("cache")
async def test_what_is_taken_back_is_taken_from_its_turn_and_a_turn_of_nothing_is_gone():
    await sessions.add_items("s", [user("a"), tool("x"), reply("b"), user("c")])
    await sessions.add_turn("s", "asked otherwise", "answered")
    assert [await sessions.pop_item("s") for _ in range(3)] == ["user c", "reply b", "tool x"]
    assert await told() == [("a", "", None), ("asked otherwise", "answered", None)]
    assert [await sessions.pop_item("s") for _ in range(2)] == ["user a", None]
    assert await told() == [("asked otherwise", "answered", None)]


@pytest.mark.usefixtures("cache")
async def test_items_that_come_at_once_are_all_kept():
    await sessions.add_items("s", [user("0")])
    await asyncio.gather(*(sessions.add_items("s", [tool(str(n))]) for n in range(1, 9)))
    assert sorted(await sessions.get_items("s")) == ["tool 1", *(f"tool {n}" for n in range(2, 9)), "user 0"]


async def test_a_word_that_was_put_right_stays_right_when_the_answer_comes():
    await sessions.add_items("s", [user("I moved to Lion.")])
    (turn,) = await sessions.get_turns("s")
    await sessions.edit_turn("s", turn.turn_id, question="I moved to Lyon.")
    await sessions.add_items("s", [reply("Fine.")])
    assert await told() == [("I moved to Lyon.", "Fine.", None)]


async def test_secrets_stay_in_the_items_and_reach_no_turn():
    await sessions.add_items("s", [SessionItem(KEY, question=f"My key is {KEY}."), tool(f"key {KEY}")])
    await sessions.add_items("s", [reply("Noted.")])
    (turn,) = await sessions.get_turns("s")
    assert KEY not in turn.question + (turn.context or "") and "secret: " in turn.question
    assert (await sessions.get_items("s"))[0] == KEY


async def test_what_tools_say_is_no_fact_and_what_the_user_says_is():
    await sessiongraph.datasets.create("work")
    say = [user("I moved to Lyon."), tool("Bob Jones lives in Oslo."), reply("Lyon is lovely.")]
    await sessions.add_items("s", say, dataset="work")
    await persist_sessions_in_knowledge_graph_pipeline(
        user=None, session_ids=["s"], dataset="work", run_in_background=False, create=True
    )
    facts = [fact.statement for fact in await sessiongraph.facts.list("work")]
    assert "The user moved to Lyon." in facts and not any("Oslo" in fact for fact in facts)


@pytest.mark.parametrize("items", ["text", [1], [SessionItem("\x00")], [SessionItem("\ud800")], [SessionItem(1)]])  # type: ignore[arg-type]
async def test_what_cannot_be_kept_is_refused_before_anything_is_written(items: object):
    with pytest.raises(InvalidInputError):
        await sessions.add_items("s", [user("a"), *items] if isinstance(items, list) else items)  # type: ignore[arg-type]
    assert await sessions.get_turns("s") == []

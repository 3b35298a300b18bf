"""What a program that keeps its own chat loop relies on, on both caches."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline, sessions, users

pytestmark = pytest.mark.usefixtures("cache")


async def test_a_turn_comes_back_as_it_was_said():
    said_at = datetime(2023, 5, 8, 13, 56, tzinfo=timezone(timedelta(hours=2)))
    turn_id = await sessions.add_turn("s:1", "Où est Zoë?", "À Paris.\n\nVraiment.", created_at=said_at, context="ctx")
    (turn,) = await sessions.get_turns("s:1")
    assert (turn.turn_id, turn.question, turn.answer) == (turn_id, "Où est Zoë?", "À Paris.\n\nVraiment.")
    assert (turn.created_at, turn.context) == (said_at, "ctx")
    assert turn.created_at.utcoffset() == said_at.utcoffset()


async def test_turns_come_in_the_order_in_which_they_were_said():
    day = datetime(2023, 5, 8)
    for number, offset in ((2, 1), (3, 1), (1, 0)):
        await sessions.add_turn("s", f"q{number}", "a", created_at=day + timedelta(hours=offset))
    assert [turn.question for turn in await sessions.get_turns("s")] == ["q1", "q2", "q3"]
    assert [turn.question for turn in await sessions.get_turns("s", last=2)] == ["q2", "q3"]


async def test_a_turn_of_days_to_come_takes_no_later_one_with_it(cache: str):
    """A clock that is behind is made up for; a moment that was given is that turn's alone."""
    given, before = datetime.now(UTC) + timedelta(days=2), datetime.now(UTC)
    await sessions.add_turn("s", "Remind me.", "On Tuesday.", created_at=given)
    await sessions.add_turn("s", "Thanks.", "You are welcome.")
    now, then = await sessions.get_turns("s")
    assert then.created_at == given and before <= now.created_at <= datetime.now(UTC)


async def test_sessions_are_listed_latest_first_and_per_user():
    ana = await users.create("ana")
    for session_id in ("first", "second"):
        await sessions.add_turn(session_id, "q", "a")
    await sessions.add_turn("hers", "q", "a", user=ana)
    await sessions.add_turn("first", "q2", "a2")
    listed = await sessions.list_sessions()
    assert [(session.session_id, session.turns) for session in listed] == [("first", 2), ("second", 1)]
    assert listed[0].expires_at and listed[0].expires_at > datetime.now(UTC) + timedelta(days=6)
    assert await sessions.clear() == 2
    assert await sessions.list_sessions() == []
    assert [session.session_id for session in await sessions.list_sessions(user=ana)] == ["hers"]


async def test_editing_rating_and_deleting():
    turn_id = await sessions.add_turn("s", "Where does Alice live?", "In Rome.")
    other = await sessions.add_turn("s", "q", "a")
    assert (await sessions.edit_turn("s", turn_id, answer="In Paris.")).answer == "In Paris."
    rated = await sessions.add_feedback("s", turn_id, score=1, text="wrong")
    assert (rated.question, rated.answer, rated.score, rated.feedback) == (
        "Where does Alice live?", "In Paris.", 1, "wrong",
    )  # fmt: skip
    assert await sessions.delete_turn("s", other) and not await sessions.delete_turn("s", other)
    assert await sessions.delete_session("s") and not await sessions.delete_session("s")


async def test_what_says_nothing_is_skipped_and_says_why():
    for question, answer in (
        ("Where does Alice live?", "Alice lives in Rome."),
        ("", "  "),
        ("Who is Bob?", "I'm sorry, but I don't know."),
        ("Where does Alice live?", "Alice lives in Rome."),
    ):
        await sessions.add_turn("s", question, answer)
    report = await persist("main_dataset")
    assert [turn.reason for turn in report.sessions["s"].turns] == [
        None, "empty", "no answer was given", "repeats an earlier turn",
    ]  # fmt: skip


async def persist(dataset: str) -> sessiongraph.PersistReport:
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset=dataset, create=True)
    assert isinstance(report, sessiongraph.PersistReport)
    return report


async def test_a_turn_told_twice_under_one_key_is_one_turn():
    moment = datetime(2026, 5, 8, 12, tzinfo=UTC)
    first = await sessions.add_turn("s", "Where?", "In Paris.", turn_id="chat-1", created_at=moment)
    again = await sessions.add_turn("s", "Where?", "In Paris.", turn_id="chat-1")
    assert first == again == "chat-1"
    [turn] = await sessions.get_turns("s")
    assert turn.created_at == moment
    with pytest.raises(sessiongraph.InvalidInputError, match="other words"):
        await sessions.add_turn("s", "Where?", "In Rome.", turn_id="chat-1")
    await sessions.add_turn("other", "Where?", "In Rome.", turn_id="chat-1")
    assert [turn.answer for turn in await sessions.get_turns("s")] == ["In Paris."]

"""What people are told of their sessions, and before they forget one, is what is so."""

from datetime import UTC, datetime, timedelta

import pytest

import sessiongraph
from sessiongraph import datasets, sessions, users
from sessiongraph.errors import InvalidInputError, PermissionDeniedError
from sessiongraph.persistence.due_rules import DueRules, due_at, due_reason
from sessiongraph.types import WaitingSession, WaitingTurns

persist = sessiongraph.persist_sessions_in_knowledge_graph_pipeline


async def test_each_turn_says_what_became_of_it_in_which_dataset_and_why() -> None:
    await datasets.create("d")
    kept = await sessions.add_turn("s", "Where does Bob live?", "Bob Jones lives in Oslo.", dataset="d")
    bad = await sessions.add_turn("s", "And Carla?", "Carla Zanetti is in Rome.", dataset="d")
    await sessions.add_feedback("s", bad, score=1)
    [state] = await sessions.states()
    assert [(it.dataset, it.turns) for it in state.waiting] == [("default_user/d", 2)] and state.datasets == ()
    assert [it.is_waiting for it in await sessions.outcomes("s")] == [True, True]

    await persist(session_ids=["s"], dataset="d", create=True)
    [state] = await sessions.states()
    assert state.waiting == () and state.expires_at is not None
    assert [(it.turns, it.persisted, it.skipped) for it in state.datasets] == [(2, 1, 1)]
    first, second = await sessions.outcomes("s")
    assert [(it.dataset, it.disposition) for it in first.outcomes] == [("default_user/d", "persisted")]
    assert second.outcomes[0].disposition == "skipped" and second.outcomes[0].reason

    await sessions.edit_turn("s", kept, answer="Bob Jones lives in Bergen.")
    first, second = await sessions.outcomes("s")
    assert first.is_waiting and first.outcomes[0].disposition == "waiting" and not second.is_waiting

    await sessions.clear()
    [state] = await sessions.states()
    assert state.cached_turns == 0 and state.expires_at is None and state.datasets[0].persisted == 1
    first, _ = await sessions.outcomes("s")
    assert (first.is_cached, first.answer) == (False, "Bob Jones lives in Oslo.")


async def test_a_session_is_known_by_its_first_words_wherever_they_are() -> None:
    await sessions.add_turn("s", "I moved to Oslo.", "Noted.")
    await sessions.add_turn("s", "Where do I live?", "In Oslo.")
    await sessions.add_turn("long", "word " * 1000, "Noted.")
    told = {it.session_id: it.first_words or "" for it in await sessions.states()}
    assert told["s"] == "I moved to Oslo." and len(told["long"]) == 200
    await persist(session_ids=["s"], create=True)
    await sessions.clear()
    [state] = await sessions.states()
    assert state.first_words == "I moved to Oslo."


async def test_what_waits_for_one_dataset_is_told_once_however_it_came_to_name_it() -> None:
    await sessions.add_turn("s", "I moved to Oslo.", "Noted.")
    await datasets.create("main_dataset")
    await sessions.add_turn("s", "Where do I live?", "In Oslo.", dataset="main_dataset")
    [state] = await sessions.states()
    assert [(it.dataset, it.turns) for it in state.waiting] == [("default_user/main_dataset", 2)]
    assert state.waiting[0].since <= state.last_activity


async def test_another_users_session_of_that_name_is_not_shown() -> None:
    ana = await users.create("ana")
    await sessions.add_turn("s", "Where does Bob live?", "Bob Jones lives in Oslo.")
    await persist(session_ids=["s"], create=True)
    assert await sessions.outcomes("s", user=ana) == [] and await sessions.states(user=ana) == []
    await datasets.grant("main_dataset", ana, "read")
    assert await sessions.outcomes("s", user=ana) == [] and await sessions.states(user=ana) == []


async def test_what_is_said_to_go_is_what_goes() -> None:
    await sessiongraph.add(["Alice Novak works at Acme Labs."], dataset_name="d")
    await sessiongraph.cognify("d")
    await sessions.add_turn("s", "I moved to Zanzibar and Alice Novak works at Acme Labs.", "Noted.", dataset="d")
    await persist(session_ids=["s"], dataset="d", create=True)
    before = await sessiongraph.graph("d")
    said = await sessiongraph.estimate_forget("d", session_id="s")
    assert len(await sessions.get_turns("s")) == 1, "the dry run forgets nothing"
    await sessiongraph.forget("d", session_id="s")
    after = await sessiongraph.graph("d")

    def names(graph) -> dict[str, str]:
        return {node: data["name"] for node, data in graph.nodes(data=True)}

    gone = sorted(name for node, name in names(before).items() if node not in names(after))
    assert said.entities == gone and said.entity_count == len(gone) > 0
    assert said.fact_count == before.number_of_edges() - after.number_of_edges() > 0
    assert (said.documents, said.passages, said.cached_turns) == (1, 1, 1)
    assert not any("Acme" in fact and "Alice" in fact for fact in said.facts), "the document states it too"


async def test_the_preview_is_for_those_who_may_forget() -> None:
    ana = await users.create("ana")
    await sessiongraph.add(["Alice Novak works at Acme Labs."], dataset_name="d")
    await sessiongraph.cognify("d")
    await datasets.grant("d", ana, "read")
    with pytest.raises(PermissionDeniedError):
        await sessiongraph.estimate_forget("default_user/d", by=ana)


async def test_evidence_stands_among_its_neighbours_for_a_passage_and_for_a_fact() -> None:
    for words in ("My name is Ann.", "My brother Dan lives in Oslo.", "My sister Eva lives in Rome."):
        await sessions.add_turn("s", words, "Noted.", dataset=(await datasets.create("d")).name)
    await persist(session_ids=["s"], dataset="d", create=True)
    turn = (await sessions.outcomes("s"))[1]
    [found] = await sessiongraph.evidence("d", turn.outcomes[0].passage_id)
    assert (found.turn_id, found.session_id) == (turn.turn_id, "s")
    assert "Ann" in found.before[0] and "Dan" in found.text and "Eva" in found.after[0]
    [fact, *_] = await sessiongraph.facts.list("d", query="Oslo")
    assert [it.turn_id for it in await sessiongraph.evidence("d", fact.id)] == [turn.turn_id]
    with pytest.raises(InvalidInputError, match="no passage and no fact"):
        await sessiongraph.evidence("d", "0" * 32)


@pytest.mark.parametrize("turns", [1, 3])
@pytest.mark.parametrize("expires", [None, 40, 4000])
def test_the_moment_that_is_told_is_the_first_with_a_reason(turns: int, expires: int | None) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    seconds = timedelta(seconds=1)
    rules = DueRules(300 * seconds, 3, 1800 * seconds, 3600 * seconds, 5 * seconds)
    session = WaitingSession("u", "s", now, now + expires * seconds if expires else None, ())
    part = WaitingTurns(None, turns, now - 60 * seconds)
    moment = due_at(session, part, rules)
    assert due_reason(session, part, rules, moment) is not None
    assert turns >= rules.turns or due_reason(session, part, rules, moment - seconds) is None

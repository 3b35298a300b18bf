"""Persisting sessions: every turn exactly once, whatever became of it in the cache, and a report that says so."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sessiongraph.errors import CacheUnavailableError, LLMFailedError, SessionsNotFoundError
from sessiongraph.forgetting import Target, forget
from sessiongraph.ids import session_document_id
from sessiongraph.persistence.persist import PersistReport
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import SESSION_NODE_SET, Turn, User
from tests.support.snapshots import load_snapshot
from tests.support.workshop import NOON, Workshop, doubled, entities, rows

ALICE = ("Where does Alice live?", "Alice lives in Paris.")
BOB = ("And Bob?", "Bob lives in Rome.")
CAROL = ("And Carol?", "Carol lives in Oslo.")


def outcomes(report, session: str = "s") -> list[tuple[str, str | None]]:  # type: ignore[no-untyped-def]
    return [(turn.disposition, turn.reason) for turn in report.sessions[session].turns]


def shown(store: GraphStore) -> list[str]:
    """The turns in the graph, by id."""
    found = store.read(lambda con: load_snapshot(con, "any")).passages
    return sorted(found["turn_id"])


async def test_a_deleted_turn_stays_and_a_new_one_is_persisted(workshop: Workshop) -> None:
    first, _ = workshop.say("s", ALICE, BOB)
    await workshop.persist("s")
    workshop.cache.delete_turn(workshop.user.id, "s", first)
    workshop.say("s", CAROL, ids=["new"])
    report = await workshop.persist("s")
    assert (report.staged, report.settled, report.extracted) == (1, 1, 1)
    assert len(report.sessions["s"].turns) == 3
    assert shown(workshop.store) == sorted(["s-0", "s-1", "new"])


async def test_an_edit_retracts_what_the_old_words_supported(workshop: Workshop) -> None:
    (turn,) = workshop.say("s", ALICE)
    await workshop.persist("s")
    workshop.cache.update_turn(workshop.user.id, "s", turn, answer="Alice lives in Lima.")
    report = await workshop.persist("s")
    assert (report.persisted, report.extracted) == (1, 1)
    assert "Paris" not in entities(workshop.store)
    assert "Lima" in entities(workshop.store)
    assert shown(workshop.store) == [turn]


async def test_an_edit_that_is_taken_back_costs_no_call(workshop: Workshop, openai_endpoint) -> None:
    (turn,) = workshop.say("s", ALICE)
    await workshop.persist("s")
    before = rows(workshop.store)
    for answer in ("Alice lives in Lima.", ALICE[1]):
        workshop.cache.update_turn(workshop.user.id, "s", turn, answer=answer)
        await workshop.persist("s")
    assert len(openai_endpoint.chats) == 2
    assert rows(workshop.store)["live_windows"] == before["live_windows"]


async def test_a_bad_rating_takes_a_turn_out_and_a_better_one_brings_it_back_at_no_cost(
    workshop: Workshop, openai_endpoint
) -> None:
    (turn,) = workshop.say("s", ALICE)
    await workshop.persist("s")
    calls = len(openai_endpoint.requests)
    workshop.cache.update_turn(workshop.user.id, "s", turn, score=1, feedback="wrong")
    assert outcomes(await workshop.persist("s")) == [("skipped", "rated 1 of 5")]
    assert entities(workshop.store) == set()
    workshop.cache.update_turn(workshop.user.id, "s", turn, score=5)
    assert outcomes(await workshop.persist("s")) == [("persisted", None)]
    assert "Paris" in entities(workshop.store)
    assert len(openai_endpoint.requests) == calls


async def test_a_good_rating_changes_nothing(workshop: Workshop, openai_endpoint) -> None:
    (turn,) = workshop.say("s", ALICE)
    await workshop.persist("s")
    calls = len(openai_endpoint.requests)
    workshop.cache.update_turn(workshop.user.id, "s", turn, score=4)
    report = await workshop.persist("s")
    assert (report.staged, report.settled, len(openai_endpoint.requests)) == (1, 0, calls)


async def test_each_dataset_gets_its_own(workshop: Workshop) -> None:
    workshop.say("s", ALICE)
    other = workshop.other_store()
    assert (await workshop.persist("s")).settled == 1
    assert (await workshop.persist("s", store=other)).settled == 1
    assert rows(other) == rows(workshop.store)


@pytest.mark.parametrize("gone", ["cleared", "expired", "down"])
async def test_what_the_cache_has_lost_stands_and_is_still_reported(
    workshop: Workshop, gone: str, tmp_path: Path
) -> None:
    workshop.say("s", ALICE, BOB)
    await workshop.persist("s")
    before = rows(workshop.store)
    if gone == "cleared":
        workshop.cache.clear()
    else:
        workshop.cache.close()
        (workshop.home / "sessions.sqlite").write_bytes(b"" if gone == "expired" else b"damaged" * 1000)
        for log in workshop.home.glob("sessions.sqlite-*"):
            log.unlink()
    report = await workshop.persist("s")
    assert (report.persisted, report.staged, report.settled) == (2, 0, 0)
    assert list(report.unread) == (["s"] if gone == "down" else [])
    assert rows(workshop.store) == before


async def test_what_was_staged_is_persisted_though_the_cache_lost_it_before(
    workshop: Workshop, openai_endpoint
) -> None:
    workshop.say("s", ALICE)
    openai_endpoint.fail(500)
    with pytest.raises(LLMFailedError):
        await workshop.persist("s")
    workshop.cache.clear()
    openai_endpoint.heal()
    assert (await workshop.persist("s")).persisted == 1


async def test_a_session_grown_again_under_its_old_name_adds_to_what_is_there(workshop: Workshop) -> None:
    workshop.say("s", ALICE, ids=["a"])
    await workshop.persist("s")
    workshop.cache.clear()
    workshop.say("s", BOB, ids=["b"])
    report = await workshop.persist("s")
    assert (report.persisted, report.extracted) == (2, 1)
    assert shown(workshop.store) == ["a", "b"]


async def test_one_bad_session_does_not_stop_the_others(workshop: Workshop, openai_endpoint) -> None:
    openai_endpoint.fail(400, when="Poison")
    workshop.say("good", ALICE)
    workshop.say("bad", ("Who?", "Poison is here."), BOB)
    workshop.say("fine", CAROL)
    report = await workshop.persist("good", "bad", "fine")
    assert outcomes(report, "good") == outcomes(report, "fine") == [("persisted", None)]
    (failed, reason), _ = outcomes(report, "bad")
    assert failed == "failed"
    assert "400" in (reason or "")
    openai_endpoint.heal()
    report = await workshop.persist("good", "bad", "fine")
    assert (report.persisted, report.failed) == (4, 0)
    assert doubled(workshop.store) == []


async def test_where_nothing_could_be_extracted_it_is_said_and_the_next_run_makes_it_good(
    workshop: Workshop, openai_endpoint
) -> None:
    openai_endpoint.fail(500)
    workshop.say("s", ALICE)
    with pytest.raises(LLMFailedError, match="500"):
        await workshop.persist("s")
    openai_endpoint.heal()
    assert outcomes(await workshop.persist("s")) == [("persisted", None)]


async def test_what_says_nothing_costs_no_call_and_is_settled(workshop: Workshop, openai_endpoint) -> None:
    workshop.say("s", ("", " "), ("Where is Dan?", "I don't know."), ("?", "!"))
    report = await workshop.persist("s")
    assert [reason for _, reason in outcomes(report)] == ["empty", "no answer was given", "empty"]
    assert (report.settled, report.extracted, len(openai_endpoint.requests)) == (3, 0, 0)
    assert (await workshop.persist("s")).settled == 0
    assert shown(workshop.store) == []


async def test_a_turn_that_yields_no_fact_is_persisted_and_can_be_found(workshop: Workshop) -> None:
    workshop.say("s", ("how was it?", "lovely, thank you"))
    assert outcomes(await workshop.persist("s")) == [("persisted", None)]
    found = workshop.store.read(lambda con: load_snapshot(con, workshop.embedder.identity))
    assert found.passages["text"].tolist() == ["how was it?\nlovely, thank you"]
    assert found.passage_vectors[:].any()


async def test_one_more_turn_is_extracted_alone_with_what_was_said_before(workshop: Workshop, openai_endpoint) -> None:
    workshop.say("s", ALICE)
    await workshop.persist("s")
    workshop.say("s", ("What does she do?", "She paints."))
    assert (await workshop.persist("s")).extracted == 1
    prompt = openai_endpoint.chats[-1].user
    assert "~ assistant: Alice lives in Paris." in prompt
    assert "[1] What does she do?" in prompt
    assert "Session ID" not in prompt


async def test_unknown_sessions_are_named_and_known_ones_persisted(workshop: Workshop) -> None:
    workshop.say("s", ALICE)
    report = await workshop.persist("nobody", "s", "nobody")
    assert (report.missing, list(report.sessions), report.persisted) == (["nobody"], ["s"], 1)
    with pytest.raises(SessionsNotFoundError) as raised:
        await workshop.persist("nobody", "nothing")
    assert raised.value.session_ids == ("nobody", "nothing")


async def test_no_sessions_persist_none_and_make_no_store(workshop: Workshop) -> None:
    report = await workshop.persist()
    assert (report.sessions, report.persisted, str(report)) == ({}, 0, "No sessions were named, so none was persisted.")
    assert not workshop.store.exists


async def test_a_cache_that_is_down_is_an_error_where_the_dataset_knows_nothing(workshop: Workshop) -> None:
    workshop.home.mkdir(parents=True, exist_ok=True)
    (workshop.home / "sessions.sqlite").write_bytes(b"damaged" * 1000)
    with pytest.raises(CacheUnavailableError):
        await workshop.persist("s")
    assert not workshop.store.exists


async def test_another_users_session_of_the_same_name_is_another(workshop: Workshop) -> None:
    from dataclasses import replace

    from sessiongraph.types import User

    workshop.say("s", ALICE)
    theirs = replace(workshop, user=User("user-2", "ben"))
    theirs.say("s", BOB, ids=["theirs"])
    await workshop.persist("s")
    report = await theirs.persist("s")
    assert [turn.turn_id for turn in report.sessions["s"].turns] == ["theirs"]
    assert shown(workshop.store) == ["s-0", "theirs"]


async def test_the_report_says_what_stands_and_what_this_call_did(workshop: Workshop) -> None:
    workshop.say("s", ALICE, ("", ""))
    first = await workshop.persist("s")
    assert (first.persisted, first.skipped, first.failed) == (1, 1, 0)
    assert (first.staged, first.settled, first.extracted) == (2, 2, 1)
    assert (first.usage.calls, first.usage.embedding_calls) == (1, 1)
    assert [turn.turn_id for turn in first.sessions["s"].turns] == ["s-0", "s-1"]
    assert {turn.run_id for turn in first.sessions["s"].turns} == {first.run_id}
    again = await workshop.persist("s")
    assert (again.persisted, again.skipped, again.staged, again.settled, again.extracted) == (1, 1, 0, 0, 0)
    assert again.usage.calls == again.usage.embedding_calls == 0
    assert {turn.run_id for turn in again.sessions["s"].turns} == {first.run_id}
    assert "1 turn(s) persisted (0 extracted now), 1 skipped, 0 failed" in str(again)


async def test_persisted_sessions_carry_their_node_set(workshop: Workshop) -> None:
    workshop.say("s", ALICE)
    await workshop.persist("s")
    found = workshop.store.read(lambda con: load_snapshot(con, "any")).passages
    assert [list(tags) for tags in found["node_sets"]] == [[SESSION_NODE_SET]]


async def test_half_of_a_surrogate_pair_in_a_cached_answer_stops_nobody(workshop: Workshop) -> None:
    workshop.say("s", ("Where is Alice?", "Alice is in Paris \ud83d"), BOB)
    assert (await workshop.persist("s")).persisted == 2
    assert (await workshop.persist("s")).settled == 0


async def test_a_turn_keeps_its_zone_and_one_that_had_none_is_not_staged_again(workshop: Workshop) -> None:
    workshop.say("utc", ("Where is Bob?", "Bob is in Rome."))
    late = datetime(2024, 5, 8, 23, 30, tzinfo=timezone(timedelta(hours=-7)))
    workshop.cache.put_turns([Turn("t", workshop.user.id, "west", "Where is Ann?", "Ann left today.", late)])
    assert (await workshop.persist("utc", "west")).staged == 2
    assert (await workshop.persist("utc", "west")).staged == 0
    passages = workshop.store.read(lambda con: read_turn_passages(con, None))
    assert sorted(it.window.source.split(", ")[1] for it in passages) == ["2024-05-08", "2024-05-08"]
    stored = workshop.store.read(lambda con: con.execute("SELECT created_at FROM turns WHERE turn_id = 't'").fetchall())
    assert stored == [(late.astimezone(UTC).replace(tzinfo=None),)]


ANAS = [User("north", "ana@north.example"), User("south", "Ana@south.example"), User("other", "bo@north.example")]


def sources(store: GraphStore) -> dict[str, str]:
    """What the windows of each session say of where it was said."""
    passages = store.read(lambda con: read_turn_passages(con, None))
    return {passage.window.parts[0].text: passage.window.source.split(",")[0] for passage in passages}


async def say_and_persist(workshop: Workshop, user: User, *said: str) -> PersistReport:
    turns = [Turn(f"t{n}", user.id, "s", text, "Noted.", NOON) for n, text in enumerate(said)]
    workshop.cache.put_turns(turns)
    return await replace(workshop, user=user).persist("s")


async def test_two_of_a_name_are_two_people_and_nobody_is_read_anew_for_another(workshop: Workshop) -> None:
    north, south, other = ANAS
    await say_and_persist(workshop, other, "I live in Oslo.")
    await say_and_persist(workshop, north, "I live in Turku.")
    assert (await say_and_persist(workshop, south, "I live in Porto.")).extracted == 1
    assert set(sources(workshop.store).values()) == {"conversation"}
    report = await say_and_persist(workshop, north, "I live in Turku.", "I keep bees.")
    assert (report.extracted, report.stale) == (1, 0)
    found = await asyncio.to_thread(workshop.store.read, lambda con: load_snapshot(con, "m"))
    assert dict(found.speaker_labels) == {
        "north": "ana@north.example",
        "south": "Ana@south.example",
        "other": "bo",
    }


async def test_when_the_first_of_a_name_is_forgotten_the_other_one_stays_as_they_are(workshop: Workshop) -> None:
    north, south, _ = ANAS
    await say_and_persist(workshop, north, "I live in Turku.")
    await say_and_persist(workshop, south, "I live in Porto.")
    target = Target([session_document_id(north.id, "s")])
    await asyncio.to_thread(forget, workshop.store, target, "forget", "session_turns")
    report = await say_and_persist(workshop, south, "I live in Porto.")
    assert (report.extracted, report.settled, report.persisted) == (0, 0, 1)

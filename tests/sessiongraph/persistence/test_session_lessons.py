"""Sessions are read for what they teach by one call each, when something of them is new, and by none otherwise."""

from dataclasses import replace

import duckdb
import pytest

from sessiongraph.errors import LLMFailedError
from sessiongraph.forgetting import Target, forget
from sessiongraph.ids import new_id, session_document_id, turn_passage_id
from sessiongraph.llm.client import LLM
from sessiongraph.persistence.lessons_estimate import dry_run_learn
from sessiongraph.persistence.session_lessons import LessonsReport, learn
from sessiongraph.persistence.session_staging import stage_sessions
from sessiongraph.prompts.lessons_prompt import PROMPT
from sessiongraph.settings import load_settings
from sessiongraph.snapshots.lessons import read_lessons
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.workshop import Workshop

DECIDED = ("We decided to use PostgreSQL.", "Noted.")
TALK = ("Is it raining?", "No, the sun shines in Bergen.")


@pytest.fixture(params=["duckdb", "postgres"])
def works(request: pytest.FixtureRequest, workshop: Workshop) -> Workshop:
    """A workshop on each of the two grounds."""
    if request.param == "duckdb":
        return workshop
    from sessiongraph.store.postgres_store import PostgresStore

    database = request.getfixturevalue("postgres")
    return replace(workshop, store=PostgresStore(database, new_id(), workshop.home / "dataset", wait_seconds=30))


async def stage(works: Workshop, *session_ids: str) -> None:
    await stage_sessions(works.cache, works.store, works.user, session_ids, run_id=new_id(), whole=True)


async def learned(works: Workshop, **options: bool) -> LessonsReport:
    return await learn(works.store, works.llm, run_id=new_id(), **options)


def document(works: Workshop, session_id: str) -> str:
    return session_document_id(works.user.id, session_id)


def lessons(works: Workshop) -> dict[str, list[tuple[str, list[str]]]]:
    """By session: what stands, with the passages that it rests on."""
    kept = works.store.read(read_lessons)
    return {document_id: [(it.text, it.turns) for it in of_session] for document_id, of_session in kept.items()}


async def test_a_session_costs_one_call_when_something_of_it_is_new(works: Workshop, endpoint: OpenAIEndpoint) -> None:
    works.say("a", TALK, DECIDED)
    works.say("b", TALK)
    await stage(works, "a", "b")
    report = await learned(works)
    a, b = document(works, "a"), document(works, "b")
    assert (report.read, report.lessons, len(endpoint.chats), report.usage.calls) == (2, {"decided": 1}, 2, 2)
    assert lessons(works) == {a: [(DECIDED[0], [turn_passage_id(a, "a-1")])], b: []}

    assert (await learned(works)).read == 0 and len(endpoint.chats) == 2
    works.say("a", ("We decided to move it to May.", "Noted."))
    await stage(works, "a", "b")
    assert (await learned(works)).read == 1 and len(endpoint.chats) == 3
    assert [text for text, _ in lessons(works)[a]] == [DECIDED[0], "We decided to move it to May."]
    works.cache.update_turn(works.user.id, "a", "a-0", score=4)
    await stage(works, "a")
    report = await learned(works)
    assert (report.read, report.unchanged, len(endpoint.chats)) == (0, 1, 3), "a good rating is nothing new to read"
    assert (await learned(works)).unchanged == 0


async def test_what_a_turn_taught_goes_with_it_and_is_in_no_byte(workshop: Workshop) -> None:
    workshop.say("a", TALK, DECIDED)
    await stage(workshop, "a")
    await learned(workshop)
    passage = turn_passage_id(document(workshop, "a"), "a-1")
    forget(workshop.store, Target(passage_ids=[passage]), new_id(), "session_turns")
    assert lessons(workshop) == {}
    assert b"PostgreSQL" not in (workshop.home / "dataset" / "graph.duckdb").read_bytes()
    assert (await learned(workshop)).read == 1, "what is left is read by itself"
    forget(workshop.store, Target([document(workshop, "a")]), new_id(), "session_turns")
    rows = workshop.store.read(lambda con: con.execute("SELECT count(*) FROM session_lessons").fetchall())
    assert rows == [(0,)]


async def test_a_badly_rated_answer_and_a_repeat_are_not_read(workshop: Workshop, endpoint: OpenAIEndpoint) -> None:
    workshop.say("a", ("Where is Ann?", "In a secret bunker."), TALK, TALK, ("Who is Bo?", "I don't know."))
    workshop.cache.update_turn(workshop.user.id, "a", "a-0", score=1)
    await stage(workshop, "a")
    await learned(workshop)
    [asked] = [request.user for request in endpoint.chats]
    assert "bunker" not in asked and asked.count("raining") == 1 and "[2] user: Who is Bo?" in asked


async def test_what_rests_on_no_turn_is_dropped_and_counted(workshop: Workshop, endpoint: OpenAIEndpoint) -> None:
    given = [("decided", [1]), ("decided", [7]), ("rumour", [1])]
    answer = {"lessons": [{"kind": kind, "text": f"{kind} {turns}", "turns": turns} for kind, turns in given]}
    endpoint.teach = lambda prompt: answer
    workshop.say("a", TALK)
    await stage(workshop, "a")
    report = await learned(workshop)
    assert (report.lessons, report.dropped) == ({"decided": 1}, 2)


async def test_one_that_fails_stops_no_other_and_is_tried_again(works: Workshop, endpoint: OpenAIEndpoint) -> None:
    works.say("a", DECIDED)
    works.say("b", ("We decided to pay Mallory.", "Noted."))
    await stage(works, "a", "b")
    await learned(works)
    works.say("b", TALK)
    await stage(works, "b")
    endpoint.reply("no JSON", when="Mallory")
    for _ in range(3):
        report = await learned(works)
        assert list(report.failed) == ["ana/b"] and report.failure is not None, "all that was asked failed"
    before = len(endpoint.chats)
    report = await learned(works)
    assert (report.quarantined, len(endpoint.chats)) == (1, before), "by its own fault, for the third time"
    assert len(lessons(works)[document(works, "b")]) == 1, "a failure leaves what was learned before"
    endpoint.heal()
    assert (await learned(works, retry_failed=True)).read == 1


async def test_an_endpoint_at_fault_never_quarantines(workshop: Workshop, endpoint: OpenAIEndpoint) -> None:
    workshop.say("a", DECIDED)
    await stage(workshop, "a")
    endpoint.fail(503)
    for _ in range(4):
        assert (await learned(workshop)).failed
    endpoint.heal()
    assert (await learned(workshop)).read == 1


async def test_a_key_that_is_refused_ends_the_run_at_once(workshop: Workshop, endpoint: OpenAIEndpoint) -> None:
    for name in "abcdefghij":
        workshop.say(name, DECIDED)
    await stage(workshop, *"abcdefghij")
    endpoint.fail(401)
    report = await learned(workshop)
    assert isinstance(report.failure, LLMFailedError) and report.failure.fatal and not report.failed
    endpoint.heal()
    assert (await learned(workshop)).read == 10


async def test_another_model_calls_for_nothing_until_somebody_asks(
    workshop: Workshop, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.say("a", DECIDED)
    await stage(workshop, "a")
    await learned(workshop)
    monkeypatch.setenv("LLM_MODEL", "openai/other-model")
    workshop.llm = LLM(load_settings())
    report = await learned(workshop)
    assert (report.read, report.stale, len(endpoint.chats)) == (0, 1, 1)
    assert (await learned(workshop, relearn=True)).read == 1
    assert (await learned(workshop)).stale == 0


async def test_sessions_from_before_there_were_lessons_wait(workshop: Workshop, endpoint: OpenAIEndpoint) -> None:
    workshop.say("a", DECIDED)
    workshop.say("b", DECIDED)
    await stage(workshop, "a", "b")
    with duckdb.connect(str(workshop.home / "dataset" / "graph.duckdb")) as earlier:  # as the last version wrote it
        earlier.execute("DROP VIEW current_lessons; DROP TABLE session_lessons; DROP TABLE graph_schemas")
        earlier.execute("UPDATE meta SET schema_version = 6")
    assert ((await learned(workshop)).stale, len(endpoint.chats)) == (2, 0)
    workshop.say("a", TALK)
    await stage(workshop, "a")
    assert (await learned(workshop)).read == 1
    assert (await learned(workshop, relearn=True)).read == 1


async def test_a_long_session_is_read_in_parts_that_stay(
    workshop: Workshop, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessiongraph.persistence.session_excerpts.READ_CHARS", 200)
    workshop.say("a", *((f"We decided on number {number}.", "Noted. " * 10) for number in range(4)))
    await stage(workshop, "a")
    await learned(workshop)
    parts = len(endpoint.chats)
    assert parts > 1 and [len(turns) for _, turns in lessons(workshop)[document(workshop, "a")]] == [1] * 4
    workshop.say("a", ("We decided on number 4.", "Noted. " * 10))
    await stage(workshop, "a")
    await learned(workshop)
    assert len(endpoint.chats) == parts + 1
    assert len(lessons(workshop)[document(workshop, "a")]) == 5


async def test_what_was_said_while_it_was_read_is_not_passed_over(
    workshop: Workshop, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.say("a", DECIDED)
    await stage(workshop, "a")
    structured = workshop.llm.structured

    async def meanwhile(*args: object, **options: object) -> object:
        workshop.say("a", ("We decided to wait.", "Noted."))
        await stage(workshop, "a")
        return await structured(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(workshop.llm, "structured", meanwhile)
    assert (await learned(workshop)).read == 0 and lessons(workshop) == {}
    monkeypatch.setattr(workshop.llm, "structured", structured)
    await learned(workshop)
    assert len(lessons(workshop)[document(workshop, "a")]) == 2


def written(works: Workshop) -> tuple[object, ...]:
    return tuple(works.store.read(lambda con: con.execute("SELECT count(*), max(seq) FROM commits").fetchall()))


async def test_a_dry_run_tells_the_calls_that_learning_then_makes_and_changes_nothing(
    works: Workshop, endpoint: OpenAIEndpoint
) -> None:
    works.say("a", TALK, DECIDED)
    works.say("b", TALK)
    await stage(works, "a", "b")
    before = written(works)
    estimate = await dry_run_learn(works.store, works.llm)
    assert (estimate.read, estimate.calls, estimate.unchanged) == (2, 2, 0)
    assert estimate.prompt_tokens > 2 * len(PROMPT.split()) and estimate.completion_tokens > 0
    assert (written(works), endpoint.chats) == (before, []), "nothing is written, no model is called"

    report = await learned(works)
    assert (report.read, report.usage.calls) == (2, 2)
    estimate = await dry_run_learn(works.store, works.llm)
    assert (estimate.read, estimate.calls, estimate.prompt_tokens, estimate.cost) == (0, 0, 0, 0.0)
    works.cache.update_turn(works.user.id, "a", "a-0", score=4)
    await stage(works, "a")
    assert (await dry_run_learn(works.store, works.llm)).unchanged == 1


async def test_a_dry_run_prices_what_waits_for_relearn(
    workshop: Workshop, endpoint: OpenAIEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.say("a", TALK, DECIDED)
    await stage(workshop, "a")
    await learned(workshop)
    monkeypatch.setenv("LLM_MODEL", "openai/other")
    other = LLM(load_settings())
    left = await dry_run_learn(workshop.store, other)
    assert (left.calls, left.stale) == (0, 1) and "wait for relearn" in str(left)
    asked = await dry_run_learn(workshop.store, other, relearn=True)
    assert (asked.read, asked.calls, asked.stale) == (1, 1, 0)
    assert str(asked).startswith("1 session(s) would be read. That is 1 call(s) of openai/other, with ")
    assert len(endpoint.chats) == 1

"""What is learned of sessions beside facts: contradictions, profiles, lessons; told, decided, forgotten, kept apart."""

import json
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import facts, memory, sessions, users
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError, NoGraphDataError, PermissionDeniedError
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.terminal import Terminal

PARIS, ROME = "Alice Novak lives in Paris.", "Alice Novak lives in Rome."
SAID = (
    "My name is Ragna and I live in Bergen.",
    "I prefer tea to coffee.",
    "We decided to use PostgreSQL.",
)


async def conversation() -> None:
    await sessiongraph.add([PARIS, ROME], dataset_name="d")
    await sessiongraph.cognify("d")
    for number, said in enumerate(SAID):
        await sessions.add_turn("s", said, "Got it.", dataset="d", turn_id=f"t{number}")
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d")


@pytest.fixture
async def dataset(fill_home: FillHome) -> str:
    await fill_home(conversation)
    return "d"


async def test_a_contradiction_stands_until_a_person_decides(dataset: str) -> None:
    [conflict] = await facts.conflicts(dataset)
    assert (conflict.subject, conflict.about) == ("Alice Novak", "home")
    assert {fact.statement for fact in conflict.facts} == {PARIS, ROME}
    assert all(fact.sources for fact in conflict.facts)
    paris = next(fact for fact in conflict.facts if fact.object == "Paris")

    await facts.correct(dataset, paris.id, valid_until="2020")
    assert await facts.conflicts(dataset) == []
    await facts.undo(dataset, paris.id)
    both = await facts.correct(dataset, paris.id, relation="also lives in")
    assert await facts.conflicts(dataset) == [], "both are right"
    await facts.undo(dataset, both.id)
    await facts.retract(dataset, paris.id)
    assert await facts.conflicts(dataset) == []


async def test_a_profile_has_what_stands_about_a_speaker_with_its_turns(dataset: str) -> None:
    [profile] = await memory.profiles(dataset)
    assert profile.speaker == "Ragna"
    assert {name: [fact.object for fact in of_one] for name, of_one in profile.aspects.items()} == {
        "lives": ["Bergen"],
        "prefers": ["tea"],
        "plans": ["PostgreSQL"],
    }
    assert [source.turn_id for source in profile.aspects["prefers"][0].sources] == ["t1"]
    assert await memory.profiles(dataset, speaker="ragna") == [profile]
    assert await memory.profiles(dataset, speaker="Alice Novak") == [], "she says nothing in sessions"

    await sessiongraph.forget(dataset, session_id="s", turn_id="t1")
    [profile] = await memory.profiles(dataset)
    assert list(profile.aspects) == ["lives", "plans"]


async def test_a_lesson_names_its_turns_and_goes_with_them(dataset: str) -> None:
    assert await memory.lessons(dataset) == []
    estimate = await memory.estimate_learn(dataset)
    assert (estimate.read, estimate.calls) == (1, 1) and await memory.lessons(dataset) == []
    report = await memory.learn(dataset)
    assert (report.read, report.lessons) == (1, {"decided": 1})
    [lesson] = await memory.lessons(dataset)
    assert (lesson.kind, lesson.text, lesson.session_id, lesson.turn_ids) == ("decided", SAID[2], "s", ("t2",))
    assert await memory.lessons(dataset, kind="open") == [] == await memory.lessons(dataset, session_id="other")
    assert (await memory.learn(dataset)).read == 0

    await sessiongraph.forget(dataset, session_id="s", turn_id="t2")
    assert await memory.lessons(dataset) == []
    assert (await memory.learn(dataset)).lessons == {}


async def test_a_search_can_be_narrowed_to_what_was_learned(dataset: str) -> None:
    await memory.learn(dataset)

    async def found(node_set: str) -> set[str | None]:
        [result] = await sessiongraph.search("What is known?", "CHUNKS", datasets=[dataset], node_sets=[node_set])
        return {citation.turn_id for citation in result.citations}

    assert await found("session_lessons") == {"t2"}
    assert await found("speaker_profiles") == {"t0", "t1", "t2"}
    assert await found("conflicts") == {None}, "in documents"
    await sessiongraph.forget(dataset, session_id="s", turn_id="t2")
    with pytest.raises(NoGraphDataError):
        await found("session_lessons")


async def test_others_see_none_of_it(dataset: str) -> None:
    await memory.learn(dataset)
    eve = await users.create("eve")
    for asked in (facts.conflicts, memory.profiles, memory.lessons, memory.learn, memory.estimate_learn):
        with pytest.raises(DatasetNotFoundError):
            await asked("default_user/d", user=eve)
    await sessiongraph.datasets.grant(dataset, eve, "read")
    assert len(await memory.lessons("default_user/d", user=eve)) == 1
    with pytest.raises(PermissionDeniedError):
        await memory.learn("default_user/d", user=eve)
    with pytest.raises(PermissionDeniedError):
        await memory.estimate_learn("default_user/d", user=eve)


async def test_what_cannot_be_asked_is_refused(dataset: str) -> None:
    with pytest.raises(InvalidInputError, match="no kind of lesson: decided, open, corrected, worked"):
        await memory.lessons(dataset, kind="rumour")
    with pytest.raises(InvalidInputError, match="no entity called 'Nobody'"):
        await memory.profiles(dataset, speaker="Nobody")


async def test_searches_and_persists_do_not_read_sessions(home: Path, endpoint: OpenAIEndpoint) -> None:
    await sessions.add_turn("s", SAID[2], "Got it.")
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    await sessiongraph.search("What was decided?")
    assert not [request for request in endpoint.chats if request.user.startswith("~ lessons")]
    await memory.learn("main_dataset")
    assert len([request for request in endpoint.chats if request.user.startswith("~ lessons")]) == 1


def test_the_same_on_the_command_line(tmp_path: Path) -> None:
    cli = Terminal(tmp_path)
    assert cli("add", PARIS, ROME, "-d", "demo").code == 0 and cli("cognify", "-d", "demo").code == 0
    told = cli("facts", "conflicts", "-d", "demo")
    assert PARIS in told.out and ROME in told.out and "home" in told.out and "facts retract FACT" in told.err
    assert "reads the sessions" in cli("memory", "lessons", "-d", "demo").err
    dry = cli("memory", "learn", "-d", "demo", "--relearn", "--dry-run").out
    assert dry.startswith("demo: 0 session(s) would be read. That is 0 call(s) of local/extractive")
    assert json.loads(cli("memory", "learn", "-d", "demo", "--dry-run", "--json").out)["calls"] == 0
    assert "0 session(s) read" in cli("memory", "learn", "-d", "demo").out
    assert "Nothing stands" in cli("memory", "profiles", "-d", "demo").err

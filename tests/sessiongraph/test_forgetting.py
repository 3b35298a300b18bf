"""What is forgotten was never there: row by row, and byte by byte."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.forgetting import Forgotten, Target, forget
from sessiongraph.ids import new_id, session_document_id, turn_passage_id
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.store.postgres_store import PostgresStore
from sessiongraph.store.schema import TABLES
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.snapshots import load_snapshot
from tests.support.workshop import Workshop, rows

TALK = [
    ("Where does Alice live?", "Alice lives in Paris."),
    ("What is the secret of Mallory?", "Mallory hid Rubies in Trondheim."),
    ("And what does she do?", "She trades with Alice and Quentin."),
    ("Who met Bob?", "Bob met Carol in Oslo."),
]
SECRETS = (b"Mallory", b"Rubies", b"Trondheim")


async def forgotten(workshop: Workshop, target: Target) -> Forgotten:
    """Forget, and extract anew what is due for it, as the API does."""
    done = await asyncio.to_thread(forget, workshop.store, target, "forget", "session_turns")
    if done.affected:
        await build_knowledge(
            workshop.store,
            workshop.llm,
            workshop.embedder,
            read_turn_passages,
            run_id="anew",
            asset="session_knowledge",
            document_ids=done.affected,
        )
    return done


def session(workshop: Workshop, session_id: str) -> str:
    return session_document_id(workshop.user.id, session_id)


def turn(workshop: Workshop, session_id: str, turn_id: str) -> Target:
    return Target(passage_ids=[turn_passage_id(session(workshop, session_id), turn_id)])


def say_all_but(workshop: Workshop, session_id: str, missing: Sequence[int] = ()) -> None:
    """The talk as it was, or as if some of it had never been said."""
    workshop.say(session_id, *TALK)
    for number in missing:
        workshop.cache.delete_turn(workshop.user.id, session_id, f"{session_id}-{number}")


@pytest.fixture(params=["duckdb", "postgres"])
def workshop(request: pytest.FixtureRequest, home: Path, endpoint: OpenAIEndpoint) -> Iterator[Workshop]:
    """The plain steps over an empty dataset, on each kind of store."""
    made = Workshop.at(home)
    if request.param == "postgres":
        made.store = PostgresStore(request.getfixturevalue("postgres"), new_id(), home / "dataset")
    yield made
    made.cache.close()


def bytes_of(store: GraphStore) -> bytes:
    """All that is kept of the dataset: every file, and every row that anybody can ask for."""
    files = b"".join(file.read_bytes() for file in store.folder.rglob("*") if file.is_file())
    rows = store.read(lambda con: [con.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES])
    return files + repr(rows).encode()


def shown(store: GraphStore) -> dict[str, Any]:
    found = store.read(lambda con: load_snapshot(con, "any"))
    entities = found.entities.drop(columns="aliases").itertuples(index=False)
    return {"entities": set(entities), "facts": set(found.facts["statement"]), "turns": set(found.passages["text"])}


@pytest.mark.parametrize("number", range(len(TALK)))
async def test_without_a_turn_the_graph_is_the_one_that_never_had_it(workshop: Workshop, number: int) -> None:
    await workshop.cognify("Alice knows Mallory. Bob lives in Oslo.")
    say_all_but(workshop, "s")
    await workshop.persist("s")
    done = await forgotten(workshop, turn(workshop, "s", f"s-{number}"))
    assert (done.documents, done.turns) == (0, 1)

    workshop.cache.clear()
    never = workshop.other_store("never")
    await workshop.cognify("Alice knows Mallory. Bob lives in Oslo.", store=never)
    say_all_but(workshop, "s", [number])
    await workshop.persist("s", store=never)
    ours, theirs = rows(workshop.store), rows(never)
    for packed in ("mentions",):  # what a packed call says of several windows is said of each by its own sentence
        names = [{row[:3] + row[4:] for row in table[packed]} for table in (ours, theirs)]
        assert names[0] == names[1]
        del ours[packed], theirs[packed]
    assert ours == theirs


async def test_without_a_session_only_what_others_support_is_left(workshop: Workshop) -> None:
    say_all_but(workshop, "s")
    workshop.say("other", TALK[0], ("Does Bob know?", "Bob lives in Oslo."))
    await workshop.persist("other")
    before = rows(workshop.store)
    await workshop.persist("s")
    done = await forgotten(workshop, Target([session(workshop, "s")]))
    assert (done.documents, done.turns, done.affected) == (1, 4, [])
    assert rows(workshop.store) == before


async def test_without_a_document_what_the_others_share_with_it_is_left(workshop: Workshop) -> None:
    await workshop.cognify("Alice lives in Paris. Bob met Alice.")
    before, seen = rows(workshop.store), shown(workshop.store)
    (secret,) = await workshop.add("Alice lives in Paris. Mallory hid Rubies in Trondheim.", node_sets=["secret"])
    await workshop.cognify()
    assert shown(workshop.store) != seen
    done = await forgotten(workshop, Target([secret]))
    assert (done.documents, done.turns) == (1, 0)
    assert rows(workshop.store) == before
    assert shown(workshop.store) == seen


async def test_no_word_of_it_is_in_any_file(workshop: Workshop) -> None:
    (secret,) = await workshop.add("Mallory hid Rubies in Trondheim. " * 200)
    await workshop.cognify("Alice lives in Paris.")
    say_all_but(workshop, "s")
    await workshop.persist("s")
    assert all(word in bytes_of(workshop.store) for word in SECRETS)
    await forgotten(workshop, Target([secret]))
    await forgotten(workshop, turn(workshop, "s", "s-1"))
    for word in SECRETS:
        assert word not in bytes_of(workshop.store)
    assert b"Paris" in bytes_of(workshop.store)


async def test_all_wordings_of_an_edited_turn_go(workshop: Workshop) -> None:
    say_all_but(workshop, "s", [0, 2, 3])
    await workshop.persist("s")
    workshop.cache.update_turn(workshop.user.id, "s", "s-1", question="Nothing?", answer="Alice is well.")
    await workshop.persist("s")
    assert b"Rubies" in bytes_of(workshop.store)
    await forgotten(workshop, turn(workshop, "s", "s-1"))
    assert not any(word in bytes_of(workshop.store) for word in (*SECRETS, b"Alice is well"))


async def test_a_failure_that_quotes_it_goes_with_it(workshop: Workshop, openai_endpoint) -> None:
    openai_endpoint.fail(400, when="Mallory", message="I will not read of Mallory's Rubies in Trondheim")
    say_all_but(workshop, "s", [2, 3])
    report = await workshop.persist("s")
    assert report.failed == 1
    openai_endpoint.heal()
    await forgotten(workshop, turn(workshop, "s", "s-1"))
    assert not any(word in bytes_of(workshop.store) for word in SECRETS)


async def test_turns_that_had_it_as_context_are_extracted_anew_and_those_before_are_not(
    workshop: Workshop, openai_endpoint
) -> None:
    say_all_but(workshop, "s")
    await workshop.persist("s")
    calls = len(openai_endpoint.chats)
    done = await forgotten(workshop, turn(workshop, "s", "s-1"))
    assert done.affected == [session(workshop, "s")]
    (again,) = [request.user for request in openai_endpoint.chats[calls:]]
    assert "And what does she do?" in again
    assert "[1] Where does Alice live?" not in again
    assert "Mallory" not in again


async def test_a_repeat_of_what_is_forgotten_is_none_any_more(workshop: Workshop) -> None:
    far = [(f"Question {n}?", f"Answer {n}.") for n in range(12)]
    workshop.say("s", TALK[0], *far, TALK[0])
    report = await workshop.persist("s")
    assert report.sessions["s"].turns[-1].reason == "repeats an earlier turn"
    await forgotten(workshop, turn(workshop, "s", "s-0"))
    assert any("Paris" in text for text in shown(workshop.store)["turns"])


async def test_the_last_turn_takes_its_session_along(workshop: Workshop) -> None:
    workshop.say("s", TALK[0])
    await workshop.persist("s")
    await forgotten(workshop, turn(workshop, "s", "s-0"))
    assert not any(rows(workshop.store).values())


async def test_what_is_not_there_is_no_error_and_changes_nothing(workshop: Workshop) -> None:
    workshop.say("s", TALK[0])
    await workshop.persist("s")
    before = rows(workshop.store)
    done = await forgotten(workshop, Target(["no such document"], ["no such passage"]))
    assert (done.turns, done.affected) == (0, [])
    assert rows(workshop.store) == before


async def test_a_turn_forgotten_but_still_cached_is_new_to_the_next_persist(workshop: Workshop) -> None:
    workshop.say("s", *TALK[:2])
    await workshop.persist("s")
    before = rows(workshop.store)
    await forgotten(workshop, turn(workshop, "s", "s-1"))
    report = await workshop.persist("s")
    assert (report.staged, report.persisted) == (1, 2)
    assert rows(workshop.store)["live_windows"] == before["live_windows"]


async def test_what_is_forgotten_while_it_is_being_embedded_leaves_no_vector(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.say("s", TALK[1])
    vectors = openai_endpoint.vectors

    def forget_first(texts: list[str], size: int) -> list[list[float]]:
        forget(workshop.store, Target([session(workshop, "s")]), "forget", "session_turns")
        return vectors(texts, size)

    monkeypatch.setattr(openai_endpoint, "vectors", forget_first)
    await workshop.persist("s")
    assert not any(rows(workshop.store).values())

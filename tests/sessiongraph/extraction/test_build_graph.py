"""Passages into the graph: exactly once, whoever runs at the same time and whoever is killed."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sessiongraph.errors import LLMFailedError, StoreBusyError
from sessiongraph.extraction.build_graph import build_knowledge
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.forgetting import Target, forget
from sessiongraph.ids import session_document_id
from sessiongraph.llm.client import LLM
from sessiongraph.persistence.session_staging import stage_sessions
from sessiongraph.settings import load_settings
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.support.snapshots import load_snapshot
from tests.support.workshop import Workshop, doubled, entities, rows

TEXT = "Alice moved to Paris in 2010. She met Bob there."


class Paused(LLM):
    """The real model, whose answers wait until `go` is set."""

    def __init__(self) -> None:
        super().__init__(load_settings())
        self.answered, self.go = asyncio.Event(), asyncio.Event()

    async def structured(self, *args: Any, **options: Any) -> Any:
        answer = await super().structured(*args, **options)
        self.answered.set()
        await self.go.wait()
        return answer


async def meanwhile(work: Callable[[Paused], Any], change: Callable[[], Any]) -> Any:
    """What `work` comes to where `change` happens after the model's answer and before the commit."""
    llm = Paused()
    task = asyncio.ensure_future(work(llm))
    await llm.answered.wait()
    await change()
    llm.go.set()
    return await task


async def test_what_is_unchanged_costs_no_call_and_no_commit(workshop: Workshop, openai_endpoint) -> None:
    await workshop.cognify(TEXT)
    before, calls = workshop.store.signature(), len(openai_endpoint.requests)
    report = await workshop.cognify()
    assert len(openai_endpoint.requests) == calls
    assert workshop.store.signature() == before
    assert (report.settled, report.extracted, report.count("persisted")) == (0, 0, 1)


async def test_a_report_that_is_printed_shows_figures_and_no_text_of_a_document(workshop: Workshop) -> None:
    report = await workshop.cognify(TEXT)
    assert TEXT not in repr(report) and "extracted=1" in repr(report)


async def test_the_same_words_in_another_place_of_the_dataset_are_not_asked_for_twice(
    workshop: Workshop, openai_endpoint
) -> None:
    workshop.say("s1", ("Where is Alice?", "Alice is in Paris."))
    workshop.say("s2", ("Where is Alice?", "Alice is in Paris."))
    report = await workshop.persist("s1", "s2")
    assert (report.persisted, report.extracted, len(openai_endpoint.chats)) == (2, 1, 1)
    assert len(workshop.store.read(lambda con: load_snapshot(con, "x")).passages) == 2


async def test_a_changed_prompt_asks_no_model_and_the_old_evidence_lives_on(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await workshop.cognify(TEXT)
    before, calls = entities(workshop.store), len(openai_endpoint.chats)
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    report = await workshop.cognify()
    assert (report.settled, report.extracted, report.stale) == (0, 0, 1)
    assert entities(workshop.store) == before and len(openai_endpoint.chats) == calls
    assert (await workshop.cognify("Dora lives in Oslo.")).extracted == 1  # what is new is read as ever


async def test_what_is_stale_is_extracted_anew_when_asked_for_and_the_old_evidence_is_dead(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await workshop.cognify(TEXT)
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    openai_endpoint.reply('{"summaries": [], "facts": [], "entities": []}', times=1)
    report = await workshop.cognify(reextract=True)
    assert (report.settled, report.extracted, report.stale) == (1, 1, 0)
    assert entities(workshop.store) == set()
    assert (await workshop.cognify(reextract=True)).extracted == 0


async def test_a_prompt_changed_back_finds_what_it_had_yielded(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await workshop.cognify(TEXT)
    before = entities(workshop.store)
    with monkeypatch.context() as changed:
        changed.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
        await workshop.cognify(reextract=True)
    calls = len(openai_endpoint.chats)
    report = await workshop.cognify(reextract=True)
    assert (report.settled, report.extracted, len(openai_endpoint.chats)) == (1, 0, calls)
    assert entities(workshop.store) == before


async def test_a_failed_extraction_keeps_the_old_evidence_and_is_tried_again(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await workshop.cognify(TEXT)
    before = entities(workshop.store)
    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    openai_endpoint.fail(500)
    with pytest.raises(LLMFailedError):
        await workshop.cognify(reextract=True)
    assert entities(workshop.store) == before
    openai_endpoint.heal()
    assert (await workshop.cognify()).extracted == 1


async def test_one_bad_document_costs_no_other(workshop: Workshop, openai_endpoint) -> None:
    openai_endpoint.fail(500, when="Poison")
    report = await workshop.cognify(TEXT, "Poison is in this one.", "Carol left Rome.")
    assert (report.count("persisted"), report.count("failed")) == (2, 1)
    assert {"Alice", "Carol"} <= entities(workshop.store)


async def test_a_refused_key_commits_what_was_answered_and_leaves_the_rest_due(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    texts = [f"Alice met Friend{n}. " + "Nothing more was said. " * 250 for n in range(3)]
    openai_endpoint.fail(401, when="Friend2")
    with pytest.raises(LLMFailedError):
        await workshop.cognify(*texts, llm=LLM(load_settings()))
    openai_endpoint.heal()
    done = len(workshop.store.read(lambda con: con.execute("SELECT * FROM live_windows").fetchall()))
    report = await workshop.cognify()
    assert report.settled == len(report.passages) - done > 0
    assert {"Friend0", "Friend1", "Friend2"} <= entities(workshop.store)


async def test_evidence_stands_where_its_vectors_cannot_be_had_and_they_come_with_the_next_run(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_endpoint, "vectors", lambda texts, size: [[0.0]] * 99)
    report = await workshop.cognify(TEXT)
    assert report.count("persisted") == 1
    assert report.unembedded > 0
    monkeypatch.undo()
    calls = len(openai_endpoint.chats)
    assert (await workshop.cognify()).unembedded == 0
    assert len(openai_endpoint.chats) == calls
    snapshot = workshop.store.read(lambda con: load_snapshot(con, workshop.embedder.identity))
    assert (snapshot.passage_vectors[:] ** 2).sum() == pytest.approx(1)


async def test_a_commit_drops_what_another_has_settled(workshop: Workshop) -> None:
    await workshop.add(TEXT)
    report = await meanwhile(lambda llm: workshop.cognify(llm=llm), workshop.cognify)
    assert (report.settled, report.extracted, report.count("persisted")) == (0, 0, 1)
    assert doubled(workshop.store) == []


async def test_a_commit_drops_the_answer_for_words_that_were_edited_meanwhile(workshop: Workshop) -> None:
    (turn,) = workshop.say("s", ("Where is Bob?", "Bob is in Rome."))

    async def edit() -> None:
        workshop.cache.update_turn(workshop.user.id, "s", turn, answer="Bea is in Oslo.")
        await stage_sessions(workshop.cache, workshop.store, workshop.user, ["s"], run_id="edit")

    report = await meanwhile(lambda llm: workshop.persist("s", llm=llm), edit)
    assert report.settled == 0
    assert entities(workshop.store) == set()
    assert (await workshop.persist("s")).settled == 1
    assert "Oslo" in entities(workshop.store)
    assert "Rome" not in entities(workshop.store)


async def test_a_commit_drops_what_was_forgotten_meanwhile(workshop: Workshop) -> None:
    workshop.say("s", ("Where is Bob?", "Bob is in Rome."))

    async def forget_it() -> None:
        target = Target([session_document_id(workshop.user.id, "s")])
        await asyncio.to_thread(forget, workshop.store, target, "forget", "session_turns")

    await meanwhile(lambda llm: workshop.persist("s", llm=llm), forget_it)
    assert all(not table for table in rows(workshop.store).values())


async def test_a_window_known_when_read_and_forgotten_at_the_commit_is_not_settled_without_its_evidence(
    workshop: Workshop,
) -> None:
    """s2 says what s1 said, so its evidence is there; s1 is forgotten while another turn of s2 is being extracted."""
    said = ("Where is Bob?", "Bob is in Rome.")
    workshop.say("s1", said)
    await workshop.persist("s1")
    workshop.say("s2", said, ("And Carol?", "Carol is in Oslo."))

    async def forget_it() -> None:
        target = Target([session_document_id(workshop.user.id, "s1")])
        await asyncio.to_thread(forget, workshop.store, target, "forget", "session_turns")

    await meanwhile(lambda llm: workshop.persist("s2", llm=llm), forget_it)
    await workshop.persist("s2")
    assert {"Rome", "Oslo"} <= entities(workshop.store)
    shown = workshop.store.read(lambda con: load_snapshot(con, "x"))
    assert len(shown.passages) == 2


async def test_a_store_that_cannot_be_had_ends_the_calls_that_are_under_way(
    workshop: Workshop, openai_endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody pays for answers that nobody will write down."""
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    monkeypatch.setattr("sessiongraph.extraction.build_graph.COMMIT_SECONDS", 0)
    await workshop.add(*(f"Alice met Friend{n}. " + "Nothing more was said. " * 250 for n in range(12)))
    store = DuckDBStore(workshop.store.path)
    monkeypatch.setattr(store, "write", _busy)
    await chunk_documents(workshop.store, "chunk")
    report = await build_knowledge(
        store, LLM(load_settings()), workshop.embedder, read_chunk_passages, run_id="r", asset="knowledge_graph"
    )
    assert isinstance(report.failure, StoreBusyError)
    await asyncio.sleep(0.5)
    assert len(openai_endpoint.chats) < 6


def _busy(*_: object) -> None:
    raise StoreBusyError("in use")


PERSIST = """
import asyncio, sys
from pathlib import Path
from sessiongraph.extraction import window_extraction, build_graph
from tests.support.workshop import Workshop
build_graph.COMMIT_SECONDS, window_extraction.CALL_CHARS = 0, 200
workshop = Workshop.at(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
report = asyncio.run(workshop.persist(*sys.argv[2:]))
print(report.persisted)
"""


def process(home: Path, project_root: Path, sessions: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PERSIST, str(home), *sessions],
        cwd=project_root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def sessions_of(workshop: Workshop, count: int) -> list[str]:
    ids = [f"s{n}" for n in range(count)]
    for name in ids:
        said = [(f"Where does Friend{n}{name} live?", f"Friend{n}{name} lives in Town{n}{name}.") for n in range(4)]
        workshop.say(name, *said)
    return ids


async def expected(workshop: Workshop, ids: Sequence[str]) -> dict[str, Any]:
    """The rows that one undisturbed persist makes."""
    clean = workshop.other_store("clean")
    await workshop.persist(*ids, store=clean)
    return rows(clean)


async def test_two_processes_persist_the_same_sessions_at_once_and_nothing_is_doubled(
    workshop: Workshop, openai_endpoint, project_root: Path
) -> None:
    ids = sessions_of(workshop, 6)
    both = [process(workshop.home, project_root, ids) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    openai_endpoint.latency = 0.3
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [(await asyncio.to_thread(one.communicate))[0] for one in both] == ["24\n", "24\n"]
    openai_endpoint.latency = 0
    assert doubled(workshop.store) == []
    assert rows(workshop.store) == await expected(workshop, ids)


@pytest.mark.parametrize("after_calls", [2])
async def test_killed_in_the_middle_and_run_again_is_whole_and_not_doubled(
    workshop: Workshop, openai_endpoint, project_root: Path, monkeypatch: pytest.MonkeyPatch, after_calls: int
) -> None:
    monkeypatch.setenv("LLM_MAX_CONCURRENCY", "1")
    ids = sessions_of(workshop, 4)
    openai_endpoint.latency = 0.1
    victim = process(workshop.home, project_root, ids)
    assert victim.stdin is not None
    victim.stdin.write("go\n")
    victim.stdin.flush()
    for _ in range(12_000):
        await asyncio.sleep(0.005)
        if len(openai_endpoint.chats) >= after_calls:
            break
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    openai_endpoint.latency = 0
    report = await workshop.persist(*ids)
    assert (report.persisted, report.failed) == (16, 0)
    assert doubled(workshop.store) == []
    assert rows(workshop.store) == await expected(workshop, ids)


async def test_cancelled_in_the_middle_and_run_again_is_whole(workshop: Workshop) -> None:
    ids = sessions_of(workshop, 2)
    llm = Paused()
    task = asyncio.ensure_future(workshop.persist(*ids, llm=llm))
    await llm.answered.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert (await workshop.persist(*ids)).persisted == 8
    assert rows(workshop.store) == await expected(workshop, ids)

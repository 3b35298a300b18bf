"""What importing leaves in the cache and the graph: once, again, grown, edited, persisted, forgotten by the cache."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline, sessions, users
from sessiongraph.errors import CachingDisabledError, DatasetNotFoundError, InvalidInputError
from sessiongraph.types import Progress
from tests.sessiongraph.importers.conftest import Import, Told
from tests.sessiongraph.importers.samples import TALK, chatgpt, node, write_lines

SESSION = "chatgpt-c1"


@pytest.fixture
def export(tmp_path: Path):
    def write(*nodes: Any, **more: Any) -> Path:
        path = tmp_path / "conversations.json"
        path.write_text(json.dumps([chatgpt(*nodes, **more)]), encoding="utf-8")
        return path

    return write


async def persisted(dataset: str = "work") -> list[str]:
    """What the graph says, after everything that waits there was persisted."""
    await persist_sessions_in_knowledge_graph_pipeline(
        user=None, session_ids=[SESSION], dataset=dataset, run_in_background=False, create=True
    )
    return sorted(fact.statement for fact in await sessiongraph.facts.list(dataset))


@pytest.mark.usefixtures("cache")
async def test_imported_twice_and_grown(import_file: Import, told: Told, export):
    await import_file(export(*TALK[:5]))
    before = await sessions.get_turns(SESSION)
    again = await import_file(export(*TALK[:5]))
    assert (again.new, again.changed, again.unchanged, again.expires_at) == (0, 0, 2, None)
    assert await sessions.get_turns(SESSION) == before
    more = (node("u3", "a2", "user", "I like tea.", 9), node("a3", "u3", "assistant", "So do I.", 10))
    grown = await import_file(export(*TALK, *more))
    assert (grown.new, grown.changed, grown.unchanged) == (1, 1, 1)
    assert await told(SESSION) == [
        ("I moved to Lyon.", "Lyon is lovely."), ("I work at Acme.", "Good for you."), ("I like tea.", "So do I."),
    ]  # fmt: skip


@pytest.mark.usefixtures("cache")
async def test_a_rating_stays_when_a_turn_is_edited(import_file: Import, export):
    await import_file(export(*TALK))
    first, _ = await sessions.get_turns(SESSION)
    await sessions.add_feedback(SESSION, first.turn_id, score=5)
    edited = tuple(node("a1", "u1", "assistant", "Lyon is big.", 1) if it["id"] == "a1" else it for it in TALK)
    assert (await import_file(export(*edited))).changed == 1
    first, _ = await sessions.get_turns(SESSION)
    assert (first.answer, first.score) == ("Lyon is big.", 5)


async def test_what_was_persisted_is_known_when_the_cache_has_forgotten_it(import_file: Import, told: Told, export):
    await import_file(export(*TALK), dataset="work")
    assert await persisted() == ["The user moved to Lyon.", "The user works at Acme."]
    await sessions.clear()
    again = await import_file(export(*TALK), dataset="work")
    assert (again.new, again.unchanged) == (0, 2) and await sessions.list_sessions() == []
    grown = await import_file(export(*TALK, node("u3", "a2", "user", "I know Anna.", 9)), dataset="work")
    assert (grown.new, grown.unchanged) == (1, 2) and await told(SESSION) == [("I know Anna.", "")]
    assert await persisted() == ["The user knows Anna.", "The user moved to Lyon.", "The user works at Acme."]


@pytest.mark.parametrize("is_cached", [True, False])
async def test_an_edit_retracts_what_was_said_before_and_after(import_file: Import, export, is_cached: bool):
    await import_file(export(*TALK), dataset="work")
    await persisted()
    if not is_cached:
        await sessions.clear()
    edited = (node("u1b", "sys", "user", "I moved to Graz.", 9), node("a1b", "u1b", "assistant", "Sunny!", 10))
    report = await import_file(export(*TALK, *edited), dataset="work")
    assert (report.new, report.changed, report.withdrawn) == (0, 1, 1)
    assert await persisted() == ["The user moved to Graz."]
    again = await import_file(export(*TALK, *edited), dataset="work")
    assert (again.new, again.changed, again.withdrawn, again.unchanged) == (0, 0, 0, 1)


async def test_old_conversations_live_for_a_whole_ttl_and_wait_to_be_persisted(import_file: Import, export):
    report = await import_file(export(*TALK))
    (session,) = await sessions.list_sessions()
    a_week = datetime.now(UTC) + timedelta(days=7)
    assert session.expires_at and abs(session.expires_at - a_week) < timedelta(minutes=5)
    assert report.expires_at and abs(report.expires_at - session.expires_at) < timedelta(minutes=1)


async def test_context_is_nobodys_fact(import_file: Import, export):
    call = {"content_type": "code", "text": 'remember("Bob lives in Graz.")'}
    nodes = (
        node("s", None, "system", "Bob lives in Bonn."),
        node("u", "s", "user", "I live in Lyon."),
        node("t", "u", "assistant", call["text"], recipient="bio", content=call),
        node("r", "t", "tool", "Bob lives in Rome.", author={"role": "tool", "name": "web"}),
        node("a", "r", "assistant", "Noted."),
    )
    await import_file(export(*nodes), dataset="work")
    assert await persisted() == ["The user lives in Lyon."]


async def test_a_dry_run_says_all_and_writes_nothing(import_file: Import, export):
    report = await import_file(export(*TALK), dataset="work", dry_run=True)
    assert (report.new, report.dry_run, report.sessions[0].turns) == (2, True, 2)
    assert await sessions.list_sessions() == []
    assert await sessiongraph.datasets.list() == []


async def test_where_turns_belong_is_fixed_by_the_first_import(import_file: Import, export):
    await import_file(export(*TALK), dataset="work")
    (work,) = await sessiongraph.datasets.list()
    assert {turn.dataset_id for turn in await sessions.get_turns(SESSION)} == {work.id}
    report = await import_file(export(*TALK), dataset="home")
    assert (report.elsewhere, report.new) == (2, 0)
    assert {turn.dataset_id for turn in await sessions.get_turns(SESSION)} == {work.id}


async def test_users_have_sessions_of_their_own_and_write_where_they_may(import_file: Import, told: Told, export):
    ana = await users.create("ana")
    await import_file(export(*TALK), user=ana)
    assert len(await told(SESSION, user=ana)) == 2 and await told(SESSION) == []
    await import_file(export(*TALK), dataset="work")
    with pytest.raises(DatasetNotFoundError):
        await import_file(export(*TALK), user=ana, dataset="default_user/work")
    with pytest.raises(InvalidInputError, match="dry_run is True or False"):
        await import_file(export(*TALK), dry_run="no")
    with pytest.raises(InvalidInputError, match="leave out me"):
        await import_file(export(*TALK), me="Ben")


async def test_secrets_are_masked_unless_the_dataset_allows_them(import_file: Import, told: Told, export):
    talk = (node("u", None, "user", "My password is hunter2!x."), node("a", "u", "assistant", "hunter2!x it is."))
    report = await import_file(export(*talk))
    assert report.secrets == {"password": 2}
    assert "hunter2" not in str(await told(SESSION))
    again = await import_file(export(*talk))
    assert (again.unchanged, again.secrets) == (1, {})
    await sessiongraph.datasets.create("main_dataset")
    await sessiongraph.datasets.update("main_dataset", allow_secrets=True)
    await sessions.clear()
    await import_file(export(*talk))
    assert await told(SESSION) == [("My password is hunter2!x.", "hunter2!x it is.")]


async def test_without_a_cache_nothing_is_imported(import_file: Import, export, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CACHING", "false")
    with pytest.raises(CachingDisabledError):
        await import_file(export(*TALK))


@pytest.mark.usefixtures("cache")
async def test_a_session_of_many_batches_and_how_far_it_is(import_file: Import, tmp_path: Path):
    lines = [
        {"session_id": "long", "question": f"I have {n} cats. " + "x" * 300, "created_at": 1_700_000_000 + n}
        for n in range(12_000)
    ]
    path, told = write_lines(tmp_path / "t.jsonl", *lines), []
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    other = asyncio.create_task(beat())
    report = await import_file(path, progress=told.append)
    other.cancel()
    assert report.new == 12_000 and len(await sessions.get_turns("long")) == 12_000
    assert beats > 10, "the event loop stood still"
    assert [it.what for it in told] == ["MB"] * 3 and [it.done for it in told] == sorted(it.done for it in told)
    assert told[-1] == Progress("MB", told[-1].total - 1, told[-1].total)
    assert (await import_file(path)).unchanged == 12_000

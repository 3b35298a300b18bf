"""Pages quote what was said: what is forgotten must be in none of them, nor anywhere else under the home."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from sessiongraph.changes import page_store
from sessiongraph.changes.page_store import PageName, list_pages, page_renderer, pages_of, rewrite_pages, write_page
from sessiongraph.forgetting import Target, forget
from sessiongraph.ids import session_document_id, turn_passage_id
from sessiongraph.snapshots.snapshot_cache import SnapshotReader
from tests.support.workshop import Workshop


async def persisted(workshop: Workshop, *sessions: str) -> Path:
    report = await workshop.persist(*sessions)
    return await asyncio.to_thread(page_of, workshop, SnapshotReader(), report.run_id)


def page_of(workshop: Workshop, snapshots: SnapshotReader, run_id: str) -> Path:
    write_page(workshop.store, snapshots, page_renderer(), "ana/d", "session_knowledge", run_id)
    return Path(pages_of(workshop.store).location) / PageName("session_knowledge", run_id).file


def forget_turn(workshop: Workshop, session_id: str, turn_id: str) -> None:
    passage = turn_passage_id(session_document_id(workshop.user.id, session_id), turn_id)
    forget(workshop.store, Target(passage_ids=[passage]), "forget", "session_turns")


async def test_a_page_shows_the_facts_of_its_run_with_their_words(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))

    text = (await persisted(workshop, "s")).read_text()

    assert "Carol Brown" in text and "lives in" in text and "<svg" in text and "ana/d" in text


async def test_forgetting_removes_pages_and_they_come_back_without_the_words(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    workshop.say("t", ("Where is Mallory?", "Mallory Black hides in Timbuktu."))
    page = await persisted(workshop, "s", "t")
    before = list(list_pages(workshop.store))

    forget_turn(workshop, "t", "t-0")

    assert list_pages(workshop.store) == {}  # should it all end here, nothing is left behind
    rewrite_pages(workshop.store, SnapshotReader(), page_renderer, "ana/d", before)
    text = page.read_text()
    assert "Carol Brown" in text and "Mallory" not in text and "Timbuktu" not in text


async def test_only_the_newest_pages_are_kept(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_store, "MOST_PAGES", 2)
    made = []
    for number in range(3):
        workshop.say(f"s{number}", ("Where does Carol live?", f"Carol Brown lives in Town{number}."))
        made.append(await persisted(workshop, f"s{number}"))

    assert [it.run_id for it in list_pages(workshop.store)] == [page.stem for page in made[1:]]


async def test_a_page_that_another_process_removes_meanwhile_is_in_nobodys_way(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    page = await persisted(workshop, "s")
    (page.parent / "gone.html").symlink_to("nowhere")  # listed, and not there when it is looked at
    assert [it.run_id for it in list_pages(workshop.store)] == [page.stem]


async def test_a_page_is_the_same_whether_or_not_the_process_also_searches(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    report = await workshop.persist("s")
    searching = SnapshotReader()
    searching.snapshot(workshop.store, workshop.embedder.identity)

    without_vectors = page_of(workshop, SnapshotReader(), report.run_id).read_text()

    assert page_of(workshop, searching, report.run_id).read_text() == without_vectors


def test_what_makes_pages_is_not_imported_before_one_is_made(project_root: Path) -> None:
    heavy = {"jinja2", "networkx", "fsspec", "s3fs"}
    code = f"import sys, sessiongraph.changes.page_store; print({heavy} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", code], cwd=project_root, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"

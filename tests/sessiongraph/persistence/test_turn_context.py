"""What tools gave is kept with its turn, found and cited as what it is; it is no fact, and goes with the turn."""

from pathlib import Path
from typing import Any

import pytest

import sessiongraph
from sessiongraph import SearchType, sessions
from sessiongraph.default_client import default_services
from sessiongraph.persistence.session_staging import MOST_CONTEXT
from sessiongraph.snapshots.snapshot import Snapshot
from sessiongraph.types import Dataset

persist = sessiongraph.persist_sessions_in_knowledge_graph_pipeline
TOOL = "run_shell: deploy.sh\nERROR zanzibar quota exceeded on node blue-7\nAlice Smith lives in Timbuktu."
QUESTION = "Which zanzibar quota error did the node report?"


async def say(session: str = "monday", context: str | None = TOOL, **more: Any) -> str:
    return await sessions.add_turn(
        session, "Bob Jones moved to Lyon.", "Noted, Bob.", dataset="work", context=context, **more
    )


def work() -> Dataset:
    return next(it for it in default_services().access.all_datasets() if it.name == "work")


def snapshot() -> Snapshot:
    return default_services().snapshot(work())


def rows(query: str) -> list[tuple[Any, ...]]:
    return default_services().store(work()).read(lambda con: con.execute(query).fetchall())


@pytest.fixture(autouse=True)
async def dataset() -> None:
    await sessiongraph.datasets.create("work")


async def test_a_tools_result_is_found_and_cited_as_context_and_nobodys_words() -> None:
    turn_id = await say()
    await persist(session_ids=["monday"], dataset="work", create=True)
    for kind in (SearchType.CHUNKS, SearchType.CHUNKS_LEXICAL, SearchType.GRAPH_COMPLETION):
        (found,) = await sessiongraph.search(QUESTION, query_type=kind, datasets=["work"], only_context=True)
        (context,) = [it for it in found.citations if it.kind == "context"]
        assert "zanzibar quota exceeded" in context.text and context.turn_id == turn_id
        assert (context.stated_by, context.speaker, context.session_id) == ("context", None, "monday")
    assert "# what tools gave or was attached in session monday, said by nobody" in found.context
    (told,) = await sessiongraph.search("Where did Bob Jones move?", datasets=["work"])
    assert {it.kind for it in told.citations} <= {"turn", "fact"} and told.answer == "Bob Jones moved to Lyon."


async def test_a_tools_result_states_no_facts_and_names_no_entities() -> None:
    await say()
    report = await persist(session_ids=["monday"], dataset="work", create=True)
    assert report.persisted == 1
    assert not {"Alice Smith", "Timbuktu"} & set(snapshot().entities["name"])
    assert rows("SELECT 1 FROM claims WHERE statement ILIKE '%timbuktu%'") == []
    assert rows("SELECT 1 FROM mentions WHERE name ILIKE '%alice%'") == []


async def test_a_context_that_comes_later_makes_nothing_due_and_is_found_all_the_same() -> None:
    turn_id = await say(context=None)
    await persist(session_ids=["monday"], dataset="work", create=True)
    assert snapshot().context_rows.tolist() == []  # what is read now is refreshed below
    services = default_services()
    [turn] = await sessions.get_turns("monday")
    services.cache.put_turns([sessiongraph.types.Turn(**{**vars(turn), "context": TOOL})])
    report = await persist(session_ids=["monday"], dataset="work")
    assert (report.staged, report.extracted, report.settled) == (1, 0, 0)
    assert [it.turn_id for it in report.turns] == [turn_id]
    (found,) = await sessiongraph.search(QUESTION, query_type=SearchType.CHUNKS, datasets=["work"])
    assert "context" in {it.kind for it in found.citations}
    services.cache.put_turns([sessiongraph.types.Turn(**{**vars(turn), "context": None})])
    await persist(session_ids=["monday"], dataset="work")
    assert snapshot().context_rows.tolist() == []


async def test_what_a_search_quoted_is_not_kept_so_that_forgetting_reaches_it() -> None:
    await sessiongraph.add(["Carol Brown works at Acme."], dataset_name="work")
    await sessiongraph.cognify(datasets=["work"])
    for question in ("Where does Carol Brown work?", "Where is Atlantis?"):
        await sessiongraph.search(question, session_id="asked", datasets=["work"])
    await say("told", context="[1] Carol Brown works at Acme.", elements=["passage"])
    await persist(session_ids=["asked", "told"], dataset="work")
    assert rows("SELECT DISTINCT context FROM turns") == [(None,)]


async def test_what_is_forgotten_takes_its_context_out_of_the_files_bytes(home: Path) -> None:
    turn_id = await say()
    await say("tuesday", context="nothing much")
    await persist(session_ids=["monday", "tuesday"], dataset="work", create=True)
    assert any(b"zanzibar" in path.read_bytes() for path in (home / "datasets").rglob("*.duckdb"))
    await sessiongraph.forget("work", session_id="monday", turn_id=turn_id)
    assert not any(b"zanzibar" in path.read_bytes() for path in (home / "datasets").rglob("*") if path.is_file())
    (found,) = await sessiongraph.search(QUESTION, query_type=SearchType.CHUNKS, datasets=["work"])
    assert "zanzibar" not in repr(found.citations)


async def test_secrets_in_a_tools_result_are_masked_and_a_huge_one_is_cut() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    await say(context=f"export GITHUB_TOKEN={secret}\n" + "line of output\n" * 10_000)
    await persist(session_ids=["monday"], dataset="work", create=True)
    [(kept,)] = rows("SELECT context FROM turns")
    assert secret not in kept and "[secret: " in kept and len(kept) == MOST_CONTEXT and kept.endswith("…")


async def test_a_context_moves_with_its_dataset_and_its_version_counts_it(tmp_path: Path) -> None:
    from sessiongraph.dagster.data_version import content

    await say(context=None)
    await persist(session_ids=["monday"], dataset="work", create=True)
    store = default_services().store(work())
    without = store.read(lambda con: content(con, "session_turns").version)
    await say("tuesday")
    await persist(session_ids=["tuesday"], dataset="work")
    version = store.read(lambda con: content(con, "session_turns").version)
    assert version.count("-") == without.count("-") + 1
    await sessiongraph.export_dataset("work", tmp_path / "work.zip")
    await sessiongraph.import_dataset(tmp_path / "work.zip", as_name="copy")
    (found,) = await sessiongraph.search(QUESTION, query_type=SearchType.CHUNKS, datasets=["copy"])
    assert "context" in {it.kind for it in found.citations}


async def test_only_the_part_of_a_long_context_that_was_asked_for_is_shown() -> None:
    await say(context="\n".join([*(f"line {n} of the log" for n in range(500)), TOOL, *["more of it"] * 300]))
    await persist(session_ids=["monday"], dataset="work", create=True)
    (found,) = await sessiongraph.search(QUESTION, query_type=SearchType.CHUNKS, datasets=["work"])
    (context,) = [it for it in found.citations if it.kind == "context"]
    assert "zanzibar quota" in context.text and len(context.text) < 900 and context.text.startswith("… ")

"""A home that an earlier version persisted: opened by this one it makes nothing due, and says what it said.

`tests/fixtures/home_0_1_0` was written by 0.1.0 as it was before the library became one package: a dataset of documents
and two sessions, and another user's; beside it stands what that version answered.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

import sessiongraph
from sessiongraph.dagster.data_version import content
from sessiongraph.default_client import default_services
from sessiongraph.extraction.build_graph import read_due_passages
from sessiongraph.extraction.chunk_documents import read_chunk_passages
from sessiongraph.extraction.window_extraction import extractor_version
from sessiongraph.persistence.turn_passages import read_turn_passages
from sessiongraph.store.graph_store import GraphStore

persist = sessiongraph.persist_sessions_in_knowledge_graph_pipeline
FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
DATASETS = ("default_user/work", "ann/notes")
ASSETS = ("documents", "session_turns", "knowledge_graph", "session_knowledge")


@pytest.fixture
def expected() -> dict[str, Any]:
    """What 0.1.0 said of the home."""
    said: dict[str, Any] = json.loads((FIXTURES / "home_0_1_0.json").read_text(encoding="utf-8"))
    return said


@pytest.fixture(autouse=True)
def old_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home as 0.1.0 left it, with a history of Dagster's of its own."""
    with tarfile.open(FIXTURES / "home_0_1_0.tar.xz") as archive:
        archive.extractall(home.parent, filter="data")
    monkeypatch.delenv("DAGSTER_HOME")
    return home


def store_of(key: str) -> GraphStore:
    services = default_services()
    return services.store(next(dataset for dataset in services.access.all_datasets() if dataset.key == key))


@pytest.mark.parametrize("key", DATASETS)
def test_nothing_is_due(key: str) -> None:
    extractor = extractor_version(default_services().llm)
    for plan in (read_chunk_passages, read_turn_passages):
        passages, due = store_of(key).read(
            lambda con, plan=plan: read_due_passages(con, plan, extractor, None, False, False)
        )
        assert due.passages == []
        assert passages or plan is read_turn_passages


@pytest.mark.parametrize("key", DATASETS)
def test_windows_and_data_versions_are_the_same(key: str, expected: dict[str, Any]) -> None:
    windows = store_of(key).read(
        lambda con: con.execute("SELECT passage_id, window_id FROM current_ledger ORDER BY ALL").fetchall()
    )
    versions = store_of(key).read(lambda con: {asset: content(con, asset).version for asset in ASSETS})
    assert [list(row) for row in windows] == expected["windows"][key]
    assert versions == expected["data_versions"][key]


async def test_questions_are_answered_as_before_and_a_second_source_may_be_quoted_beside(
    expected: dict[str, Any],
) -> None:
    for question, said in expected["answers"].items():
        (result,) = await sessiongraph.search(question, datasets=["work"])
        assert result.answer.startswith(said["answer"])
        cited = [[it.kind, it.id, it.text] for it in result.citations]
        assert cited[: len(said["citations"])] == said["citations"] and len(cited) <= max(2, len(said["citations"]))


async def test_the_graph_is_the_same(expected: dict[str, Any]) -> None:
    graph = await sessiongraph.graph("work")
    assert sorted(node["name"] for _, node in graph.nodes(data=True)) == expected["graph"]["entities"]
    assert sorted(graph.edges(keys=True), key=lambda edge: edge[2])
    assert sorted(key for *_, key in graph.edges(keys=True)) == expected["graph"]["fact_ids"]


async def test_persisting_and_cognifying_again_extract_nothing() -> None:
    listed = [it.session_id for it in await sessiongraph.sessions.list_sessions()]
    assert set(listed) == {"monday", "tuesday"}
    report = await persist(session_ids=listed, dataset="work")
    built = await sessiongraph.cognify(datasets=["work"])
    assert (report.staged, report.settled, report.extracted, report.usage.calls) == (0, 0, 0, 0)
    assert (built["work"].settled, built["work"].extracted, built["work"].usage.calls) == (0, 0, 0)


@pytest.fixture(params=["as it is by now", "another prompt", "another model"])
def extractor_changed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was extracted would be extracted otherwise by now: `local/extractive` has another version, at the least."""
    if request.param == "another prompt":
        monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    if request.param == "another model":
        monkeypatch.setattr("sessiongraph.local_models.extractive.spacy_pipeline.VERSION", "another")


async def test_an_upgrade_alone_calls_no_model_and_says_what_is_stale(extractor_changed: None) -> None:
    report = await persist(session_ids=["monday", "tuesday"], dataset="work")
    built = (await sessiongraph.cognify(datasets=["work"]))["work"]
    assert (report.extracted, report.settled, report.usage.calls) == (0, 0, 0)
    assert (built.extracted, built.settled, built.usage.calls) == (0, 0, 0)
    assert report.persisted and report.stale and built.stale


async def test_an_edit_in_an_old_home_extracts_what_it_touches(extractor_changed: None) -> None:
    turns = await sessiongraph.sessions.get_turns("tuesday")
    await sessiongraph.sessions.edit_turn("tuesday", turns[1].turn_id, answer="He plays the cello in Ghent.")
    estimate = await sessiongraph.estimate_persist(session_ids=["tuesday"], dataset="work")
    report = await persist(session_ids=["tuesday"], dataset="work")
    assert report.extracted == estimate.count("extract") == 2  # the edited turn, and the one that has it as context
    assert report.persisted == 3 and (await persist(session_ids=["tuesday"], dataset="work")).extracted == 0


async def test_everything_is_extracted_anew_when_asked_for_with_its_price_first(extractor_changed: None) -> None:
    ids = ["monday", "tuesday"]
    unasked = await sessiongraph.estimate_persist(session_ids=ids, dataset="work")
    estimate = await sessiongraph.estimate_persist(session_ids=ids, dataset="work", reextract=True)
    report = await persist(session_ids=ids, dataset="work", reextract=True)
    assert unasked.count("extract") == 0
    assert report.extracted == estimate.count("extract") == report.persisted
    assert report.usage.calls == estimate.calls and report.stale == 0
    assert (await persist(session_ids=ids, dataset="work", reextract=True)).extracted == 0


async def test_what_is_new_is_reported_to_the_history_that_was_there() -> None:
    import dagster as dg

    def materializations() -> int:
        instance = default_services().dagster_instance
        return len(instance.fetch_materializations(dg.AssetKey("documents"), limit=100).records)

    before = materializations()
    assert before == 2
    await sessiongraph.add(["Hanna repairs clocks in Bergen."], dataset_name="work")
    assert materializations() == before + 1


async def test_a_fact_of_an_old_home_can_be_corrected_and_taken_back_without_a_model(expected: dict[str, Any]) -> None:
    fact = (await sessiongraph.facts.list("work"))[0]
    wrong = await sessiongraph.facts.retract("work", fact.short_id)
    assert fact.id not in {edge[2] for edge in (await sessiongraph.graph("work")).edges(keys=True)}
    await test_persisting_and_cognifying_again_extract_nothing()
    test_nothing_is_due(DATASETS[0])
    await sessiongraph.facts.undo("work", wrong.id)
    test_windows_and_data_versions_are_the_same(DATASETS[0], expected)
    await test_the_graph_is_the_same(expected)

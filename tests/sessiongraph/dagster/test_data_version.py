"""Versions of content: what is the same has the same, however it came about; what is not has another."""

from pathlib import Path

from sessiongraph.dagster.data_version import content, run_figures
from sessiongraph.store.duckdb_store import DuckDBStore
from tests.support.workshop import Workshop

ASSETS = ("documents", "knowledge_graph", "session_turns", "session_knowledge")


def versions(store: DuckDBStore) -> dict[str, str]:
    return {asset: store.read(lambda con, asset=asset: content(con, asset).version) for asset in ASSETS}


async def fill(workshop: Workshop, store: DuckDBStore, one_by_one: bool) -> None:
    await workshop.cognify("Alice Smith moved to Paris.", store=store)
    for sessions in (["s"], ["t"]) if one_by_one else (["t", "s"],):
        await workshop.persist(*sessions, store=store)


async def test_a_store_built_anew_in_another_way_has_the_same_versions(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    workshop.say("t", ("Where is Erin?", "Erin Green is in Rome."), ("And Dan?", "I don't know."))
    other = workshop.other_store()

    await fill(workshop, workshop.store, one_by_one=True)
    await fill(workshop, other, one_by_one=False)

    assert versions(workshop.store) == versions(other)
    assert len(set(versions(other).values())) == 4


async def test_what_changes_changes_its_version_alone(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    await workshop.persist("s")
    await workshop.cognify("Alice Smith moved to Paris.")
    before = versions(workshop.store)

    workshop.cache.update_turn(workshop.user.id, "s", "s-0", answer="Carol Brown lives in Madrid.")
    await workshop.persist("s")
    after = versions(workshop.store)
    workshop.cache.update_turn(workshop.user.id, "s", "s-0", answer="Carol Brown lives in Berlin.")
    await workshop.persist("s")

    assert {asset for asset in ASSETS if before[asset] != after[asset]} == {"session_turns", "session_knowledge"}
    assert versions(workshop.store) == before  # said again as it was: nothing is stale


def test_nothing_has_a_version_too(tmp_path: Path) -> None:
    assert set(versions(DuckDBStore(tmp_path / "none.duckdb")).values()) == {"empty"}


async def test_what_one_run_did_is_counted_apart_from_what_others_did(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."), ("And Dan?", "I don't know."))
    first = await workshop.persist("s")
    workshop.say("s", ("Where is Erin?", "Erin Green is in Rome."))
    second = await workshop.persist("s")

    def figures(run_id: str) -> dict[str, float]:
        return workshop.store.read(lambda con: run_figures(con, "session_knowledge", run_id))

    one, two = figures(first.run_id), figures(second.run_id)
    assert [one[f"{name}_by_run"] for name in ("persisted", "skipped", "failed")] == [1, 1, 0]
    assert [two[f"{name}_by_run"] for name in ("persisted", "skipped", "failed")] == [1, 0, 0]
    assert one["queue_seconds"] > two["queue_seconds"] > 24 * 3600  # said in 2024
    assert "queue_seconds" not in figures("nobody")
    assert workshop.store.read(lambda con: content(con, "session_turns")).rows == 3

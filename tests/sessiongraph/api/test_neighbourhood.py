"""A part of a graph to be looked at: what is in it, what it leaves out, and that it says so; fast in a large graph."""

import asyncio
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from sessiongraph.api.fact_filter import FactFilter
from sessiongraph.api.neighbourhood import Neighbourhood
from sessiongraph.client import SessionGraph
from sessiongraph.errors import InvalidInputError
from sessiongraph.services import Shared
from sessiongraph.settings import Settings
from tests.support import large_graph

TEXTS = [
    "Alice Smith moved to Paris in 2010. Bob Jones founded Acme in 1999.",
    "Alice Smith moved to Lyon in 2019. Acme is based in Berlin. Alice Smith works at Acme.",
]


@pytest.fixture(scope="module")
def memory(
    tmp_path_factory: pytest.TempPathFactory, shared_dagster_home: Path, shared: Shared
) -> Iterator[SessionGraph]:
    """Two documents, one of a node set, and a session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(shared_dagster_home))
        made = SessionGraph(Settings(home=tmp_path_factory.mktemp("memory") / "home"), shared=shared)
        asyncio.run(_fill(made))
        yield made
        asyncio.run(made.close())


async def _fill(memory: SessionGraph) -> None:
    await memory.add([TEXTS[0]], dataset_name="d", node_set=["old"], said_at=date(2011, 1, 1))
    await memory.add([TEXTS[1]], dataset_name="d", said_at=date(2020, 1, 1))
    await memory.cognify("d")
    await memory.sessions.add_turn("s", "Bob Jones lives in Oslo.", "Noted.", dataset="d")
    await memory.persist_sessions(["s"], "d", create=True)


def names(found: Neighbourhood) -> set[str]:
    return {node.name for node in found.nodes}


def facts(found: Neighbourhood) -> set[str]:
    shown = {node.id: node.name for node in found.nodes}
    return {f"{shown[it.subject]} {it.relation} {shown[it.object]}" for it in found.edges}


async def test_a_small_graph_is_shown_whole_and_a_bounded_one_says_what_is_missing(memory: SessionGraph) -> None:
    whole = await memory.entities.neighbourhood("d")
    assert {"Alice Smith", "Bob Jones", "Acme", "Berlin", "Oslo"} <= names(whole)
    assert len(whole.nodes) == whole.entity_count and len(whole.edges) == whole.fact_count
    assert all(node.more == 0 for node in whole.nodes)
    part = await memory.entities.neighbourhood("d", entities=["bob jones"], limit=2)
    assert len(part.nodes) == 2 and part.nodes[0].name == "Bob Jones" and part.starts == (part.nodes[0].id,)
    assert part.nodes[0].facts - part.nodes[0].more == len(part.edges) == 1
    assert part.fact_count == whole.fact_count


async def test_it_begins_at_a_search_and_grows_where_it_is_expanded(memory: SessionGraph) -> None:
    found = await memory.entities.neighbourhood("d", query="oslo")
    assert "Bob Jones" in names(found) and "Lyon" not in names(found)
    acme = next(node for node in (await memory.entities.neighbourhood("d")).nodes if node.name == "Acme")
    start = await memory.entities.neighbourhood("d", entities=["Berlin"])
    assert names(start) == {"Berlin", "Acme"}
    more = await memory.entities.neighbourhood("d", entities=["Berlin"], expand=[acme.id])
    assert names(more) == {"Berlin", "Acme", "Bob Jones", "Alice Smith"}


async def test_each_filter_leaves_out_what_it_says(memory: SessionGraph) -> None:
    async def shown(**only: object) -> set[str]:
        return facts(await memory.entities.neighbourhood("d", only=FactFilter(**only)))  # type: ignore[arg-type]

    assert await shown(node_sets=["old"]) == {"Bob Jones founded Acme"}, "what Alice did in 2010 is over"
    assert await shown(session_ids=["s"]) == await shown(stated_by=["user"]) == {"Bob Jones lives in Oslo"}
    assert await shown(said_until=date(2019, 1, 1)) == {"Bob Jones founded Acme"}
    of_type = {node.name for node in (await memory.entities.neighbourhood("d")).nodes if node.type == "Organization"}
    assert "Acme" in of_type
    only = await memory.entities.neighbourhood("d", only=FactFilter(types=["Organization"]))
    assert names(only) == of_type and not any("Alice" in it or "Bob" in it for it in facts(only))
    assert await shown(types=["no such type"]) == set()


async def test_going_back_in_time_shows_what_held_then(memory: SessionGraph) -> None:
    async def places(**only: object) -> set[str]:
        found = await memory.entities.neighbourhood("d", entities=["Alice Smith"], only=FactFilter(**only))  # type: ignore[arg-type]
        return names(found) & {"Paris", "Lyon"}

    assert await places() == {"Lyon"}
    assert await places(held_at="2009") == set()
    assert await places(held_at="2010") == await places(held_at="2018-12") == {"Paris"}
    assert await places(held_at="2019") == {"Lyon"}, "one took the other's place: there is no year with both"
    assert await places(include_superseded=True) == {"Paris", "Lyon"}
    outline = await memory.entities.outline("d")
    assert outline.earliest == date(1999, 1, 1) and outline.sessions == {"s": 1} and outline.node_sets["old"] == 1


async def test_what_cannot_be_is_refused_by_name(memory: SessionGraph) -> None:
    for wrong in (
        {"entities": ["Nobody"]},
        {"expand": ["Nobody"]},
        {"limit": 0},
        {"limit": 10**6},
        {"query": " "},
        {"only": FactFilter(held_at="soon")},
        {"only": FactFilter(held_at="0000")},
    ):
        with pytest.raises(InvalidInputError):
            await memory.entities.neighbourhood("d", **wrong)  # type: ignore[arg-type]


async def test_entities_are_found_by_name_and_tell_why_their_names_are_one(memory: SessionGraph) -> None:
    assert [it.name for it in await memory.entities.list("d", query="SMITH alice")] == ["Alice Smith"]
    assert {it.type for it in await memory.entities.list("d", type="Person")} == {"Person"}
    listed = await memory.entities.list("d")
    assert [it.facts for it in listed] == sorted((it.facts for it in listed), reverse=True)
    await memory.entities.same("d", "Bob Jones", "Acme", reason="a test")
    try:
        record = await memory.entities.get("d", "Bob Jones")
        assert {it.key for it in record.names} == {"acme", "bob jones"}
        [merge] = [it.merge for it in record.names if it.merge is not None]
        assert merge.rule == "decision" and "a test" in merge.because
        assert [(it.same, it.reason) for it in record.decisions] == [(True, "a test")]
        assert record.mention_count == len(record.mentions) == 3
        assert (await memory.entities.get("d", record.entity.id)).entity == record.entity
    finally:
        await memory.entities.keep_apart("d", "Bob Jones", "Acme")
    assert not (await memory.entities.decisions("d"))[0].same


async def test_a_part_of_twenty_thousand_entities_is_there_at_once(memory: SessionGraph) -> None:
    dataset = await memory.datasets.create("large")
    large_graph.fill(memory.services.store(dataset))
    outline = await memory.entities.outline("large")
    assert outline.entities == large_graph.ENTITIES
    began = time.perf_counter()
    hub = large_graph.name(0)
    around = await memory.entities.neighbourhood("large", entities=[hub], expand=[hub, hub, hub])
    assert len(around.nodes) == 1 + large_graph.HUB_FACTS + 1, "200 at first, and three hundreds on top as asked"
    part = await memory.entities.neighbourhood("large", only=FactFilter(held_at="2005"))
    assert len(part.nodes) == 200 and part.entity_count > 10_000
    assert time.perf_counter() - began < 2, "no graph is built for it"

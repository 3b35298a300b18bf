"""Merges as people see and correct them: listed with a reason, decided otherwise, reversed, and forgotten."""

from pathlib import Path

import dagster as dg
import pytest

import sessiongraph
from sessiongraph import datasets, entities, users
from sessiongraph.default_client import default_services
from tests.sessiongraph.api.test_graph_and_forget import words_on_disk
from tests.sessiongraph.conftest import FillHome
from tests.support.terminal import Terminal


async def novaks() -> None:
    await sessiongraph.add(
        ["Alice Novak works at Acme Labs. Alice lives in Paris. Bobby visited Oslo."], dataset_name="d"
    )
    await sessiongraph.cognify("d")


@pytest.fixture
async def dataset(fill_home: FillHome) -> str:
    """A dataset with an Alice who is Alice Novak, and somebody called Bobby."""
    await fill_home(novaks)
    return "d"


async def names(dataset: str) -> set[str]:
    graph = await sessiongraph.graph(dataset=dataset)
    return {node["name"] for _, node in graph.nodes(data=True)}


async def test_a_merge_is_listed_with_its_rule_and_reason(dataset: str) -> None:
    (merge,) = await entities.merges(dataset)
    assert (merge.key, merge.into, merge.rule) == ("alice", "alice novak", "lone name")
    assert "Alice Novak" in merge.because


async def test_a_user_s_decision_beats_the_rules_and_is_reversed_by_another(dataset: str) -> None:
    assert "Alice" not in await names(dataset)
    assert await entities.keep_apart(dataset, "Alice", "Alice Novak")
    assert {"Alice", "Alice Novak"} <= await names(dataset)
    assert not await entities.keep_apart(dataset, "Alice Novak", "Alice"), "what stands already is not written again"
    assert await entities.same(dataset, "Alice", "Alice Novak", reason="her diary")
    assert "Alice" not in await names(dataset)
    (merge,) = await entities.merges(dataset)
    assert (merge.rule, merge.because) == ("decision", "the user said so: her diary")


async def test_two_names_that_no_rule_joins_become_one_entity(dataset: str) -> None:
    await entities.same(dataset, "Bobby", "Alice Novak")
    graph = await sessiongraph.graph(dataset=dataset)
    (node,) = [node for _, node in graph.nodes(data=True) if node["name"] == "Alice Novak"]
    assert "Bobby" in node["aliases"]


@pytest.mark.parametrize(("a", "b"), [("Alice", "Nobody"), ("Alice", "ALICE"), ("", "Alice"), ("Alice", 7)])
async def test_names_that_cannot_be_meant_are_refused_before_anything_is_written(dataset: str, a: str, b: str) -> None:
    with pytest.raises(sessiongraph.InvalidInputError):
        await entities.same(dataset, a, b)
    assert [merge.rule for merge in await entities.merges(dataset)] == ["lone name"]


async def test_deciding_needs_the_permission_to_write_and_looking_that_to_read(dataset: str) -> None:
    bob = await users.create("bob@example.com")
    owner = await sessiongraph.get_default_user()
    dataset = f"{owner.name}/{dataset}"
    with pytest.raises(sessiongraph.SessionGraphError):
        await entities.merges(dataset, user=bob)
    await datasets.grant(dataset, bob, "read")
    assert len(await entities.merges(dataset, user=bob)) == 1
    with pytest.raises(sessiongraph.PermissionDeniedError):
        await entities.keep_apart(dataset, "Alice", "Alice Novak", user=bob)


async def test_what_was_decided_about_a_forgotten_name_is_forgotten(dataset: str, home: Path) -> None:
    secret = await sessiongraph.add(["Zanetti moved to Oslo."], dataset_name=dataset)
    await sessiongraph.cognify(dataset)
    await entities.same(dataset, "Zanetti", "Bobby")
    await entities.keep_apart(dataset, "Alice", "Alice Novak")
    assert words_on_disk(home, "zanetti")
    await sessiongraph.forget(dataset, document_id=secret.document_ids[0])
    assert words_on_disk(home, "zanetti", "Zanetti") == []
    assert {"Alice", "Alice Novak", "Bobby"} <= await names(dataset), "what was decided about other names stands"


def test_the_command_line_lists_merges_and_takes_decisions(tmp_path: Path) -> None:
    cli = Terminal(tmp_path)
    assert cli("add", "Alice Novak works at Acme Labs. Alice lives in Paris.", "-d", "demo").code == 0
    assert cli("cognify", "-d", "demo").code == 0
    (merge,) = cli("entities", "merges", "-d", "demo", "--json").json
    assert (merge["key"], merge["into"], merge["rule"]) == ("alice", "alice novak", "lone name")
    assert "lone name" in cli("entities", "merges", "-d", "demo").out
    assert "two entities now" in cli("entities", "keep-apart", "Alice", "Alice Novak", "-d", "demo").out
    assert cli("entities", "merges", "-d", "demo", "--json").json == []
    assert "as was decided before" in cli("entities", "keep-apart", "Alice", "Alice Novak", "-d", "demo").out
    refused = cli("entities", "same", "Alice", "Nobody", "-d", "demo")
    assert refused.code == 2 and "Nobody" in refused.err


async def test_a_decision_is_in_the_history_of_the_graph(dataset: str) -> None:
    await entities.keep_apart(dataset, "Alice", "Alice Novak")
    event = default_services().dagster_instance.get_latest_materialization_event(dg.AssetKey("knowledge_graph"))
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["decisions"].value == 1

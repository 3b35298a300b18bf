"""A schema of a dataset's own reaches the model, what is made of its answers, and the graph; and nothing else."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import sessiongraph
from sessiongraph import GraphSchema, datasets, entities, facts, sessions, users
from sessiongraph.default_client import default_services
from sessiongraph.errors import DatasetNotFoundError, InvalidInputError, PermissionDeniedError
from sessiongraph.extraction.window_extraction import PROMPT
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.terminal import Terminal

SAID = "Bob takes Aspirin. Bob owns Rex."
SCHEMA = GraphSchema(
    entity_types={"Person": "", "Drug": "a substance that is given to heal"},
    relations={"takes": {"subject": "Person", "object": "Drug"}},
    individuals={"Acetylsalicylic acid": {"type": "Drug", "names": "Aspirin"}, "Ibuprofen": "Drug"},
    instructions="Doses are no entities.\nNor are shops.",
    others="drop",
)


def extraction(prompt: str) -> dict[str, Any]:
    """What a model makes of SAID, whatever it was told of types."""
    passages = [int(number) for number in re.findall(rf"^\[(\d+)\] {SAID}", prompt, re.MULTILINE)]
    types = {"Bob": "PERSON", "Aspirin": "Medicine", "Rex": "Dog"}
    found = [
        {"subject": "Bob", "relation": relation, "object": object_, "statement": SAID, "passage": passage}
        for passage in passages
        for relation, object_ in (("TAKES", "Aspirin"), ("owns", "Rex"))
    ]
    named = [{"name": name, "type": type_, "description": "", "passages": passages} for name, type_ in types.items()]
    return {"summaries": [], "entities": named, "facts": found}


@pytest.fixture
def model(endpoint: OpenAIEndpoint) -> OpenAIEndpoint:
    endpoint.extract = extraction
    return endpoint


def told(model: OpenAIEndpoint) -> str:
    """What the model was told last, before the passages."""
    return str(model.chats[-1].body["messages"][0]["content"])


def said_last(asset: str) -> dict[str, Any]:
    """What the newest event of an asset says in Dagster."""
    event = default_services().dagster_instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event is not None and event.asset_materialization is not None
    return {name: it.value for name, it in event.asset_materialization.metadata.items()}


async def graph(dataset: str) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    found = {(it.name, it.type) for it in await entities.list(dataset)}
    return found, {(it.subject, it.relation, it.object) for it in await facts.list(dataset)}


async def test_a_schema_reaches_the_prompt_the_validation_and_the_graph_of_its_dataset_alone(
    model: OpenAIEndpoint, home: Path
) -> None:
    for dataset in ("own", "plain"):
        await sessiongraph.add([SAID], dataset_name=dataset)
        await sessions.add_turn(f"s of {dataset}".replace(" ", "-"), SAID, "Noted.", dataset=dataset)
    assert await datasets.get_schema("own") is None
    assert await datasets.set_schema("own", SCHEMA)
    assert not await datasets.set_schema("own", SCHEMA), "it was so already"
    assert await datasets.get_schema("own") == SCHEMA
    assert said_last("documents")["schema"] is True

    # What is dropped is told.
    report = (await sessiongraph.cognify("own"))["own"]
    assert report.dropped == {"entities": 1, "facts": 1}
    event = said_last("knowledge_graph")
    assert (event["entities_dropped"], event["facts_dropped"]) == (1, 1)
    prompt = told(model)
    assert prompt.startswith(PROMPT)
    for line in (
        "- Drug: a substance",
        "- takes (Person → Drug)",
        "also: Aspirin",
        "> Doses are no",
        "> Nor are shops",
    ):
        assert line in prompt
    assert "Ibuprofen" not in prompt, "no passage names it"
    fitting = {("Bob", "Person"), ("Acetylsalicylic acid", "Drug")}, {("Bob", "takes", "Acetylsalicylic acid")}
    assert await graph("own") == fitting
    persisted = await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s-of-own"], dataset="own")
    assert persisted.dropped == {"entities": 1, "facts": 1} and "no place for 1 entities and 1 facts" in str(persisted)
    assert await graph("own") == fitting

    # Without one, nothing is told and nothing dropped.
    report = (await sessiongraph.cognify("plain"))["plain"]
    assert told(model) == PROMPT and not report.dropped
    everything = {("Bob", "PERSON"), ("Aspirin", "Medicine"), ("Rex", "Dog")}
    assert (await graph("plain"))[0] == everything

    # Another makes stale exactly what it counts for; nothing is due, and the price is told.
    assert await datasets.set_schema("own", SCHEMA.model_copy(update={"others": "keep"}))
    calls = len(model.chats)
    reports = await sessiongraph.cognify(["own", "plain"])
    assert {name: it.stale for name, it in reports.items()} == {"own": 1, "plain": 0}
    assert len(model.chats) == calls and await graph("own") == fitting
    estimates = await sessiongraph.estimate_cognify(["own", "plain"], reextract=True)
    assert {name: (it.extract, it.stale) for name, it in estimates.items()} == {"own": (1, 1), "plain": (0, 0)}
    assert estimates["own"].prompt_tokens > len(PROMPT.split())
    of_sessions = await sessiongraph.estimate_persist(session_ids=["s-of-own"], dataset="own", reextract=True)
    assert (of_sessions.calls, of_sessions.count("extract")) == (1, 1)

    await sessiongraph.cognify(["own", "plain"], reextract=True)
    assert len(model.chats) == calls + 1
    assert await graph("own") == (fitting[0] | {("Rex", "other")}, fitting[1] | {("Bob", "owns", "Rex")})

    # The one from before, again: what was extracted with it is there.
    await datasets.set_schema("own", SCHEMA)
    assert (await sessiongraph.cognify("own", reextract=True))["own"].extracted == 0
    assert len(model.chats) == calls + 1 and await graph("own") == fitting
    assert await datasets.set_schema("own", None) and await datasets.get_schema("own") is None
    assert (await sessiongraph.cognify("own"))["own"].stale == 1


async def test_the_embedded_model_is_held_to_a_schema_too_and_it_travels(tmp_path: Path) -> None:
    await sessiongraph.add(["Alice Novak lives in Paris. Alice Novak works at Acme."], dataset_name="d")
    await datasets.set_schema("d", GraphSchema(entity_types=["persons"], relations=["works at"], others="drop"))
    report = (await sessiongraph.cognify("d"))["d"]
    assert report.dropped["facts"] >= 1
    names, relations = await graph("d")
    assert names == {("Alice Novak", "persons")}
    assert relations <= {("Alice Novak", "works at", "Acme")}

    await sessiongraph.export_dataset("d", tmp_path / "d.zip")
    await sessiongraph.import_dataset(tmp_path / "d.zip", as_name="copy")
    assert await datasets.get_schema("copy") == await datasets.get_schema("d")
    assert (await sessiongraph.cognify("copy"))["copy"].stale == 0

    # What is forgotten leaves no schema of before behind.
    await datasets.set_schema("d", GraphSchema(instructions="of now"))
    await sessiongraph.forget("d")
    assert (await datasets.get_schema("d")) == GraphSchema(instructions="of now")


async def test_who_may_not_write_sets_none_and_what_is_none_is_refused(home: Path) -> None:
    await datasets.create("d")
    eve = await users.create("eve")
    with pytest.raises(DatasetNotFoundError):
        await datasets.get_schema("default_user/d", user=eve)
    await datasets.grant("d", eve, "read")
    assert await datasets.get_schema("default_user/d", user=eve) is None
    with pytest.raises(PermissionDeniedError):
        await datasets.set_schema("default_user/d", SCHEMA, user=eve)
    (home / "s.yaml").write_text("entity_types: {Drug: {a: b}}")
    with pytest.raises(InvalidInputError, match=r"s\.yaml .*entity_types\.Drug.*Nothing was changed"):
        await datasets.set_schema("d", home / "s.yaml")
    with pytest.raises(InvalidInputError, match="a path or None, not dict"):
        await datasets.set_schema("d", {"others": "drop"})  # type: ignore[arg-type]
    assert await datasets.get_schema("d") is None


def test_the_same_on_the_command_line(tmp_path: Path) -> None:
    cli = Terminal(tmp_path)
    (tmp_path / "s.yaml").write_text("entity_types: {Drug: what heals}\nothers: drop\n")
    assert cli("datasets", "create", "d").code == 0
    assert "has no schema" in cli("datasets", "schema", "show", "d").err
    done = cli("datasets", "schema", "set", "d", "s.yaml")
    assert "has a schema of its own" in done.out and "--reextract" in done.err
    shown = cli("datasets", "schema", "show", "d").out
    assert shown == "entity_types:\n  Drug: what heals\nothers: drop\n"
    assert cli("datasets", "schema", "show", "d", "--json").json["others"] == "drop"
    assert cli("datasets", "schema", "remove", "d").code == 0
    assert cli("datasets", "schema", "show", "d", "--json").json is None
    (tmp_path / "s.yaml").write_text("entity_types:\n  Drug: a\n  Drug: b\n")
    refused = cli("datasets", "schema", "set", "d", "s.yaml")
    assert refused.code != 0 and "line 3" in refused.err

"""The graph as people get it, and that what is forgotten was never there."""

from pathlib import Path

import networkx as nx
import pytest

import sessiongraph
from sessiongraph import datasets, persist_sessions_in_knowledge_graph_pipeline, sessions, users
from tests.support.openai_endpoint import OpenAIEndpoint


async def graph(dataset: str = "d") -> nx.MultiDiGraph:
    return await sessiongraph.graph(dataset=dataset)


def content(graph: nx.MultiDiGraph) -> tuple[object, object]:
    """Everything of a graph but the runs and times of its evidence, which differ between two builds."""

    def plain(element: dict) -> str:
        pieces = sorted((p["passage_id"], p["stated_by"], p["text"]) for p in element["evidence"])
        return repr(sorted({**element, "evidence": pieces}.items(), key=lambda item: item[0]))

    nodes = sorted((node, plain(data)) for node, data in graph.nodes(data=True))
    return nodes, sorted((*edge[:3], plain(edge[3])) for edge in graph.edges(keys=True, data=True))


def words_on_disk(home: Path, *words: str) -> list[tuple[str, str]]:
    """Which of `words` stand in the bytes of which file of the home."""
    files = [file for file in home.rglob("*") if file.is_file()]
    return [(file.name, word) for file in files for word in words if word.encode() in file.read_bytes()]


def stores(home: Path) -> list[Path]:
    return list(home.rglob("graph.duckdb"))


async def test_documents_and_sessions_meet_in_one_entity():
    await sessiongraph.add(["Alice Novak works at Acme Labs."], dataset_name="d", node_set=["staff"])
    await sessiongraph.cognify("d")
    await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="d", create=True)
    found = await graph()
    (alice,) = [node for _, node in found.nodes(data=True) if node["name"].startswith("Alice")]
    assert (alice["name"], alice["type"], alice["aliases"]) == ("Alice Novak", "Person", ["Alice"])
    assert alice["node_sets"] == ["staff", "user_sessions_from_cache"]
    assert {piece["session_id"] for piece in alice["evidence"]} == {None, "s"}
    assert {edge["statement"] for *_, edge in found.edges(data=True)} >= {"Alice Novak works at Acme Labs."}


async def test_forgetting_leaves_the_graph_that_never_had_it(home: Path):
    await sessiongraph.add(["Alice Novak works at Acme Labs."], dataset_name="d")
    await sessiongraph.cognify("d")
    kept_turn = await sessions.add_turn("kept", "Where does Bob live?", "Bob lives in Oslo.")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["kept"], dataset="d", create=True)
    before = content(await graph())

    secret = await sessiongraph.add(["Alice Brandt moved to Zanzibar."], dataset_name="d")
    await sessiongraph.cognify("d")
    await sessions.add_turn("gone", "Where is Carla?", "Carla Zanetti is in Timbuktu.")
    later = await sessions.add_turn("kept", "Where is Dora?", "Dora Quist is in Ulaanbaatar.")
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["gone", "kept"], dataset="d", create=True)
    assert report.persisted == 3 and content(await graph()) != before

    (document,) = secret.document_ids
    assert (await sessiongraph.forget("d", document_id=document)).documents == 1
    assert (await sessiongraph.forget("d", session_id="gone")).turns == 1
    assert (await sessiongraph.forget("d", session_id="kept", turn_id=later)).cached_turns == 1
    assert content(await graph()) == before
    assert [turn.turn_id for turn in await sessions.get_turns("kept")] == [kept_turn]
    assert await sessions.get_turns("gone") == []
    assert words_on_disk(home, "Zanzibar", "Timbuktu", "Ulaanbaatar", "Zanetti") == []


async def test_turns_that_had_the_forgotten_one_as_context_are_extracted_anew(endpoint: OpenAIEndpoint):
    first = await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    await sessions.add_turn("s", "And Bob?", "Bob lives in Oslo.")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    endpoint.requests.clear()
    report = await sessiongraph.forget("main_dataset", session_id="s", turn_id=first)
    assert (report.turns, report.extracted) == (1, 1)
    (call,) = endpoint.chats
    assert "Bob" in call.user and "Alice" not in call.user


async def test_a_failing_model_does_not_keep_what_is_to_be_forgotten(endpoint: OpenAIEndpoint):
    first = await sessions.add_turn("s", "Where does Alice live?", "Alice lives in Paris.")
    await sessions.add_turn("s", "And Bob?", "Bob lives in Oslo.")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    endpoint.fail(500)
    with pytest.raises(sessiongraph.LLMFailedError):
        await sessiongraph.forget("main_dataset", session_id="s", turn_id=first)
    endpoint.heal()
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    assert (report.persisted, report.extracted) == (1, 1)
    names = {node["name"] for _, node in (await graph("main_dataset")).nodes(data=True)}
    assert "Alice" not in names and "Bob" in names


async def test_forgetting_a_users_sessions_keeps_the_others():
    ana = await users.create("ana")
    await datasets.create("d")
    owner = await sessiongraph.get_default_user()
    await datasets.grant("d", ana, "write", by=owner)
    for user, name in ((ana, "Alice"), (owner, "Bob")):
        await sessions.add_turn("s", f"Where is {name}?", f"{name} is in Oslo.", user=user)
        await persist_sessions_in_knowledge_graph_pipeline(user, ["s"], "default_user/d", create=True)
    report = await sessiongraph.forget("d", user=ana)
    assert (report.documents, report.turns, report.cached_turns) == (1, 1, 0)
    assert {node["name"] for _, node in (await graph()).nodes(data=True)} == {"Bob", "Oslo"}
    # The turns are hers: the dataset's owner forgets them here and cannot delete them there.
    assert len(await sessions.get_turns("s", user=ana)) == 1


async def test_forgetting_everything_and_deleting_the_dataset(home: Path):
    await sessiongraph.add(["Alice Novak moved to Zanzibar."], dataset_name="d")
    await sessiongraph.cognify("d")
    await sessiongraph.forget("d")
    with pytest.raises(sessiongraph.NoGraphDataError):
        await graph()
    await datasets.delete("d")
    assert [dataset.name for dataset in await datasets.list()] == []
    assert stores(home) == []
    with pytest.raises(sessiongraph.DatasetNotFoundError):
        await graph()


async def test_grants_open_and_close_a_dataset():
    ana, owner = await users.create("ana"), await sessiongraph.get_default_user()
    await datasets.create("d")
    await sessiongraph.add(["Alice Novak moved to Porto."], dataset_name="d")
    await sessiongraph.cognify("d")
    await datasets.grant("d", ana, "read", by=owner)
    assert [dataset.key for dataset in await datasets.list(user=ana)] == ["default_user/d"]
    assert (await sessiongraph.search("Where did Alice move?", user=ana, datasets="d"))[0].citations
    assert [(user.name, permission) for user, permission in await datasets.grants("d")] == [("ana", "read")]
    await datasets.revoke("d", ana, "read", by=owner)
    assert await datasets.list(user=ana) == []
    with pytest.raises(sessiongraph.DatasetNotFoundError):
        await sessiongraph.search("Where did Alice move?", user=ana, datasets="default_user/d")

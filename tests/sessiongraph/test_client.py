"""A client owns all that it opens: clients do not disturb each other, and close what is theirs."""

import asyncio
import inspect
import os
from contextlib import suppress
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import SearchType, SessionGraph, Settings
from sessiongraph.default_client import default_client
from sessiongraph.services import Shared
from tests.support.openai_endpoint import OpenAIEndpoint


async def test_the_story_with_a_client_of_ones_own(tmp_path: Path) -> None:
    async with SessionGraph(Settings(home=tmp_path / "memory")) as memory:
        await memory.add(["Alice moved to Paris in 2010. She works as a software engineer."], dataset_name="d")
        await memory.cognify(datasets=["d"])
        (first,) = await memory.search("Where does Alice live?", session_id="s", datasets=["d"])
        await memory.sessions.add_turn("s", "Where does Bob live?", "Bob lives in Berlin.", dataset="d")
        report = await memory.persist_sessions(["s"], dataset="d", create=True)
        await memory.sessions.clear()
        (last,) = await memory.search("Where does Bob live?", node_sets=["user_sessions_from_cache"])

    assert "Paris" in str(first) and "Berlin" in str(last)
    assert report.persisted == 2
    assert (tmp_path / "memory" / "access.sqlite").exists()


async def test_clients_with_other_homes_and_models_work_side_by_side(
    tmp_path: Path, openai_endpoint: OpenAIEndpoint
) -> None:
    local = SessionGraph(Settings(home=tmp_path / "local"))
    remote = SessionGraph(
        Settings(
            home=tmp_path / "remote",
            llm_model="openai/test-model",
            llm_endpoint=openai_endpoint.url,
            embedding_model="openai/test-embedder",
            embedding_endpoint=openai_endpoint.url,
        )
    )
    async with local, remote:
        await asyncio.gather(
            local.add(["Ada lives in London."], dataset_name="d"),
            remote.add(["Grace lives in Boston."], dataset_name="d"),
        )
        reports = await asyncio.gather(local.cognify(["d"]), remote.cognify(["d"]))
        found = await asyncio.gather(
            local.search("lives", query_type=SearchType.CHUNKS), remote.search("lives", query_type=SearchType.CHUNKS)
        )

    assert [citation.text for (result,) in found for citation in result.citations] == [
        "Ada lives in London.",
        "Grace lives in Boston.",
    ]
    assert len(openai_endpoint.chats) == 1
    assert reports[0]["d"].usage.cost == 0.0


async def test_only_vectors_of_sentences_outweigh_a_word_in_common(
    tmp_path: Path, openai_endpoint: OpenAIEndpoint
) -> None:
    """The default's vectors are sums of words: in a language that it lacks, a shared word is the best there is."""
    told = ["Das Boot ist alt.", "Am Freitag spielt die Band.", "Der Hund schläft.", "Rad und Auto."]
    openai_endpoint.vectors = lambda texts, _: [[float("Band" in t or "Konzert" in t), 1.0, 0.0] for t in texts]
    found = {}
    for name in ("local/wordllama", "openai/test-embedder"):
        settings = Settings(home=tmp_path / name, embedding_model=name, embedding_endpoint=openai_endpoint.url)
        async with SessionGraph(settings) as memory:
            await memory.add(told, dataset_name="d")
            await memory.cognify(["d"])
            [result] = await memory.search("Boot Konzert Abend", query_type=SearchType.CHUNKS, top_k=1)
            found[name] = result.citations[0].text
    assert found == {"local/wordllama": told[0], "openai/test-embedder": told[1]}


async def test_clients_do_not_share_what_models_answered(tmp_path: Path, openai_endpoint: OpenAIEndpoint) -> None:
    settings = {
        "llm_model": "openai/test-model",
        "llm_endpoint": openai_endpoint.url,
        "embedding_model": "openai/test-embedder",
        "embedding_endpoint": openai_endpoint.url,
    }
    for name in ("one", "other"):
        async with SessionGraph(Settings(home=tmp_path / name, **settings)) as memory:
            await memory.add(["Ada lives in London."], dataset_name="d")
            await memory.cognify(["d"])
    assert len(openai_endpoint.chats) == 2


async def test_closing_waits_for_what_runs_in_the_background(tmp_path: Path, openai_endpoint: OpenAIEndpoint) -> None:
    settings = Settings(home=tmp_path / "home", llm_model="openai/test-model", llm_endpoint=openai_endpoint.url)
    openai_endpoint.latency = 0.3
    async with SessionGraph(settings) as memory:
        await memory.sessions.add_turn("s", "Where does Bob live?", "Bob lives in Berlin.")
        work = await memory.persist_sessions(["s"], run_in_background=True, create=True)
        assert not work.done
    assert work.done
    assert (await work).persisted == 1


def open_files(folder: Path) -> list[str]:
    """The files below `folder` that this process has open."""
    files = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            files.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return [file for file in files if file.startswith(f"{folder}/")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are told by /proc")
async def test_a_closed_client_holds_no_file_and_opens_anew(tmp_path: Path) -> None:
    memory = SessionGraph(Settings(home=tmp_path / "home"))
    await memory.sessions.add_turn("s", "Where does Bob live?", "Bob lives in Berlin.")
    assert open_files(tmp_path)
    await memory.close()
    assert open_files(tmp_path) == []

    assert len(await memory.sessions.get_turns("s")) == 1
    await memory.close()


async def test_what_is_shared_outlives_a_client_that_was_given_it(tmp_path: Path) -> None:
    shared = Shared()
    for name in ("one", "other"):
        async with SessionGraph(Settings(home=tmp_path / name), shared=shared) as memory:
            await memory.add(["Ada lives in London."], dataset_name="d")
            await memory.cognify(["d"])
            assert memory.services.shared is shared
    shared.close()


async def test_the_default_client_follows_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = default_client()
    assert default_client() is first
    monkeypatch.setenv("SESSIONGRAPH_HOME", str(home.parent / "other"))
    second = default_client()
    assert second is not first and second.settings.home == home.parent / "other"
    monkeypatch.setenv("SESSIONGRAPH_HOME", str(home))
    assert default_client() is first


@pytest.mark.parametrize("name", ["add", "cognify", "search", "graph", "evidence", "forget", "estimate_forget"])
def test_a_function_has_the_signature_and_words_of_the_clients_method(name: str) -> None:
    function, method = getattr(sessiongraph, name), getattr(SessionGraph, name)
    expected = list(inspect.signature(method).parameters.values())[1:]
    assert list(inspect.signature(function).parameters.values()) == expected
    assert function.__doc__ == method.__doc__
    assert inspect.iscoroutinefunction(function)


async def test_a_namespace_acts_on_the_default_client(home: Path) -> None:
    turn_id = await sessiongraph.sessions.add_turn("s", "Where does Bob live?", "In Berlin.")
    assert [turn.turn_id for turn in await default_client().sessions.get_turns("s")] == [turn_id]
    assert "add_turn" in dir(sessiongraph.sessions)
    with pytest.raises(AttributeError):
        sessiongraph.sessions.no_such_function  # noqa: B018

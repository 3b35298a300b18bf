"""How far a call is: told as files are read and passages done, with what failed of them."""

from pathlib import Path

import sessiongraph
from sessiongraph import Progress, persist_sessions_in_knowledge_graph_pipeline, sessions
from tests.support.openai_endpoint import OpenAIEndpoint


async def test_adding_a_folder_tells_each_file(home: Path, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(f"Text number {number}.")
    told: list[Progress] = []

    await sessiongraph.add(tmp_path, "d", progress=told.append)

    assert told == [Progress("files", done, 3) for done in (1, 2, 3)]


async def test_cognify_tells_passages_and_those_that_failed(endpoint: OpenAIEndpoint) -> None:
    await sessiongraph.add([f"{name} lives in Visby." for name in ("Asta", "Dora", "Edda")], "d")
    endpoint.fail(400, when="Dora")
    told: list[Progress] = []

    await sessiongraph.cognify("d", progress=told.append)

    passages = [progress for progress in told if progress.what == "passages"]
    assert passages[0] == Progress("passages", 0, 3) and passages[-1] == Progress("passages", 3, 3, failed=1)
    assert [progress.done for progress in passages] == sorted(progress.done for progress in passages)
    assert told[-1].what == "texts embedded"
    endpoint.heal()
    told.clear()
    await sessiongraph.cognify("d", progress=told.append)
    assert [it for it in told if it.what == "passages"] == [Progress("passages", 0, 1), Progress("passages", 1, 1)]
    told.clear()
    await sessiongraph.cognify("d", progress=told.append)
    assert told == []  # nothing is due, so there is nothing to tell


async def test_persist_tells_turns(home: Path) -> None:
    for number in range(2):
        await sessions.add_turn("s", f"Where does Asta{number} live?", f"Asta{number} lives in Visby.")
    told: list[Progress] = []

    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True, progress=told.append)

    assert told[0] == Progress("passages", 0, 2)
    assert Progress("passages", 2, 2) in told

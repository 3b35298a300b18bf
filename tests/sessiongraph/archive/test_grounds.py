"""A dataset moves from a home into a database and back: it is the same in each, and nobody has to extract it again."""

from pathlib import Path

from sessiongraph import SessionGraph, Settings
from sessiongraph.dagster.data_version import content
from sessiongraph.services import Shared
from sessiongraph.store.graph_store import GraphStore
from tests.support.dataset_state import read_state

_ASSETS = ("documents", "knowledge_graph", "session_turns", "session_knowledge")


def _store(memory: SessionGraph) -> GraphStore:
    [dataset] = [it for it in memory.services.access.all_datasets() if it.name == "work"]
    return memory.services.store(dataset)


def _versions(memory: SessionGraph) -> list[str]:
    return _store(memory).read(lambda connection: [content(connection, asset).version for asset in _ASSETS])


async def test_a_dataset_moves_into_a_database_and_back(tmp_path: Path, database_url: str, shared: Shared):
    homes = {name: Settings(home=tmp_path / name, _env_file=None) for name in ("first", "last")}
    several = Settings(home=tmp_path / "machine", database_url=database_url, _env_file=None)
    async with (
        SessionGraph(homes["first"], shared=shared) as first,
        SessionGraph(several, shared=shared) as database,
        SessionGraph(homes["last"], shared=shared) as last,
    ):
        await first.add(["Alice moved to Paris in 2010. It's “Zoë's” {flat}."], dataset_name="work", node_set=["tag"])
        await first.cognify(datasets=["work"])
        await first.sessions.add_turn("s", "Where does Bob live?", "Bob lives in Oslo.")
        await first.persist_sessions(["s"], dataset="work")
        model = first.services.embedder.identity
        state, versions = read_state(_store(first), model), _versions(first)
        for source, target in ((first, database), (database, last)):
            archive = tmp_path / f"{id(target)}.zip"
            await source.export_dataset("work", archive)
            await target.import_dataset(archive)
            assert not read_state(_store(target), model).differences(state)
            assert _versions(target) == versions
            [report] = (await target.cognify(datasets=["work"])).values()
            assert report.extracted == 0
            assert "Oslo" in str(await target.search("Where does Bob live?", datasets=["work"]))

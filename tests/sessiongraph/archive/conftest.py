"""Two homes, one of which has a dataset of all that a dataset may hold."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiongraph import GraphSchema, SessionGraph, Settings
from sessiongraph.dagster.data_version import content
from sessiongraph.services import Shared
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import Dataset, User
from tests.support.dataset_state import DatasetState, read_state
from tests.support.openai_endpoint import OpenAIEndpoint

ASSETS = ("documents", "knowledge_graph", "session_turns", "session_knowledge")
MAY, JUNE = datetime(2026, 5, 4, 9, tzinfo=UTC), datetime(2026, 6, 1, 9, tzinfo=UTC)


@dataclass
class Home:
    """A home with its client."""

    path: Path
    client: SessionGraph

    async def dataset(self, key: str = "default_user/d") -> Dataset:
        found = self.client.services.access.by_key(key)
        assert found is not None
        return found

    async def store(self, key: str = "default_user/d") -> GraphStore:
        return self.client.services.store(await self.dataset(key))

    async def state(self, key: str = "default_user/d") -> DatasetState:
        return read_state(await self.store(key), self.client.services.embedder.identity)

    async def versions(self, key: str = "default_user/d") -> dict[str, str]:
        store = await self.store(key)
        return store.read(lambda con: {asset: content(con, asset).version for asset in ASSETS})

    async def pages(self, key: str = "default_user/d") -> set[str]:
        folder = self.client.services.folder(await self.dataset(key)) / "changes"
        return {str(page.relative_to(folder)) for page in folder.rglob("*.html")}

    def left(self) -> list[str]:
        """What imports left where they are made."""
        folder = self.path / "imports"
        return [it.name for it in folder.iterdir() if it.is_dir()] if folder.is_dir() else []

    def datasets(self) -> list[str]:
        return [dataset.key for dataset in self.client.services.access.all_datasets()]


@pytest.fixture
async def old(home: Path, endpoint: OpenAIEndpoint, exported: Path, shared: Shared) -> AsyncIterator[Home]:
    """The home where the dataset "d" of the default user is: documents, an original, sessions of two users, a person's
    word on names and facts."""
    shutil.copytree(exported.with_name("home"), home / "old")
    async with SessionGraph(Settings(home=home / "old"), shared=shared) as client:
        yield Home(home / "old", client)


@pytest.fixture
async def new(home: Path, endpoint: OpenAIEndpoint, shared: Shared) -> AsyncIterator[Home]:
    """A home where nobody has been yet."""
    async with SessionGraph(Settings(home=home / "new"), shared=shared) as client:
        yield Home(home / "new", client)


@pytest.fixture(scope="session")
def exported(shared_dagster_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of what the home of `old` holds, made once for all tests that only read it."""
    folder = tmp_path_factory.mktemp("exported")

    async def export(url: str) -> None:
        models = {"llm_model": "openai/test-model", "llm_endpoint": url, "embedding_model": "openai/test-embedder"}
        async with SessionGraph(Settings(home=folder / "home", embedding_endpoint=url, **models)) as client:
            await fill(client)
            await client.export_dataset("d", folder / "d.zip")

    with pytest.MonkeyPatch.context() as patch, OpenAIEndpoint().running() as endpoint:
        patch.setenv("DAGSTER_HOME", str(shared_dagster_home))
        asyncio.run(export(endpoint.url))
    return folder / "d.zip"


async def fill(client: SessionGraph) -> None:
    ana = await client.users.create("ana")
    await client.datasets.create("d")
    await client.datasets.set_schema("d", GraphSchema(instructions="Nicknames are no entities."))
    await client.add(["Alice Novak works at Acme Labs. Bob met Carol in Oslo."], "d", node_set=["staff"])
    await add_original(client, "Dora Lind lives in Bergen.")
    await client.cognify("d")
    await say(client, "may", None, MAY, "Where does Alice live?", "Alice lives in Paris.")
    await say(client, "may", None, MAY, "Who is Erik Dahl?", "Erik Dahl teaches in Lund.")
    await say(client, "june", None, JUNE, "Who is Frida?", "Frida Moen runs Acme Labs.")
    await client.datasets.grant("d", ana, "write")
    await say(client, "hers", ana, JUNE, "Where is Gustav?", "Gustav lives in Turku.")
    await client.persist_sessions(["may", "june"], "d")
    await client.persist_sessions(["hers"], "default_user/d", user=ana)
    await client.entities.same("d", "Bob", "Carol")
    facts = {fact.statement: fact for fact in await client.facts.list("d")}
    await client.facts.correct("d", facts["Alice lives in Paris."].id, object="Lyon")
    await client.facts.retract("d", facts["Dora Lind lives in Bergen."].id)


async def add_original(client: SessionGraph, text: str) -> None:
    """A document of the inbox, whose original is kept."""
    from sessiongraph.ids import new_id
    from sessiongraph.ingestion.inbox import ingest_inbox

    services = client.services
    dataset = await client.datasets.create("d")
    inbox = services.inbox(dataset)
    inbox.write("dora.txt", text.encode())
    user = await client.users.get("default_user")
    await ingest_inbox(inbox, services.store(dataset), user=user, run_id=new_id())


async def say(client: SessionGraph, session: str, user: User | None, at: datetime, question: str, answer: str) -> None:
    await client.sessions.add_turn(session, question, answer, user=user, created_at=at, dataset="default_user/d")

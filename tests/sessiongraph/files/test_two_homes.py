"""Two homes with nothing in common but a database and an object store: what one is given, the other has."""

import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from orchestration.checks.all_datasets import survey_home
from sessiongraph import SessionGraph, Settings
from sessiongraph.api.changes import change_pages
from sessiongraph.archive import manifest
from sessiongraph.errors import FilesUnavailableError, InvalidInputError
from sessiongraph.files.object_store import ObjectFiles
from sessiongraph.forgetting import Target, forget
from sessiongraph.ids import new_id
from sessiongraph.importers.inbox import take_exports
from sessiongraph.importers.taken_in import TakenIn
from sessiongraph.ingestion import inbox
from sessiongraph.ingestion.inbox import ingest_inbox
from sessiongraph.server.problems import describe
from sessiongraph.types import Dataset
from tests.support.object_store import ObjectStore, object_store

INBOX = "inbox/default_user/work"


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as server:
        yield server


@pytest.fixture
async def homes(tmp_path: Path, database_url: str, server: ObjectStore) -> AsyncIterator[list[SessionGraph]]:
    shared = {"database_url": database_url, "files_url": server.url, "_env_file": None}
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(SessionGraph(Settings(home=tmp_path / name, **shared)))
            for name in ("one", "other")
        ]


async def take_inbox(memory: SessionGraph, dataset: Dataset) -> None:
    services = memory.services
    user = await memory.users.get_default_user()
    await ingest_inbox(services.inbox(dataset), services.store(dataset), user=user, run_id=new_id())


def keys(memory: SessionGraph, server: ObjectStore) -> list[str]:
    """What lies in the place of files, below it."""
    place = memory.services.files.location.removeprefix(f"s3://{server.bucket}/")
    return sorted(key.removeprefix(f"{place}/") for key in server.list_keys() if key.startswith(f"{place}/"))


async def test_what_is_dropped_is_taken_by_one_and_kept_listed_exported_and_forgotten_by_the_other(
    homes: list[SessionGraph], server: ObjectStore, tmp_path: Path
) -> None:
    one, other = homes
    await one.users.get_default_user()
    place = one.services.inboxes.below("default_user/work")
    place.write("people [1].md", b"Alice Smith lives in Lisbon.")
    place.write("deep/broken.pdf", b"%PDF-1.4 and nothing more")
    assert survey_home(other.services) == ({"default_user/work"}, {})
    dataset = await one.datasets.create("work")
    assert (await other.documents.inbox("work")).waiting == ["deep/broken.pdf", "people [1].md"]

    await take_inbox(one, dataset)
    await one.cognify("work")

    assert "Lisbon" in str(await other.search("Where does Alice Smith live?", datasets=["work"]))
    [document] = await other.documents.list("work")
    left = await other.documents.inbox("work")
    assert left.waiting == [] and "damaged" in left.rejected["rejected/deep/broken.pdf"]
    pages = await change_pages(other.services, "work", None)
    assert {page.asset for page in pages} == {"knowledge_graph"} and pages[0].path.startswith("s3://")
    original = f"datasets/{dataset.id}/files/{document.id}.md"
    assert original in keys(one, server) and document.source.endswith(original)
    await other.export_dataset("work", tmp_path / "work.zip")
    with zipfile.ZipFile(tmp_path / "work.zip") as archive:
        assert archive.read(manifest.file_path(f"{document.id}.md")) == b"Alice Smith lives in Lisbon."
    there = (await one.import_dataset(tmp_path / "work.zip", "copy")).dataset
    assert f"datasets/{there.id}/files/{document.id}.md" in keys(other, server)

    await other.forget("work", document_id=document.id)
    assert original not in keys(one, server)
    for page in await change_pages(one.services, "work", None):
        with one.services.files.local(page.path.removeprefix(f"{one.services.files.location}/")) as path:
            assert "Alice" not in path.read_text()
    await one.datasets.delete("work")
    await one.datasets.delete("copy")
    assert keys(one, server) == []


async def test_an_export_of_conversations_is_taken_from_there(homes: list[SessionGraph], server: ObjectStore) -> None:
    one, other = homes
    dataset = await one.datasets.create("work")
    said = b'{"session_id": "s", "question": "Where is Bob?", "answer": "Bob Marsh lives in Oslo."}\n'
    other.services.inbox(dataset).write("sessions/chat.jsonl", said)
    other.services.inbox(dataset).write("sessions/nothing.jsonl", b"{}")
    staged: list[str] = []

    async def stage(_: object, sessions: object) -> None:
        staged.extend(sessions)  # type: ignore[call-overload]

    await take_exports(one.services, dataset, stage, TakenIn())

    assert staged == ["s"]
    left = [it.removeprefix(f"{INBOX}/sessions/") for it in keys(one, server)]
    assert left == ["rejected/nothing.jsonl", "rejected/nothing.jsonl.why.txt"]
    rejected = (await other.documents.inbox("work")).rejected
    assert list(rejected) == ["sessions/rejected/nothing.jsonl"]


async def test_no_page_and_no_original_is_left_of_what_is_forgotten_while_it_is_written(
    homes: list[SessionGraph], server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = homes
    dataset = await one.datasets.create("work")
    store = one.services.store(dataset)
    # Just before the page, and the original, are written: as another machine would.
    write, keep, forgotten = ObjectFiles.write, inbox._keep, []

    def forget_all(what: str) -> None:
        if what not in forgotten:
            forgotten.append(what)
            forget(store, Target([id_ for (id_,) in store.read(_document_ids)]), "r", "documents")

    def written(*given: Any) -> None:
        forget_all("page")
        write(*given)

    def kept(*given: Any) -> None:
        forget_all("original")
        keep(*given)

    await one.add(["Alice Smith lives in Lisbon."], dataset_name="work")
    monkeypatch.setattr(ObjectFiles, "write", written)
    await one.cognify("work")
    assert forgotten == ["page"]
    for page in await change_pages(other.services, "work", None):
        with one.services.files.local(page.path.removeprefix(f"{one.services.files.location}/")) as path:
            assert "Alice" not in path.read_text()

    monkeypatch.setattr(inbox, "_keep", kept)
    other.services.inbox(dataset).write("bob.txt", b"Bob Marsh lives in Oslo.")
    await take_inbox(one, dataset)
    assert forgotten == ["page", "original"]
    assert [key for key in keys(one, server) if "/files/" in key] == []


def _document_ids(connection: Any) -> list[tuple[str]]:
    return connection.execute("SELECT id FROM documents").fetchall()


async def test_while_the_store_is_away_what_is_said_is_kept_and_forgetting_is_refused_whole(
    homes: list[SessionGraph], server: ObjectStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = homes
    await one.add(["Alice Smith lives in Lisbon."], dataset_name="work")
    monkeypatch.setattr("sessiongraph.files.object_store._ATTEMPTS", 1)
    server.stop()
    try:
        await one.cognify("work")
        assert "could not be kept" in caplog.text and "SESSIONGRAPH_FILES_URL" in caplog.text
        assert "Lisbon" in str(await other.search("Where does Alice Smith live?", datasets=["work"]))
        with pytest.raises(FilesUnavailableError) as refused:
            await one.forget("work")
        assert describe(refused.value, Path("/home"))["status"] == 503
        assert len(await other.documents.list("work")) == 1
    finally:
        server.start()
    assert (await one.forget("work")).documents == 1


async def test_a_place_that_is_none_is_refused_before_anything_is_done(
    tmp_path: Path, database_url: str, server: ObjectStore
) -> None:
    for url, why in (("s3://mistyped", "which is not there"), (str(tmp_path / "mnt"), "mount it")):
        settings = Settings(home=tmp_path / "home", database_url=database_url, files_url=url, _env_file=None)
        async with SessionGraph(settings) as memory:
            with pytest.raises(InvalidInputError, match=why):
                memory.services.check_files()

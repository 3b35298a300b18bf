"""The inbox: what a person puts there is in the dataset or put aside with a reason, and never lost."""

from pathlib import Path

import pytest

from sessiongraph.errors import SessionGraphError
from sessiongraph.files import LocalFiles
from sessiongraph.ingestion.inbox import drop_originals, ingest_inbox
from sessiongraph.ingestion.ingest import IngestReport, document_id
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.types import User

ANA = User("u1", "ana")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


async def take(inbox: Path) -> IngestReport:
    folder = inbox.parent / "dataset"
    return await ingest_inbox(LocalFiles(inbox), DuckDBStore(folder / "graph.duckdb"), user=ANA, run_id="run")


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_an_absent_inbox_is_made_and_an_empty_one_gives_nothing(tmp_path: Path) -> None:
    report = await take(tmp_path / "new" / "inbox")

    assert (tmp_path / "new" / "inbox").is_dir()
    assert (report.added, report.known, report.failed) == (0, 0, {})


async def test_files_in_folders_are_taken_and_hidden_and_half_written_ones_are_left(inbox: Path) -> None:
    (inbox / "deep" / "er").mkdir(parents=True)
    (inbox / "deep" / "er" / "a.MD").write_text("Alice lives in Paris.")
    (inbox / ".part").write_text("not yet")
    (inbox / "~$letter.docx").write_text("open in Word")

    report = await take(inbox)

    assert report.added == 1 and not report.failed
    assert names(inbox) == [".part", "~$letter.docx"]
    assert names(inbox.parent / "dataset" / "files") == [f"{document_id('Alice lives in Paris.')}.md"]


async def test_the_same_text_again_is_known_and_leaves_the_inbox(inbox: Path) -> None:
    (inbox / "a.txt").write_text("Alice lives in Paris.")
    await take(inbox)
    (inbox / "b.txt").write_text("Alice lives in Paris.")

    report = await take(inbox)

    assert (report.added, report.known) == (0, 1) and names(inbox) == []


async def test_what_of_a_file_was_not_read_is_told_by_its_path_in_the_inbox(inbox: Path) -> None:
    (inbox / "ships").mkdir()
    (inbox / "ships" / "a.html").write_text("<p>Asta sails.</p><p hidden>Dora does not.</p>")

    report = await take(inbox)

    assert report.added == 1
    assert report.warnings == {"ships/a.html": ["1 part(s) that a reader of the page does not see left out"]}


async def test_a_file_rejected_twice_under_one_name_is_kept_twice(inbox: Path) -> None:
    for content in (b"first", b"second"):
        (inbox / "sub").mkdir(exist_ok=True)
        (inbox / "sub" / "broken.pdf").write_bytes(content)
        report = await take(inbox)
        assert list(report.failed) == ["sub/broken.pdf"]

    assert names(inbox) == ["rejected/sub/broken 2.pdf", "rejected/sub/broken.pdf"]
    assert not (await take(inbox)).failed  # what was rejected is not tried again


async def test_a_link_takes_nothing_from_elsewhere(inbox: Path) -> None:
    secret = inbox.parent / "secret.txt"
    secret.write_text("Not for the graph.")
    (inbox / "a.txt").symlink_to(secret)

    report = await take(inbox)

    assert "is a link" in report.failed["a.txt"] and secret.read_text() == "Not for the graph."
    assert not (inbox.parent / "dataset" / "files").exists()


async def test_more_files_than_are_stored_at_once_all_arrive(inbox: Path) -> None:
    for number in range(120):
        (inbox / f"{number:03}.txt").write_text(f"Fact number {number}.")

    report = await take(inbox)

    assert report.added == len(set(report.document_ids)) == 120 and names(inbox) == []


async def test_what_cannot_be_moved_is_said_and_is_in_the_dataset(inbox: Path) -> None:
    (inbox / "a.txt").write_text("Alice lives in Paris.")
    (inbox.parent / "dataset").mkdir()
    (inbox.parent / "dataset" / "files").write_text("in the way")

    with pytest.raises(SessionGraphError, match="cannot be moved"):
        await take(inbox)

    (inbox.parent / "dataset" / "files").unlink()
    report = await take(inbox)
    assert (report.added, report.known) == (0, 1) and names(inbox) == []


def test_of_a_forgotten_original_nothing_is_left_either_by_a_process_that_was_killed(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "graph.duckdb")
    for name in ("a1.txt", ".a1.txt.17.4", "b2.txt"):
        store.originals.write(name, b"what was said")

    drop_originals(store, {"a1"})

    assert names(tmp_path / "files") == ["b2.txt"]

"""One suite for every place of files: a folder, and an object store over HTTP."""

import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiongraph.files import Files, open_files
from tests.support.object_store import object_store


@pytest.fixture(scope="module", params=["folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    if request.param == "folder":
        yield open_files(f"file://{tmp_path_factory.mktemp('a shared folder')}")
        return
    with object_store() as store:
        yield open_files(store.url)


@pytest.fixture
def files(root: Files, request: pytest.FixtureRequest) -> Files:
    return root.below(request.node.originalname)


def names(files: Files, folder: str = "") -> list[str]:
    return sorted(it.name for it in files.entries(folder))


def text(files: Files, name: str) -> str:
    with files.local(name) as path:
        assert path.name == name.rsplit("/", 1)[-1]
        return path.read_text()


def test_what_is_written_is_read_and_written_over(files: Files) -> None:
    files.write("a/b.txt", b"first")
    files.write("a/b.txt", "später".encode())

    assert text(files, "a/b.txt") == "später"
    assert files.exists("a/b.txt") and files.exists("a") and not files.exists("a/c.txt")
    [folder] = files.entries()
    [file] = files.entries("a")
    assert (folder.name, folder.is_folder, file.name, file.is_folder, file.size) == ("a", True, "a/b.txt", False, 7)
    assert file.changed.tzinfo is not None and file.parts == ["a", "b.txt"]


def test_what_is_not_there_has_no_entries_is_removed_without_a_word_and_cannot_be_read(files: Files) -> None:
    files.make()
    assert names(files) == [] == names(files, "none")
    files.remove("none")
    files.remove()
    with pytest.raises(FileNotFoundError), files.local("none"):
        pass
    with pytest.raises(FileNotFoundError):
        files.move("none", files, "other")


@pytest.mark.parametrize("name", ["what [1].txt", "a*b?.txt", "{x}.md", "ünï cödé 100%.txt", "a+b=c&d #1.txt"])
def test_a_name_stands_for_itself(files: Files, name: str) -> None:
    files.write(f"in/{name}", b"this")
    files.write("in/what 1.txt", b"another")

    assert f"in/{name}" in names(files, "in") and files.exists(f"in/{name}")
    files.move(f"in/{name}", files, f"out/{name}")
    assert text(files, f"out/{name}") == "this" and names(files, "in") == ["in/what 1.txt"]
    files.remove(f"out/{name}")
    assert names(files, "out") == []
    files.remove()


def test_folders_are_moved_copied_and_removed_with_all_that_is_in_them_and_nothing_else(files: Files) -> None:
    for name in ("export/one.json", "export/deep/er/two.json", "export 2/three.json", "exportfour.json"):
        files.write(name, name.encode())

    with files.local("export") as folder:
        assert (folder / "deep" / "er" / "two.json").read_text() == "export/deep/er/two.json"
    files.move("export", files.below("kept"), "of it")
    assert text(files, "kept/of it/deep/er/two.json") == "export/deep/er/two.json"
    assert names(files) == ["export 2", "exportfour.json", "kept"]
    files.below("kept").remove()
    assert names(files) == ["export 2", "exportfour.json"]


def test_a_local_file_is_taken(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)

    files.take(source, "datasets/1/large.bin")

    assert not source.exists() and [it.size for it in files.entries("datasets/1")] == [3_000_000]


def test_a_browser_opens_its_address(files: Files) -> None:
    files.write("page.html", b"<h1>Changes</h1>")

    with urllib.request.urlopen(files.address("page.html")) as page:
        assert page.read() == b"<h1>Changes</h1>" and page.headers.get_content_type() == "text/html"


def test_of_many_writers_of_one_name_one_is_whole_whoever_reads_meanwhile(files: Files) -> None:
    contents = [letter * 200_000 for letter in "abcd"]
    files.write("shared.html", contents[0].encode())

    def write(content: str) -> None:
        for _ in range(4):
            files.write("shared.html", content.encode())

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert text(files, "shared.html") in contents
    assert names(files) == ["shared.html"]

"""What is peculiar to an object store: it is elsewhere, may be away, and others put into it what they like."""

import builtins
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sessiongraph.errors import FilesUnavailableError, InvalidInputError
from sessiongraph.files import open_files
from sessiongraph.settings import Settings
from tests.support.object_store import ObjectStore, object_store


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


def test_what_other_programs_put_there_is_found_and_leads_out_of_no_folder(store: ObjectStore) -> None:
    store.put("dropped/sessions/", b"")  # what consoles make of "create folder"
    store.put("dropped/sessions/x/one.json", b"1")
    store.put("dropped/sessions/x/../../../evil.json", b"2")
    files = open_files(f"s3://{store.bucket}/dropped")

    assert [it.name for it in files.entries("sessions")] == ["sessions/x"]
    with files.local("sessions/x") as folder:
        assert [str(it.relative_to(folder.parent)) for it in folder.parent.rglob("*.json")] == ["x/one.json"]


def test_a_bucket_that_is_not_there_is_refused_with_what_to_do(store: ObjectStore) -> None:
    files = open_files("s3://mistyped/folder")

    for attempt in (files.make, lambda: list(files.entries()), lambda: files.write("a", b"")):
        with pytest.raises(InvalidInputError, match="the bucket 'mistyped', which is not there.*Create it"):
            attempt()


def test_a_store_that_is_away_is_told_in_time_and_used_again_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with object_store() as away:
        monkeypatch.setattr("sessiongraph.files.object_store._ATTEMPTS", 2)
        files = open_files(away.url)
        files.write("kept.txt", b"kept")
        endpoint = away.variables["AWS_ENDPOINT_URL"]
        away.stop()
        began = time.monotonic()

        with pytest.raises(FilesUnavailableError, match=f"{away.bucket}.*{endpoint}.*SESSIONGRAPH_FILES_URL"):
            list(files.entries())
        assert time.monotonic() - began < 20
        for attempt in (open_files(away.url).make, files.remove, lambda: files.exists("kept.txt")):
            with pytest.raises(FilesUnavailableError):  # and not that anything is not there
                attempt()
        away.start()
        assert [it.name for it in files.entries()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("gs://bucket/x", "it is s3://bucket/folder"),
        ("s3:///folder", "it is s3://bucket/folder"),
        ("shared/folder", "absolute path"),
        ("file://host/folder", "absolute path"),
        ("s3://key:secret@bucket", "without keys and options"),
        ("s3://bucket/x?endpoint=y", "without keys and options"),
    ],
)
def test_an_address_that_names_no_place_is_refused_at_once(url: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=f"files_url is wrong.*{why}"):
        Settings(files_url=url)


def test_a_folder_that_is_not_mounted_is_not_made_in_its_place(tmp_path: Any) -> None:
    with pytest.raises(InvalidInputError, match="mount it, or create it"):
        open_files(str(tmp_path / "mnt"))
    assert not (tmp_path / "mnt").exists()


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *given: Any) -> Any:
        if name == "s3fs":
            raise ModuleNotFoundError("No module named 's3fs'")
        return imported(name, *given)

    monkeypatch.delitem(sys.modules, "sessiongraph.files.object_store", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InvalidInputError, match=r"install 'sessiongraph\[s3\]'"):
        open_files("s3://bucket")

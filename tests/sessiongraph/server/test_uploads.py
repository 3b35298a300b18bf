"""Uploads: what is in them is taken, and no name, type or size that they claim is believed."""

import io
import json
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.sessiongraph.server.conftest import Service
from tests.sessiongraph.server.test_admission import is_problem

NOTE = "Alice Smith lives in Paris."


def zipped(*entries: tuple[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def upload(service: Service, *files: tuple[str, bytes], **form: str) -> httpx.Response:
    with service.http() as http:
        parts = [("files", (name, content, "image/png")) for name, content in files]
        return http.post("/v1/add/files", files=parts, data=form)


def documents(service: Service) -> list[tuple[str, str | None]]:
    """Name and source of each document of the main dataset."""
    services = service.client.services
    [dataset] = services.access.list_datasets(services.access.default_user())
    query = "SELECT name, source FROM documents ORDER BY name"
    return services.store(dataset).read(lambda con: con.execute(query).fetchall())


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    yield
    assert list((tmp_path / "temporary").iterdir()) == []


def test_files_and_folders_become_documents(service: Service):
    folder = zipped(
        ("notes/a.md", "# A\n\nBob Jones lives in Lyon."), ("notes/deep/b.txt", "Carla Diaz lives in Oslo.")
    )
    report = upload(service, ("note.txt", NOTE.encode()), ("folder.zip", folder), node_set="inbox").json()
    assert (report["added"], report["skipped"]) == (3, [])
    assert documents(service) == [("a.md", None), ("b.txt", None), ("note.txt", None)]


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.txt",
        "/etc/cron.d/evil.txt",
        "..\\..\\evil.txt",
        "C:\\evil.txt",
        "a/../evil.txt",
    ],
)
def test_a_name_that_leads_elsewhere_is_a_name(service: Service, home: Path, name: str):
    before = {path for path in home.parent.rglob("*") if home not in (path, *path.parents)}
    assert upload(service, (name, NOTE.encode())).json()["added"] == 1
    assert upload(service, ("x.zip", zipped((name, NOTE)))).status_code == 200
    [(shown, source)] = documents(service)
    assert shown.endswith("evil.txt") and not set(shown) & set("/\\\x00") and source is None
    assert {path for path in home.parent.rglob("*") if home not in (path, *path.parents)} == before


def test_a_zip_that_unpacks_to_too_much_is_refused(serve: Callable[..., Service]):
    service = serve(server_upload_mb=1)
    bomb = zipped(("bomb.txt", b"a" * 30_000_000))
    assert len(bomb) < 100_000
    answer = upload(service, ("bomb.zip", bomb))
    assert is_problem(answer, 422) and "unpacks to more" in answer.json()["detail"]
    spread = zipped(*((f"{number}.txt", f"word{number} " * 100_000) for number in range(8)))
    assert is_problem(upload(service, ("spread.zip", spread)), 422)
    with service.http() as http:
        assert http.get("/v1/datasets").json() == []


def test_a_zip_that_says_it_is_small_is_measured(serve: Callable[..., Service]):
    """What an entry says that it unpacks to is the packer's word alone."""
    packed = bytearray(zipped(("bomb.txt", b"a" * 30_000_000)))
    real, claimed = (30_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert upload(serve(server_upload_mb=1), ("x.zip", bytes(packed.replace(real, claimed)))).status_code == 422


def test_zips_within_zips_links_and_the_rest_are_left_out_and_told(service: Service):
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = zipped(
        ("note.txt", NOTE), ("inner.zip", zipped(("x.txt", "Bob."))), (link, "/etc/passwd"), ("run.exe", "MZ"),
        (".hidden.txt", "Bob."), ("__MACOSX/note.txt", "Bob."),
    )  # fmt: skip
    report = upload(service, ("x.zip", packed)).json()
    assert report["added"] == 1
    assert sorted(report["skipped"]) == [
        "inner.zip: not a supported format", "link.txt: a link, not a file", "run.exe: not a supported format",
    ]  # fmt: skip


UNREADABLE = [
    ("x.zip", b"PK\x03\x04 no zip"),
    ("x.zip", b""),
    ("x.zip", zipped(("only.exe", "MZ"))),
    ("x.exe", b"MZ"),
    ("note", NOTE.encode()),
    ("x.pdf", b"no pdf"),
    ("x.docx", b"no docx"),
    ("x.txt", b""),
    ("", NOTE.encode()),
]


def test_what_cannot_be_read_is_a_problem_of_the_senders(service: Service):
    for name, content in UNREADABLE:
        assert is_problem(upload(service, (name, content)), 422), name


def test_too_many_entries_are_refused(service: Service):
    many = zipped(*((f"{number}.txt", "") for number in range(2001)))
    assert "2000 entries" in upload(service, ("x.zip", many)).json()["detail"]


@pytest.mark.parametrize("text", ["/etc/passwd", "file:///etc/passwd", "./x", "~/x", "http://127.0.0.1:1/x"])
def test_a_text_is_never_a_path_or_an_address(service: Service, text: str):
    with service.http() as http:
        assert http.post("/v1/add", json={"data": [text]}).json()["characters"] == len(text)
    assert documents(service) == [("text", None)]


# Exports of conversations


def test_an_export_is_read_under_its_name_and_nothing_of_it_stays(service: Service) -> None:
    before = set(Path(tempfile.gettempdir()).glob("sessiongraph-upload-*"))
    turn = {"session_id": "s", "question": "Where does Ana live?", "answer": "In Rome."}
    packed = zipped(("../../out.jsonl", json.dumps(turn)))
    bomb = zipped(("conversations.json", b"0" * 60_000_000))
    with service.http() as http:

        def send(name: str, content: bytes, **form: str) -> httpx.Response:
            return http.post("/v1/sessions/import", files={"file": (name, content)}, data=form)

        looked = send("../../home.zip", packed, dry_run="true").raise_for_status().json()
        assert (looked["format"], looked["new"], looked["dry_run"]) == ("turns", 1, True)
        assert http.get("/v1/sessions").json() == []
        once, again = (send("x.zip", packed, dataset="mine").raise_for_status().json() for _ in range(2))
        assert (once["new"], once["unchanged"], again["new"], again["unchanged"]) == (1, 0, 0, 1)
        for name, content, form, words in (
            ("../photo.json", b'{"a": 1}', {}, "photo.json is no export that is known"),
            ("bomb.zip", bomb, {}, "would unfold"),
            ("x.zip", packed, {"dataset": "bob/theirs"}, "bob/theirs"),
            ("x.zip", packed, {"format": "nothing"}, "no format of an export"),
        ):
            refused = send(name, content, **form)
            assert words in refused.text and is_problem(refused, refused.status_code), (name, refused.text)
    assert set(Path(tempfile.gettempdir()).glob("sessiongraph-upload-*")) == before

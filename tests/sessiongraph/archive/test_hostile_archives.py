"""An archive from whoever it may be: what is not whole, not ours or not honest is refused, and nothing of it stays."""

import hashlib
import json
import os
import random
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.ids import new_id
from tests.sessiongraph.archive.conftest import Home

Files = dict[str, bytes]
Json = dict[str, Any]


@pytest.fixture
def archive(exported: Path) -> Path:
    """An archive in which everything is as it should be."""
    return exported


def packed(to: Path, manifest: Json, files: Files) -> Path:
    with zipfile.ZipFile(to, "w") as target:
        for name, data in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            target.writestr(name, data)
    return to


def unpacked(file: Path) -> tuple[Json, Files]:
    with zipfile.ZipFile(file) as source:
        files = {name: source.read(name) for name in source.namelist()}
    return json.loads(files.pop("manifest.json")), files


def part(manifest: Json, name: str) -> Json:
    folder, _, rest = name.partition("/")
    found: Json = manifest[folder][rest.removesuffix(".parquet")]
    return found


def put(manifest: Json, files: Files, name: str, data: bytes) -> None:
    """A part of other bytes, honestly listed."""
    files[name] = data
    part(manifest, name).update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


async def refused(new: Home, file: Path, says: str = "") -> None:
    """The import fails in our words, and the home is as nobody had tried."""
    before = new.datasets()
    with pytest.raises(InvalidInputError, match=says):
        await new.client.import_dataset(file)
    assert (new.datasets(), new.left()) == (before, [])
    assert not list_of(new.path / "datasets")


def bytes_of(file: Path) -> bytes:
    return file.read_bytes()


def list_of(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []


# The file.


async def test_what_is_no_file_is_refused(new: Home, tmp_path: Path) -> None:
    await refused(new, tmp_path / "nowhere.zip", "There is no file")
    await refused(new, tmp_path, "There is no file")


@pytest.mark.parametrize("data", [b"", b"PK", b"%PDF-1.7 not a zip", b"\x00" * 100_000])
async def test_what_is_no_zip_is_refused(new: Home, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    await refused(new, tmp_path / "x.zip", "no zip file")


async def test_a_zip_of_somebody_elses_is_refused(new: Home, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as foreign:
        foreign.writestr("conversations.json", "[]")
    await refused(new, tmp_path / "x.zip", r"no manifest\.json, so it is no archive of sessiongraph")


async def test_an_archive_is_refused_wherever_it_ends_too_early(archive: Path, new: Home, tmp_path: Path) -> None:
    data = bytes_of(archive)
    for length in (10, 1000, len(data) // 2, len(data) - 2000, len(data) - 1):
        (tmp_path / "cut.zip").write_bytes(data[:length])
        await refused(new, tmp_path / "cut.zip", "no zip file|damaged")


async def test_a_flipped_bit_is_seen(archive: Path, new: Home, tmp_path: Path) -> None:
    """Every byte of a part is held against its sha256, the rest against what a zip is."""
    data = bytes_of(archive)
    chance = random.Random(7)
    for _ in range(25):
        place = chance.randrange(len(data) * 3 // 4)
        (tmp_path / "bad.zip").write_bytes(data[:place] + bytes([data[place] ^ 64]) + data[place + 1 :])
        try:
            await new.client.import_dataset(tmp_path / "bad.zip")
        except InvalidInputError:
            assert (new.datasets(), new.left()) == ([], [])
        else:  # a bit of the zip's that nobody reads, such as a part's time
            await new.client.datasets.delete("d")


# Names and entries.


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "files/../../evil", "tables/../evil.parquet", "C:\\evil", "files/evil", "evil/"]
)
async def test_a_part_that_is_not_listed_is_refused_whatever_it_is_called(
    archive: Path, new: Home, tmp_path: Path, name: str
) -> None:
    manifest, files = unpacked(archive)
    await refused(new, packed(tmp_path / "x.zip", manifest, {**files, name: b"x"}), "not what manifest|no file, but")
    assert not [file for file in walked(tmp_path) if "evil" in file]


def walked(folder: Path) -> list[str]:
    return [name for _, folders, files in os.walk(folder) for name in (*folders, *files)]


@pytest.mark.parametrize(
    "name", ["../evil", "0" * 32 + "/../../evil", "0" * 32 + ".x\\evil", "0" * 32 + ".\nx", "evil"]
)
async def test_an_original_is_called_by_its_document(archive: Path, new: Home, tmp_path: Path, name: str) -> None:
    manifest, files = unpacked(archive)
    manifest["files"][name] = {}
    put(manifest, files, f"files/{name}", b"x")
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "manifest.json is not as it should be")


async def test_an_original_of_no_document_is_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    name = f"{new_id()}.txt"
    manifest["files"][name] = {}
    put(manifest, files, f"files/{name}", b"x")
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "original of a document that it does not hold")


async def test_a_link_is_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    (name,) = [name for name in files if name.startswith("files/")]
    packed(tmp_path / "x.zip", manifest, {it: data for it, data in files.items() if it != name})
    link = zipfile.ZipInfo(name)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as target:
        target.writestr(link, files[name])
    await refused(new, tmp_path / "x.zip", "no file, but a folder or a link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_two_parts_of_one_name_are_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    packed(tmp_path / "x.zip", manifest, files)
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as target:
        target.writestr("tables/turns.parquet", files["tables/turns.parquet"])
    await refused(new, tmp_path / "x.zip", "two files of one name")


# Bombs.


async def test_a_bomb_is_not_unpacked(archive: Path, new: Home, tmp_path: Path) -> None:
    """A gigabyte of nothing in a megabyte."""
    manifest, files = unpacked(archive)
    (name,) = [name for name in files if name.startswith("files/")]
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as target:
        for other, data in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            if other != name:
                target.writestr(other, data, zipfile.ZIP_STORED)
        with target.open(name, "w") as bomb:
            for _ in range(256):
                bomb.write(bytes(1 << 22))
    await refused(new, tmp_path / "x.zip", "compressed once more")


async def test_parts_that_share_their_bytes_are_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    """As a quine or an overlapping bomb does: each is honest, all together are larger than the file."""
    manifest, files = unpacked(archive)
    packed(tmp_path / "x.zip", manifest, files)
    data = bytearray((tmp_path / "x.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "x.zip") as source:
        size = 2 * len(data)
    entry = data.rindex(b"tables/embeddings.parquet") - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 20 : entry + 28] = struct.pack("<II", size, size)
    (tmp_path / "x.zip").write_bytes(data)
    assert source
    await refused(new, tmp_path / "x.zip", "larger than it is|no zip file")


async def test_a_manifest_of_too_much_is_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    for text in (b"[" * 200_000, b'{"layout": 1' + b"0" * 5000 + b"}", b"{" * 100, b"null", b"\xff\xfe", b'"x"'):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as target:
            target.writestr("manifest.json", text)
        await refused(new, tmp_path / "x.zip", "manifest.json is not as it should be|another version")


@pytest.mark.parametrize("rows", [10**15, 2**63, -1, 0, 7.5, "many"])
async def test_rows_are_as_many_as_there_are(archive: Path, new: Home, tmp_path: Path, rows: object) -> None:
    manifest, files = unpacked(archive)
    manifest["tables"]["turns"]["rows"] = rows
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "rows")


def parquet(folder: Path, query: str) -> bytes:
    file = folder / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    return file.read_bytes()


async def test_a_table_of_one_row_said_ten_million_times_is_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    same = "SELECT repeat('0', 32) AS document_id, 'x' AS name, 1::BIGINT AS seq FROM range(10_000_000)"
    put(manifest, files, "tables/node_sets.parquet", parquet(tmp_path, same))
    manifest["tables"]["node_sets"]["rows"] = 10_000_000
    assert len(files["tables/node_sets.parquet"]) < 100_000
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "more rows than fit")


async def test_a_table_that_is_larger_than_the_disk_is_refused(
    archive: Path, new: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeated words take nearly nothing in an archive: they are counted before any is written."""
    manifest, files = unpacked(archive)
    query = """SELECT md5(i::VARCHAR) AS id, repeat('x', 1_000_000) AS summary, 1::BIGINT AS seq
        FROM range(100) t(i)"""
    put(manifest, files, "tables/windows.parquet", parquet(tmp_path, query))
    manifest["tables"]["windows"]["rows"] = 100
    assert len(files["tables/windows.parquet"]) < 1_000_000
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=50_000_000))
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "more than fits on the disk")


# Versions.


@pytest.mark.parametrize(("key", "value"), [("layout", 2), ("layout", 0), ("schema_version", 99)])
async def test_another_versions_archive_is_refused_with_that_version(
    archive: Path, new: Home, tmp_path: Path, key: str, value: int
) -> None:
    manifest, files = unpacked(archive)
    manifest |= {key: value, "sessiongraph": "9.9"}
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "another version of sessiongraph .*9.9")


@pytest.mark.parametrize("key", ["layout", "users", "tables", "files", "owner", "exported_at", "dataset", "pages"])
async def test_a_manifest_says_everything(archive: Path, new: Home, tmp_path: Path, key: str) -> None:
    manifest, files = unpacked(archive)
    del manifest[key]
    await refused(new, packed(tmp_path / "x.zip", manifest, files), f"manifest.json is not as it should be .{key}")


async def test_a_manifest_that_lacks_a_table_is_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    del manifest["tables"]["claims"], files["tables/claims.parquet"]
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "lacks a table")
    manifest["tables"]["access"] = {"rows": 0}
    put(manifest, files, "tables/access.parquet", b"x")
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "a table that there is not")


@pytest.mark.parametrize(
    "users",
    [
        [],
        [{"id": "x" * 32, "name": "default_user"}],
        [{"id": "0" * 32, "name": "../../evil"}],
        [{"id": "0" * 32, "name": "a"}, {"id": "0" * 32, "name": "b"}],
        [{"id": "0" * 32, "name": "a"}, {"id": "1" * 32, "name": "a"}],
        [{"id": "0" * 32, "name": "a" * 1000}],
    ],
)
async def test_users_are_well_named_and_told_apart(archive: Path, new: Home, tmp_path: Path, users: list[Json]) -> None:
    manifest, files = unpacked(archive)
    manifest["users"] = users
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "refused")
    assert {user.name for user in new.client.services.access.list_users()} <= {"default_user"}


async def test_nobody_comes_as_somebody_who_is_called_by_their_id(archive: Path, new: Home, tmp_path: Path) -> None:
    """Users are found by id before name: an id that is another's name would speak for them."""
    ana = await new.client.users.create("f" * 32)
    manifest, files = unpacked(archive)
    manifest["users"].append({"id": "f" * 32, "name": "mallory"})
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "'mallory' has the id of somebody else")
    assert await new.client.users.get("f" * 32) == ana


async def test_a_dataset_is_well_named(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    manifest["dataset"] = "../../evil"
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "not a dataset name")


# Tables.


async def test_what_is_no_parquet_is_refused(archive: Path, new: Home, tmp_path: Path) -> None:
    for data in (b"", b"PAR1", b"PAR1" + b"\xff" * 200 + b"PAR1", b"a,b\n1,2\n"):
        manifest, files = unpacked(archive)
        put(manifest, files, "tables/claims.parquet", data)
        await refused(new, packed(tmp_path / "x.zip", manifest, files), "claims.parquet cannot be read")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS a",
        "SELECT document_id, name FROM t",
        "SELECT *, 'x' AS more FROM t",
        "SELECT document_id, name, seq::VARCHAR AS seq FROM t",
        "SELECT document_id, name, seq::DOUBLE AS seq FROM t",
        "SELECT document_id, [name] AS name, seq FROM t",
        "SELECT {'a': document_id} AS document_id, name, seq FROM t",
    ],
)
async def test_a_table_has_its_columns_of_their_types(archive: Path, new: Home, tmp_path: Path, query: str) -> None:
    manifest, files = unpacked(archive)
    (tmp_path / "t.parquet").write_bytes(files["tables/node_sets.parquet"])
    data = parquet(tmp_path, query.replace("FROM t", f"FROM '{tmp_path}/t.parquet'"))
    put(manifest, files, "tables/node_sets.parquet", data)
    await refused(new, packed(tmp_path / "x.zip", manifest, files), "other columns")


HEX = "repeat('a', 32)"
ODD_ROWS = [
    ("documents", "'../../*' AS id", "documents are such"),
    ("documents", "'x' AS user_id", "documents are such"),
    ("documents", f"{HEX} AS user_id", "a user whom its manifest does not"),
    ("documents", "'link' AS kind", "documents are such"),
    ("documents", f"{HEX} AS id", "twice|belongs|such"),
    ("documents", "CASE WHEN kind = 'session' THEN '../x' END AS session_id", "documents are such"),
    ("documents", "TIMESTAMP '290000-01-01' AS created_at", "documents are such"),
    ("documents", "'soon' AS said_on", "documents are such"),
    ("documents", "'[1]' AS metadata", "metadata of a document"),
    ("documents", "repeat('[', 100000) AS metadata", "metadata of a document"),
    ("turns", '\'{"b": 1, "a": 2}\' AS metadata', "not as it is kept"),
    ("commits", "'../../../evil' AS run_id", "commits are such"),
    ("commits", "7::BIGINT AS seq", "are such"),
    ("commits", "-seq AS seq", "commits are such"),
    ("node_sets", "'<script>' AS name", "node_sets are such"),
    ("node_sets", f"{HEX} AS document_id", "node_sets are such"),
    ("chunks", "-1::BIGINT AS start", "chunks are such"),
    ("turns", f"{HEX} AS document_id", "turns are such"),
    ("turns", f"{HEX} AS passage_id", "has the id of another"),
    ("turns", "NULL::VARCHAR AS question", "turns are such"),
    ("turns", "9::INTEGER AS score", "turns are such"),
    ("turns", "'infinity'::TIMESTAMP AS created_at", "turns are such"),
    ("turns", "100000::INTEGER AS utc_offset_minutes", "turns are such"),
    ("turns", "10000::BIGINT AS seq", "turns are such"),
    ("ledger", "'loved' AS disposition", "ledger are such"),
    ("ledger", "'x' AS window_id", "ledger are such"),
    ("windows", "'x' AS id", "are such"),
    ("mentions", f"{HEX} AS window_id", "mentions are such"),
    ("claims", "NULL::VARCHAR AS statement", "claims are such"),
    ("claims", "1::BIGINT AS seq", "claims are such"),
    ("embeddings", "encode('abc') AS vector", "embeddings are such"),
    ("embeddings", "CASE WHEN rn = 1 THEN encode('abcd') ELSE vector END AS vector", "differ in length"),
    ("embeddings", "unhex(repeat('0000c07f', octet_length(vector)::INT // 4)) AS vector", "no number"),
    ("fact_corrections", "'burn' AS action", "fact_corrections are such"),
    ("fact_corrections", "'x' AS user_id", "fact_corrections are such"),
    ("decisions", "NULL::BOOLEAN AS same", "decisions are such"),
    ("graph_schemas", "'{}' AS schema", "schema is not as it is kept"),
    ("graph_schemas", "schema || ' ' AS schema", "schema is not as it is kept"),
]


@pytest.mark.parametrize(("table", "value", "says"), ODD_ROWS)
async def test_rows_are_such_as_a_dataset_holds(
    archive: Path, new: Home, tmp_path: Path, table: str, value: str, says: str
) -> None:
    manifest, files = unpacked(archive)
    name = f"tables/{table}.parquet"
    (tmp_path / "t.parquet").write_bytes(files[name])
    query = f"""SELECT * EXCLUDE (rn) REPLACE ({value}) FROM (
        SELECT *, row_number() OVER () AS rn FROM '{tmp_path}/t.parquet')"""
    put(manifest, files, name, parquet(tmp_path, query))
    await refused(new, packed(tmp_path / "x.zip", manifest, files), says)


async def test_whatever_the_bytes_of_a_table_are_the_process_lives(archive: Path, new: Home, tmp_path: Path) -> None:
    """Bytes changed at random, listed honestly: refused in our words, or harmless."""
    chance = random.Random(11)
    for _ in range(60):
        manifest, files = unpacked(archive)
        name = chance.choice([it for it in sorted(files) if it.endswith(".parquet")])
        data = bytearray(files[name])
        for _ in range(chance.choice((1, 1, 4, 40))):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        put(manifest, files, name, bytes(data))
        try:
            await new.client.import_dataset(packed(tmp_path / "x.zip", manifest, files), f"d{zlib.crc32(bytes(data))}")
        except SessionGraphError:
            assert new.left() == []


async def test_pages_are_made_here_whatever_the_archive_says_of_them(archive: Path, new: Home, tmp_path: Path) -> None:
    manifest, files = unpacked(archive)
    for page in ({"asset": "../x", "run_id": "r"}, {"asset": "knowledge_graph", "run_id": "../../evil"}):
        await refused(new, packed(tmp_path / "x.zip", {**manifest, "pages": [page]}, files), "pages")
    await refused(new, packed(tmp_path / "x.zip", {**manifest, "pages": manifest["pages"] * 100}, files), "pages")

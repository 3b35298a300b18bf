"""Writing an archive: from a copy of the store, so that who writes to the dataset waits for the copy alone."""

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import portalocker

from sessiongraph.archive.manifest import (
    FILE_NAME,
    LAYOUT,
    NAME,
    ArchivedUser,
    Manifest,
    Page,
    Part,
    TablePart,
    file_path,
    table_path,
)
from sessiongraph.changes.page_store import list_pages
from sessiongraph.errors import InvalidInputError, SessionGraphError, SessionsNotFoundError
from sessiongraph.files import Files
from sessiongraph.forgetting import Target, drop
from sessiongraph.store.duckdb_connection import DuckDBConnection
from sessiongraph.store.duckdb_pool import literal
from sessiongraph.store.graph_store import GraphStore, Transaction
from sessiongraph.store.schema import SCHEMA_VERSION, TABLES
from sessiongraph.types import Dataset, User

# Rows that are held in memory at once: a scan of DuckDB gives no fewer.
_ROW_GROUP = 2048
_CHUNK = 1 << 20

# Of the commits, those that wrote a row that is there.
_COMMITS = "SELECT * FROM commits WHERE seq IN ({})".format(
    " UNION ALL ".join(f"SELECT seq FROM {table}" for table in TABLES if table != "commits")
)
# Where an original is kept is the home's business: the archive names its own file.
_DOCUMENTS = """
SELECT * REPLACE (CASE WHEN starts_with(parse_filename(source), id) THEN 'files/' || parse_filename(source)
    ELSE source END AS source)
FROM documents"""
_USERS = """
SELECT user_id, max(user_name) FROM (
    SELECT user_id, user_name FROM documents UNION ALL SELECT user_id, user_name FROM fact_corrections
    UNION ALL SELECT user_id, user_name FROM entity_corrections)
WHERE user_id IS NOT NULL GROUP BY user_id ORDER BY user_id
"""

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Selection:
    """Whole sessions to export, without documents: those named (None: all), of which a turn was said in the time."""

    session_ids: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


def write_archive(
    store: GraphStore,
    dataset: Dataset,
    file: Path,
    selection: Selection | None,
    user_named: Callable[[str, str | None], User],
    told: Told,
) -> Manifest:
    """Write the archive of `dataset` to `file`, which must not exist; under that name it appears when it is whole.

    `user_named` gives the user of an id, or of an id and the
    name that rows give it. Blocks. Raises InvalidInputError, SessionsNotFoundError, SessionGraphError.
    """
    with _unfinished(file) as folder:
        pages = list_pages(store)
        copy = store.copy_to(folder / "graph.duckdb")
        if selection is not None:
            copy.write("selection", "selection", lambda tx: _keep(tx, selection))
        tables = copy.read(lambda con: _write_tables(con, folder, selection is not None, told))
        users = copy.read(lambda con: [user_named(*row) for row in con.execute(_USERS).fetchall()])
        documents, runs = copy.read(_documents_and_runs)
        owner = User(dataset.owner_id, dataset.owner_name)
        manifest = Manifest(
            layout=LAYOUT,
            sessiongraph=version("sessiongraph"),
            schema_version=SCHEMA_VERSION,
            exported_at=datetime.now(UTC),
            dataset=dataset.name,
            owner=owner.id,
            allow_secrets=dataset.allow_secrets,
            users=[ArchivedUser(id=it.id, name=it.name) for it in dict.fromkeys([owner, *users])],
            part=selection is not None,
            tables=tables,
            files={},
            pages=[Page(asset=it.asset, run_id=it.run_id) for it in pages if it.run_id in runs],
        )
        _zip(folder, manifest, store.originals, _kept_of(store.originals, documents), told)
        (folder / "archive.zip").replace(file)
        return manifest


@contextmanager
def _unfinished(file: Path) -> Iterator[Path]:
    """A folder beside `file` to work in. One that a killed export left is emptied; who is at it is not disturbed."""
    folder = file.with_name(f".{file.name}.partial")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            try:
                portalocker.lock(lock, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
            except portalocker.LockException as error:
                raise InvalidInputError(f"Another export is writing {file.name!r}: name another file.") from error
            _empty(folder)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise SessionGraphError(
            f"{file.name!r} cannot be written into {str(file.parent)!r} ({error.strerror or error}). Nothing was "
            "exported: name a file in a folder that you may write to, on a disk that is not full."
        ) from error


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.name != "lock":
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _keep(tx: Transaction, selection: Selection) -> None:
    """Take out of the copy all that the sessions of `selection` do not support."""
    sessions = dict(tx.connection.execute("SELECT id, session_id FROM documents WHERE kind = 'session'").fetchall())
    wanted = set(sessions.values()) if selection.session_ids is None else set(selection.session_ids)
    if missing := sorted(wanted - set(sessions.values())):
        raise SessionsNotFoundError(
            f"The dataset holds no session {', '.join(map(repr, missing))}: documents.list(…) shows what it holds.",
            tuple(missing),
        )
    said = {
        id_
        for (id_,) in tx.connection.execute(
            "SELECT DISTINCT document_id FROM current_turns "
            "WHERE created_at >= coalesce($1, created_at) AND created_at < coalesce($2, 'infinity'::TIMESTAMP)",
            [_stored(selection.since), _stored(selection.until)],
        ).fetchall()
    }
    kept = {id_ for id_, session_id in sessions.items() if session_id in wanted and id_ in said}
    if not kept:
        raise InvalidInputError("No session of the dataset has a turn of that time, so there is nothing to export.")
    documents = tx.connection.execute("SELECT id FROM documents").fetchall()
    drop(tx, Target([id_ for (id_,) in documents if id_ not in kept]))


def _stored(moment: datetime | None) -> datetime | None:
    """As the store keeps times: in UTC, without saying so."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)


def _write_tables(connection: DuckDBConnection, folder: Path, is_part: bool, told: Told) -> dict[str, TablePart]:
    counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in TABLES}
    tables, done = {}, 0
    for table in TABLES:
        path = folder / f"{table}.parquet"
        query = f"SELECT * FROM {table}"
        if table == "commits" and is_part:
            query = _COMMITS
        if table == "documents":
            query = _DOCUMENTS
        copied = f"COPY ({query}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
        rows = connection.execute(copied).fetchall()[0][0]
        done += counts[table]
        told("rows", done, sum(counts.values()))
        tables[table] = TablePart(rows=rows, bytes=path.stat().st_size, sha256="0" * 64)
    return tables


def _documents_and_runs(connection: DuckDBConnection) -> tuple[set[str], set[str]]:
    documents = connection.execute("SELECT id FROM documents WHERE kind <> 'session'").fetchall()
    runs = connection.execute(f"SELECT run_id FROM ({_COMMITS})").fetchall()
    return {id_ for (id_,) in documents}, {run_id for (run_id,) in runs}


def _kept_of(originals: Files, documents: set[str]) -> list[str]:
    """The names of those that belong to `documents`."""
    files = (it.name for it in originals.entries() if not it.is_folder and not it.is_link)
    return sorted(name for name in files if re.fullmatch(FILE_NAME, name) and name[:32] in documents)


def _zip(folder: Path, manifest: Manifest, originals: Files, names: Sequence[str], told: Told) -> None:
    """Put tables, originals and at last the manifest into `archive.zip`, all of them stored as they are."""
    descriptor = os.open(folder / "archive.zip", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        for table, part in manifest.tables.items():
            path = folder / f"{table}.parquet"
            with path.open("rb") as source:
                stored = _add(archive, table_path(table), source, part.bytes)
            manifest.tables[table] = TablePart(rows=part.rows, bytes=stored.bytes, sha256=stored.sha256)
            path.unlink()
        for number, name in enumerate(names, 1):
            with originals.local(name) as original, original.open("rb") as source:
                size = os.fstat(source.fileno()).st_size
                manifest.files[name] = _add(archive, file_path(name), source, size)
            told("files", number, len(names))
        archive.writestr(_entry(NAME, 0), manifest.model_dump_json(indent=1))
        archive.close()
        raw.flush()
        os.fsync(descriptor)


def _add(archive: zipfile.ZipFile, name: str, source: BinaryIO, size: int) -> Part:
    digest, written = hashlib.sha256(), 0
    with archive.open(_entry(name, size), "w") as target:
        while block := source.read(_CHUNK):
            digest.update(block)
            written += target.write(block)
    return Part(bytes=written, sha256=digest.hexdigest())


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    # Of no time: what is the same has the same bytes.
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o100600 << 16
    entry.file_size = size
    return entry

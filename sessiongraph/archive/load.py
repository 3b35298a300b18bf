"""Taking the tables of an archive into a store of their own, row by row as they were exported."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from sessiongraph.archive.manifest import Manifest, broken, file_path, table_path
from sessiongraph.archive.other_users import rename_users
from sessiongraph.archive.row_checks import check_rows
from sessiongraph.archive.zip_reading import Archive
from sessiongraph.files import Files
from sessiongraph.store.duckdb_connection import DuckDBConnection
from sessiongraph.store.duckdb_pool import literal
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.store.schema import LESSONS_SINCE, NOT_READ, SCHEMA_VERSION
from sessiongraph.types import User

# Of every table's rows, hardly two are the same: a part that says it has more than so many a byte has them repeated.
_MOST_ROWS_A_BYTE = 64

Told = Callable[[str, int, int], None]


def load_store(
    archive: Archive, store: DuckDBStore, originals: Files, users: Mapping[str, User], told: Told
) -> dict[str, int]:
    """Make `store`, which must not exist, of the archive's tables; how many documents, sessions and turns it holds.

    `originals` is where the originals will be kept, `users` who the archive's users are here, by id. Blocks.
    Raises InvalidInputError where a part is not as it should be.
    """

    names = {user.id: user.name for user in archive.manifest.users}
    others = {old: user for old, user in users.items() if user != User(old, names[old])}

    def fill(connection: DuckDBConnection) -> dict[str, int]:
        connection.execute("BEGIN")
        _load_tables(connection, archive, store.path.with_name("part.parquet"), told)
        if archive.manifest.schema_version < LESSONS_SINCE:
            connection.execute(NOT_READ)
        check_rows(connection, archive.manifest)
        rename_users(connection, others)
        _place_originals(connection, archive.manifest, originals)
        connection.execute("COMMIT")
        return _counts(connection)

    return store.create(fill)


def extract_originals(archive: Archive, folder: Path, told: Told) -> None:
    """Write the documents' originals into `folder`."""
    folder.mkdir()
    for number, name in enumerate(archive.manifest.files, 1):
        archive.extract(file_path(name), folder / name)
        told("files", number, len(archive.manifest.files))


def _load_tables(connection: DuckDBConnection, archive: Archive, file: Path, told: Told) -> None:
    done = 0
    for table, part in archive.manifest.tables.items():
        archive.extract(table_path(table), file)
        try:
            _check_table(connection, table, archive.manifest, file)
        except duckdb.Error as error:
            raise broken(f"{table_path(table)} cannot be read") from error
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM {_rows_in(file)}")
        file.unlink()
        done += part.rows
        told("rows", done, archive.manifest.rows)


def _rows_in(file: Path) -> str:
    # Names with letters that DuckDB would take for a pattern stand as themselves.
    path = "".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(file))
    return f"read_parquet({literal(Path(path))}, hive_partitioning = false)"


def _check_table(connection: DuckDBConnection, table: str, manifest: Manifest, file: Path) -> None:
    """Look at the Parquet of `table`, to its last value, without keeping any."""
    part, name = manifest.tables[table], table_path(table)
    columns = _columns(connection, f"SELECT * FROM {_rows_in(file)}")
    wanted = _columns(connection, f"SELECT * FROM {table}")
    # An archive of an earlier schema lacks columns that came later.
    if not columns.items() <= wanted.items() or (manifest.schema_version == SCHEMA_VERSION and columns != wanted):
        raise broken(f"{name} has other columns than the table")
    (counted,) = connection.execute(f"SELECT count(*) FROM {_rows_in(file)}").fetchall()[0]  # from its footer
    if counted != part.rows:
        raise broken(f"{name} has not as many rows as the manifest says")
    if part.rows > part.bytes * _MOST_ROWS_A_BYTE:
        raise broken(f"{name} says to have more rows than fit into it")
    sizes = ", ".join(f"sum({_size(column, type_)})" for column, type_ in columns.items())
    read = connection.execute(f"SELECT {sizes} FROM {_rows_in(file)}").fetchall()[0]
    if sum(size or 0 for size in read) > shutil.disk_usage(file.parent).free:
        raise broken(f"{name} holds more than fits on the disk")


def _size(column: str, type_: str) -> str:
    """How long a value is, in bytes or about so; every value is read for it."""
    return f"octet_length({column})" if type_ == "BLOB" else f"strlen({column}::VARCHAR)"


def _columns(connection: DuckDBConnection, query: str) -> dict[str, str]:
    return {name: type_ for name, type_, *_ in connection.execute(f"DESCRIBE {query}").fetchall()}


def _place_originals(connection: DuckDBConnection, manifest: Manifest, originals: Files) -> None:
    """Say where the originals are kept here."""
    for name in manifest.files:
        connection.execute(
            "UPDATE documents SET source = ? WHERE id = ? AND source = ?",
            [f"{originals.location}/{name}", name[:32], file_path(name)],
        )


def _counts(connection: DuckDBConnection) -> dict[str, int]:
    query = """SELECT count(*) FILTER (kind <> 'session'), count(*) FILTER (kind = 'session'),
        (SELECT count(*) FROM current_turns) FROM documents"""
    return dict(zip(("documents", "sessions", "turns"), connection.execute(query).fetchall()[0], strict=True))

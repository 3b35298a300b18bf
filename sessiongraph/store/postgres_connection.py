"""A connection to the rows of one dataset in PostgreSQL. What is read and written through it is said in `connection`.

Queries speak of the dataset's rows alone: each table that a query names is put in front of it as a common table
expression of the dataset's rows, which PostgreSQL takes apart again. So no query can forget whose rows it is about, and
which partition they are in is known when it is planned.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any, LiteralString, cast

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import RawCursor, RawServerCursor
from psycopg.sql import Literal

from sessiongraph.database.engine import SCHEMA, keepable
from sessiongraph.store.connection import Columns, Result, Row, Values
from sessiongraph.store.duckdb_pool import DuckDBPool
from sessiongraph.store.schema import VIEWS, table_columns
from sessiongraph.store.store_version import StoreVersion

_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "int8",
    "INTEGER": "int4",
    "TIMESTAMP": "timestamp",
    "BOOLEAN": "bool",
    "BLOB": "bytea",
    "VARCHAR[]": "text[]",
}
_COLUMNS = {
    table: {name: _TYPES[type_] for name, type_ in columns}
    for table, columns in table_columns().items()
    if table != "meta"
}
# Places in a text are no larger there: `substr` takes nothing else.
_COLUMNS["chunks"] |= {"start": "int4", "stop": "int4"}
# What the columns of an answer are in DuckDB and in numpy, by the name of their type.
_ANSWERS: dict[str, tuple[str, str]] = {
    "int2": ("INTEGER", "int64"),
    "int4": ("INTEGER", "int64"),
    "int8": ("BIGINT", "int64"),
    "bool": ("BOOLEAN", "bool"),
    "float8": ("DOUBLE", "float64"),
    "numeric": ("DOUBLE", "float64"),
    "timestamp": ("TIMESTAMP", "datetime64[us]"),
}
# A string, or a value's place: ?, $1 or $name.
_PLACE = re.compile(r"'(?:[^']|'')*'|\?|\$\w+")
_BATCH_ROWS = 10_000
_FEW_ROWS = 200


class PostgresConnection:
    """As `StoreConnection` says, within the open transaction of `connection`. `pool` is for digests."""

    def __init__(self, connection: psycopg.Connection, dataset_id: str, pool: DuckDBPool) -> None:
        self.connection = connection
        self._dataset, self._pool = dataset_id, pool
        self._is_own = f"dataset_id = {Literal(dataset_id).as_string()}"
        self._registered: dict[str, Mapping[str, npt.NDArray[Any]]] = {}
        self._drafts: dict[str, _Draft] = {}

    def execute(self, query: str, values: Values = None) -> Result:
        return cast(Result, self._executed(query, values))

    def _executed(self, query: str, values: Values) -> RawCursor[Any]:
        text, given = self._whole(query, values)
        return RawCursor(self.connection).execute(text, given)

    def columns(self, query: str, values: Values = None) -> Columns:
        found = self._executed(query, values)
        return _columns(found, found.fetchall())

    def batches(self, query: str, values: Values = None) -> Iterator[Columns]:
        text, given = self._whole(query, values)
        with RawServerCursor(self.connection, "batches") as found:
            found.execute(text, given, binary=True)
            while rows := found.fetchmany(_BATCH_ROWS):
                yield _columns(found, rows)

    @contextmanager
    def registered(self, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> Iterator[None]:
        # Of tables that were just filled there are no statistics, and going through all of one for each row of another
        # would seem cheap. Joined by hash they cost what they hold.
        is_large = max(map(len, columns.values()), default=0) > _FEW_ROWS
        if is_large:
            self.connection.execute("SET LOCAL enable_nestloop = off")
        self._registered[name] = columns
        try:
            yield
        finally:
            del self._registered[name]
        if is_large:
            self.connection.execute("SET LOCAL enable_nestloop = on")

    def version(self, until: int | None = None) -> StoreVersion:
        query = f"""SELECT s.seq, s.epoch, c.committed_at FROM {SCHEMA}.stores s
            LEFT JOIN commits c ON c.seq = {"s.seq" if until is None else "$1"} WHERE s.{self._is_own}"""
        for seq, epoch, time in self.execute(query, None if until is None else [until]).fetchall():
            return StoreVersion(seq if until is None else until, time, (epoch,))
        return StoreVersion()

    def digest(self, query: str, ahead: str = "") -> tuple[int, int]:
        # DuckDB hashes how it writes a row: the same rows are to have the same hash whatever keeps them.
        total, summed = 0, 0
        with self._pool.opened(None) as duckdb:
            # All values are strings or nothing: what it would look for first is not to be had of arrays.
            duckdb.execute("SET pandas_analyze_sample = 0")
            for batch, types in self._typed_batches(f"{ahead} {query}"):
                duckdb.register("answer", batch)
                cast_ = ", ".join(f'"{name}"::{type_} AS "{name}"' for name, type_ in types.items())
                row = f"SELECT {cast_} FROM answer"
                hashed = f"SELECT count(*), coalesce(bit_xor(md5_number(row::VARCHAR)), 0) FROM ({row}) row"
                rows, hash_ = duckdb.execute(hashed).fetchall()[0]
                total, summed = total + rows, summed ^ int(hash_)
        return total, summed

    def rows(self, query: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of `query` in parts."""
        text, given = self._whole(query, None)
        with RawServerCursor(self.connection, "rows") as found:
            found.execute(text, given, binary=True)
            while rows := found.fetchmany(_BATCH_ROWS):
                yield rows

    def _typed_batches(self, query: str) -> Iterator[tuple[dict[str, npt.NDArray[Any]], dict[str, str]]]:
        text, given = self._whole(query, None)
        with RawServerCursor(self.connection, "digested") as found:
            found.execute(text, given)
            while rows := found.fetchmany(_BATCH_ROWS):
                names = [column.name for column in found.description or ()]
                columns = {
                    name: np.array([None if value is None else str(value) for value in values], object)
                    for name, values in zip(names, zip(*rows, strict=True), strict=True)
                }
                yield columns, dict(zip(names, _duckdb_types(found), strict=True))

    def draft(self, table: str, condition: str = "true", values: Values = None) -> None:
        self._drafts[table] = _Draft(condition, values)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        if (draft := self._drafts.get(table)) is not None:
            draft.rows.extend(rows)
            return
        names = list(rows[0])
        into = f"{SCHEMA}.{table} (dataset_id, {', '.join(names)})"
        with (
            self.connection.cursor() as cursor,
            cursor.copy(cast(LiteralString, f"COPY {into} FROM STDIN (FORMAT BINARY)")) as copy,
        ):
            copy.set_types(["text", *(_COLUMNS[table][name] for name in names)])
            for row in rows:
                copy.write_row([self._dataset, *(_kept(row[name]) for name in names)])

    def delete(self, table: str, condition: str, values: Values = None) -> None:
        self.execute(f"DELETE FROM {SCHEMA}.{table} WHERE {self._is_own} AND ({condition})", values)

    def _whole(self, query: str, values: Values) -> tuple[bytes, list[Any]]:
        """`query` behind what it names, and the values of both, in PostgreSQL's own style."""
        given = _Given()
        own = given.placed(query, values)
        named = self._named(set(re.findall(r"\w+", query)), given)
        if named:
            own = own.strip()
            begun = f"WITH {', '.join(named)}"
            own = f"{begun}, {own[4:]}" if own[:4].upper() == "WITH" else f"{begun} {own}"
        return own.encode(), given.values

    def _named(self, words: set[str], given: "_Given") -> list[str]:
        found = {name: given.table(columns) for name, columns in self._registered.items() if name in words}
        views = [view for view in VIEWS if view in words]
        for view in views:
            words |= set(re.findall(r"\w+", VIEWS[view]))
        found |= {table: self._rows_of(table, given) for table in _COLUMNS if table in words}
        found |= {view: VIEWS[view] for view in views}
        return [f"{name} AS NOT MATERIALIZED ({query})" for name, query in found.items()]

    def _rows_of(self, table: str, given: "_Given") -> str:
        rows = f"SELECT {', '.join(_COLUMNS[table])} FROM {SCHEMA}.{table} WHERE {self._is_own}"
        if (draft := self._drafts.get(table)) is None:
            return rows
        kept = f"{rows} AND ({given.placed(draft.condition, draft.values)})"
        return f"{kept} UNION ALL {given.rows(table, draft.rows)}"


class _Draft:
    """Which rows of a table are seen, and those that are there for this connection alone."""

    def __init__(self, condition: str, values: Values) -> None:
        self.condition, self.values = condition, values
        self.rows: list[Row] = []


class _Given:
    """The values of a statement, in the order of their numbers."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def placed(self, text: str, values: Values) -> str:
        """`text` with a number for each of its own values."""
        next_one, known = count(), dict[Any, str]()

        def number(found: re.Match[str]) -> str:
            place = found[0]
            if place.startswith("'") or values is None:
                return place
            if isinstance(values, Mapping):
                key: Any = place[1:]
            else:
                key = next(next_one) if place == "?" else int(place[1:]) - 1
            if key not in known:
                known[key] = self._add(values[key])
            return known[key]

        return _PLACE.sub(number, text)

    def table(self, columns: Mapping[str, npt.NDArray[Any]]) -> str:
        """A query of the rows of `columns`."""
        arrays = (
            self._add(column.tolist(), "text[]" if column.dtype == object else "int8[]") for column in columns.values()
        )
        return f"SELECT * FROM unnest({', '.join(arrays)}) AS given ({', '.join(columns)})"

    def rows(self, table: str, rows: Sequence[Row]) -> str:
        """A query of `rows` of a table, with NULL in what they lack."""
        types = ", ".join(f"{name} {type_}" for name, type_ in _COLUMNS[table].items())
        said = json.dumps([{name: _kept(value) for name, value in row.items()} for row in rows], default=_in_json)
        return f"SELECT * FROM jsonb_to_recordset({self._add(said, 'jsonb')}) AS drafted ({types})"

    def _add(self, value: Any, type_: str | None = None) -> str:
        if isinstance(value, list | tuple) and type_ is None:
            type_ = "text[]"
        self.values.append(list(value) if isinstance(value, tuple) else value)
        return f"${len(self.values)}" + (f"::{type_}" if type_ else "")


def _kept(value: Any) -> Any:
    """`value` without what PostgreSQL cannot keep."""
    if isinstance(value, str):
        return keepable(value)
    return [_kept(it) for it in value] if isinstance(value, list) else value


def _in_json(value: datetime) -> str:
    return value.isoformat()


def _columns(found: psycopg.Cursor[Any] | psycopg.ServerCursor[Any], rows: list[tuple[Any, ...]]) -> Columns:
    types = [_ANSWERS.get(_type_of(found, place), ("", "object"))[1] for place in range(len(found.description or ()))]
    names = [column.name for column in found.description or ()]
    values = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: _array(column, type_) for name, column, type_ in zip(names, values, types, strict=True)}


def _array(values: Sequence[Any], type_: str) -> npt.NDArray[Any]:
    if type_ == "object":
        array = np.empty(len(values), object)
        array[:] = values
        return array
    if type_ == "int64":
        return np.array([value or 0 for value in values], type_)
    return np.array(values, type_)


def _duckdb_types(found: psycopg.ServerCursor[Any]) -> list[str]:
    return [_ANSWERS.get(_type_of(found, place), ("VARCHAR",))[0] for place in range(len(found.description or ()))]


def _type_of(found: psycopg.Cursor[Any] | psycopg.ServerCursor[Any], place: int) -> str:
    known = found.adapters.types.get((found.description or ())[place].type_code)
    return known.name if known else "text"

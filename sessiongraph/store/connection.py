"""What a store is read and written with, whatever keeps it: one SQL, which DuckDB and PostgreSQL both understand.

That means: `FILTER (WHERE …)`, a name for each subquery, the newest row of a key by `row_number()`, lists by `unnest`,
columns by name where not all are wanted; no QUALIFY, EXCLUDE, `arg_max` or `list`. Values are passed as `?`, `$1` or
`$name`. A query speaks of the dataset's rows alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

from sessiongraph.store.store_version import StoreVersion

Row = Mapping[str, Any]
Values: TypeAlias = Sequence[Any] | Mapping[str, Any] | None
# By name; None where there is no text.
Columns: TypeAlias = dict[str, npt.NDArray[Any]]


class Result(Protocol):
    """The rows of a query, to be taken once."""

    @property
    def description(self) -> Sequence[Sequence[Any]]:
        """Of each column, its name first."""

    def fetchall(self) -> list[Any]: ...

    def fetchmany(self, size: int = ..., /) -> list[Any]: ...


class StoreConnection(Protocol):
    """One dataset's rows as of one moment; in a `write`, with what was inserted and deleted so far."""

    def execute(self, query: str, values: Values = None, /) -> Result:
        """The rows of `query`."""

    def columns(self, query: str, values: Values = None) -> Columns:
        """The rows of `query`, column by column."""

    def batches(self, query: str, values: Values = None) -> Iterator[Columns]:
        """The same in parts, for what is too large to be held at once."""

    def registered(self, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> AbstractContextManager[None]:
        """Let queries read `columns` as the table `name`, within the context."""

    def version(self, until: int | None = None) -> StoreVersion:
        """How far the store has come, or what is left of it as it was at commit `until`."""

    def digest(self, query: str, ahead: str = "") -> tuple[int, int]:
        """How many rows `query` has, and the XOR of their hashes: the same in every kind of store. `ahead` are common
        table expressions that it uses."""

    def draft(self, table: str, condition: str = "true", values: Values = None) -> None:
        """Let `table` be its rows that fit `condition` and what is inserted from now on, until the connection ends."""

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add `rows`, all of one set of columns."""

    def delete(self, table: str, condition: str, values: Values = None) -> None:
        """Delete the rows of `table` that fit `condition`."""

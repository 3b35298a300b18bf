"""Append-only arrays and tables that successive snapshots share.

Invariant: a view that was handed out never changes. It is a prefix of a buffer: rows are appended behind it, and a row
that a view contains is only overwritten in a copy of the buffer. So a snapshot costs what was appended, and a copy
(1 ms for 8 MB) of those columns of which an old row was changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, is_mapped
from sessiongraph.columnar.vectors import Array


class Column(Protocol):
    """What a table has one of for each name."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any) -> Any: ...
    def view(self) -> Any: ...
    def extend(self, values: Any) -> None: ...
    def extend_from(self, other: Any, rows: Array) -> None: ...
    def put(self, rows: Array, values: Any) -> None: ...
    def move(self, rows: Array, to: Array) -> None: ...
    def truncate(self, size: int) -> None: ...
    def empty(self) -> Any: ...
    def save(self, to: ArrayWriter, name: str) -> None: ...
    def load(self, saved: SavedArrays, name: str) -> None: ...
    @property
    def nbytes(self) -> int: ...


class GrowingArray:
    """A one-dimensional array of `dtype` that grows at its end (copy on write)."""

    def __init__(self, dtype: Any) -> None:
        self._buffer = np.empty(0, dtype)
        self._size = 0
        self._viewed = 0  # how many values some view contains

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, rows: Any) -> Any:
        return self.array[rows]

    @property
    def array(self) -> Array:
        """The present values, to be read at once: the next change may overwrite them."""
        return self._buffer[: self._size]

    def view(self) -> Array:
        """The present values, which stay as they are."""
        self._viewed = max(self._viewed, self._size)
        view = self._buffer[: self._size]
        view.flags.writeable = False
        return view

    def extend(self, values: Any) -> None:
        size = self._size + len(values)
        if size > len(self._buffer):
            # Half as much again, so that growing costs a constant for each value in the long run.
            self._reallocate(max(size * 3 // 2, 16))
        elif self._size < self._viewed:
            self._reallocate(len(self._buffer))
        self._buffer[self._size : size] = values
        self._size = size

    def extend_from(self, other: "GrowingArray", rows: Array) -> None:
        self.extend(other.array[rows])

    def put(self, rows: Array, values: Any) -> None:
        """Overwrite `rows`."""
        if len(rows):
            if np.min(rows) < self._viewed:
                self._reallocate(len(self._buffer))
            self._buffer[rows] = values

    def move(self, rows: Array, to: Array) -> None:
        """Overwrite the rows `to` by the rows `rows`."""
        self.put(to, self.array[rows])

    def truncate(self, size: int) -> None:
        self._size = size

    def empty(self) -> Self:
        """An empty one of the same kind."""
        return type(self)(self._buffer.dtype)

    def copy(self) -> Self:
        """A copy that shares its memory until one of the two changes."""
        copied = self.empty()
        self.view()
        copied._buffer, copied._size, copied._viewed = self._buffer[: self._size], self._size, self._size
        return copied

    def _reallocate(self, capacity: int) -> None:
        """Move the values to a buffer that no view shares."""
        buffer = np.empty(capacity, self._buffer.dtype)
        buffer[: self._size] = self._buffer[: self._size]
        self._buffer, self._viewed = buffer, 0

    def save(self, to: ArrayWriter, name: str) -> None:
        to.growing(name, self.array)

    def load(self, saved: SavedArrays, name: str) -> None:
        self._buffer, self._size = saved.growing(name)
        self._viewed = 0

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory."""
        return 0 if is_mapped(self._buffer) else self._size * self._buffer.itemsize


class GrowingTable:
    """Named columns of one length, each given as itself or as the dtype of an array. Rows are dense: the last row takes
    the place of a removed one."""

    def __init__(self, **columns: Any) -> None:
        self._columns: dict[str, Column] = {
            name: column if hasattr(column, "extend_from") else GrowingArray(column) for name, column in columns.items()
        }

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __getitem__(self, name: str) -> Any:
        """The column of that name as it is now: an array, or texts that are indexed like one."""
        column = self._columns[name]
        return column.array if isinstance(column, GrowingArray) else column

    def view(self, name: str) -> Any:
        return self._columns[name].view()

    def extend(self, rows: Mapping[str, Any]) -> Array:
        """Append rows, given as columns; returns their numbers."""
        before = len(self)
        for name, column in self._columns.items():
            column.extend(rows[name])
        return np.arange(before, len(self), dtype=np.int32)

    def extend_from(self, other: "GrowingTable", rows: Array) -> Array:
        """Append `rows` of a table of the same columns; returns their numbers."""
        before = len(self)
        for name, column in self._columns.items():
            column.extend_from(other._columns[name], rows)
        return np.arange(before, len(self), dtype=np.int32)

    def put(self, rows: Array, **values: Any) -> None:
        for name, column in values.items():
            self._columns[name].put(rows, column)

    def take(self, rows: Array, *names: str) -> dict[str, Array]:
        """A copy of `rows`: of all columns, or of those called `names`."""
        return {name: self._columns[name][rows] for name in names or self._columns}

    def remove(self, rows: Array) -> Array:
        """Remove `rows`, each given once; returns each old row's new number, -1 for a removed one."""
        before, after = len(self), len(self) - len(rows)
        numbers = np.arange(before, dtype=np.int32)
        numbers[rows] = -1
        holes = rows[rows < after]
        last = after + np.flatnonzero(numbers[after:] >= 0)
        numbers[last] = holes
        for column in self._columns.values():
            column.move(last, holes)
            column.truncate(after)
        return numbers

    def like(self) -> "GrowingTable":
        """An empty table of the same columns, which share the texts of these."""
        return GrowingTable(**{name: column.empty() for name, column in self._columns.items()})

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """A DataFrame of the columns `names` that shares their memory."""
        return frame_of({name: self.view(name) for name in names}, len(self))

    def save(self, to: ArrayWriter, name: str) -> None:
        for column_name, column in self._columns.items():
            column.save(to, f"{name}.{column_name}")

    def load(self, saved: SavedArrays, name: str) -> None:
        for column_name, column in self._columns.items():
            column.load(saved, f"{name}.{column_name}")

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self._columns.values())


def frame_of(columns: Mapping[str, Any], rows: int) -> pd.DataFrame:
    """A DataFrame of `columns`, views of so many `rows`, that shares their memory."""
    index = pd.RangeIndex(rows)
    series = {name: pd.Series(array, index, array.dtype, copy=False) for name, array in columns.items()}
    return pd.DataFrame(series, index, copy=False)


def mask_of(numbers: Array, size: int) -> Array:
    """A (size,) bool mask, true at `numbers`. Indexed with a column, it selects the rows that hold any of them."""
    mask = np.zeros(size, bool)
    mask[numbers] = True
    return mask


def sorted_unique(numbers: Array) -> Array:
    """The same as `np.unique`, which takes several times as long for many numbers."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]

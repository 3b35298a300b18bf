"""Append-only arrays and tables that successive snapshots share, and dictionary encoding of repeated strings.

Invariant: a view that was handed out never changes. It is a prefix of a buffer: rows are appended behind it, and a row
that a view contains is only overwritten in a copy of the buffer. So a snapshot costs what was appended, and a copy
(1 ms for 8 MB) of those columns of which an old row was changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array


class GrowingArray:
    """A one-dimensional array of `dtype` that grows at its end (copy on write)."""

    def __init__(self, dtype: Any) -> None:
        self._buffer = np.empty(0, dtype)
        self._size = 0
        self._viewed = 0  # how many values some view contains

    def __len__(self) -> int:
        return self._size

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

    def put(self, rows: Array, values: Any) -> None:
        """Overwrite `rows`."""
        if len(rows):
            if np.min(rows) < self._viewed:
                self._reallocate(len(self._buffer))
            self._buffer[rows] = values

    def truncate(self, size: int) -> None:
        self._size = size

    def _reallocate(self, capacity: int) -> None:
        """Move the values to a buffer that no view shares."""
        buffer = np.empty(capacity, self._buffer.dtype)
        buffer[: self._size] = self._buffer[: self._size]
        self._buffer, self._viewed = buffer, 0

    @property
    def nbytes(self) -> int:
        return self._size * self._buffer.itemsize


class GrowingTable:
    """Named columns of one length. Rows are dense: the last row takes the place of a removed one."""

    def __init__(self, **dtypes: Any) -> None:
        self._columns = {name: GrowingArray(dtype) for name, dtype in dtypes.items()}

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __getitem__(self, name: str) -> Array:
        return self._columns[name].array

    def view(self, name: str) -> Array:
        return self._columns[name].view()

    def extend(self, rows: Mapping[str, Any]) -> Array:
        """Append rows, given as columns; returns their numbers."""
        before = len(self)
        for name, column in self._columns.items():
            column.extend(rows[name])
        return np.arange(before, len(self), dtype=np.int32)

    def put(self, rows: Array, **values: Any) -> None:
        for name, column in values.items():
            self._columns[name].put(rows, column)

    def take(self, rows: Array) -> dict[str, Array]:
        """A copy of `rows`."""
        return {name: column.array[rows] for name, column in self._columns.items()}

    def remove(self, rows: Array) -> Array:
        """Remove `rows`, each given once; returns each old row's new number, -1 for a removed one."""
        before, after = len(self), len(self) - len(rows)
        numbers = np.arange(before, dtype=np.int32)
        numbers[rows] = -1
        holes = rows[rows < after]
        last = after + np.flatnonzero(numbers[after:] >= 0)
        numbers[last] = holes
        for column in self._columns.values():
            column.put(holes, column.array[last])
            column.truncate(after)
        return numbers

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """A DataFrame of the columns `names` that shares their memory."""
        columns = {name: self.view(name) for name in names}
        index = pd.RangeIndex(len(self))
        series = {name: pd.Series(array, index, array.dtype, copy=False) for name, array in columns.items()}
        return pd.DataFrame(series, index, copy=False)

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self._columns.values())


class StringCodes:
    """Dictionary encoding: a code for each distinct string, from 0 in order of first occurrence; none is given up."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self.values = GrowingArray(object)

    def __len__(self) -> int:
        return len(self._codes)

    def encode(self, strings: Any) -> Array:
        """The codes of `strings`, (n,) int32; a new string gets the next code."""
        local, distinct = pd.factorize(np.asarray(strings, object))
        codes = self._codes
        before = len(codes)
        found = np.fromiter((codes.setdefault(string, len(codes)) for string in distinct), np.int32, len(distinct))
        if len(codes) > before:
            self.values.extend(distinct[found >= before])
        return found[local]

    def get(self, string: str) -> int | None:
        return self._codes.get(string)

    def decode(self, codes: Array) -> Array:
        """The strings of `codes`, one shared object for each distinct string."""
        return self.values.array[codes]


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

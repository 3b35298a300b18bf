"""Columns that grow: arrays that successive snapshots share, and the codes of strings that stand in many rows.

Invariant: what was handed out never changes. A view is a prefix of a buffer; rows are added behind it, and a row that
a view shows is only overwritten in a copy of the buffer. So a snapshot costs what was added, and a copy (1 ms for
8 MB) of those columns of which an old row was changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sessiongraph.columnar.vectors import Array


class Column:
    """A one-dimensional array of `dtype` that grows at its end."""

    def __init__(self, dtype: Any) -> None:
        self._buffer = np.empty(0, dtype)
        self._size = 0
        self._shown = 0

    def __len__(self) -> int:
        return self._size

    @property
    def array(self) -> Array:
        """The present values, to be read at once: the next change may overwrite them."""
        return self._buffer[: self._size]

    def view(self) -> Array:
        """The present values, which stay as they are."""
        self._shown = max(self._shown, self._size)
        shown = self._buffer[: self._size]
        shown.flags.writeable = False
        return shown

    def extend(self, values: Any) -> None:
        size = self._size + len(values)
        if size > len(self._buffer):
            # Half as much again, so that growing costs a constant for each value in the long run.
            self._own(max(size * 3 // 2, 16))
        elif self._size < self._shown:
            self._own(len(self._buffer))
        self._buffer[self._size : size] = values
        self._size = size

    def put(self, rows: Array, values: Any) -> None:
        """Overwrite `rows`."""
        if len(rows):
            if np.min(rows) < self._shown:
                self._own(len(self._buffer))
            self._buffer[rows] = values

    def truncate(self, size: int) -> None:
        self._size = size

    def _own(self, capacity: int) -> None:
        """Go on in a buffer that nobody else sees."""
        buffer = np.empty(capacity, self._buffer.dtype)
        buffer[: self._size] = self._buffer[: self._size]
        self._buffer, self._shown = buffer, 0

    @property
    def nbytes(self) -> int:
        return self._size * self._buffer.itemsize


class Table:
    """Columns of one length, by name. Rows are dense: in place of a removed one comes the last."""

    def __init__(self, **dtypes: Any) -> None:
        self._columns = {name: Column(dtype) for name, dtype in dtypes.items()}

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __getitem__(self, name: str) -> Array:
        return self._columns[name].array

    def view(self, name: str) -> Array:
        return self._columns[name].view()

    def extend(self, rows: Mapping[str, Any]) -> Array:
        """Add rows, one value of each column; their numbers."""
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
        """Remove `rows`, each once; by old number of a row its new one, -1 for what is gone."""
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
        """The columns `names` as a frame that shares their memory."""
        columns = {name: self.view(name) for name in names}
        index = pd.RangeIndex(len(self))
        series = {name: pd.Series(array, index, array.dtype, copy=False) for name, array in columns.items()}
        return pd.DataFrame(series, index, copy=False)

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self._columns.values())


class Codes:
    """A number for each distinct string, from 0 in the order in which they came; none is ever given up."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self.values = Column(object)

    def __len__(self) -> int:
        return len(self._codes)

    def of(self, strings: Any) -> Array:
        """The codes of `strings`, (n,) int32; new ones get the next."""
        local, distinct = pd.factorize(np.asarray(strings, object))
        codes = self._codes
        before = len(codes)
        found = np.fromiter((codes.setdefault(string, len(codes)) for string in distinct), np.int32, len(distinct))
        if len(codes) > before:
            self.values.extend(distinct[found >= before])
        return found[local]

    def get(self, string: str) -> int | None:
        return self._codes.get(string)

    def strings(self, codes: Array) -> Array:
        """The strings of `codes`, one object for each distinct one."""
        return self.values.array[codes]


def marked(numbers: Array, size: int) -> Array:
    """(size,) bool: true at `numbers`. Indexed with a column, it finds the rows that have any of them."""
    mask = np.zeros(size, bool)
    mask[numbers] = True
    return mask


def sorted_distinct(numbers: Array) -> Array:
    """What `np.unique` gives, which takes several times as long where there are many."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]

"""Vectors of texts, found by the hash of the text: kept in blocks, so that adding some copies none.

A text's hash is the first half of its `text_id`, as a number: 64 bits, that no two texts of a dataset share.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# Rows of the first block, and of the largest: each is twice the one before, so that little is allocated and not used.
_SMALLEST, _LARGEST = 1 << 10, 1 << 16


def text_hashes(text_ids: Sequence[str]) -> Array:
    """(n,) uint64: what `md5_number_upper(text)` is in DuckDB."""
    halves = "".join([text_id[:16] for text_id in text_ids])
    return np.frombuffer(bytes.fromhex(halves), "<u8")


class Vectors:
    """(n, d) float32: a vector for each row, zeros where it has none. A product with a query takes no copy.

    `numbers` are the rows' places in `blocks` together, -1 for none.
    """

    def __init__(self, blocks: Sequence[Array], numbers: Array, dimensions: int) -> None:
        self._blocks, self._numbers = tuple(blocks), numbers
        self.shape = (len(numbers), dimensions)

    def __len__(self) -> int:
        return self.shape[0]

    def __matmul__(self, query: Array) -> Array:
        """The product of each row with `query`: (n,) float32."""
        products = np.zeros(sum(map(len, self._blocks)) + 1, np.float32)
        start = 0
        for block in self._blocks:
            np.dot(block, query, out=products[start : start + len(block)])
            start += len(block)
        # The last one is nobody's, and 0.
        return products[self._numbers]

    def __getitem__(self, rows: Any) -> Array:
        """The vectors of `rows` (numbers, a mask or a slice): (k, d) float32."""
        numbers = self._numbers[rows]
        found = np.zeros((*numbers.shape, self.shape[1]), np.float32)
        start = 0
        for block in self._blocks:
            here = (numbers >= start) & (numbers < start + len(block))
            found[here] = block[numbers[here] - start]
            start += len(block)
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:] if dtype is None else self[:].astype(dtype)


class VectorHeap:
    """Vectors in the order in which they came, and where that of a text is."""

    def __init__(self) -> None:
        self._blocks: list[Array] = []
        self._filled = 0  # rows of the last block that are taken
        self._size = 0
        self._runs: list[tuple[Array, Array]] = []
        self.dimensions = 0

    def __len__(self) -> int:
        return self._size

    def add(self, hashes: Array, vectors: Array) -> None:
        """Add `vectors`, (n, d), of the texts of `hashes`, (n,)."""
        if not len(hashes):
            return
        self.dimensions = vectors.shape[1]
        self._remember(hashes, np.arange(self._size, self._size + len(hashes), dtype=np.int32))
        self._size += len(hashes)
        while len(vectors):
            if not self._blocks or self._filled == len(self._blocks[-1]):
                rows = min(_LARGEST, max(_SMALLEST, 2 * len(self._blocks[-1]) if self._blocks else len(vectors)))
                self._blocks.append(np.empty((rows, self.dimensions), np.float32))
                self._filled = 0
            part = vectors[: len(self._blocks[-1]) - self._filled]
            self._blocks[-1][self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            vectors = vectors[len(part) :]

    def find(self, hashes: Array) -> Array:
        """Where the vectors of the texts of `hashes` are, -1 for those that have none: (n,) int32."""
        found = np.full(len(hashes), -1, np.int32)
        for known, numbers in self._runs:
            places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            same = known[places] == hashes
            found[same] = numbers[places[same]]
        return found

    def view(self, numbers: Array) -> Vectors:
        """The vectors at `numbers`, which `find` gave; an unchanging view of them must be given."""
        blocks = [*self._blocks[:-1], self._blocks[-1][: self._filled]] if self._blocks else []
        return Vectors(blocks, numbers, self.dimensions)

    @property
    def nbytes(self) -> int:
        return self._size * (4 * self.dimensions + 12)

    def _remember(self, hashes: Array, numbers: Array) -> None:
        """Sorted runs, each at least twice as long as the next: adding costs little, finding looks into few."""
        while self._runs and len(self._runs[-1][0]) < 2 * len(hashes):
            before, their_numbers = self._runs.pop()
            hashes, numbers = np.concatenate([before, hashes]), np.concatenate([their_numbers, numbers])
        order = np.argsort(hashes, kind="stable")
        self._runs.append((hashes[order], numbers[order]))

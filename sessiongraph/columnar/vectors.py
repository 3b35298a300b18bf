"""Vectors of texts, found by the hash of the text: kept in blocks, so that adding some copies none.

A text's hash is the first half of its `text_id`, as a number: 64 bits, that no two texts of a dataset share.

Beside each vector stand the signs of its numbers, a bit each. In how many of them two vectors agree tells roughly how
near they are (Charikar, Similarity Estimation Techniques from Rounding Algorithms, 2002), at a thirtieth of what
their product costs: enough to say of which few the product is worth computing.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

# Rows of the first block, and of the largest: each is twice the one before, so that little is allocated and not used.
_SMALLEST, _LARGEST = 1 << 10, 1 << 16
# Rows whose signs are compared at once: what comes of it stays in the processor's cache.
_COUNTED_AT_ONCE = 1 << 15
_SAMPLED = 1 << 12


def text_hashes(text_ids: Sequence[str]) -> Array:
    """(n,) uint64: what `md5_number_upper(text)` is in DuckDB."""
    halves = "".join([text_id[:16] for text_id in text_ids])
    return np.frombuffer(bytes.fromhex(halves), "<u8")


class Vectors:
    """(n, d) float32: a vector for each row, zeros where it has none. A product with a query takes no copy.

    `numbers` are the rows' places in `blocks` together, -1 for none; `hashes` are those of their texts, (n,) uint64.
    """

    def __init__(
        self, blocks: Sequence[Array], signs: Sequence[Array], numbers: Array, hashes: Array, dimensions: int
    ) -> None:
        self._blocks, self._signs = tuple(blocks), tuple(signs)
        self._numbers, self._hashes = numbers, hashes
        self.shape = (len(numbers), dimensions)

    def __len__(self) -> int:
        return self.shape[0]

    def __matmul__(self, query: Array) -> Array:
        """The product of each row with `query`: (n,) float32."""
        products = np.zeros(sum(map(len, self._blocks)) + 1, np.float32)
        start = 0
        for block in self._blocks:
            # Row by row: BLAS's product of a matrix wakes all cores for it, and takes longer.
            np.vecdot(block, query, out=products[start : start + len(block)])
            start += len(block)
        # The last one is nobody's, and 0.
        return products.take(self._numbers)

    def estimate(self, query: Array) -> Array:
        """Roughly the product of each row with `query`, by their signs: (n,) float32; 0 without a vector.

        Of two vectors at an angle, the share of the signs that differ is on average that of the angle in half a turn.
        """
        estimates = np.zeros(sum(map(len, self._blocks)) + 1, np.float32)
        by_differing = np.cos(np.linspace(0, np.pi, self.shape[1] + 1)).astype(np.float32)
        [asked] = _signs(query[None]).T
        start = 0
        for signs in self._signs:
            for rows in range(0, signs.shape[1], _COUNTED_AT_ONCE):
                here = signs[:, rows : rows + _COUNTED_AT_ONCE]
                differing = np.zeros(here.shape[1], np.uint16)
                for word, of_query in zip(here, asked, strict=True):
                    differing += np.bitwise_count(word ^ of_query)
                by_differing.take(differing, out=estimates[start : start + len(differing)], mode="clip")
                start += len(differing)
        return estimates.take(self._numbers)

    @cached_property
    def sample(self) -> Array:
        """The vectors of some _SAMPLED of the rows, chosen by their texts alone: (k, d) float32."""
        highest = (2**64 - 1) * _SAMPLED // max(len(self), _SAMPLED)
        return self[np.flatnonzero(self._hashes <= np.uint64(highest))]

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
        self._signs: list[Array] = []
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
                self._signs.append(np.empty((-(-self.dimensions // 64), rows), np.uint64))
                self._filled = 0
            part = vectors[: len(self._blocks[-1]) - self._filled]
            self._blocks[-1][self._filled : self._filled + len(part)] = part
            self._signs[-1][:, self._filled : self._filled + len(part)] = _signs(part)
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

    def view(self, numbers: Array, hashes: Array) -> Vectors:
        """The vectors at `numbers`, which `find` gave for `hashes`; unchanging views of both must be given."""
        if not self._blocks:
            return Vectors((), (), numbers, hashes, self.dimensions)
        blocks = [*self._blocks[:-1], self._blocks[-1][: self._filled]]
        signs = [*self._signs[:-1], self._signs[-1][:, : self._filled]]
        return Vectors(blocks, signs, numbers, hashes, self.dimensions)

    @property
    def nbytes(self) -> int:
        return self._size * (4 * self.dimensions + self.dimensions // 8 + 12)

    def _remember(self, hashes: Array, numbers: Array) -> None:
        """Sorted runs, each at least twice as long as the next: adding costs little, finding looks into few."""
        while self._runs and len(self._runs[-1][0]) < 2 * len(hashes):
            before, their_numbers = self._runs.pop()
            hashes, numbers = np.concatenate([before, hashes]), np.concatenate([their_numbers, numbers])
        order = np.argsort(hashes, kind="stable")
        self._runs.append((hashes[order], numbers[order]))


def _signs(vectors: Array) -> Array:
    """The signs of `vectors`, (n, d), 64 to a number: (d / 64, n) uint64, what is missing of the last being alike."""
    packed = np.packbits(vectors > 0, axis=1)
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(words.view(np.uint64).T)

"""Embedding vectors by the hash of their text, kept in blocks, so that adding some copies none.

A text's hash is the first half of its `text_id`, as a number: 64 bits, which no two texts of a dataset share.

The sign bits of each vector are kept beside it. The share of sign bits in which two vectors agree estimates their
cosine (Charikar, Similarity Estimation Techniques from Rounding Algorithms, 2002) at a thirtieth of the cost of their
product: enough to choose the few candidates for which the product is worth computing.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sessiongraph.columnar.saved_arrays import Array as Array
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays, is_mapped

# Rows of the first block, and of the largest: each is twice the one before, so that little is allocated and not used.
_SMALLEST, _LARGEST = 1 << 10, 1 << 16
# Rows whose sign bits are compared at once, so that intermediate results stay in the processor's cache.
_ROWS_AT_ONCE = 1 << 15
_SAMPLE_ROWS = 1 << 12


def text_hashes(text_ids: Sequence[str]) -> Array:
    """(n,) uint64: what `md5_number_upper(text)` is in DuckDB."""
    halves = "".join([text_id[:16] for text_id in text_ids])
    return np.frombuffer(bytes.fromhex(halves), "<u8")


class Vectors:
    """An (n, d) float32 matrix: a vector for each row, zeros for a text without one. Products copy nothing.

    `numbers` are the rows' positions in the concatenated `blocks`, -1 for none; `hashes` are those of their texts: (n,)
    uint64.
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
        # The last value, 0, is for rows without a vector: their number is -1.
        return products.take(self._numbers)

    def estimate(self, query: Array) -> Array:
        """The product of each row with `query`, estimated from sign bits: (n,) float32; 0 without a vector.

        The expected share of differing sign bits of two vectors is their angle divided by half a turn.
        """
        estimates = np.zeros(sum(map(len, self._blocks)) + 1, np.float32)
        cosine_by_differing = np.cos(np.linspace(0, np.pi, self.shape[1] + 1)).astype(np.float32)
        [query_signs] = _signs(query[None]).T
        start = 0
        for signs in self._signs:
            for rows in range(0, signs.shape[1], _ROWS_AT_ONCE):
                here = signs[:, rows : rows + _ROWS_AT_ONCE]
                differing = np.zeros(here.shape[1], np.uint16)
                for word, of_query in zip(here, query_signs, strict=True):
                    differing += np.bitwise_count(word ^ of_query)
                cosine_by_differing.take(differing, out=estimates[start : start + len(differing)], mode="clip")
                start += len(differing)
        return estimates.take(self._numbers)

    @cached_property
    def sample(self) -> Array:
        """The vectors of about _SAMPLE_ROWS rows, chosen by the hashes of their texts alone: (k, d) float32."""
        highest = (2**64 - 1) * _SAMPLE_ROWS // max(len(self), _SAMPLE_ROWS)
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


class GrowingVectors:
    """Vectors in order of arrival, with an index of their positions by text hash."""

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
        self._index(hashes, np.arange(self._size, self._size + len(hashes), dtype=np.int32))
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
        """The positions of the vectors of the texts of `hashes`, -1 for those without one: (n,) int32."""
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

    def save(self, to: ArrayWriter, name: str) -> None:
        blocks, signs = self._joined_blocks()
        to.value(name, {"dimensions": self.dimensions, "blocks": len(blocks), "runs": len(self._runs)})
        for number, (block, of_block) in enumerate(zip(blocks, signs, strict=True)):
            to.array(f"{name}.block{number}", block)
            to.array(f"{name}.signs{number}", of_block)
        for number, (hashes, numbers) in enumerate(self._runs):
            to.array(f"{name}.hashes{number}", hashes)
            to.array(f"{name}.numbers{number}", numbers)

    def load(self, saved: SavedArrays, name: str) -> None:
        about = saved.value(name)
        self.dimensions = about["dimensions"]
        self._blocks = [saved.array(f"{name}.block{number}") for number in range(about["blocks"])]
        self._signs = [saved.array(f"{name}.signs{number}") for number in range(about["blocks"])]
        self._runs = [
            (saved.array(f"{name}.hashes{number}"), saved.array(f"{name}.numbers{number}"))
            for number in range(about["runs"])
        ]
        # They are full: what is added goes into a block of its own.
        self._size, self._filled = sum(map(len, self._blocks)), len(self._blocks[-1]) if self._blocks else 0

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory."""
        own = sum(map(len, (block for block in self._blocks if not is_mapped(block))))
        return own * (4 * self.dimensions + self.dimensions // 8 + 12)

    def _joined_blocks(self) -> tuple[list[Array], list[Array]]:
        """The filled blocks and their signs, each block but the largest at least twice as long as the next."""
        blocks = [*self._blocks[:-1], *(block[: self._filled] for block in self._blocks[-1:])]
        signs = [*self._signs[:-1], *(of_block[:, : self._filled] for of_block in self._signs[-1:])]
        place = len(blocks) - 1
        while place > 0 and len(blocks[place - 1]) < min(2 * len(blocks[place]), _LARGEST):
            blocks[place - 1 :] = [np.concatenate(blocks[place - 1 :])]
            signs[place - 1 :] = [np.concatenate(signs[place - 1 :], axis=1)]
            place -= 1
        return blocks, signs

    def _index(self, hashes: Array, numbers: Array) -> None:
        """Add a sorted run. Each is at least twice as long as the next: few are merged, and few are searched."""
        while self._runs and len(self._runs[-1][0]) < 2 * len(hashes):
            before, their_numbers = self._runs.pop()
            hashes, numbers = np.concatenate([before, hashes]), np.concatenate([their_numbers, numbers])
        order = np.argsort(hashes, kind="stable")
        self._runs.append((hashes[order], numbers[order]))


def _signs(vectors: Array) -> Array:
    """The sign bits of `vectors`, (n, d), packed 64 to a word: (d / 64, n) uint64, the last word padded with zeros."""
    packed = np.packbits(vectors > 0, axis=1)
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(words.view(np.uint64).T)

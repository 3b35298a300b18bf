"""Texts as pandas sees them: columns that share their memory with a snapshot, and are decoded where they are read.

`PiledTexts` are UTF-8 side by side, `CodedTexts` codes of a dictionary, `TextObjects` the objects themselves, which is
what comes of joining and changing the others. None stands where there is no text.
"""

import builtins
import json
from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype, register_extension_dtype

from sessiongraph.columnar.vectors import Array

ENCODING, ERRORS = "utf-8", "surrogatepass"


def text_of(data: memoryview) -> str:
    return str(data, ENCODING, ERRORS)


def list_of(data: memoryview) -> Any:
    return json.loads(text_of(data))


@register_extension_dtype
class TextDtype(ExtensionDtype):
    """The dtype of the columns of this module."""

    name = "sessiongraph-text"
    type = object
    na_value = None

    @classmethod
    def construct_array_type(cls) -> "builtins.type[TextObjects]":
        return TextObjects


class Pile(NamedTuple):
    """Bytes in pieces, and where each begins."""

    pieces: Sequence[memoryview]
    starts: Sequence[int]

    def read(self, starts: Array, lengths: Array, read: Callable[[memoryview], Any]) -> Array:
        """What `read` makes of the bytes at `starts`, each so long: objects; None for a negative length."""
        found = np.empty(len(starts), object)
        if len(self.pieces) == 1:
            piece = self.pieces[0]
            for row, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
                if length >= 0:
                    found[row] = read(piece[start : start + length])
            return found
        for row, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            found[row] = self.one(start, length, read)
        return found

    def places_of(self, data: bytes) -> list[int]:
        """Where `data` stands, within a piece: faster by far than to read what stands everywhere."""
        found = []
        for piece, first in zip(self.pieces, self.starts, strict=True):
            searched = bytes(piece)
            place = searched.find(data)
            while place >= 0:
                found.append(first + place)
                place = searched.find(data, place + 1)
        return found

    def one(self, start: int, length: int, read: Callable[[memoryview], Any]) -> Any:
        if length < 0:
            return None
        if not length:
            return read(memoryview(b""))
        place = bisect_right(self.starts, start) - 1
        start -= self.starts[place]
        return read(self.pieces[place][start : start + length])


class _Texts(ExtensionArray):
    """What all have in common; each reads one row (`_one`) or all (`_objects`), and chooses some (`_of`)."""

    dtype = TextDtype()

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> "TextObjects":
        found = np.empty(len(scalars), object)
        for row, value in enumerate(scalars):
            found[row] = value
        return TextObjects(found)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence["_Texts"]) -> "TextObjects":
        return TextObjects(np.concatenate([one._objects() for one in to_concat]))

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            row = int(item) if item >= 0 else len(self) + int(item)
            if not 0 <= row < len(self):
                raise IndexError(f"row {item} of {len(self)}")
            return self._one(row)
        if isinstance(item, slice):
            return self._of(item)
        chosen = np.asarray(item)
        if not len(chosen):
            chosen = chosen.astype(np.int64)
        return self._of(np.flatnonzero(chosen) if chosen.dtype == bool else chosen)

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> "_Texts":
        rows = np.asarray(indices, np.int64)
        if not allow_fill or not (rows < 0).any():
            return self._of(rows)
        found = np.full(len(rows), fill_value, object)
        there = rows >= 0
        found[there] = self._of(rows[there])._objects()
        return TextObjects(found)

    @classmethod
    def _from_factorized(cls, values: Array, original: Any) -> "TextObjects":
        return TextObjects(values)

    def copy(self) -> "TextObjects":
        """A copy that may be changed."""
        return TextObjects(self._objects().copy())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        objects = self._objects()
        return objects if dtype is None else objects.astype(dtype)

    def __eq__(self, other: object) -> Any:
        return self._objects() == (other._objects() if isinstance(other, _Texts) else other)

    def __ne__(self, other: object) -> Any:
        return ~(self == other)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        if isinstance(dtype, TextDtype) or dtype == self.dtype.name:
            return self
        return pd.array(self._objects(), dtype) if isinstance(dtype, ExtensionDtype) else self._objects().astype(dtype)

    def isna(self) -> Array:
        return np.array([value is None for value in self._objects()], bool)

    def tolist(self) -> list[Any]:
        return self._objects().tolist()

    def unique(self) -> "TextObjects":
        return TextObjects(pd.unique(self._objects()))

    def _values_for_factorize(self) -> tuple[Array, Any]:
        return self._objects(), None

    def _values_for_argsort(self) -> Array:
        return self._objects()

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str]:
        return str if boxed else repr

    @abstractmethod
    def _one(self, row: int) -> Any:
        """The text of one row."""

    @abstractmethod
    def _objects(self) -> Array:
        """The texts of all rows: (n,) object."""

    @abstractmethod
    def _of(self, rows: Any) -> "_Texts":
        """Those of some rows."""


class TextObjects(_Texts):
    """The texts themselves: (n,) object."""

    def __init__(self, values: Array) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._values[key] = value

    @property
    def nbytes(self) -> int:
        return self._values.nbytes

    def _one(self, row: int) -> Any:
        return self._values[row]

    def _objects(self) -> Array:
        return self._values

    def _of(self, rows: Any) -> "TextObjects":
        return TextObjects(self._values[rows])


class PiledTexts(_Texts):
    """Texts whose bytes are in `pile`: where each starts, and how long it is (-1 for None)."""

    def __init__(self, pile: Pile, starts: Array, lengths: Array, read: Callable[[memoryview], Any]) -> None:
        self._pile, self._starts, self._lengths, self._read = pile, starts, lengths, read

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def nbytes(self) -> int:
        return int(self._starts.nbytes + self._lengths.nbytes + self._lengths.sum())

    def isna(self) -> Array:
        return self._lengths < 0

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, str) or self._read is not text_of:
            return super().__eq__(other)
        data = other.encode(ENCODING, ERRORS)
        same = self._lengths == len(data)
        # What starts there and is as long is the same.
        return same & np.isin(self._starts, self._pile.places_of(data)) if data else same

    def reading(self, read: Callable[[memoryview], Any]) -> "PiledTexts":
        """The same bytes, read otherwise."""
        return PiledTexts(self._pile, self._starts, self._lengths, read)

    def _one(self, row: int) -> Any:
        return self._pile.one(int(self._starts[row]), int(self._lengths[row]), self._read)

    def _objects(self) -> Array:
        return self._pile.read(self._starts, self._lengths, self._read)

    def _of(self, rows: Any) -> "PiledTexts":
        return PiledTexts(self._pile, self._starts[rows], self._lengths[rows], self._read)


class CodedTexts(_Texts):
    """Texts by their codes in `dictionary`, -1 for None. Where each text has one code alone, `code_of` knows it."""

    def __init__(self, dictionary: _Texts, codes: Array, code_of: Callable[[str], int | None] | None = None) -> None:
        self._dictionary, self._codes, self._code_of = dictionary, codes, code_of

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def nbytes(self) -> int:
        return int(self._codes.nbytes)

    def isna(self) -> Array:
        return self._codes < 0

    def __eq__(self, other: object) -> Any:
        return self.isin([other]) if isinstance(other, str) and self._code_of else super().__eq__(other)

    def isin(self, values: Any) -> Array:
        if self._code_of is None:
            return super().isin(values)
        wanted = {self._code_of(value) if value is not None else -1 for value in values}
        return np.isin(self._codes, [code for code in wanted if code is not None])

    def unique(self) -> TextObjects:
        _, first = np.unique(self._codes, return_index=True)
        return TextObjects(self._of(np.sort(first))._objects())

    def _one(self, row: int) -> Any:
        code = int(self._codes[row])
        return None if code < 0 else self._dictionary._one(code)

    def _objects(self) -> Array:
        codes, local = np.unique(self._codes, return_inverse=True)
        there = codes >= 0
        texts = np.empty(len(codes), object)
        # One object for each distinct text. Lists among them are not to be taken for rows of a matrix.
        for place, text in zip(
            np.flatnonzero(there).tolist(), self._dictionary._of(codes[there])._objects(), strict=True
        ):
            texts[place] = text
        return texts[local]

    def _of(self, rows: Any) -> "CodedTexts":
        return CodedTexts(self._dictionary, self._codes[rows], self._code_of)

"""Columns of texts that grow: as UTF-8 side by side, or as codes of a dictionary.

A text that is kept so costs its bytes and twelve more, can be memory-mapped, and is no object until somebody reads it.
None stands where there is no text.

Invariant: a view that was handed out never changes (`growing_arrays`). Texts are only ever appended; a row that is
overwritten points to another one.
"""

import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from sessiongraph.columnar.growing_arrays import GrowingArray
from sessiongraph.columnar.key_index import KeyIndex
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.columnar.text_arrays import ENCODING, ERRORS, CodedTexts, Pile, PiledTexts, list_of, text_of
from sessiongraph.columnar.vectors import Array

# Texts, or lists: an array of objects is no Sequence.
Values: TypeAlias = Sequence[Any] | Array


class _TextPile:
    """Bytes that grow at their end, in pieces that never change. Each is at least twice as long as the next."""

    def __init__(self) -> None:
        # Put in place as a whole: other threads read it meanwhile.
        self.view = Pile((), ())
        self._size = 0

    def add(self, data: bytes) -> int:
        """Append `data`; returns where it starts."""
        start = self._size
        if data:
            pieces, added = list(self.view.pieces), [memoryview(data)]
            while pieces and len(pieces[-1]) < 2 * sum(map(len, added)):
                added.insert(0, pieces.pop())
            pieces.append(memoryview(b"".join(added)) if len(added) > 1 else added[0])
            self.put(pieces)
        return start

    def save(self, to: ArrayWriter, name: str) -> None:
        to.value(f"{name}.pieces", len(self.view.pieces))
        for number, piece in enumerate(self.view.pieces):
            to.array(f"{name}.{number}", piece.obj if isinstance(piece.obj, np.ndarray) else np.frombuffer(piece, "u1"))

    def load(self, saved: SavedArrays, name: str) -> None:
        self.put([saved.array(f"{name}.{number}").data for number in range(saved.value(f"{name}.pieces"))])

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory."""
        return sum(len(piece) for piece in self.view.pieces if not isinstance(piece.obj, np.ndarray))

    def put(self, pieces: Sequence[memoryview]) -> None:
        """Let `pieces` be all bytes that there are."""
        *starts, self._size = accumulate(map(len, pieces), initial=0)
        self.view = Pile(tuple(pieces), tuple(starts))


class GrowingTexts:
    """A column of texts; with `lists`, of lists that JSON can hold."""

    def __init__(self, lists: bool = False, pile: _TextPile | None = None) -> None:
        self._pile, self._owns_pile = _TextPile() if pile is None else pile, pile is None
        self._starts, self._lengths = GrowingArray(np.int64), GrowingArray(np.int32)
        self._lists = lists
        self._read: Callable[[memoryview], Any] = list_of if lists else text_of

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, rows: Any) -> Any:
        """One text, for a number; else an array of them: (n,) object."""
        if isinstance(rows, int | np.integer):
            row = int(rows) if rows >= 0 else len(self) + int(rows)
            return self._pile.view.one(int(self._starts.array[row]), int(self._lengths.array[row]), self._read)
        return self._pile.view.read(self._starts.array[rows], self._lengths.array[rows], self._read)

    def is_filled(self) -> Array:
        """A mask of the rows that have a text, and not an empty one."""
        return self._lengths.array > 0

    def view(self) -> PiledTexts:
        return PiledTexts(self._pile.view, self._starts.view(), self._lengths.view(), self._read)

    def extend(self, values: Values) -> None:
        starts, lengths = self._added(values)
        self._starts.extend(starts)
        self._lengths.extend(lengths)

    def extend_from(self, other: "GrowingTexts", rows: Array) -> None:
        """Append the texts of `other`, a column that shares the texts of this one."""
        self._starts.extend_from(other._starts, rows)
        self._lengths.extend_from(other._lengths, rows)

    def put(self, rows: Array, values: Values) -> None:
        if len(rows):
            starts, lengths = self._added(values)
            self._starts.put(rows, starts)
            self._lengths.put(rows, lengths)

    def move(self, rows: Array, to: Array) -> None:
        self._starts.move(rows, to)
        self._lengths.move(rows, to)

    def truncate(self, size: int) -> None:
        self._starts.truncate(size)
        self._lengths.truncate(size)

    def empty(self) -> "GrowingTexts":
        return GrowingTexts(self._lists, self._pile)

    def copy(self) -> "GrowingTexts":
        """A copy that shares its memory until one of the two changes."""
        copied = GrowingTexts(self._lists)
        copied._pile.put(self._pile.view.pieces)
        copied._starts, copied._lengths = self._starts.copy(), self._lengths.copy()
        return copied

    def save(self, to: ArrayWriter, name: str) -> None:
        self._starts.save(to, f"{name}.starts")
        self._lengths.save(to, f"{name}.lengths")
        if self._owns_pile:
            self._pile.save(to, f"{name}.pile")

    def load(self, saved: SavedArrays, name: str) -> None:
        self._starts.load(saved, f"{name}.starts")
        self._lengths.load(saved, f"{name}.lengths")
        if self._owns_pile:
            self._pile.load(saved, f"{name}.pile")

    @property
    def nbytes(self) -> int:
        return self._starts.nbytes + self._lengths.nbytes + (self._pile.nbytes if self._owns_pile else 0)

    def _added(self, values: Values) -> tuple[Array, Array]:
        """Where the texts `values` start now, and how long they are."""
        data = [None if value is None else self._written(value) for value in values]
        lengths = np.array([-1 if it is None else len(it) for it in data], np.int32)
        ends = np.cumsum(np.maximum(lengths, 0), dtype=np.int64)
        start = self._pile.add(b"".join([it for it in data if it]))
        return start + ends - np.maximum(lengths, 0), lengths

    def _written(self, value: Any) -> bytes:
        text: str = json.dumps(value) if self._lists else value
        return text.encode(ENCODING, ERRORS)


class StringCodes:
    """Dictionary encoding: a code for each distinct string, from 0 in order of first occurrence; none is given up."""

    def __init__(self) -> None:
        self._values = GrowingTexts()
        self._index = KeyIndex(self._values)
        self._waiting: list[str] = []  # new ones: to append each by itself would take ten times as long

    def __len__(self) -> int:
        return len(self._values) + len(self._waiting)

    @property
    def values(self) -> GrowingTexts:
        """The strings by their codes."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._values.extend(waiting)
        return self._values

    def encode(self, strings: Any) -> Array:
        """The codes of `strings`, (n,) int32, -1 for None; a new string gets the next code."""
        local, distinct = pd.factorize(np.asarray(strings, object))
        found = np.append(self._index.find(distinct), np.int32(-1))
        new = np.flatnonzero(found[:-1] < 0)
        if len(new):
            found[new] = np.arange(len(self), len(self) + len(new))
            self._index.update(distinct[new], found[new])
            self.values.extend(distinct[new])
        return found[local]

    def code(self, string: str) -> int:
        """The code of `string`, which is the next one where it is new."""
        if (code := self._index.get(string)) < 0:
            code = len(self)
            self._index.put(string, code)
            self._waiting.append(string)
        return code

    def get(self, string: str) -> int | None:
        return None if (code := self._index.get(string)) < 0 else code

    def decode(self, codes: Array) -> Array:
        """The strings of `codes`, one shared object for each distinct string; None for -1."""
        distinct, local = np.unique(codes, return_inverse=True)
        strings = np.full(len(distinct), None, object)
        strings[distinct >= 0] = self.values[distinct[distinct >= 0]]
        return strings[local]

    def save(self, to: ArrayWriter, name: str) -> None:
        self.values.save(to, f"{name}.values")
        self._index.save(to, f"{name}.index")

    def load(self, saved: SavedArrays, name: str) -> None:
        self.values.load(saved, f"{name}.values")
        self._index.load(saved, f"{name}.index")

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self._index.nbytes


class CodedColumn:
    """A column of texts by their codes in `dictionary`, its own unless one is given; with `lists`, of lists."""

    def __init__(self, dictionary: StringCodes | None = None, lists: bool = False) -> None:
        self._codes, self._lists = GrowingArray(np.int32), lists
        self.dictionary = StringCodes() if dictionary is None else dictionary
        self._owns_dictionary = dictionary is None

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def codes(self) -> Array:
        """The present codes, to be read at once."""
        return self._codes.array

    def code_view(self) -> Array:
        """The present codes, which stay as they are."""
        return self._codes.view()

    def __getitem__(self, rows: Any) -> Any:
        """One text, for a number; else an array of them: (n,) object."""
        found = self._texts(self._codes.array)[rows]
        return np.asarray(found) if isinstance(found, CodedTexts) else found

    def view(self) -> CodedTexts:
        return self._texts(self._codes.view())

    def _texts(self, codes: Array) -> CodedTexts:
        texts = self.dictionary.values.view()
        return CodedTexts(texts.reading(list_of) if self._lists else texts, codes, self.dictionary.get)

    def is_one_of(self, strings: Sequence[str]) -> Array:
        """A mask of the rows whose text is one of `strings`."""
        codes = [code for string in strings if (code := self.dictionary.get(string)) is not None]
        return np.isin(self._codes.array, codes)

    def extend(self, values: Values) -> None:
        self._codes.extend(self._encoded(values))

    def extend_from(self, other: "CodedColumn", rows: Array) -> None:
        self._codes.extend_from(other._codes, rows)

    def put(self, rows: Array, values: Values) -> None:
        if len(rows):
            self._codes.put(rows, self._encoded(values))

    def move(self, rows: Array, to: Array) -> None:
        self._codes.move(rows, to)

    def truncate(self, size: int) -> None:
        self._codes.truncate(size)

    def empty(self) -> "CodedColumn":
        return CodedColumn(self.dictionary, self._lists)

    def save(self, to: ArrayWriter, name: str) -> None:
        self._codes.save(to, f"{name}.codes")
        if self._owns_dictionary:
            self.dictionary.save(to, f"{name}.dictionary")

    def load(self, saved: SavedArrays, name: str) -> None:
        self._codes.load(saved, f"{name}.codes")
        if self._owns_dictionary:
            self.dictionary.load(saved, f"{name}.dictionary")

    @property
    def nbytes(self) -> int:
        return self._codes.nbytes + (self.dictionary.nbytes if self._owns_dictionary else 0)

    def _encoded(self, values: Values) -> Array:
        if self._lists:
            values = [None if value is None else json.dumps(value) for value in values]
        return self.dictionary.encode(values)

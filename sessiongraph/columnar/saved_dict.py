"""A dict above entries that were saved before, of which each is read when it is first asked for.

Keys and values are kept as JSON: `write` and `read` turn a value into what JSON can hold, and back. What was read is
the dict's own from then on, to be changed in place; when the dict is saved again, it is compared with what was saved.
"""

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

import numpy as np

from sessiongraph.columnar.key_index import KeyIndex
from sessiongraph.columnar.saved_arrays import ArrayWriter, SavedArrays
from sessiongraph.columnar.texts import GrowingTexts
from sessiongraph.columnar.vectors import Array

V = TypeVar("V")


class SavedDict(MutableMapping[Any, V]):
    """A dict whose keys are strings or tuples of strings."""

    def __init__(self, write: Callable[[V], Any], read: Callable[[Any], V]) -> None:
        self._write, self._read = write, read
        self._own: dict[Any, V] = {}
        self._gone: set[Any] = set()  # of the saved ones
        self._keys, self._values = GrowingTexts(), GrowingTexts()
        self._index = KeyIndex(self._keys)

    def __getitem__(self, key: Any) -> V:
        try:
            return self._own[key]
        except KeyError:
            row = self._saved_row(key)
            if row < 0:
                raise
        return self._own.setdefault(key, self._read(json.loads(self._values[row])))

    def get(self, key: Any, default: Any = None) -> Any:
        if key in self._own:
            return self._own[key]
        return default if not len(self._keys) else super().get(key, default)

    def __setitem__(self, key: Any, value: V) -> None:
        self._own[key] = value

    def __delitem__(self, key: Any) -> None:
        is_saved = self._saved_row(key) >= 0
        if self._own.pop(key, None) is None and not is_saved:
            raise KeyError(key)
        if is_saved:
            self._gone.add(key)

    def __contains__(self, key: Any) -> bool:
        return key in self._own or self._saved_row(key) >= 0

    def __iter__(self) -> Iterator[Any]:
        yield from self._own
        for row in range(len(self._keys)):
            key = _key(self._keys[row])
            if key not in self._own and key not in self._gone and self._values[row] is not None:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def frozen(self) -> Mapping[Any, V]:
        """The present entries, which stay as they are (but for values that are changed in place)."""
        frozen: SavedDict[V] = SavedDict(self._write, self._read)
        frozen._own, frozen._gone = dict(self._own), set(self._gone)
        frozen._keys, frozen._values, frozen._index = self._keys, self._values, self._index
        return frozen

    def save(self, to: ArrayWriter, name: str) -> None:
        keys, values = self._keys.copy(), self._values.copy()
        index = self._index.copy(keys)
        self._write_own(keys, values, index)
        keys.save(to, f"{name}.keys")
        values.save(to, f"{name}.values")
        index.save(to, f"{name}.index")

    def load(self, saved: SavedArrays, name: str) -> None:
        self._own, self._gone = {}, set()
        self._keys.load(saved, f"{name}.keys")
        self._values.load(saved, f"{name}.values")
        self._index.load(saved, f"{name}.index")

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory, estimated."""
        return 500 * len(self._own) + self._keys.nbytes + self._values.nbytes + self._index.nbytes

    def _saved_row(self, key: Any) -> int:
        if not len(self._keys) or key in self._gone:
            return -1
        row = self._index.get(_text(key))
        return row if row >= 0 and self._values[row] is not None else -1

    def _write_own(self, keys: GrowingTexts, values: GrowingTexts, index: KeyIndex) -> None:
        """Add what is this dict's own to copies of what was saved; None stands for what is gone."""
        written: dict[str, str | None] = dict.fromkeys(map(_text, self._gone))
        written |= {_text(key): json.dumps(self._write(value)) for key, value in self._own.items()}
        new_keys, texts = _objects(list(written)), _objects(list(written.values()))
        rows = index.find(list(written))
        known = np.flatnonzero(rows >= 0)
        known = known[values[rows[known]] != texts[known]]
        values.put(rows[known], texts[known])
        new = np.flatnonzero(rows < 0)
        index.update(new_keys[new], np.arange(len(keys), len(keys) + len(new)))
        keys.extend(new_keys[new])
        values.extend(texts[new])


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _text(key: Any) -> str:
    return json.dumps(key)


def _key(text: str) -> Any:
    key = json.loads(text)
    return tuple(key) if isinstance(key, list) else key

"""Arrays in a folder, written once and then memory-mapped, beside a manifest in JSON that says where each is.

    to.array("passages.said_at", array)        writes it; the folder is whole once its manifest is there
    saved.array("passages.said_at")            maps it: no byte is read before it is needed

Large arrays are files of their own; small ones, and those that grow, are in one.

Invariants:
- A file that is mapped never changes. What grows is mapped privately: what a process writes into it is its own, the
  file stays as it is, and room for more rows is a hole in it.
- A large array that is mapped is linked into the next folder, not copied, wherever the disk can do that.
- A folder whose files are not those that its manifest names, of the same size and time, is refused
  (`BrokenArraysError`).
"""

import json
import os
import shutil
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

MANIFEST, _PACKED = "manifest.json", "packed.bin"
# Smaller arrays are packed: a file costs a mapping, and its own write to the disk.
_LARGE_BYTES = 1 << 20
_ALIGNMENT = 64
# Rows that an array which grows has room for beyond those that it has, as a share of them, and at least.
_SPARE_SHARE, _LEAST_SPARE = 4, 1 << 10


class BrokenArraysError(Exception):
    """The files of a folder are not those that were written, or cannot be read."""


class ArrayWriter:
    """Writes arrays into `folder`, which must be empty. `finish`, or `close` where that is not reached, ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packed = (folder / _PACKED).open("xb")
        # Where each is: its file, or None for the packed one, where it begins, dtype, shape, and rows of those in use.
        self._places: dict[str, tuple[str | None, int, str, list[int], int]] = {}
        self._values: dict[str, Any] = {}

    def array(self, name: str, array: Array) -> None:
        """Keep an array that no one will change."""
        if array.nbytes < _LARGE_BYTES:
            self._pack(name, array, len(array))
            return
        path = self._folder / f"{name}.bin"
        if not _is_whole_file(array) or not _linked(Path(_owner(array).filename), path):
            with path.open("xb") as file:
                np.ascontiguousarray(array).tofile(file)
                _synced(file)
        self._places[name] = (path.name, 0, array.dtype.str, list(array.shape), len(array))

    def growing(self, name: str, array: Array) -> None:
        """Keep an array that whoever opens it may append to and overwrite."""
        self._pack(name, array, len(array) + max(len(array) // _SPARE_SHARE, _LEAST_SPARE))

    def value(self, name: str, value: Any) -> None:
        """Keep what JSON can hold."""
        self._values[name] = value

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write the manifest; it says what is `about` the folder."""
        _synced(self._packed)
        self._packed.close()
        files = {path.name: _state(path) for path in sorted(self._folder.iterdir())}
        manifest = {"about": dict(about), "files": files, "places": self._places, "values": self._values}
        with (self._folder / MANIFEST).open("x", encoding="utf-8") as file:
            file.write(json.dumps(manifest))
            _synced(file)

    def close(self) -> None:
        self._packed.close()

    def _pack(self, name: str, array: Array, rows: int) -> None:
        """Append `array`, with room for so many rows, to the packed file: what is not filled is a hole."""
        packed = self._packed
        start = -(-packed.tell() // _ALIGNMENT) * _ALIGNMENT
        packed.seek(start)
        packed.write(np.ascontiguousarray(array).tobytes())
        shape = [rows, *array.shape[1:]]
        packed.seek(start + int(np.prod(shape)) * array.dtype.itemsize)
        packed.truncate()
        self._places[name] = (None, start, array.dtype.str, shape, len(array))


class SavedArrays:
    """What an `ArrayWriter` wrote into `folder`. Raises BrokenArraysError where it is not that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifest = _manifest(folder)
        try:
            self.about: dict[str, Any] = manifest["about"]
            self._places, self._values, files = manifest["places"], manifest["values"], manifest["files"]
            differing = [name for name, state in files.items() if _state(folder / name) != state]
        except (OSError, KeyError, TypeError, AttributeError) as error:
            raise BrokenArraysError(f"{folder}: {type(error).__name__}: {error}") from error
        if differing:
            raise BrokenArraysError(f"{folder}: {differing[0]} is not the file that was written")
        self._packed = _mapped(folder / _PACKED, "c")

    def array(self, name: str) -> Array:
        """An array that does not change."""
        found, size = self._found(name)
        found = found[:size]
        found.flags.writeable = False
        return found

    def growing(self, name: str) -> tuple[Array, int]:
        """A buffer that may be overwritten, and how many of its rows are filled."""
        return self._found(name)

    def value(self, name: str) -> Any:
        return self._known(self._values, name)

    def _found(self, name: str) -> tuple[Array, int]:
        file, start, dtype, shape, size = self._known(self._places, name)
        data = self._packed if file is None else _mapped(self.folder / file, "r")
        try:
            stop = start + int(np.prod(shape)) * np.dtype(dtype).itemsize
            return data[start:stop].view(dtype).reshape(shape), size
        except (TypeError, ValueError) as error:
            raise BrokenArraysError(f"{self.folder}: {name}: {error}") from error

    def _known(self, values: Mapping[str, Any], name: str) -> Any:
        try:
            return values[name]
        except KeyError:
            raise BrokenArraysError(f"{self.folder}: nothing is called {name}") from None


class SavedParts(ABC):
    """Something that is saved and loaded part by part, each under a name of its own."""

    @abstractmethod
    def _parts(self) -> Iterator[tuple[Any, str]]:
        """Its parts, with their names."""

    def save(self, to: ArrayWriter, name: str) -> None:
        for part, of_part in self._parts():
            part.save(to, f"{name}.{of_part}")

    def load(self, saved: SavedArrays, name: str) -> None:
        """Load what was saved under `name` into this one, which must be new."""
        for part, of_part in self._parts():
            part.load(saved, f"{name}.{of_part}")

    @property
    def nbytes(self) -> int:
        """Bytes of this process's own memory, partly estimated."""
        return sum(part.nbytes for part, _ in self._parts())


def is_mapped(array: Array) -> bool:
    """Whether `array` is a view of a file: its memory is shared by all processes that map it."""
    return isinstance(_owner(array), np.memmap)


def remove_folder(folder: Path) -> None:
    """Remove a folder of arrays, its manifest first: what is left of it is refused by whoever opens it."""
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def pack_folder(folder: Path, packed: Path) -> None:
    """Let the file `packed` hold what the folder of arrays does, for another machine."""
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.iterdir()):
            # What is packed has holes; large arrays are hardly smaller for all the time that it takes.
            kind = zipfile.ZIP_DEFLATED if path.name in (MANIFEST, _PACKED) else zipfile.ZIP_STORED
            archive.write(path, path.name, kind, compresslevel=1)


def unpack_folder(packed: Path, folder: Path) -> None:
    """Make the new `folder` of what `pack_folder` wrote. Raises BrokenArraysError for anything else."""
    try:
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(folder)
        for name, (_, changed) in _manifest(folder)["files"].items():
            os.utime(folder / name, ns=(changed, changed))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise BrokenArraysError(f"{packed}: {type(error).__name__}: {error}") from error


def _owner(array: Any) -> Any:
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap) and array.base is not None:
        array = array.base
    return array


def _is_whole_file(array: Array) -> bool:
    """Whether `array` is all of a file that is mapped for reading."""
    owner = _owner(array)
    return isinstance(owner, np.memmap) and owner.mode == "r" and owner.nbytes == array.nbytes


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _mapped(path: Path, mode: Any) -> Array:
    """The bytes of a file."""
    try:
        if not path.stat().st_size:
            return np.zeros(0, np.uint8)  # nothing can be mapped of it
        return np.asarray(np.memmap(path, np.uint8, mode))
    except (OSError, ValueError) as error:
        raise BrokenArraysError(f"{path}: {error}") from error


def _manifest(folder: Path) -> Any:
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BrokenArraysError(f"{folder}: {error}") from error


def _state(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _synced(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())

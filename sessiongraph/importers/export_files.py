"""An export as it lies on disk: a file, a zip, or a folder, as members that are read as streams.

Nothing is unpacked to disk: a member's name is only ever a name. Raises InvalidInputError with cause and next step
where nothing can be read at all.
"""

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Self, cast

from sessiongraph.errors import InvalidInputError
from sessiongraph.ingestion.clean_text import clean_line
from sessiongraph.ingestion.formats.text import ZIP, refuse_other_format

# Exports unfold to ten or twenty times their size at the most. What is small may be as repetitive as it likes.
_MOST_RATIO = 250
_SMALL = 50_000_000
_MOST_UNPACKED = 50_000_000_000
# Hidden files, and what a Mac adds.
_NOT_MINE = re.compile(r"(?:^|/)(?:\.(?!\.?/)|__MACOSX/)")
# What a damaged zip or disk raises while it is read.
READ_ERRORS = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)


class ExportFiles:
    """The members of an export by name, in order; `read` counts bytes of those that were opened, of `size` in all."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        """`name` is what it is called, where it does not lie under its own."""
        self.name = clean_line(path.name if name is None else name)
        self.read = 0
        self._zip: zipfile.ZipFile | None = None
        try:
            self._sizes = self._open(path)
        except OSError as error:
            raise InvalidInputError(
                f"{self.name} cannot be read: {error.strerror or error}. Check its path and permissions."
            ) from error
        self._path = path

    def _open(self, path: Path) -> dict[str, int]:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            found = {str(it.relative_to(path).as_posix()): it.stat().st_size for it in _files_below(path)}
        elif not stat.S_ISREG(mode):  # opening a pipe would wait for its writer
            raise InvalidInputError(f"{self.name} is neither a file nor a folder. Give the path of an export.")
        else:
            with path.open("rb") as file:
                head = file.read(8)
            refuse_other_format(head, own=ZIP)
            if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                return {self.name: path.stat().st_size}
            found = self._open_zip(path)
        return {name: found[name] for name in sorted(found) if not _NOT_MINE.search(name)}

    def _open_zip(self, path: Path) -> dict[str, int]:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise InvalidInputError(f"{self.name} is a broken zip ({error}). Download the export again.") from error
        members = [it for it in self._zip.infolist() if not it.is_dir()]
        if any(it.flag_bits & 1 for it in members):
            raise InvalidInputError(f"{self.name} is encrypted. Unpack it with its password, and import what is in it.")
        unpacked = sum(it.file_size for it in members)
        bombs = [it for it in members if it.file_size > _SMALL and it.file_size > _MOST_RATIO * it.compress_size]
        if bombs or unpacked > _MOST_UNPACKED:
            raise InvalidInputError(
                f"{self.name} would unfold to {unpacked:,} bytes, more than any export does. If you trust it, unpack "
                "it, and import what is in it."
            )
        return {it.filename: it.file_size for it in members}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    @property
    def names(self) -> list[str]:
        return list(self._sizes)

    @property
    def is_single(self) -> bool:
        """Whether it is one file, which may be named anything."""
        return self._zip is None and self.names == [self.name]

    def named(self, pattern: str) -> list[str]:
        """The members whose last part is of that pattern, whatever folder they are in."""
        return [name for name in self._sizes if re.fullmatch(pattern, PurePosixPath(name).name, re.IGNORECASE)]

    def size(self, names: list[str]) -> int:
        return sum(self._sizes[name] for name in names)

    def shown(self, name: str) -> str:
        """How the member is named to a person: cleaned, for it is anybody's words."""
        return clean_line(name)[-200:] or "?"

    @contextmanager
    def open(self, name: str, *, counted: bool = True) -> Iterator[BinaryIO]:
        """The bytes of a member. What goes wrong while they are read is among READ_ERRORS."""
        with self._source(name) as source:
            yield cast(BinaryIO, io.BufferedReader(_Counted(source, self), 1 << 16) if counted else source)

    def _source(self, name: str) -> IO[bytes]:
        if self._zip is not None:
            return self._zip.open(name)
        return (self._path / name if self._path.is_dir() else self._path).open("rb")


class _Counted(io.RawIOBase):
    """Reads from `source`, and says so."""

    def __init__(self, source: IO[bytes], files: ExportFiles) -> None:
        self._source, self._files = source, files

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self._files.read += len(data)
        return len(data)


def _files_below(folder: Path) -> Iterator[Path]:
    """Regular files, no links: a link could lead anywhere."""
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (path for name in names if (path := Path(where, name)).is_file() and not path.is_symlink())

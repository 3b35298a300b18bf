"""Files in a folder: of the home, or of a disk that several machines mount."""

import errno
import os
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sessiongraph.files.base import Entry, Files


class LocalFiles(Files):
    """Those below the folder `path`."""

    def __init__(self, path: Path) -> None:
        self.path, self.location = path, str(path)

    def below(self, folder: str) -> Self:
        return type(self)(self.path / folder)

    def make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)

    def entries(self, folder: str = "") -> Iterator[Entry]:
        try:
            found = os.scandir(self.path / folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        with found:
            for it in found:
                try:
                    state, is_folder = it.stat(follow_symlinks=False), it.is_dir()
                except FileNotFoundError:
                    continue  # taken while it was looked at
                changed = datetime.fromtimestamp(state.st_mtime_ns / 1e9, UTC)
                name = f"{folder}/{it.name}" if folder else it.name
                yield Entry(name, is_folder, state.st_size, changed, stat.S_ISLNK(state.st_mode))

    def exists(self, name: str) -> bool:
        return os.path.lexists(self.path / name)

    def write(self, name: str, content: bytes) -> None:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        new = _hidden(target)
        try:
            new.write_bytes(content)
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)

    def take(self, source: Path, name: str) -> None:
        _move(source, self.path / name)

    @contextmanager
    def local(self, name: str, within: Path | None = None) -> Iterator[Path]:
        path = self.path / name
        path.lstat()  # raises where there is none
        yield path

    def move(self, name: str, to: Self, target: str) -> None:
        _move(self.path / name, to.path / target)

    def remove(self, name: str = "") -> None:
        path = self.path / name
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
        shutil.rmtree(path, ignore_errors=True)  # another process may be removing it, too
        if path.exists():
            shutil.rmtree(path)  # raises what is in the way

    def address(self, name: str) -> str:
        return (self.path / name).absolute().as_uri()


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        new = _hidden(target)
        shutil.move(source, new)
        new.rename(target)


def _hidden(target: Path) -> Path:
    """Where to make `target`: nobody takes that for a file where whoever makes it is killed."""
    return target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")

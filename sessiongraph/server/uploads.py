"""Uploads: files, and folders as zips, as inputs of `add`; and an export of conversations.

Invariants: a name from outside is shown and tells the format, and is never a path: each file lies in a folder of this
request's own under a number. What it is is told by reading it, not by the type that it was sent as. A zip is bounded in
what it unpacks to, whatever it says of itself, and links, encrypted entries and zips within it are left out.
"""

import asyncio
import shutil
import stat
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, BinaryIO

from fastapi import UploadFile

from sessiongraph.errors import InvalidInputError, UnreadableDocumentError
from sessiongraph.files import HIDDEN_PREFIXES
from sessiongraph.ingestion.clean_text import clean_line
from sessiongraph.ingestion.parsing import SUPPORTED_SUFFIXES, is_supported
from sessiongraph.ingestion.resolve_inputs import Input, Inputs

_MOST_ENTRIES = 2000
# Times the size of an upload that zips may unpack to; of one entry, times its packed size.
_UNPACKED = 4
_MOST_RATIO = 200
_CHUNK = 64 * 1024
_LONGEST_NAME = 200


@asynccontextmanager
async def received(files: Sequence[UploadFile], most_bytes: int) -> AsyncIterator[Inputs]:
    """What was uploaded, on disk for as long as this is open.

    Raises InvalidInputError, UnreadableDocumentError naming the file.
    """
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="sessiongraph-upload-"))
    try:
        yield await asyncio.to_thread(_received, [(it.filename or "", it.file) for it in files], folder, most_bytes)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@asynccontextmanager
async def received_export(file: UploadFile) -> AsyncIterator[tuple[Path, str]]:
    """An export of conversations that was uploaded, on disk for as long as this is open, and what it is called."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="sessiongraph-upload-"))
    try:
        await asyncio.to_thread(_write, folder / "0", _chunks(file.file))
        yield folder / "0", _shown_name(file.filename or "")
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    with path.open("wb") as kept:
        kept.writelines(chunks)


def _received(files: Sequence[tuple[str, BinaryIO]], folder: Path, most_bytes: int) -> Inputs:
    unpacking = _Unpacking(folder, most_bytes * _UNPACKED)
    for name, file in files:
        shown = _shown_name(name)
        if shown.lower().endswith(".zip"):
            unpacking.unpack(shown, file)
        elif is_supported(shown):
            unpacking.keep(shown, _chunks(file))
        else:
            raise UnreadableDocumentError(
                f"{shown!r} is not of a supported format: save it as one of {', '.join(SUPPORTED_SUFFIXES)}, or pack "
                "several into a .zip."
            )
    if not unpacking.items:
        left_out = f" Left out: {'; '.join(unpacking.skipped[:5])}." if unpacking.skipped else ""
        raise InvalidInputError(f"The upload holds no file to read ({', '.join(SUPPORTED_SUFFIXES)}).{left_out}")
    return Inputs(unpacking.items, unpacking.skipped)


class _Unpacking:
    """The files of one request, written to `folder`, and what was left out, as "name: reason"."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.items: list[Input] = []
        self.skipped: list[str] = []
        self._folder = folder
        self._left = self._most = most_bytes

    def keep(self, name: str, chunks: Iterator[bytes], most_bytes: int | None = None) -> None:
        """Write a file that is shown as `name`. Raises InvalidInputError where it grows too large."""
        path, size = self._folder / f"{len(self.items)}{Path(name).suffix.lower()}", 0
        with path.open("wb") as kept:
            for chunk in chunks:
                size += len(chunk)
                self._left -= len(chunk)
                if self._left < 0 or (most_bytes is not None and size > most_bytes):
                    raise InvalidInputError(
                        f"{name!r} unpacks to more than is taken: {self._most:,} bytes in all, and {_MOST_RATIO} times "
                        "its packed size. Send less at once."
                    )
                kept.write(chunk)
        self.items.append(Input(name, None, path))

    def unpack(self, name: str, file: BinaryIO) -> None:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                if len(entries) > _MOST_ENTRIES:
                    raise InvalidInputError(f"{name!r} has more than {_MOST_ENTRIES} entries: send several zips.")
                for entry in entries:
                    self._unpack_entry(archive, entry)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError) as error:
            raise UnreadableDocumentError(f"{name!r} cannot be unpacked ({error}): pack it anew as a zip.") from None

    def _unpack_entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        shown = _shown_name(entry.filename)
        if entry.is_dir() or _is_hidden(entry.filename):
            return
        if reason := _reason_to_skip(entry, shown):
            self.skipped.append(f"{shown}: {reason}")
            return
        with archive.open(entry) as packed:
            most = max(entry.compress_size, 1024) * _MOST_RATIO
            self.keep(shown, _chunks(packed), most)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _reason_to_skip(entry: zipfile.ZipInfo, shown: str) -> str | None:
    mode = entry.external_attr >> 16
    if entry.flag_bits & 1:
        return "encrypted"
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return "a link, not a file"
    if not is_supported(shown):
        return "not a supported format"
    return None


def _is_hidden(name: str) -> bool:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in (".", "..")]
    return any(part.startswith(HIDDEN_PREFIXES) or part == "__MACOSX" for part in parts)


def _shown_name(name: str) -> str:
    """The last part of a name from outside, on one line: all that is ever taken of it."""
    last = clean_line(name.replace("\\", "/").rsplit("/", 1)[-1])
    stem, dot, suffix = last.rpartition(".")
    return last if len(last) <= _LONGEST_NAME else f"{stem[: _LONGEST_NAME - 20]}{dot}{suffix[:19]}"

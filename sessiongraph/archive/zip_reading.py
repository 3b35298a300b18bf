"""An archive's file, from whoever it may be: what is in it is looked at before a byte of it is used.

Layout 1 stores every part as it is (Parquet is compressed in itself). So no part is larger than it looks, and the parts
together no larger than the file: there are no bombs to be counted.
"""

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessiongraph.archive.manifest import NAME, Manifest, broken, read_manifest
from sessiongraph.errors import InvalidInputError

_CHUNK = 1 << 20
_MOST_MANIFEST_BYTES = 64 << 20


class Archive:
    """An archive whose list of parts is as its manifest says; what the parts hold is read by `extract`."""

    def __init__(self, file: zipfile.ZipFile, size: int) -> None:
        self._file = file
        self.manifest = _checked_manifest(file, size)

    def extract(self, name: str, target: Path) -> None:
        """Write the part `name` to `target`. Raises InvalidInputError where it is not the one that was exported."""
        part, digest = self.manifest.parts[name], hashlib.sha256()
        try:
            with self._file.open(name) as source, target.open("xb") as copy:
                while block := source.read(_CHUNK):
                    digest.update(block)
                    copy.write(block)
        except (zipfile.BadZipFile, EOFError) as error:
            raise broken(f"{name} is damaged") from error
        if digest.hexdigest() != part.sha256:
            raise broken(f"{name} is not the one that was exported: its sha256 is another")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive at `path`. Raises InvalidInputError where it is none, or not whole, or a newer version's."""
    if not path.is_file():
        raise InvalidInputError(f"There is no file {str(path)!r} to import.")
    try:
        with path.open("rb") as raw, zipfile.ZipFile(raw) as file:
            yield Archive(file, path.stat().st_size)
    except PermissionError as error:
        raise InvalidInputError(f"{str(path)!r} may not be read: make it readable for you.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
        raise broken("it is no zip file, or not all of one") from error


def _checked_manifest(file: zipfile.ZipFile, size: int) -> Manifest:
    entries = {entry.filename: entry for entry in file.infolist()}
    if len(entries) < len(file.infolist()):
        raise broken("it holds two files of one name")
    for entry in entries.values():
        _check(entry)
    if sum(entry.file_size for entry in entries.values()) > size:
        raise broken("its files are larger than it is")
    if NAME not in entries:
        raise broken(f"it holds no {NAME}, so it is no archive of sessiongraph")
    if entries[NAME].file_size > _MOST_MANIFEST_BYTES:
        raise broken(f"{NAME} is too large")
    manifest = read_manifest(file.read(NAME))
    found = {name: entry.file_size for name, entry in entries.items() if name != NAME}
    if found.keys() != manifest.parts.keys():
        odd = min(found.keys() ^ manifest.parts.keys())
        raise broken(f"what it holds is not what {NAME} says: {odd!a:.80}")
    for name, part in manifest.parts.items():
        if found[name] != part.bytes:
            raise broken(f"{name} is not as long as {NAME} says")
    return manifest


def _check(entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise broken(f"{entry.filename!a:.80} in it is no file, but a folder or a link")
    if entry.flag_bits & 0x1:
        raise broken("it is encrypted")
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise broken(f"{entry.filename!a:.80} in it is compressed once more, which no export does")

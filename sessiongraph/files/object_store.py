"""Files in a bucket of an object store that speaks S3, through fsspec.

Nothing that was listed is kept: what another machine writes is there. A request is tried again by the library, so that
all in all one takes less than the minute for which a writer of the same dataset waits.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Self, TypeVar

from s3fs import S3FileSystem

from sessiongraph.errors import FilesUnavailableError, InvalidInputError
from sessiongraph.files.base import Entry, Files

T = TypeVar("T")

_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 3, 5, 15
_ADDRESS_SECONDS = 300
_DELETED_AT_ONCE = 1000
_NEVER = datetime.fromtimestamp(0, UTC)


class S3Bucket:
    """The bucket `name`. Where it is, and the keys to it, is said as all programs are told: AWS_ENDPOINT_URL,
    AWS_ACCESS_KEY_ID, a profile, a machine's role. Any number of threads, and processes forked later, may use one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._guard, self._process, self._is_known = threading.Lock(), 0, False
        self._opened: Any = None

    def ask(self, request: Callable[[Any], T]) -> T:
        """What `request` makes of the file system. Raises FileNotFoundError where something is not there,
        InvalidInputError where the bucket is not, and FilesUnavailableError for all else."""
        try:
            return request(self._files)
        except FileNotFoundError:
            self.check()
            raise
        except Exception as error:
            raise self._unavailable(error) from error

    def check(self) -> None:
        """Raise InvalidInputError where there is no such bucket. One that was there once is not asked for again."""
        if self._is_known:
            return
        try:
            self._files.call_s3("head_bucket", Bucket=self.name)
        except FileNotFoundError as error:
            raise InvalidInputError(
                f"SESSIONGRAPH_FILES_URL names the bucket {self.name!r}, which is not there. Create it, or correct the "
                "name; AWS_ENDPOINT_URL says where it is, unless that is AWS."
            ) from error
        except Exception as error:
            raise self._unavailable(error) from error
        self._is_known = True

    def delete(self, paths: Sequence[str]) -> None:
        """Delete these objects, in one request: a writer may be waiting. Raises FilesUnavailableError."""
        objects = [{"Key": path.removeprefix(f"{self.name}/")} for path in paths]
        told = {"Objects": objects, "Quiet": True}
        answer = self.ask(lambda files: files.call_s3("delete_objects", Bucket=self.name, Delete=told))
        if errors := answer.get("Errors"):
            raise self._unavailable(OSError(f"{errors[0].get('Code')}: {errors[0].get('Message')}"))

    @property
    def _files(self) -> Any:
        with self._guard:
            if self._process != os.getpid():  # of the parent, whose connections it goes on using
                again = {"mode": "standard", "max_attempts": _ATTEMPTS}
                bounds = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS, "retries": again}
                self._opened = S3FileSystem(skip_instance_cache=True, use_listings_cache=False, config_kwargs=bounds)
                self._opened.retries = 1  # s3fs's own, around those
                self._process = os.getpid()
            return self._opened

    def _unavailable(self, error: Exception) -> FilesUnavailableError:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return FilesUnavailableError(
            f"The object store with the bucket {self.name!r} is not to be reached, or refused a request "
            f"({said:.300}). Doing it again does nothing twice. See that it runs, that SESSIONGRAPH_FILES_URL and "
            "AWS_ENDPOINT_URL name it, and that its keys may read, write, list and delete."
        )


class ObjectFiles(Files):
    """Those below the folder `prefix` of `bucket`."""

    def __init__(self, bucket: S3Bucket, prefix: str) -> None:
        self._bucket, self._root = bucket, f"{bucket.name}/{prefix}".rstrip("/")
        self._prefix, self.location = prefix, f"s3://{self._root}"

    def below(self, folder: str) -> Self:
        return type(self)(self._bucket, f"{self._prefix}/{folder}".strip("/"))

    def make(self) -> None:
        self._bucket.check()

    def entries(self, folder: str = "") -> Iterator[Entry]:
        place = self._path(folder)
        try:
            found = self._bucket.ask(lambda files: files.ls(place, detail=True))
        except FileNotFoundError:
            return
        for it in found:
            path = it["name"].rstrip("/")
            # A folder may have an object of its own, and a file is listed as itself.
            if path != place:
                name = path.removeprefix(self._root + "/")
                yield Entry(name, it["type"] == "directory", it["size"] or 0, it.get("LastModified") or _NEVER)

    def exists(self, name: str) -> bool:
        return bool(self._bucket.ask(lambda files: files.exists(self._path(name))))

    def write(self, name: str, content: bytes) -> None:
        type_ = guess_type(name)[0] or "application/octet-stream"
        self._bucket.ask(lambda files: files.pipe_file(self._path(name), content, ContentType=type_))

    def take(self, source: Path, name: str) -> None:
        self._bucket.ask(lambda files: files.put_file(str(source), self._path(name)))
        source.unlink()

    @contextmanager
    def local(self, name: str, within: Path | None = None) -> Iterator[Path]:
        source = self._path(name)
        with tempfile.TemporaryDirectory(prefix="sessiongraph-", dir=within) as folder:
            path = Path(folder) / Path(name).name
            for found, rest in self._found(source):
                # What others called their objects leads out of no folder.
                if ".." not in rest.split("/"):
                    target = path / rest if rest else path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    self._bucket.ask(partial(_get, source=found, target=str(target)))
            yield path

    def move(self, name: str, to: Self, target: str) -> None:
        for source, rest in self._found(self._path(name)):
            self._bucket.ask(partial(_move, source=source, target=to._path(f"{target}/{rest}")))

    def remove(self, name: str = "") -> None:
        with suppress(FileNotFoundError):
            found = [path for path, _ in self._found(self._path(name))]
            for start in range(0, len(found), _DELETED_AT_ONCE):
                self._bucket.delete(found[start : start + _DELETED_AT_ONCE])

    def address(self, name: str) -> str:
        return str(self._bucket.ask(lambda files: files.sign(self._path(name), expiration=_ADDRESS_SECONDS)))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")

    def _found(self, path: str) -> list[tuple[str, str]]:
        """The objects that are the file or folder `path`, and their names in it. Raises FileNotFoundError for none."""
        found = self._bucket.ask(lambda files: files.find(path))
        if not found:
            self._bucket.ask(lambda files: files.info(path))
        return [(it, it.removeprefix(path).strip("/")) for it in found]


# Of one object each: what takes several at once reads patterns into their names.


def _get(files: Any, source: str, target: str) -> None:
    files.get_file(source, target)


def _move(files: Any, source: str, target: str) -> None:
    files.cp_file(source, target)
    files.rm_file(source)

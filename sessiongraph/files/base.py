"""What whoever keeps files for all machines may rely on. What is in them is not known here, nor where they lie: `local`
keeps them in a folder, `object_store` in a bucket.

Invariants:
- A file appears under its name when it is whole: nobody reads half of one, and of two that are written under one name
  at the same time one is there.
- What is not there is nobody's fault: it is removed without a word, and a folder without files has no entries.
Names are relative, with slashes between. Methods block. Those that ask an object store raise FilesUnavailableError,
those that ask a disk OSError; both raise FileNotFoundError where something is to be read or moved that is not there.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

HIDDEN_PREFIXES = (".", "~$")  # "~$" is what Word puts beside a document that is open


@dataclass(frozen=True)
class Entry:
    """A file or folder, by its name below the `Files` that were asked. `size` in bytes; `changed` in UTC."""

    name: str
    is_folder: bool
    size: int
    changed: datetime
    is_link: bool = False

    @property
    def parts(self) -> list[str]:
        return self.name.split("/")

    @property
    def is_hidden(self) -> bool:
        return self.parts[-1].startswith(HIDDEN_PREFIXES)


class Files(ABC):
    """Files below one place, which is the folder `location` to people."""

    location: str

    @abstractmethod
    def below(self, folder: str) -> Self:
        """Those below one of its folders, whether or not that is there."""

    @abstractmethod
    def make(self) -> None:
        """See that files can be put here: make the folder that it is. Raises InvalidInputError for a bucket that is not
        there."""

    @abstractmethod
    def entries(self, folder: str = "") -> Iterator[Entry]:
        """What lies directly in `folder`, in no order."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of that name."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Let `content` be the file."""

    @abstractmethod
    def take(self, source: Path, name: str) -> None:
        """Let the file `source` of this machine, which is gone afterwards, be the file."""

    @abstractmethod
    def local(self, name: str, within: Path | None = None) -> AbstractContextManager[Path]:
        """The file or folder as one of this machine, of the same name, to be read meanwhile: where it is a copy, in
        `within` or, for None, where temporary files are."""

    @abstractmethod
    def move(self, name: str, to: Self, target: str) -> None:
        """Let the file or folder be the one called `target` in `to`."""

    @abstractmethod
    def remove(self, name: str = "") -> None:
        """Remove the file, or the folder with all that is in it."""

    @abstractmethod
    def address(self, name: str) -> str:
        """Where a browser of this machine opens the file."""

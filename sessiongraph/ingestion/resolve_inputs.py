"""Resolving what `add()` is given to texts and files, before any of them is read.

A `Path`, or another os.PathLike, is always a path. A string is one only if it starts with "/", "./", "../",
"~/" or "file://" and is one line; every other string is a text. A folder stands for the supported files below
it. What the files hold is no concern of this module, only whether they are there.

Blocking: on an event loop, call it in a thread.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sessiongraph.errors import InvalidInputError, UnreadableDocumentError
from sessiongraph.files import HIDDEN_PREFIXES
from sessiongraph.ingestion.clean_text import clean_line, has_words
from sessiongraph.ingestion.parsing import SUPPORTED_SUFFIXES, ParsedDocument, is_supported, parse_file, parse_text

_PATH_STARTS = ("/", "./", "../", "~/", "file://")


@dataclass(frozen=True)
class Input:
    """One thing to parse: a text, or the path of a file. `source` is where that can be found again; None for a text."""

    name: str
    source: str | None
    content: str | Path


@dataclass(frozen=True)
class Inputs:
    """What is to be parsed, in the order given; and what in the folders was left out, as "path: reason"."""

    items: list[Input]
    skipped: list[str]


def resolve_inputs(data: Any) -> Inputs:
    """The inputs in `data`: a string, a Path, or a flat list or tuple of them.

    Raises InvalidInputError naming the item at fault where its type is wrong, its path does not exist or its
    folder has nothing to read, and UnreadableDocumentError where it is empty or a file of another format.
    """
    if not isinstance(data, Sequence) or isinstance(data, str | bytes | bytearray | memoryview):
        return _resolved(data, "data")
    if not data:
        raise InvalidInputError("data is an empty list: give at least one text or path.")
    resolved = [_resolved(item, f"data[{position}]") for position, item in enumerate(data)]
    return Inputs(
        [item for inputs in resolved for item in inputs.items],
        [skipped for inputs in resolved for skipped in inputs.skipped],
    )


def resolve_texts(texts: Sequence[str]) -> Inputs:
    """`texts` as texts, whatever they look like: what comes from elsewhere is never a path of this machine.

    Raises as `resolve_inputs`.
    """
    if not texts:
        raise InvalidInputError("data is an empty list: give at least one text.")
    return Inputs([_text(text, f"data[{position}]") for position, text in enumerate(texts)], [])


def parse(item: Input) -> ParsedDocument:
    """The clean text of `item`. Raises UnreadableDocumentError."""
    if isinstance(item.content, Path):
        return replace(parse_file(item.content, item.name), source=item.source)
    return parse_text(item.content, item.name)


def _resolved(item: Any, position: str) -> Inputs:
    if isinstance(item, str):
        path = _path_in(item, position)
        return _at_path(path, position) if path else Inputs([_text(item, position)], [])
    if isinstance(item, os.PathLike):
        return _at_path(Path(os.fsdecode(item)).expanduser(), position)
    raise InvalidInputError(
        f"{position} is of type {type(item).__name__}: give a text (str), a path (str or Path), or a flat list of them."
    )


def _text(text: str, position: str) -> Input:
    if not has_words(text):
        raise UnreadableDocumentError(f"{position} is a text without a letter or digit: leave it out.")
    return Input("text", None, text)


def _path_in(text: str, position: str) -> Path | None:
    """The path that `text` is, or None if it is a text."""
    if not text.startswith(_PATH_STARTS) or "\n" in text or "\r" in text:
        return None
    if not text.startswith("file://"):
        return Path(text).expanduser()
    url = urlsplit(text)
    if url.netloc not in ("", "localhost") or not url.path:
        raise InvalidInputError(f"{position}, {_shown(text)}, is no local file: write file:///folder/name.txt.")
    return Path(unquote(url.path))


def _at_path(path: Path, position: str) -> Inputs:
    try:
        path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInputError(
            f"{position}, {_shown(str(path))}, cannot be read: {cause}. Check the path; "
            "if it is meant as a text, do not start it like a path."
        ) from None
    if path.is_dir():
        return _in_folder(path, position)
    if not is_supported(path.name):
        raise UnreadableDocumentError(
            f"{position}, {_shown(str(path))}, is not of a supported format: save it as one of {_suffixes()}."
        )
    return Inputs([_file(path)], [])


def _in_folder(folder: Path, position: str) -> Inputs:
    """The files below `folder`, sorted by path, and what was left out; hidden ones go unmentioned."""
    names, skipped = _names_below(folder)
    items = []
    for name in sorted(names):
        if reason := _reason_to_skip(folder, name):
            skipped.append(f"{clean_line(name)}: {reason}")
        else:
            items.append(_file(folder / name))
    if not items:
        left_out = f" Left out: {'; '.join(skipped[:5])}{'; …' if skipped[5:] else ''}." if skipped else ""
        raise InvalidInputError(
            f"{position}, the folder {_shown(str(folder))}, holds no file to read: "
            f"put files of {_suffixes()} into it.{left_out}"
        )
    return Inputs(items, sorted(skipped))


def _names_below(folder: Path) -> tuple[list[str], list[str]]:
    """Paths within `folder` of its visible files and links to folders; and its unreadable folders, with why.

    Links to folders are not walked: what they lead to inside the folder is read where it is.
    """
    names: list[str] = []
    failed: list[str] = []

    def note(error: OSError) -> None:
        failed.append(f"{clean_line(os.path.relpath(error.filename, folder))}: {error.strerror}")

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(HIDDEN_PREFIXES)]
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        visible = [name for name in files if not name.startswith(HIDDEN_PREFIXES)]
        names += [os.path.relpath(os.path.join(parent, name), folder) for name in visible + links]
    return names, failed


def _reason_to_skip(folder: Path, name: str) -> str | None:
    """Why the file or link `name` of `folder` is not read, None if it is."""
    path = folder / name
    target = Path(os.path.realpath(path))
    if path.is_symlink() and not target.is_relative_to(os.path.realpath(folder)):
        return "a link out of the folder"
    if path.is_dir():
        return "a link to a folder"
    if not is_supported(name):
        return "not a supported format"
    if not path.is_file():
        return "not a file"  # a pipe, a link to nothing or to itself
    return None


def _file(path: Path) -> Input:
    return Input(clean_line(path.name), clean_line(str(path)), path)


def _suffixes() -> str:
    return ", ".join(SUPPORTED_SUFFIXES)


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 100 else text[:100] + "…")

"""What lies in inboxes, and where: what waits, what was rejected, and what nobody takes. Nothing here reads a file.

`<owner>/<dataset>/` is the inbox of a dataset. Documents lie in it, but for its folders `rejected/` and `sessions/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import PurePosixPath

from sessiongraph.errors import InvalidInputError, SessionGraphError
from sessiongraph.files import Entry, Files
from sessiongraph.ids import check_name
from sessiongraph.ingestion.clean_text import clean_line

REJECTED = "rejected"
# Of an inbox, the folder of what is no document: exports of conversations.
SESSIONS = "sessions"


def waiting_files(inbox: Files) -> Iterator[Entry]:
    """The documents in `inbox`; what is hidden, was rejected, or is no document stays where it is."""
    return (file for file in files_below(inbox) if _top_folder(file.name) not in (REJECTED, SESSIONS))


def waiting_session_files(inbox: Files) -> Iterator[Entry]:
    """The files in the folder of `inbox` for exports; what is hidden or was rejected stays where it is."""
    return (file for file in files_below(inbox, SESSIONS) if _top_folder(file.name, SESSIONS) != REJECTED)


def _top_folder(name: str, folder: str = "") -> str | None:
    """The folder directly in `folder` in which the file is, None where that is `folder` itself."""
    return next(iter(PurePosixPath(name).relative_to(folder).parts[:-1]), None)


def survey_inboxes(root: Files, owners: set[str]) -> tuple[set[str], dict[str, str]]:
    """The keys of the datasets for which files wait in `root`, whether or not they exist, of `owners`, who do.

    And what lies where nobody takes it, by path, with the reason. Blocks.
    """
    keys: set[str] = set()
    strays: dict[str, str] = {}
    for owner in visible(root):
        try:
            folders = visible(root, owner.name) if owner.is_folder else [owner]
        except OSError as error:
            strays[clean_line(owner.name)] = f"cannot be read ({error.strerror})"
            continue
        for folder in folders:
            try:
                reason = _stray_reason(folder, owners) if _holds_files(root, folder) else ""
            except OSError as error:
                reason = f"cannot be read ({error.strerror})"
                keys.add(folder.name)  # it may hold files: they are waited for
            if reason is None:
                keys.add(folder.name)
            elif reason:
                strays[clean_line(folder.name)] = reason
    return keys, strays


def visible(files: Files, folder: str = "") -> list[Entry]:
    """What lies in `folder`, if there is one, and is not hidden."""
    found = (it for it in files.entries(folder) if not it.is_hidden)
    return sorted(found, key=lambda it: it.name)


def _holds_files(root: Files, it: Entry) -> bool:
    inbox = root.below(it.name)
    return not it.is_folder or next(chain(waiting_files(inbox), waiting_session_files(inbox)), None) is not None


def _stray_reason(it: Entry, owners: set[str]) -> str | None:
    """Why the files in the folder `it` belong to no dataset; None where they do."""
    if not it.is_folder or len(it.parts) < 2:
        return "is in no dataset's folder"
    owner, dataset = it.parts
    if owner not in owners:
        return f"there is no user {clean_line(owner)!r}"
    try:
        check_name(dataset)
    except InvalidInputError as error:
        return str(error)
    return None


def files_below(files: Files, folder: str = "") -> Iterator[Entry]:
    """All files below `folder` that are not hidden."""
    for it in files.entries(folder):
        if it.is_hidden:
            continue
        if it.is_folder and not it.is_link:
            yield from files_below(files, it.name)
        else:
            yield it


def free_name(files: Files, name: str) -> str:
    """`name`, or the first "name 2.txt", "name 3.txt", … that is not taken."""
    path, free, number = PurePosixPath(name), name, 1
    while files.exists(free):
        number += 1
        free = str(path.with_stem(f"{path.stem} {number}"))
    return free


def move(files: Files, name: str, target: str, to: Files | None = None) -> None:
    """To `target` in `to`, or in the same. Raises SessionGraphError, which names both."""
    with named_faults(files, name, to or files), suppress(FileNotFoundError):
        files.move(name, to or files, target)


@contextmanager
def named_faults(files: Files, name: str, to: Files) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SessionGraphError(
            f"{files.location}/{name} cannot be moved to {to.location} ({error.strerror or error}). "
            "Make both folders ones that you may write to, and materialize the asset again."
        ) from error

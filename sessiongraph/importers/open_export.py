"""An export that is opened to be imported: which format it has, and its conversations in batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from sessiongraph.errors import InvalidInputError
from sessiongraph.importers.conversations import Conversation
from sessiongraph.importers.export_files import ExportFiles
from sessiongraph.importers.notes import ReadingNotes
from sessiongraph.importers.recognition import AMONG_PEOPLE, SHAPES, conversations, format_of, members_of
from sessiongraph.types import Progress

# What is read before it is written: bounds what is held in memory, and what a killed import does again.
_BATCH_MESSAGES = 5_000
_BATCH_CHARACTERS = 8_000_000
_MEGABYTE = 1_000_000


class OpenExport:
    """The export at `path`, to be closed. `notes` say what was left out and could not be read of what was read so far.

    `format` is told by what is in it, where it is None; `me` is the user's name in a chat among people; `name` is what
    it is called, where it lies under another. Blocks.
    Raises InvalidInputError where it is of no such format, or where nothing can be read.
    """

    def __init__(self, path: Path, format: str | None = None, me: str | None = None, name: str | None = None) -> None:
        self.notes = ReadingNotes()
        self._files = ExportFiles(path, name)
        self._me = me
        try:
            self.format = format if format is not None else format_of(self._files)
            _check(self.format, me, self._files)
            self._members = members_of(self._files, self.format)
        except BaseException:
            self._files.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @property
    def progress(self) -> Progress:
        total = self._files.size(self._members)
        read = min(self._files.read, total)
        return Progress("MB", read // _MEGABYTE, -(-total // _MEGABYTE), self.notes.unread_count)

    def batches(self) -> Iterator[list[Conversation]]:
        """Conversations, as many at once as may be held in memory. Blocks."""
        return in_batches(conversations(self._files, self._members, self.format, self._me, self.notes))


def in_batches(found: Iterator[Conversation]) -> Iterator[list[Conversation]]:
    """`found`, as many at once as may be held in memory."""
    batch: list[Conversation] = []
    messages = characters = 0
    for conversation in found:
        batch.append(conversation)
        messages += len(conversation.messages)
        characters += sum(len(it.text) for it in conversation.messages)
        if messages >= _BATCH_MESSAGES or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, messages, characters = [], 0, 0
    if batch:
        yield batch


def _check(format_: str, me: str | None, files: ExportFiles) -> None:
    if format_ not in SHAPES:
        raise InvalidInputError(f"{format_!r:.60} is no format of an export: there are {', '.join(SHAPES)}.")
    if format_ in AMONG_PEOPLE and not me:
        raise InvalidInputError(
            f"{files.name} is a chat among people: say which of them you are, with me=… or --me NAME, in an inbox with "
            "a folder me=NAME around it. What you say is then the question of a turn, and what the others say its "
            "answer. `add` reads the text of a chat as a transcript, as who said what, and needs to know of nobody."
        )
    if me is not None and format_ not in AMONG_PEOPLE:
        raise InvalidInputError(f"{files.name} says itself who the user is: leave out me (--me, a folder me=NAME).")

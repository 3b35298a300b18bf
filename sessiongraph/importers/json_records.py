"""The objects of a JSON or JSONL file, one after the other, however large the file and whatever is in it.

Invariant: what is held at once is one object of at most _MOST_COST bytes, or so. An object that is larger, or nested
too deeply, is skipped and named; where the JSON is broken, what stands before that is read.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from sessiongraph.importers.export_files import READ_ERRORS
from sessiongraph.importers.notes import ReadingNotes

_CHUNK = 1 << 16
_MOST_COST = 128_000_000
_MOST_VALUE = 64_000_000
# About what an event of the parser becomes in memory beside its letters.
_COST_OF_EVENT = 80
_MOST_DEPTH = 200
_BOM = b"\xef\xbb\xbf"

Record = dict[str, Any]


def records(file: BinaryIO, name: str, notes: ReadingNotes) -> Iterator[tuple[str, Record]]:
    """(where, object) of a file: the items of an array, an object alone, or an object a line."""
    try:
        head = file.peek(_CHUNK)  # type: ignore[attr-defined]
        if head.startswith(_BOM):
            file.read(len(_BOM))
            head = head[len(_BOM) :]
        if head.lstrip()[:1] == b"[":
            yield from _objects(file, b"", name, notes)
            return
        first = file.readline(_MOST_VALUE)
        if _is_object(first):
            yield from _lines(file, first, name, notes)
        else:
            yield from _objects(file, first, name, notes)
    except READ_ERRORS as error:
        notes.cannot_read(name, f"the rest of it is damaged ({error})")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _lines(file: BinaryIO, line: bytes, name: str, notes: ReadingNotes) -> Iterator[tuple[str, Record]]:
    number = 0
    while line:
        number += 1
        where = f"{name}, line {number}"
        if not line.endswith(b"\n") and len(line) >= _MOST_VALUE:
            notes.cannot_read(where, f"longer than {_MOST_VALUE:,} bytes")
            while line and not line.endswith(b"\n"):
                line = file.readline(_MOST_VALUE)
        elif line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                notes.cannot_read(where, "nested too deeply" if isinstance(error, RecursionError) else "no valid JSON")
            else:
                if isinstance(record, dict):
                    yield where, record
                else:
                    notes.cannot_read(where, "no JSON object")
        line = file.readline(_MOST_VALUE)


def _objects(file: BinaryIO, head: bytes, name: str, notes: ReadingNotes) -> Iterator[tuple[str, Record]]:
    import ijson

    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    items = _Items(name, notes)
    silent = 0
    chunk = head or file.read(_CHUNK)
    while True:
        broken = None
        try:
            if chunk:
                parser.send(chunk)
            else:
                parser.close()
        except (ijson.JSONError, ValueError, ArithmeticError) as error:
            broken = " ".join(str(error).split())[:60]
        for event, value in events:
            if (record := items.take(event, value)) is not None:
                yield record
        silent = 0 if events else silent + len(chunk)
        del events[:]
        if broken is not None or silent > _MOST_VALUE:
            why = f"longer than {_MOST_VALUE:,} bytes" if broken is None else f"no valid JSON from here on ({broken})"
            notes.cannot_read(items.where, why)
            return
        if not chunk:
            return
        chunk = file.read(_CHUNK)


class _Items:
    """Builds the items of an array, or an object alone, from a parser's events."""

    def __init__(self, name: str, notes: ReadingNotes) -> None:
        from ijson.common import ObjectBuilder

        self._new_builder = ObjectBuilder
        self._name, self._notes = name, notes
        self._depth = self._number = self._cost = 0
        self._base: int | None = None
        self._builder: Any = None
        self._refused: str | None = None

    @property
    def where(self) -> str:
        return f"{self._name}, item {self._number}" if self._number else self._name

    def take(self, event: str, value: Any) -> tuple[str, Record] | None:
        """The object that `event` completes, if it does."""
        starts, ends = event.startswith("start_"), event.startswith("end_")
        if self._base is None:  # the items of an array are one level down
            self._base = 1 if event == "start_array" else 0
            if event == "start_array":
                self._depth = 1
                return None
        if ends and self._depth == self._base:
            return None  # the array's own end
        if self._depth == self._base:
            self._begin()
        self._depth += starts - ends
        self._cost += _COST_OF_EVENT + (len(value) if isinstance(value, str) else 0)
        self._build(event, value)
        return self._done() if self._depth == self._base else None

    def _begin(self) -> None:
        self._number += 1
        self._builder, self._refused, self._cost = self._new_builder(), None, 0

    def _build(self, event: str, value: Any) -> None:
        if self._refused is not None:
            return
        if self._depth > _MOST_DEPTH or self._cost > _MOST_COST:
            self._refused = (
                "nested too deeply" if self._depth > _MOST_DEPTH else f"takes more than {_MOST_COST:,} bytes"
            )
            self._builder = None
        else:
            self._builder.event(event, value)

    def _done(self) -> tuple[str, Record] | None:
        if self._refused is None and isinstance(self._builder.value, dict):
            return self.where, self._builder.value
        self._notes.cannot_read(self.where, self._refused or "no JSON object")
        return None

"""The format in which windows are written into a prompt, and read back out of one.

A passage starts with a line `[n] `; a line that starts with `~ ` is context, from which nothing is extracted.
Text from outside is indented where it continues, so no text can fake a passage, a context line or the blank
line between windows.

    ~ # conversation, 2024-05-08          a new source begins: what went before is no context any more
    ~ user: Where does Alice live?        context: said earlier
    ~ assistant: Alice lives in Paris.
    <blank line>                          a window begins
    ~ user:                               who says the next passage
    [1] What does she do for work?
    ~ assistant:
    [2] She works as a software engineer.

Invariant: what `parse` gives a window as its context is the same whether the window was rendered alone or
among others, so that what is extracted does not depend on how windows were packed into calls.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sessiongraph.ids import content_id

Role = Literal["document", "transcript", "user", "assistant"]

# What a prompt calls the person who says "I" in a conversation; theirs is "the user's sister".
SPEAKER = "the user"

# How much of what came before goes along as context: parts (a turn has two), and characters of each.
CONTEXT_PARTS = 16
CONTEXT_CHARS = 240

_SOURCE = "~ # "
_CONTEXT = re.compile(r"~ (document|transcript|user|assistant): (.*)\Z", re.DOTALL)
_SPEAKER = re.compile(r"~ (document|transcript|user|assistant):\Z")
_PASSAGE = re.compile(r"\[(\d+)\] (.*)\Z", re.DOTALL)
_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Part:
    """A text and who states it."""

    role: Role
    text: str


@dataclass(frozen=True)
class Window:
    """What is extracted as one: `parts` (a chunk, or a turn's question and answer), the `source` they belong
    to as a model should know it, and the parts before them as `context`, clipped by `as_context`."""

    source: str
    context: tuple[Part, ...]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The window's own words, as they are embedded and searched."""
        return "\n".join(part.text for part in self.parts)

    @cached_property
    def digest(self) -> str:
        """The same for the same words in the same context."""
        parts = [text for part in (*self.context, *self.parts) for text in (part.role, part.text)]
        return content_id("window", self.source, str(len(self.parts)), *parts)


@dataclass(frozen=True)
class ParsedWindow:
    """A window as read from a prompt: its parts by passage number."""

    source: str
    context: tuple[Part, ...]
    parts: dict[int, Part]


def turn_parts(question: str, answer: str) -> tuple[Part, ...]:
    """The parts that a turn is made of; what is blank is no part."""
    said = (Part("user", question), Part("assistant", answer))
    return tuple(part for part in said if part.text.strip())


def as_context(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The last CONTEXT_PARTS of `parts`, each on one line and cut to CONTEXT_CHARS (a document's to its end)."""
    return tuple(on_one_line(part, CONTEXT_CHARS) for part in parts[-CONTEXT_PARTS:])


def on_one_line(part: Part, chars: int) -> Part:
    """`part` on one line and cut to `chars` characters: a document's to its end, what was said to its beginning."""
    line = " ".join(part.text.split())
    cut = line[-chars:] if part.role == "document" else line[:chars]
    return Part(part.role, cut.strip())


def render(windows: Sequence[Window]) -> tuple[str, list[list[int]]]:
    """The prompt text of `windows`, and for each window the numbers its parts got (from 1, in order).

    Consecutive windows of one source share what they can: a part already rendered is not repeated as context.
    """
    lines: list[str] = []
    numbers: list[list[int]] = []
    source: str | None = None
    before: tuple[Part, ...] = ()
    count = 0
    for window in windows:
        missing = _missing_context(before, window.context) if window.source == source else None
        if missing is None:
            lines.append(_SOURCE + _one_line(window.source))
            source, missing = window.source, window.context
        lines += [f"~ {part.role}: {part.text}" for part in missing]
        lines.append("")
        numbers.append(list(range(count + 1, count + 1 + len(window.parts))))
        for number, part in zip(numbers[-1], window.parts, strict=True):
            lines += [f"~ {part.role}:", f"[{number}] {indented(part.text)}"]
        count += len(window.parts)
        before = as_context((*window.context, *window.parts))
    return "\n".join(lines), numbers


def _missing_context(before: tuple[Part, ...], wanted: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """What must still be rendered so that the last parts rendered are `wanted`; None if only a new source helps."""
    for shared in range(min(len(before), len(wanted)), -1, -1):
        if before[len(before) - shared :] == wanted[:shared]:
            missing = wanted[shared:]
            return missing if (before + missing)[-CONTEXT_PARTS:] == wanted else None
    return None


def parse(text: str) -> list[ParsedWindow]:
    """The windows that `render` wrote into `text`. Lines that are no part of the format are ignored."""
    windows: list[ParsedWindow] = []
    source, said, role = "", [], "document"  # type: ignore[var-annotated]
    current: ParsedWindow | None = None
    for line in unwrapped(text):
        if line == "":
            current = ParsedWindow(source, as_context(said), {})
        elif line.startswith(_SOURCE):
            source, said, current = line[len(_SOURCE) :], [], None
        elif match := _CONTEXT.match(line):
            said.append(Part(match[1], match[2]))  # type: ignore[arg-type]
        elif match := _SPEAKER.match(line):
            role = match[1]
        elif (match := _PASSAGE.match(line)) and current is not None:
            part = Part(role, match[2])  # type: ignore[arg-type]
            if not current.parts:
                windows.append(current)
            current.parts[int(match[1])] = part
            said.append(part)
    return windows


def indented(text: str) -> str:
    """`text` with every continuation line indented by two spaces."""
    return _BREAKS.sub("\n  ", text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def unwrapped(text: str) -> list[str]:
    """The lines of `text`, continuation lines joined to the line they continue, without their indent."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("  ") and lines:
            lines[-1] += "\n" + line[2:]
        else:
            lines.append(line)
    return lines

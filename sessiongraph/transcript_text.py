"""The text that every transcript is stored as, read: its days, its utterances, and who says each.

    # Subject: Trip                   what stood before the first utterance
    ## 2026-03-04                     the day of what follows, or "## undated"
    [09:31] Anna: I moved to Lyon.    an utterance: its time and its speaker, where they are known, and its words
      It was in May.                  indented where it goes on, so that no message can fake another, or a day
    [09:32] — Where is that?          an utterance of nobody who is named

Written by `ingestion/transcripts`. Pure.
"""

import re
from collections.abc import Iterator
from datetime import date

UNDATED = "undated"
UNNAMED = "— "
_LINE_START = re.compile(r"^(?=\S)", re.MULTILINE)
_HEADING = re.compile(rf"^## (?:(\d{{4}}-\d\d-\d\d)|{UNDATED})$", re.MULTILINE)
_HEAD = re.compile(rf"(?:\[[^\[\]\n]{{1,40}}\] )?(?:{UNNAMED}|(?![#—])(?P<speaker>[^:\n\[\]]{{1,60}}): )")


def day_headings(text: str) -> list[tuple[int, date | None]]:
    """(offset, day) of the headings of a transcript, in order."""
    return [(match.start(), date.fromisoformat(match[1]) if match[1] else None) for match in _HEADING.finditer(text)]


def line_spans(text: str) -> Iterator[tuple[int, int]]:
    """(start, stop) of each utterance and heading in a transcript, or in a part of one."""
    starts = [match.start() for match in _LINE_START.finditer(text)]
    if not starts or text[: starts[0]].strip():
        starts.insert(0, 0)
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        yield start, start + len(text[start:stop].rstrip())


def split_speaker(line: str) -> tuple[str | None, str]:
    """Who says `line`, an utterance, and its words. Headings, and what nobody who is named says, have no speaker."""
    match = _HEAD.match(line)
    return (match["speaker"], line[match.end() :]) if match else (None, line)


def goes_on(line: str) -> bool:
    """Whether `line` is no beginning: what is left of an utterance that was cut."""
    return not line.startswith("#") and _HEAD.match(line) is None

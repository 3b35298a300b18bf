"""What was said, by whom and when; and the text that it is written as (`transcript_text.py`)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from sessiongraph.ingestion.formats.text import limited, one_line
from sessiongraph.transcript_text import UNDATED, UNNAMED

MOST_NAME = 60
# Captions cut sentences anywhere; what one speaker goes on saying is joined up to this many characters.
_MOST_JOINED = 600
_SENTENCE_END = re.compile(r"[.!?…。！？؟।]['\"”’)\]]*\Z")


@dataclass(frozen=True)
class Utterance:
    """`words` that `speaker` says on `day` at `time` ("09:31", "00:01:03"); None where that is not known.

    `stamp` is the time as it stands in the text where its day cannot be told from that.
    """

    speaker: str | None
    words: str
    day: date | None = None
    time: str | None = None
    stamp: str | None = None


@dataclass(frozen=True)
class Transcript:
    """Utterances in their order, and the lines before them."""

    utterances: tuple[Utterance, ...]
    preamble: str = ""

    @cached_property
    def speakers(self) -> frozenset[str]:
        return frozenset(it.speaker for it in self.utterances if it.speaker)

    @property
    def text(self) -> str:
        """The transcript as it is stored; of one that names nobody, what is said."""
        if not self.speakers:
            return limited((it.words for it in self.utterances), "\n")
        return limited(self._lines(), "\n")

    def _lines(self) -> Iterator[str]:
        for line in filter(None, (line.strip("# ") for line in self.preamble.splitlines())):
            yield f"# {line}"
        day = None
        for number, it in enumerate(self.utterances):
            if it.day != day:
                yield f"{chr(10) if number or self.preamble else ''}## {it.day or UNDATED}\n"
                day = it.day
            elif not number and self.preamble:
                yield ""
            when = it.stamp or it.time
            head = f"{f'[{when}] ' if when else ''}{f'{it.speaker}: ' if it.speaker else UNNAMED}"
            yield head + "\n  ".join(filter(None, map(str.strip, it.words.splitlines())))


def name_of(text: str) -> str:
    """`text` as a speaker's name: on one line, without marks around it, and without what would end it in a line."""
    text = re.sub(r"[\[\]]", " ", text)
    return one_line(text.replace(":", " ").replace("：", " ")).strip("\"'“”*_<>#—- ")[:MOST_NAME].rstrip()


def joined(utterances: Sequence[Utterance]) -> list[Utterance]:
    """`utterances` of captions, with what one speaker goes on saying made one: a sentence runs over many captions."""
    found: list[Utterance] = []
    for it in utterances:
        last = found[-1] if found else None
        if last is not None and last.speaker == it.speaker and last.day == it.day and _goes_on(last.words, it.words):
            found[-1] = replace(last, words=f"{last.words} {it.words}")
        else:
            found.append(it)
    return found


def _goes_on(said: str, words: str) -> bool:
    whole = len(said) + len(words)
    if words.startswith("- "):  # a dash marks another speaker
        return False
    return whole <= _MOST_JOINED or (whole <= 2 * _MOST_JOINED and not _SENTENCE_END.search(said))

"""The shapes of transcripts that are lines: what begins an utterance in each.

A grammar reads a line's beginning; what stands before its first match is a preamble, what follows a match without
matching belongs to it. Lines of a day ("--- 4 March 2026 ---") date what follows.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise

from sessiongraph.document_dates import heading_day
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.transcripts.speakers import answers, dialogue_share, is_lower, is_name, takes_turns
from sessiongraph.ingestion.transcripts.stamps import BARE, Stamp, days_of, digits, stamp_of
from sessiongraph.ingestion.transcripts.utterances import Transcript, Utterance, name_of
from sessiongraph.transcript_text import UNDATED

# No name and stamp together is longer; what follows is not looked at, however long the line.
_HEAD = 160
_SAMPLE_LINES = 400
_MOST_PREAMBLE = 6
# How many of the lines (or paragraphs) of a text without times must begin with a name, and of how many must speak to
# somebody: with turns taken, without, and where names are not capitalised.
_LABELLED = 0.8
_SPOKEN, _SPOKEN_ONCE, _SPOKEN_SMALL, _SPOKEN_TIMED = 0.2, 0.6, 0.5, 0.1

_COLON = r" ?[:：](?: |$|(?<=：))"


@dataclass(frozen=True)
class Head:
    """How an utterance begins: who, when, and where its words begin in the line. `name` is None of a system's line."""

    name: str | None
    stamp: Stamp | None
    words_at: int


@dataclass(frozen=True)
class Grammar:
    """`pattern` has groups `name` and `stamp`, and ends where the words begin.

    The words are on the lines `below`; with `has_system_lines`, what names nobody after a date is the program's.
    """

    pattern: re.Pattern[str]
    stamped: bool = True
    below: bool = False
    has_system_lines: bool = False

    def head(self, line: str) -> Head | None:
        match = self.pattern.match(digits(line[:_HEAD]))
        if match is None:
            return None
        found = match.groupdict()
        stamp = stamp_of(found["stamp"]) if found.get("stamp") else None
        if found.get("stamp") and stamp is None:
            return None
        name = line[match.start("name") : match.end("name")] if found["name"] else ""
        if is_name(name, stamped=self.stamped):
            return Head(name_of(name), stamp, match.end())
        return Head(None, stamp, match.end()) if self.has_system_lines and stamp and stamp.date else None


_NAME = r"(?P<name>[^\n:：<>\[\]]{1,60}?)"
_GRAMMARS = [
    *(
        Grammar(re.compile(pattern), has_system_lines=True)
        for pattern in (
            # [12:03] Anna: …   [04.03.26, 09:31:12] Anna: …   [09:31, 3/4/2026] Anna: …
            rf"\[(?P<stamp>[^\[\]\n]{{3,40}})\] ?(?:{_NAME}{_COLON})?",
            # 04/03/2026, 09:31 - Anna: …
            rf"(?P<stamp>{BARE}) [-–] (?:{_NAME}{_COLON})?",
        )
    ),
    *(
        Grammar(re.compile(pattern))
        for pattern in (
            # 12:03 Anna: …   00:12:03 From Anna Smith to Everyone: …   2026년 3월 4일 오전 9:31, 안나 : …
            rf"(?P<stamp>{BARE})(?:,? |\t)\s*(?P<zoom>From\s+)?(?P<name>[^\n:：<>\[\]\t–-][^\n:：<>\[\]\t]{{0,59}}?)"
            rf"(?(zoom)(?:\s+[tT]o\s+[^:\n]{{1,60}})?)\s?{_COLON}",
            r"(?P<stamp>\d{1,2}:\d\d)\t(?P<name>[^\t\n]{1,60})\t",  # LINE
            r"\[(?P<name>[^\[\]\n]{1,60})\] \[(?P<stamp>[^\[\]\n]{3,20})\] ",  # KakaoTalk
            rf"(?:\[?(?P<stamp>{BARE})\]? )?<(?P<name>[^<>\n]{{1,40}})> ",  # IRC
            rf"{_NAME} ?[(\[](?P<stamp>[^()\[\]\n]{{4,40}})[)\]]{_COLON}",  # Anna (12:03): …
        )
    ),
    *(
        Grammar(re.compile(pattern), below=True)
        for pattern in (
            rf"{_NAME},? {{1,8}}[—–-]? ?[(\[]?(?P<stamp>{BARE})[)\]]?:?\s*\Z",  # Anna Smith   0:03
            r"\[(?P<stamp>[^\[\]\n]{3,40})\] ?(?P<name>[^\n:\[\]]{1,60}?):?\s*\Z",  # [09:31] Anna Smith
        )
    ),
    *(
        Grammar(re.compile(pattern), stamped=False)
        for pattern in (
            r"(?P<name>\*\*[^*\n:：]{1,60}(?:\*\*(?=[:：])|(?=[:：]\*\*)))[:：](?:\*\*)? ?",  # **Anna:** …
            rf"(?:[-•] |>> ?)?(?P<name>[^\n:：<>\[\]*]{{1,60}}?){_COLON}",  # Anna: …
        )
    ),
]

_NOT_WRITTEN = "\x00"  # stands for the mark with which WhatsApp begins what nobody wrote
_UNCLEAR = "date(s) may be day/month or month/day and were not taken: give the day (said_at), or write 2026-03-04"
_UNDATED_HEADING = f"## {UNDATED}"
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_OWN_MARK = re.compile("(?<=: )\u200e")
_ATTACHMENT = re.compile(
    r"<[^<>\n]{3,60}>\Z|\S{1,99}\.(?:jpe?g|png|webp|opus|mp[34]|pdf|docx?|vcf|m4a|gif|mov) \([^()\n]{1,60}\)\Z"
)


@dataclass
class _Begun:
    """An utterance as it is read: its head, its lines, and the day that a line above it gives."""

    head: Head
    lines: list[str]
    day: date | None


def read_lines(text: str, notes: Notes) -> Transcript | None:
    """The transcript that `text` is in one of these shapes, or None."""
    lines = _lines(text)
    grammar = _likeliest(lines)
    if grammar is None:
        return None
    preamble, begun = _read(lines, grammar)
    named = [it for it in begun if it.head.name]
    if len(preamble) > _MOST_PREAMBLE or 2 * len(named) < len(begun):
        return None
    counts: Counter[str] = Counter()
    utterances = [_utterance(it, day, counts) for it, day in zip(begun, _days(begun), strict=True)]
    spoken = tuple(it for it in utterances if it.words)
    if not _is_sure(grammar, spoken, counts, lines):
        return None
    for what, count in counts.items():
        notes.warn(f"{count} {what}")
    return Transcript(spoken, "\n".join(preamble))


def _lines(text: str) -> list[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate({0xA0: " ", 0x202F: " ", 0x2007: " "})
    text = _OWN_MARK.sub(_NOT_WRITTEN, text.replace(_NOT_WRITTEN, ""))
    return _MARKS.sub("", text).split("\n")


def _likeliest(lines: Sequence[str]) -> Grammar | None:
    """The grammar that begins most of the first lines, of two alike the stricter one."""
    sample = list(islice((line for line in lines if line.strip()), _SAMPLE_LINES))
    counts = [sum(1 for line in sample if (head := it.head(line)) and head.name) for it in _GRAMMARS]
    most = max(counts)
    return _GRAMMARS[counts.index(most)] if most > 1 else None


def _read(lines: Sequence[str], grammar: Grammar) -> tuple[list[str], list[_Begun]]:
    """The lines before the first utterance, up to one more than there may be, and the utterances."""
    preamble: list[str] = []
    begun: list[_Begun] = []
    day = None
    for line in lines:
        if head := grammar.head(line):
            begun.append(_Begun(head, [line[head.words_at :]], day))
        elif not _is_dated(begun) and ((found := _day_line(line)) or line == _UNDATED_HEADING):
            day = found
        elif begun:
            begun[-1].lines.append(line)
        elif line.strip():
            preamble.append(line)
            if len(preamble) > _MOST_PREAMBLE:
                break
    return preamble, begun


def _is_dated(begun: Sequence[_Begun]) -> bool:
    """Whether utterances have dates of their own: a line that is one is somebody's words then."""
    return bool(begun) and begun[-1].head.stamp is not None and begun[-1].head.stamp.date is not None


def _day_line(line: str) -> date | None:
    """The day that `line` says alone, between rules or not."""
    return heading_day(line.strip("-–—=_* ") if line[:1] in "-–—=_*" else line) if 8 <= len(line) <= 80 else None


def _days(begun: Sequence[_Begun]) -> list[date | None]:
    stamped = days_of([it.head.stamp.date if it.head.stamp else None for it in begun])
    return [day or it.day for day, it in zip(stamped, begun, strict=True)]


def _utterance(begun: _Begun, day: date | None, counts: Counter[str]) -> Utterance:
    """What was said, without words where nobody said it; counts what is left out."""
    head, words = begun.head, "\n".join(begun.lines).strip()
    if head.name is None:
        counts["line(s) of the chat program itself left out"] += 1
        words = ""
    elif words.startswith(_NOT_WRITTEN) or _ATTACHMENT.match(words.partition("\n")[0]):
        counts["attachment(s) or line(s) of the chat program itself left out"] += 1
        words = "" if words.startswith(_NOT_WRITTEN) else words.partition("\n")[2].strip()
    stamp = head.stamp.text if head.stamp and head.stamp.date and day is None else None
    if stamp and words:
        counts[_UNCLEAR] += 1
    return Utterance(head.name, words.replace(_NOT_WRITTEN, ""), day, head.stamp.time if head.stamp else None, stamp)


def _is_sure(grammar: Grammar, spoken: Sequence[Utterance], counts: Counter[str], lines: Sequence[str]) -> bool:
    if len(spoken) < 2:
        return False
    share, turns = dialogue_share(spoken), takes_turns(spoken)
    if grammar.below:
        return share >= _SPOKEN and (turns or answers(spoken))
    if grammar.stamped:
        return share >= _SPOKEN_TIMED or any(what != _UNCLEAR for what in counts)
    if len({it.speaker for it in spoken}) < 2 or _labelled_share(grammar, lines) < _LABELLED:
        return False
    if not turns:
        return share >= _SPOKEN_ONCE and answers(spoken)
    return share >= (_SPOKEN_SMALL if is_lower(spoken) else _SPOKEN)


def _labelled_share(grammar: Grammar, lines: Sequence[str]) -> float:
    """How many of the lines, or of the paragraphs, begin with a name: whichever is more. Titles above do not count."""
    paragraph_starts = [line for before, line in pairwise(["", *lines]) if line.strip() and not before.strip()]
    return max(_share(grammar, paragraph_starts), _share(grammar, [line for line in lines if line.strip()]))


def _share(grammar: Grammar, lines: Sequence[str]) -> float:
    labelled = [grammar.head(line) is not None for line in lines if not _day_line(line)]
    first = labelled.index(True) if True in labelled else 0
    return sum(labelled) / max(len(labelled) - first, 1)

"""Captions: WebVTT (voices too), SRT, and meetings as Teams and Zoom export them in these forms.

Read here and not by a library: webvtt-py gives all of a caption to its first voice and drops a caption with a damaged
time in silence; srt is quadratic on hostile files.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape
from typing import BinaryIO

from sessiongraph.errors import UnreadableDocumentError
from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.formats.text import one_line, read_text
from sessiongraph.ingestion.transcripts.speakers import is_name, takes_turns
from sessiongraph.ingestion.transcripts.utterances import Transcript, Utterance, joined, name_of

_ARROW = "-->"
_TIMES = re.compile(r"\s*((?:\d{1,3}:)?\d{1,2}:\d{1,2})[.,]\d{1,3}\s*-->\s*(?:\d{1,3}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}")
_DAMAGED = re.compile(r"\d\s*-{1,3}>")
_NO_CAPTION = re.compile(r"(?:NOTE|STYLE|REGION)(?:\W|\Z)")
_VOICE = re.compile(r"<v(?:\.[^\s>]{1,60})?[ \t]+([^<>\n]{1,120})>")
_MARKUP = re.compile(r"</?[A-Za-z][^<>\n]{0,120}>|<\d[\d:.]{4,15}>|\{\\[^{}\n]{1,40}\}")
_LABEL = re.compile(r"(?:- ?|>> ?)?([^\n:：<>\[\]]{1,60}?) ?[:：](?: |(?<=：)|\Z)")
_TURN = re.compile(r"\n(?=- ?\S)")
_MOST_LABEL = 80


def is_captions(text: str) -> bool:
    """Whether `text` is a file of captions: it begins with the time of one, or says that it is WebVTT."""
    head = text[:4000].lstrip("\ufeff \t\r\n")
    if head.startswith("WEBVTT"):
        return True
    lines = [line for line in head.split("\n")[:12] if line.strip()]
    return any(_TIMES.match(line) for line in lines[:6]) and head.count(_ARROW) > 1


def read_captions(text: str, notes: Notes) -> Transcript | None:
    """The captions in `text`, with their speakers where they name them; None where there are none."""
    found = _labelled([replace(it, words=_MARKUP.sub("", it.words)) for it in _captions(text, notes)])
    if not any(it.speaker for it in found):
        found = _headed(found)
    spoken = [replace(it, words=words) for it in found if (words := _plain(it.words))]
    if not spoken:
        return None
    unnamed = sum(it.speaker is None for it in spoken)
    if unnamed:
        notes.warn(f"{unnamed} of {len(spoken)} caption(s) name no speaker")
    if unnamed == len(spoken):
        return Transcript(tuple(replace(it, time=None) for it in _once(spoken)))
    return Transcript(tuple(joined(spoken)))


def read_caption_file(file: BinaryIO, notes: Notes) -> Transcript:
    """The captions of a file. Raises UnreadableDocumentError."""
    found = read_captions(read_text(file, notes).lstrip("\ufeff"), notes)
    if found is None:
        raise UnreadableDocumentError("it holds no captions. Save it as WebVTT or SRT, or as .txt.")
    return found


def _captions(text: str, notes: Notes) -> Iterator[Utterance]:
    """The captions as they stand, one for each voice."""
    damaged = 0
    time: str | None = None
    words: list[str] = []
    begun = skipping = False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        match = _TIMES.match(line)
        if match or _DAMAGED.search(line[:_MOST_LABEL]):
            if begun:
                yield from _voices(time, words[:-1] if _is_caption_name(words) else words)
            time, words, begun, skipping = _clock(match[1]) if match else None, [], True, False
            damaged += match is None
        elif not line.strip():
            words.append("")
            skipping = False
        elif skipping or (_NO_CAPTION.match(line) and words[-1:] == [""]):
            skipping = True
        else:
            words.append(line)
    yield from _voices(time, words) if begun else ()
    if damaged:
        notes.warn(f"{damaged} caption(s) with times that cannot be read")


def _is_caption_name(words: Sequence[str]) -> bool:
    """Whether the last of the lines before a time is the name of the next caption: a number, or alone there."""
    return bool(words) and (words[-1].strip().isdecimal() or (words[-1] != "" and words[-2:-1] == [""]))


def _clock(text: str) -> str:
    parts = text.split(":")
    return ":".join(f"{int(part):02d}" for part in ["0", *parts][-3:])


def _voices(time: str | None, lines: Sequence[str]) -> Iterator[Utterance]:
    words = "\n".join(filter(None, lines))
    first, *voices = _VOICE.split(words)
    for turn in _TURN.split(first):
        if turn.strip():
            yield Utterance(None, turn, time=time)
    for name, said in zip(voices[::2], voices[1::2], strict=True):
        yield Utterance(name_of(unescape(name)) or None, said, time=time)


def _labelled(captions: Sequence[Utterance]) -> list[Utterance]:
    """`captions` with the names before colons as their speakers, where such names come again and again."""
    labels = [_label(it) for it in captions]
    counts = Counter(name for name, _ in labels if name)
    often = sum(counts.values()) > len(captions) / 2
    return [
        replace(it, speaker=name, words=it.words[end:]) if name and (often or counts[name] > 1) else it
        for it, (name, end) in zip(captions, labels, strict=True)
    ]


def _label(caption: Utterance) -> tuple[str | None, int]:
    match = None if caption.speaker else _LABEL.match(caption.words[:_MOST_LABEL].lstrip("\n"))
    if match is None or not is_name(match[1], stamped=False):
        return None, 0
    return name_of(match[1]), match.end() + len(caption.words) - len(caption.words.lstrip("\n"))


def _headed(captions: Sequence[Utterance]) -> list[Utterance]:
    """`captions` with the name on the first line of each as its speaker, where they all have one (Teams, in Word)."""
    split = [it.words.strip().partition("\n") for it in captions]
    headed = [
        replace(it, speaker=name_of(name), words=words)
        for it, (name, _, words) in zip(captions, split, strict=True)
        if words.strip() and len(name) <= _MOST_LABEL and is_name(name, stamped=False)
    ]
    return headed if len(headed) == len(captions) and takes_turns(headed) else list(captions)


def _plain(words: str) -> str:
    return one_line(unescape(words)).removeprefix(">>").lstrip()


def _once(captions: Sequence[Utterance]) -> list[Utterance]:
    """`captions` without what the one before has said already, as captions that roll up repeat it."""
    return [it for number, it in enumerate(captions) if not number or captions[number - 1].words != it.words]

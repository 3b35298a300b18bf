"""A passage as a person reads it: who speaks, and blocks of plain prose without markup.

What does not belong here: anything that needs a parse.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sessiongraph.local_models.extractive.structured_lines import Block, Line, blocks_of
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.transcript_text import goes_on, line_spans, split_speaker

# "Caroline: Hey Mel!" is said by Caroline; these words before a colon name no one.
_SPEAKER = re.compile(r"\s*([A-Z][\w'’-]*\.?(?: [A-Z][\w'’-]*){0,2}):\s+(?=\S)")
_NOT_SPEAKERS = frozenset(
    [
        "question",
        "answer",
        "user",
        "assistant",
        "human",
        "ai",
        "bot",
        "system",
        "note",
        "notes",
        "warning",
        "summary",
        "todo",
        "update",
        "example",
        "title",
        "subject",
        "re",
        "ps",
        "context",
        "source",
        "sources",
        "date",
        "topic",
        "tip",
        "hint",
        "error",
        "session",
        "id",
        "q",
        "a",
        "step",
        "result",
        "output",
        "input",
        "code",
        "hi",
        "hello",
        "important",
        "remember",
        "fact",
        "facts",
        "reminder",
        "ingredients",
        "instructions",
        "yes",
        "no",
        "ok",
        "okay",
        "also",
    ]
)

# "My sister moved to Lyon, do you know a hotel there?" tells first and asks then.
_ASKS = r"(?:can|could|would|will|do|does|did|is|are|any|what|where|when|who|how|which|should|shall|may|have|has|why)\b"
_TOLD_THEN_ASKED = re.compile(
    rf"(?:(?<=\A)|(?<=[.!?\n])\s*)(?!(?:if|when|since|because|given|as|hey|hi|hello|so|and)\b)(?!{_ASKS})"
    rf"((?:[^\s.!?,]+ ){{3}}[^.!?\n]*?), (?={_ASKS}[^.!?\n,]*\?)",
    re.IGNORECASE,
)

# "Dear Ms. Cole, the flat is free": whom a letter is to, who does nothing in its first sentence.
_SALUTATION = re.compile(r"^(\s*Dear [A-Z][^,.!?\n]{0,12}\.?[^,.!?\n]{1,40}), (\w)", re.MULTILINE)

_URL = re.compile(r"(?:https?://|www\.)[^\s)>\]]+")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_CITATION = re.compile(r"\s?\[\d+\]")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_EMPHASIS = re.compile(r"[*_]{2,}|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)|`")
_PICTURE = re.compile(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u200D]+")
# What a picture says that stands alone in its line, as an answer.
_ANSWER = re.compile(
    r"^\s*(?:(?P<yes>[👍👌✅✔☑🆗🙆💯🤝])|[👎❌✖🙅🚫⛔])(?:[\U0001F3FB-\U0001F3FF\uFE0F\u200D♀♂👍👌✅👎❌])*\s*$",
    re.MULTILINE,
)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u2028": "\n"})
_NEW_BLOCK = re.compile(r"\s*(?:#{1,6}\s+|[-*+•–]\s+|\d{1,3}[.)]\s+|>\s*)")
_BLANK = re.compile(r"\n\s*\n")

# A parse is never longer than this, whatever a passage holds (characters).
_BLOCK_CHARS = 10_000


@dataclass(frozen=True)
class Said:
    """Who says a passage, where it starts with a name, and its blocks: paragraphs, headings and list items."""

    speaker: str | None
    blocks: tuple[Block, ...]


def utterances_of(part: Part, speaker: str | None = None) -> list[Part]:
    """The utterances of a transcript's `part`, of any other the part itself; `speaker` said what stands before it."""
    if part.role != "transcript":
        return [part]
    lines = [part.text[start:stop] for start, stop in line_spans(part.text)]
    if speaker and lines and goes_on(lines[0]):
        lines[0] = f"{speaker}: {lines[0]}"
    return [Part("transcript", line) for line in lines]


def said(part: Part) -> Said:
    """What `part` says. Only what is said in a conversation or a transcript can start with its speaker's name."""
    text = part.text
    speaker = None
    if part.role == "transcript":
        speaker, text = split_speaker(text)
    elif part.role != "document" and (match := _SPEAKER.match(text)):
        words = match[1].lower().split()
        speaker = None if any(word.strip(".") in _NOT_SPEAKERS for word in words) else match[1]
        text = text[match.end() :]
    if part.role in ("document", "transcript"):
        text = _SALUTATION.sub(lambda match: f"{match[1]}. {match[2].upper()}", text)
    if part.role != "document":
        text = _TOLD_THEN_ASKED.sub(r"\1. ", text)
        text = _ANSWER.sub(lambda answer: "Yes." if answer["yes"] else "No.", text)
    blocks = blocks_of(_plain(text)) if part.role == "document" else _blocks(_plain(text))
    return Said(speaker, tuple(_whole(blocks)))


def _plain(text: str) -> str:
    text = _FENCE.sub("\n\n", text.translate(_QUOTES))
    text = _LINK.sub(r"\1", text)
    text = _CITATION.sub("", _URL.sub("", text))
    return _PICTURE.sub(" ", _EMPHASIS.sub("", _TAG.sub(" ", text)))


def _blocks(text: str) -> list[str]:
    """Paragraphs, headings and list items of what is said."""
    blocks: list[str] = []
    for paragraph in _BLANK.split(text):
        lines: list[str] = []
        for line in paragraph.split("\n"):
            if mark := _NEW_BLOCK.match(line):
                blocks.append(" ".join(lines))
                lines = [line[mark.end() :]]
            else:
                lines.append(line)
        blocks.append(" ".join(lines))
    return blocks


def _whole(blocks: Sequence[Block]) -> Iterator[Block]:
    """`blocks` without empty ones, prose that is too long in pieces."""
    for block in blocks:
        if isinstance(block, Line):
            yield block
        else:
            yield from (piece for piece in _pieces(" ".join(block.split())) if _has_word(piece))


def _pieces(block: str) -> list[str]:
    pieces: list[str] = []
    while len(block) > _BLOCK_CHARS:
        cut = block.rfind(" ", 0, _BLOCK_CHARS)
        cut = cut if cut > 0 else _BLOCK_CHARS
        pieces.append(block[:cut])
        block = block[cut:].lstrip()
    return [*pieces, block]


def _has_word(text: str) -> bool:
    return any(letter.isalpha() for letter in text)

"""Chunking: where a document is cut into passages, at paragraphs and sentences, by offsets. Pure."""

import re

from sessiongraph.writing_systems import SENTENCE

# Some 300 tokens: small enough to be cited as a source, large enough that "she" has its name nearby.
CHUNK_CHARS = 1200

_WORDS = re.compile(rf"\S.{{0,{CHUNK_CHARS - 1}}}(?=\s|\Z)|\S{{1,{CHUNK_CHARS}}}", re.DOTALL)


def chunk_offsets(text: str) -> list[tuple[int, int]]:
    """(start, stop) of each chunk of `text`, in order, without surrounding white space; together all of its words.

    Sentences are gathered up to CHUNK_CHARS; one that is longer is cut between words.
    """
    chunks: list[tuple[int, int]] = []
    for start, stop in _sentences(text):
        if chunks and stop - chunks[-1][0] <= CHUNK_CHARS:
            chunks[-1] = (chunks[-1][0], stop)
        else:
            chunks.append((start, stop))
    return chunks


def _sentences(text: str) -> list[tuple[int, int]]:
    found = []
    for match in SENTENCE.finditer(text):
        start, stop = _stripped(text, match.start(), match.end())
        if start == stop:
            continue
        if stop - start <= CHUNK_CHARS:
            found.append((start, stop))
        else:
            found += [_stripped(text, piece.start(), piece.end()) for piece in _WORDS.finditer(text, start, stop)]
    return found


def _stripped(text: str, start: int, stop: int) -> tuple[int, int]:
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return start, stop

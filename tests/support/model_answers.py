"""The deterministic answers of the test endpoint.

It reads prompts by itself, from the text alone, so that a mistake in how the project writes them shows here.
Capitalised runs are entities, neighbours in a sentence are facts; a question is answered by its first
numbered source, quoted; a vector is a hashed bag of words, not normalised.
"""

import base64
import re
import struct
import zlib
from itertools import pairwise
from typing import Any

from sessiongraph.prompts.question_prompt import NO_ANSWER

Json = dict[str, Any]

_NUMBERED = re.compile(r"^\[(\d+)\] (.*)", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_NAME = re.compile(r"[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
_LEADING = re.compile(r"(?:(?:The|A|An|In|On|At|It|He|She|They|We|You|Where|What|Who|When|How|Does|Did|Is|I)\b\s*)+")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def extraction(prompt: str) -> Json:
    """What the numbered passages of `prompt` yield, as an Extraction."""
    passages = _passages(prompt)
    names: dict[str, list[int]] = {}
    facts: list[Json] = []
    for number, text in passages.items():
        for sentence in _SENTENCE.split(text):
            found = _names(sentence)
            for name, _, _ in found:
                names[name] = [*dict.fromkeys([*names.get(name, []), number])]
            year = _YEAR.search(sentence)
            for (subject, _, start), (other, end, _) in pairwise(found):
                fact = {"subject": subject, "object": other, "statement": sentence, "passage": number}
                fact["relation"] = " ".join(sentence[start:end].split()) or "related to"
                facts.append(fact | {"valid_at": year and year[0]})
    return {
        "summaries": [{"passage": number, "text": passages[number]} for number in _windows(prompt)],
        "entities": [
            {"name": name, "type": "Concept", "description": f"{name} is mentioned", "passages": numbers}
            for name, numbers in names.items()
        ],
        "facts": facts,
    }


def lessons(prompt: str) -> Json:
    """What the numbered turns of `prompt` teach, as Lessons: each that begins with "We decided"."""
    decided = re.findall(r"^\[(\d+)\] user: (We decided .*)", prompt, re.MULTILINE)
    return {"lessons": [{"kind": "decided", "text": text, "turns": [int(number)]} for number, text in decided]}


def quote(prompt: str) -> str:
    """The first numbered source of `prompt`, cited."""
    return next((f"{text} [{number}]" for number, text in _passages(prompt).items()), NO_ANSWER)


def bag_of_words(text: str, size: int) -> list[float]:
    vector = [0.0] * size
    for word in re.findall(r"\w+", text.lower()):
        code = zlib.crc32(word.encode())
        vector[code % size] += 1.0 if code & 0x80000000 else -1.0
    return vector


def bags_of_words(texts: list[str], size: int) -> list[list[float]]:
    return [bag_of_words(text, size) for text in texts]


def packed(vector: list[float]) -> str:
    """`vector` as the base64 of its 32-bit numbers."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _passages(prompt: str) -> dict[int, str]:
    """The passages by number: from a line "[n] " on, over the indented lines that continue it."""
    passages: dict[int, str] = {}
    current: int | None = None
    for line in prompt.split("\n"):
        if match := _NUMBERED.match(line):
            current = int(match[1])
            passages[current] = match[2]
        elif current is not None and line.startswith("  "):
            passages[current] += " " + line[2:]
        else:
            current = None
    return passages


def _windows(prompt: str) -> list[int]:
    """The number of each window's first passage; a blank line begins a window."""
    first = [_NUMBERED.search(part) for part in re.split(r"\n\n+", prompt)]
    return [int(match[1]) for match in first if match]


def _names(sentence: str) -> list[tuple[str, int, int]]:
    """(name, start, end) of the capitalised runs in `sentence`."""
    found = []
    for match in _NAME.finditer(sentence):
        start = match.start() + (lead.end() if (lead := _LEADING.match(match[0])) else 0)
        if start < match.end():
            found.append((sentence[start : match.end()], start, match.end()))
    return found

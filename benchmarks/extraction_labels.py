"""Texts with the facts that a careful reader keeps of them, as `extraction_labels/README.md` describes.

What does not belong here: how what a model took is compared with them (`extraction_quality`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sessiongraph.prompts.prompt_format import SPEAKER, ParsedWindow, Part

HERE = Path(__file__).parent / "extraction_labels"
SAID_ON = "2024-05-08"
_SPEAKER = re.compile(r"([A-Z][\w ]+): ")


@dataclass(frozen=True)
class Wording:
    """One way to put a fact. A name's words in parentheses may be left out."""

    subjects: tuple[str, ...]
    relations: tuple[str, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """A fact in the wordings that are right for it; one that is not `wanted` is true and not missed."""

    wanted: bool
    wordings: tuple[Wording, ...]
    when: str | None


@dataclass
class LabelledText:
    kind: str
    number: int
    lines: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def text(self) -> str:
        return "\n".join(line[2:] if line[:2] in ("> ", "< ", "  ") else line for line in self.lines).strip()

    @property
    def window(self) -> ParsedWindow:
        """The text as it would be extracted."""
        if any(line.startswith("> ") for line in self.lines):
            roles: dict[str, Literal["user", "assistant"]] = {">": "user", "<": "assistant"}
            parts = [Part(roles[line[0]], line[2:]) for line in self.lines if line.strip()]
            return ParsedWindow(f"conversation, {SAID_ON}", (), dict(enumerate(parts, 1)))
        speakers = list(dict.fromkeys(said[1] for line in self.lines if (said := _SPEAKER.match(line))))
        if not speakers:
            return ParsedWindow(f"document: notes, {SAID_ON}", (), {1: Part("document", self.text)})
        named = f"speaker {speakers[0]}" if len(speakers) == 1 else f"speakers {' and '.join(speakers)}"
        return ParsedWindow(f"transcript: talk, {named}, {SAID_ON}", (), {1: Part("transcript", self.text)})


def read_texts(name: str) -> list[LabelledText]:
    """The texts of `extraction_labels/NAME.txt`."""
    texts: list[LabelledText] = []
    for line in (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kind, _, number = line[2:].rpartition(" ")
            texts.append(LabelledText(kind, int(number)))
        elif line[:2] in ("+ ", "? "):
            texts[-1].labels += _labels(line)
        elif line.startswith(": "):
            texts[-1].types |= dict(_types(line[2:]))
        else:
            texts[-1].lines.append(line)
    return texts


def _labels(line: str) -> Iterator[Label]:
    """The facts of a line: one for each subject and each object."""
    whole, _, when = line.rpartition(" | ") if line.count(" | ") > 2 * (line.count(" = ") + 1) else (line, "", "")
    wordings = [[part.strip() for part in wording.split("|")] for wording in whole[2:].split(" = ")]
    counts = [(len(subject.split(";")), len(object_.split(";"))) for subject, _, object_ in wordings]
    for number in range(max(of_subject * of_object for of_subject, of_object in counts)):
        yield Label(line[0] == "+", tuple(_wording(*it, number=number) for it in wordings), when or None)


def _wording(subject: str, relations: str, object_: str, *, number: int) -> Wording:
    subjects, objects = subject.split(";"), object_.split(";")
    return Wording(
        _ways(subjects[(number // len(objects)) % len(subjects)]),
        tuple(relation.strip() for relation in relations.split(",")),
        _ways(objects[number % len(objects)]),
    )


def _ways(names: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\bme\b", SPEAKER, name).strip() for name in names.split(" / "))


def _types(line: str) -> Iterator[tuple[str, str]]:
    for of_type in line.split("; "):
        type_, _, names = of_type.partition(" ")
        yield from ((name.strip(), type_) for name in names.split(","))

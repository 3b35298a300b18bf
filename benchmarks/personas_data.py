"""The personas of `personas.json`: who they are, what they say and what they ask. `personas` has the rules."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

DATA = Path(__file__).with_name("personas.json")


@dataclass(frozen=True)
class Fact:
    """What a good model would extract; "{I}" stands for who speaks. `valid_at` is an ISO date of any precision."""

    subject: str
    relation: str
    object: str
    valid_at: str | None = None


@dataclass(frozen=True)
class Said:
    """A turn: `at` is when it was said, None where it is in a search; `asks` are questions with accepted values."""

    text: str
    answered: str
    at: datetime | None
    facts: tuple[Fact, ...]
    asks: dict[str, list[str]]


@dataclass(frozen=True)
class Persona:
    id: str
    user: str
    dataset: str
    is_owner: bool
    language: str
    tuned: bool
    turns: tuple[Said, ...]
    nothing_answers: tuple[str, ...]

    @property
    def group(self) -> str:
        return f"{self.language}, {'tuned' if self.tuned else 'held out'}" if self.language == "en" else self.language


def read_personas(path: Path = DATA) -> list[Persona]:
    return [_persona(each) for each in json.loads(path.read_text(encoding="utf-8"))["personas"]]


def _persona(data: dict[str, Any]) -> Persona:
    zone = ZoneInfo(data["zone"])
    turns = tuple(
        Said(
            turn["said"],
            turn.get("answered", ""),
            datetime.fromisoformat(turn["at"]).replace(tzinfo=zone) if "at" in turn else None,
            tuple(Fact(*fact) for fact in turn["facts"]),
            turn["asks"],
        )
        for turn in data["turns"]
    )
    shared = data.get("dataset")
    return Persona(
        data["id"],
        data["user"],
        shared or data["id"],
        data.get("owner", shared is None),
        data["language"],
        data["tuned"],
        turns,
        tuple(data["nothing_answers"]),
    )

"""LoCoMo (Maharana et al., 2024) as sessions of turns: long conversations of two people, with questions about them.

What belongs here is how its JSON is read. The data is CC BY-NC 4.0 and no part of this project: a script is given
its path. A turn is an utterance and its reply; a question names the utterances that answer it, by "dia_id".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Questions of category 5 are adversarial: what they ask for was never said.
ANSWERABLE = (1, 2, 3, 4)

_SESSION = re.compile(r"session_(\d+)\Z")
_DIA_ID = re.compile(r"D(\d+):0*(\d+)")


@dataclass(frozen=True)
class SpokenTurn:
    """An utterance and its reply, which is "" after the last of an odd number; `dia_ids` are theirs."""

    question: str
    answer: str
    dia_ids: tuple[str, ...]


@dataclass(frozen=True)
class Session:
    id: str
    said_at: datetime
    turns: list[SpokenTurn]


@dataclass(frozen=True)
class GoldQuestion:
    text: str
    answer: str
    category: int
    evidence: frozenset[str]


@dataclass(frozen=True)
class Conversation:
    id: str
    sessions: list[Session]
    questions: list[GoldQuestion]

    @property
    def turns(self) -> int:
        return sum(len(session.turns) for session in self.sessions)


def read_conversations(path: Path, limit: int | None = None, by_utterance: bool = False) -> list[Conversation]:
    """The first `limit` conversations of the file, or all; with `by_utterance`, each utterance is a turn alone."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return [_conversation(sample, 1 if by_utterance else 2) for sample in data[:limit]]


def _conversation(sample: Mapping[str, Any], utterances: int) -> Conversation:
    id_, said = sample["sample_id"], sample["conversation"]
    numbers = sorted(int(match[1]) for key in said if (match := _SESSION.match(key)) and said[key])
    sessions = [
        Session(
            f"{id_}.session_{number}",
            # "1:56 pm on 8 May, 2023"
            datetime.strptime(said[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC),
            _turns(said[f"session_{number}"], utterances),
        )
        for number in numbers
    ]
    return Conversation(id_, sessions, _questions(sample["qa"], sessions))


def _turns(utterances: list[Mapping[str, str]], each: int) -> list[SpokenTurn]:
    """Turns of so many utterances `each`: one, or one and its reply."""
    pairs = [utterances[start : start + each] for start in range(0, len(utterances), each)]
    return [
        SpokenTurn(
            _said(pair[0]),
            _said(pair[1]) if len(pair) == 2 else "",
            tuple(dia_id for utterance in pair for dia_id in _dia_ids(utterance["dia_id"])),
        )
        for pair in pairs
    ]


def _said(utterance: Mapping[str, str]) -> str:
    photo = f" [shares a photo: {utterance['blip_caption']}]" if utterance.get("blip_caption") else ""
    return f"{utterance['speaker']}: {utterance['text']}{photo}"


def _questions(qa: list[Mapping[str, Any]], sessions: list[Session]) -> list[GoldQuestion]:
    """Those with evidence that the conversation holds: a few name utterances that there are not."""
    said = {dia_id for session in sessions for turn in session.turns for dia_id in turn.dia_ids}
    questions = [
        GoldQuestion(
            item["question"],
            str(item.get("answer", item.get("adversarial_answer", ""))),
            item["category"],
            frozenset(_dia_ids(" ".join(item["evidence"]))) & said,
        )
        for item in qa
    ]
    return [question for question in questions if question.evidence]


def _dia_ids(text: str) -> list[str]:
    """The ids in `text` in one form: they are written as "D8:6; D9:17" and "D1:08" too."""
    return [f"D{session}:{number}" for session, number in _DIA_ID.findall(text)]

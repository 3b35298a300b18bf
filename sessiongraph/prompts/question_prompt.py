"""The prompt of a question with its sources and the conversation so far: written for a model, and read back.

The format is that of `prompt_format`: sources are numbered passages, the conversation is context.

    ~ # conversation so far
    ~ user: Where does Alice live?
    ~ assistant: Alice lives in Paris.
    ~ # document, 2024-05-08
    [1] Alice moved to Paris in 2010.
    ~ # known fact, true from 2010 until 2019-05, from document, 2024-05-08
    [2] Alice lives in Paris.
    ~ # conversation tuesday with Ana, 2024-05-09
    [3] I work with Alice.
      assistant: Then you know her best.
    ~ asked by: Ana
    Question: What does she do for work?
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sessiongraph.prompts.prompt_format import Part, indented, on_one_line, unwrapped

NO_ANSWER = "I don't know: nothing in the sources answers this."

# How much of each part of the conversation so far goes along.
HISTORY_CHARS = 600

_HISTORY_LABEL = "~ # conversation so far"
_LABEL = "~ # "
_HISTORY = re.compile(r"~ (user|assistant): (.*)\Z", re.DOTALL)
_SOURCE = re.compile(r"\[(\d+)\] (.*)\Z", re.DOTALL)
_QUESTION = re.compile(r"Question: (.*)\Z", re.DOTALL)
_CONVERSATION = "conversation"
_ASKED_BY = "~ asked by: "
_CONVERSATION_WITH = re.compile(r"conversation \S+ with (.+), \d{4}-\d\d-\d\d")
_ANSWER = "assistant: "
_FACT = "known fact, "
_TRUE = re.compile(_FACT + r"true(?: from (\S+))?(?: until (\S+?))?, from ")
_REPLACED = "; no longer true: "
_WRONG = "; wrong, as a person says: "
_AND = " / "


@dataclass(frozen=True)
class Validity:
    """From when and until when something was true, as ISO texts of any precision; None where that is open."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Source:
    """A text that an answer may rest on, and what it is ("document", "conversation, 2024-05-08")."""

    label: str
    text: str

    @property
    def is_fact(self) -> bool:
        return self.label.startswith(_FACT)

    @property
    def valid(self) -> Validity:
        match = _TRUE.match(self.label)
        return Validity(match[1], match[2]) if match else Validity()

    @property
    def speaker(self) -> str | None:
        """Who says "I" in a turn, and whom its answer says "you" to; None of other sources."""
        match = _CONVERSATION_WITH.search(self.label.partition(_REPLACED)[0])
        return match[1] if match else None

    @property
    def spoken(self) -> tuple[Part, ...]:
        """The text by who says it: a document's as one part."""
        if not self.label.startswith(_CONVERSATION):
            return (Part("transcript" if self.label.startswith("transcript") else "document", self.text),)
        said, mark, answer = f"\n{self.text}".partition(f"\n{_ANSWER}")
        parts = (Part("user", said[1:]), Part("assistant", answer if mark else ""))
        return tuple(part for part in parts if part.text)

    @property
    def replaced(self) -> tuple[str, ...]:
        """What of the text is known to be true no more."""
        return _statements(self.label.partition(_WRONG)[0], _REPLACED)

    @property
    def wrong(self) -> tuple[str, ...]:
        """What of the text a person corrected: it never was true."""
        return _statements(self.label, _WRONG)


def fact_label(valid: Validity, where: str) -> str:
    """What a source that is a fact is called, and when it was true."""
    bounds = (f"from {valid.start}" if valid.start else "", f"until {valid.end}" if valid.end else "")
    spoken = " ".join(bound for bound in bounds if bound)
    return f"{_FACT}{f'true {spoken}, ' if spoken else ''}from {where}"


def passage_label(where: str, replaced: Sequence[str] = (), wrong: Sequence[str] = ()) -> str:
    """What a source that is a passage is called, and which of its statements have been replaced since, or corrected."""
    said = ((_REPLACED, replaced), (_WRONG, wrong))
    return where + "".join(called + _AND.join(statements) for called, statements in said if statements)


def _statements(label: str, called: str) -> tuple[str, ...]:
    _, found, statements = label.partition(called)
    return tuple(statements.split(_AND)) if found else ()


def conversation_label(session_id: str, speaker: str) -> str:
    """What a turn is called, and who says "I" in it."""
    return f"{_CONVERSATION} {session_id} with {speaker}"


def context_label(session_id: str) -> str:
    """What a turn's context is called: nobody said it."""
    return f"what tools gave or was attached in session {session_id}, said by nobody"


def turn_text(text: str, answer_at: int) -> str:
    """The text of a turn with a mark where its answer begins."""
    return f"{text[:answer_at]}{_ANSWER}{text[answer_at:]}"


@dataclass(frozen=True)
class Question:
    """A question, the conversation that it follows on, its sources, best first, and what its asker is called."""

    text: str
    history: tuple[Part, ...]
    sources: tuple[Source, ...]
    asker: str | None = None


def render_question(question: Question) -> str:
    """The prompt text of `question`; its sources are numbered from 1 in their order."""
    lines: list[str] = []
    if question.history:
        lines.append(_HISTORY_LABEL)
        said = (on_one_line(part, HISTORY_CHARS) for part in question.history)
        lines += [f"~ {part.role}: {part.text}" for part in said]
    label = None
    for number, source in enumerate(question.sources, start=1):
        if source.label != label:
            label = source.label
            lines.append(_LABEL + " ".join(label.split()))
        lines.append(f"[{number}] {indented(source.text)}")
    if question.asker:
        lines.append(_ASKED_BY + " ".join(question.asker.split()))
    lines.append(f"Question: {indented(question.text)}")
    return "\n".join(lines)


def parse_question(text: str) -> Question | None:
    """The question that `render_question` wrote, or None where `text` holds none."""
    history: list[Part] = []
    sources: list[Source] = []
    label, asked, asker = "", None, None
    for line in unwrapped(text):
        if line.startswith(_LABEL):
            label = line[len(_LABEL) :]
        elif line.startswith(_ASKED_BY):
            asker = line[len(_ASKED_BY) :]
        elif match := _HISTORY.match(line):
            history.append(Part(match[1], match[2]))  # type: ignore[arg-type]
        elif match := _SOURCE.match(line):
            sources.append(Source(label, match[2]))
        elif match := _QUESTION.match(line):
            asked = match[1]
    return None if asked is None else Question(asked, tuple(history), tuple(sources), asker)

"""What `local/extractive` takes from a conversation as a whole: sentences that say by their form that they are one.

It quotes, and understands nothing: what was decided, put off, or put right is known by how such a sentence begins, and
the steps that worked by who thanks for them. What is told in other languages than English it does not find, but for
corrections.
"""

import re
from collections.abc import Iterator, Sequence

from sessiongraph.prompts.lessons_prompt import Lesson, Lessons, LessonTurn
from sessiongraph.question_detection import only_asks, sentences_of
from sessiongraph.speech_acts import corrects, greeting_of

_DECIDED = re.compile(
    r"(?:(?:so|ok|okay|well|then|finally),? )*(?:(?:i|we)(?:'ve| have)? (?:finally |now |just )?"
    r"(?:decided|agreed|settled|chose|opted|went with|concluded)\b|(?:i|we)(?:'ll| will|'re going to| are going to) "
    r"(?:go|stick|stay) with\b|decision:|let's (?:go with|use|stick with|do it)\b|it(?:'s| is) (?:decided|settled)\b)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(?:to-?do:|open (?:question|point|issue):|(?:i|we) still (?:have|need) to\b|"
    r"(?:i|we)(?:'ll| will) (?:come back to|decide|look at|think about)\b|"
    r"(?:i|we) (?:haven't|have not|don't know|do not know)\b.*\b(?:yet|whether|if)\b|(?:please )?remind me to\b)",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"(?:from now on|next time|in (?:the )?future|please (?:always|never|don't|do not|stop|keep)|always|never|"
    r"stop \w+ing|don't (?:ever )?\w+ .*\bagain\b|that(?:'s| is| was) (?:wrong|not right|not correct|incorrect|"
    r"not what))\b",
    re.IGNORECASE,
)
_CALL = re.compile(r"^tool_call: (\S+)", re.MULTILINE)
_WORKED = re.compile(r"\b(?:(?:that|it|this) (?:works|worked|did it|helped|fixed)|solved|works now)\b", re.IGNORECASE)
_FEWEST_WORDS = 3


def lessons(turns: Sequence[LessonTurn]) -> Lessons:
    """The lessons of a conversation, in the order of its turns."""
    found = [lesson for number in range(1, len(turns) + 1) for lesson in _of_turn(turns, number)]
    return Lessons(lessons=list({(it.kind, it.text): it for it in found}.values()))


def _of_turn(turns: Sequence[LessonTurn], number: int) -> Iterator[Lesson]:
    turn = turns[number - 1]
    said = _said(turn, "user")
    for sentence in sentences_of(said):
        if (kind := _kind(sentence, has_before=number > 1)) is not None:
            yield Lesson(kind=kind, text=sentence, turns=[number])
    if said and only_asks(said) and not _said(turn, "assistant"):
        yield Lesson(kind="open", text=" ".join(said.split()), turns=[number])
    tools = ", ".join(dict.fromkeys(_CALL.findall(turn.tools)))
    if tools and number < len(turns) and _is_content(_said(turns[number], "user")):
        yield Lesson(kind="worked", text=f"{' '.join(said.split())} — {tools}", turns=[number, number + 1])


def _kind(sentence: str, has_before: bool) -> str | None:
    if len(sentence.split()) < _FEWEST_WORDS or only_asks(sentence):
        return None
    if _DECIDED.match(sentence):
        return "decided"
    if _OPEN.match(sentence):
        return "open"
    if _WANTED.match(sentence) or (has_before and corrects(sentence) and not greeting_of(sentence)):
        return "corrected"
    return None


def _is_content(text: str) -> bool:
    """Whether who says `text` got what they wanted."""
    return bool(_WORKED.search(text)) or any(greeting_of(it) in ("thanks", "assent") for it in sentences_of(text)[:2])


def _said(turn: LessonTurn, role: str) -> str:
    return "\n".join(part.text for part in turn.parts if part.role == role)

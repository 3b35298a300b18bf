"""What the embedded model takes from a conversation: sentences of a form, and nothing that only looks like it."""

import pytest

from sessiongraph.local_models.extractive.lessons import lessons
from sessiongraph.prompts.lessons_prompt import LessonTurn
from sessiongraph.prompts.prompt_format import Part


def turn(question: str, answer: str = "OK.", tools: str = "") -> LessonTurn:
    said = (Part("user", question), Part("assistant", answer))
    return LessonTurn(tuple(part for part in said if part.text), tools)


def found(*turns: LessonTurn) -> list[tuple[str, str, list[int]]]:
    return [(it.kind, it.text, it.turns) for it in lessons(turns).lessons]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("We decided to use PostgreSQL.", "decided"),
        ("OK, let's go with the blue one.", "decided"),
        ("We still need to book the hall.", "open"),
        ("From now on answer in short sentences.", "corrected"),
        ("No, the meeting is on Thursday.", "corrected"),
        ("Nein, das Treffen ist am Donnerstag.", "corrected"),
    ],
)
def test_a_sentence_says_by_its_form_what_it_teaches(said: str, kind: str) -> None:
    assert found(turn("Hello."), turn(said)) == [(kind, said, [2])]


@pytest.mark.parametrize("said", ["Did we decide that?", "I like the blue one.", "No.", "No thanks.", "Thank you!"])
def test_what_asks_thanks_or_just_tells_teaches_nothing(said: str) -> None:
    assert found(turn("Hello."), turn(said)) == []


def test_a_question_without_an_answer_is_open() -> None:
    assert found(turn("Who owns the billing service?", "")) == [("open", "Who owns the billing service?", [1])]


def test_steps_worked_where_the_next_turn_is_glad_of_them() -> None:
    step = turn("Find a flight.", tools="tool_call: search {}\ntool: AF1\ntool_call: book {}")
    assert found(step, turn("Thanks!")) == [("worked", "Find a flight. — search, book", [1, 2])]
    assert found(step, turn("That is too dear.")) == []

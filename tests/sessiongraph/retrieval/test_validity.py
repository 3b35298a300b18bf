"""Validity of facts: the current one before the one that it replaced, the old one where it is asked for."""

from datetime import UTC, datetime

import pytest

from sessiongraph.local_models.extractive.answer import answer
from sessiongraph.local_models.extractive.likeness import WordVectors
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.wordllama import WordLlama
from sessiongraph.prompts.question_prompt import (
    NO_ANSWER,
    Question,
    Source,
    Validity,
    fact_label,
    parse_question,
    passage_label,
)
from sessiongraph.prompts.question_prompt import render_question as render
from sessiongraph.retrieval.answer_generation import parse_answer
from sessiongraph.retrieval.citations import as_source
from sessiongraph.retrieval.results import Citation

THEN = Source(fact_label(Validity("2010", "2019-05"), "document, 2024-01-01"), "Alice lives in Paris.")
NOW = Source(fact_label(Validity("2019-05"), "document, 2024-01-01"), "Alice lives in Lyon.")

PARSER = SentenceParser()
VECTORS = WordVectors(WordLlama().embed)


def asked(text: str, *sources: Source) -> str:
    found = parse_question(render(Question(text, (), sources)))
    assert found is not None
    return answer(found, PARSER, VECTORS)


@pytest.mark.parametrize("sources", [(THEN, NOW), (NOW, THEN)])
def test_a_question_about_now_gets_what_is_true_now(sources: tuple[Source, Source]):
    assert asked("Where does Alice live?", *sources).startswith("Alice lives in Lyon. [")


@pytest.mark.parametrize("sources", [(THEN, NOW), (NOW, THEN)])
def test_a_question_about_then_gets_what_was_true_then(sources: tuple[Source, Source]):
    assert asked("Where did Alice live in 2012?", *sources).startswith("Alice lives in Paris. (until 2019-05) [")
    assert asked("Where did Alice live in 2022?", *sources).startswith("Alice lives in Lyon. [")


def test_what_is_true_no_more_is_marked_where_nothing_else_is_known():
    assert asked("Where does Alice live?", THEN) == "Alice lives in Paris. (until 2019-05) [1]"


def test_a_passage_whose_statement_was_replaced_is_no_better_than_the_fact():
    old = Source(passage_label("document, 2011-01-01", ["Alice lives in Paris."]), "Alice lives in Paris. She paints.")
    assert asked("Where does Alice live?", old, NOW).startswith("Alice lives in Lyon. [2]")
    assert asked("Where does Alice live?", old) == "Alice lives in Paris. (no longer true) [1]"


def test_a_statement_that_a_person_corrected_is_not_quoted_in_whatever_words_the_passage_has_it():
    where = "document, 2011-01-01"
    label = passage_label(where, ["Alice Novak sings."], ["Alice Novak lives in Paris.", "Alice Novak paints."])
    passage = Source(label, "Alice Novak lives in Paris. She paints. She works as a nurse.")
    assert (passage.replaced, passage.wrong) == (
        ("Alice Novak sings.",),
        ("Alice Novak lives in Paris.", "Alice Novak paints."),
    )
    assert asked("Where does Alice Novak live?", passage) == NO_ANSWER
    assert asked("What does Alice Novak do for work?", passage) == "She works as a nurse. [1]"
    corrected = Source(fact_label(Validity("2010"), f"{where}, as corrected by ana"), "Alice Novak lives in Rome.")
    assert asked("Where does Alice Novak live?", passage, corrected) == "Alice Novak lives in Rome. [2]"


def test_a_model_is_shown_when_it_was_true():
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    fact = Citation(
        "fact", "f", "Alice lives in Paris.", 1.0, "d", "x", "x", "user", moment, valid_at="2010", valid_until="2019"
    )
    assert as_source(fact).label == "known fact, true from 2010 until 2019, from document x, 2024-01-01"
    assert as_source(fact).valid == Validity("2010", "2019")
    plain = Citation("fact", "f", "Alice lives in Paris.", 1.0, "d", "x", "x", "user", moment)
    assert as_source(plain).label == "known fact, from document x, 2024-01-01" and as_source(plain).valid == Validity()
    turn = Citation(
        "turn",
        "t",
        "Alice lives in Paris.",
        1.0,
        "d",
        "x",
        "x",
        "user",
        moment,
        "s",
        replaced=("Alice lives in Paris.",),
    )
    assert as_source(turn).replaced == ("Alice lives in Paris.",)


# Whom an answer is about


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Mona adopt?", NO_ANSWER),
        ("What did Ravi adopt?", "Ravi: I adopted a grey cat last week. [1]"),
        ("What will Mona paint?", "Mona: I will paint the kitchen. [1]"),
        ("Which room is Ravi going to paint?", NO_ANSWER),
    ],
)
def test_what_one_speaker_did_says_nothing_of_the_other(question: str, expected: str):
    talk = Source(
        "conversation s, 2024-01-01",
        "Ravi: I adopted a grey cat last week.\nMona: How lovely! I will paint the kitchen.",
    )
    assert asked(question, talk) == expected


# Claims


def test_each_sentence_of_an_answer_has_its_own_sources():
    moment = datetime(2024, 5, 8, tzinfo=UTC)
    sources = [Citation("chunk", id_, id_, 1.0, "d", id_, id_, "document", moment) for id_ in "abc"]
    found = parse_answer("In Paris [2]. Dr. Novak moved in 2010 [1, 3]. She likes it.", sources)
    assert [(claim.text, "".join(one.id for one in claim.citations)) for claim in found.claims if claim.citations] == [
        ("In Paris.", "b"),
        ("Novak moved in 2010.", "ac"),
    ]
    assert found.claims[-1].citations == () and found.text == "In Paris. Dr. Novak moved in 2010. She likes it."
    quoted = parse_answer("Alice lives in Lyon. [2] Bob does too. [1]", sources)
    assert [(claim.text, claim.citations[0].id) for claim in quoted.claims] == [
        ("Alice lives in Lyon.", "b"),
        ("Bob does too.", "a"),
    ]
    assert parse_answer(NO_ANSWER, sources).claims == []

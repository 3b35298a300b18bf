"""Answers that leave out what their question says: of a FAQ, both are needed to know what is told."""

import pytest

from sessiongraph.local_models.extractive.elliptical_answers import statement
from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.prompt_format import Part, Window, parse, render

PARSER = SentenceParser()


def facts_of(text):
    window = parse(render([Window("document: notes", (), (Part("document", text),))])[0])
    return {(fact.subject, fact.relation, fact.object) for fact in extract(window, PARSER).facts}


@pytest.mark.parametrize(
    ("question", "answer", "told"),
    [
        ("How much does delivery cost?", "5 euros within Austria.", "Delivery costs 5 euros within Austria."),
        ("When was the mill built?", "In 1712.", "The mill was built in 1712."),
        ("How many beds does the ward have?", "Twelve.", "The ward has twelve beds."),
        ("Who runs the archive?", "Ida Holm.", "Ida Holm runs the archive."),
        ("Where is the ticket office?", "Next to the pier.", "The ticket office is next to the pier."),
        ("Is lunch included?", "No, it costs 9 euros.", "Lunch is not included. It costs 9 euros."),
        ("Does the hut have showers?", "Yes.", "The hut has showers."),
        ("Does the hut have showers?", "No, only a tap.", "The hut does not have showers. Only a tap."),
    ],
)
def test_an_answer_is_told_with_what_its_question_says(question, answer, told):
    assert statement(question, answer) == told


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much does delivery cost?", "It costs 5 euros."),
        ("When are you open?", "From 9 am."),
        ("Can I bring my dog?", "Yes."),
        ("Do you ship abroad?", "Yes."),
    ],
)
def test_what_is_whole_or_told_of_nobody_by_name_stays_as_it_is(question, answer):
    assert statement(question, answer) is None


@pytest.mark.parametrize(
    "text", ["Q: How much does delivery cost?\nA: 5 euros.", "### How much does delivery cost?\n5 euros."]
)
def test_the_question_of_a_faq_tells_what_its_answer_is_of(text):
    assert ("delivery", "costs", "5 euros") in facts_of(text)

"""Answers: quoted from the sources, about whom was asked, and none where nothing fits."""

import pytest

from sessiongraph.local_models import LocalModels
from sessiongraph.local_models.extractive.answer import answer
from sessiongraph.local_models.extractive.likeness import Likeness, WordVectors
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.wordllama import WordLlama
from sessiongraph.prompts.prompt_format import Part
from sessiongraph.prompts.question_prompt import NO_ANSWER, Question, Source, parse_question, render_question

ALICE = Source("document, 2024-05-08", "Alice moved to Paris in 2010. She works as a software engineer.")
BOB = Source("document: bob", "Bob lives in Rome with his wife. Bob was born on 3 March 1980. He has 3 kids.")
TALK = Source("conversation, 2023-05-08", "Caroline: I went to a support group yesterday. Do you like tea?")

PARSER = SentenceParser()
VECTORS = WordVectors(WordLlama().embed)


def asked(text, *sources, history=()):
    return answer(parse_question(render_question(Question(text, tuple(history), sources))), PARSER, VECTORS)


def likeness_of(word, other):
    return Likeness([word], frozenset([other]), VECTORS).share(word, frozenset([other]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where does Alice live?", "Alice moved to Paris in 2010. [1]"),
        ("What does Alice do for work?", "She works as a software engineer. [1]"),
        ("What is Alice's job?", "She works as a software engineer. [1]"),
        ("Where does Bob live?", "Bob lives in Rome with his wife. [2]"),
        ("When was Bob born?", "Bob was born on 3 March 1980. [2]"),
        ("How many children does Bob have?", "He has 3 kids. [2]"),
        ("Who lives in Rome?", "Bob lives in Rome with his wife. [2]"),
        ("Does Alice live in Paris?", "Alice moved to Paris in 2010. [1]"),
        ("Where did Caroline go yesterday?", "Caroline: I went to a support group yesterday. [3]"),
    ],
)
def test_a_question_is_answered_by_its_sentence(text, expected):
    assert asked(text, ALICE, BOB, TALK).startswith(expected)


def test_a_question_who_is_answered_by_name():
    assert "Alice" in asked("Who works as a software engineer?", ALICE, BOB)


@pytest.mark.parametrize(
    "text",
    [
        "Who is the president of France?",
        "What is the capital of Spain?",
        "Where does Carol live?",
        "What is Bob's favorite food?",
        "Does Caroline like tea?",
        "",
    ],
)
def test_what_no_source_says_is_not_answered(text):
    assert asked(text, ALICE, BOB, TALK) == NO_ANSWER


def test_naming_a_thing_does_not_answer_about_it():
    assert asked("Who is the president of France?", Source("document", "Alice visited France in May.")) == NO_ANSWER


def test_what_was_said_of_another_is_no_answer():
    eva, tom = "Eva: I visited a lighthouse in Brest.", "Tom: I painted a lighthouse in Brest."
    talk = Source("conversation, 2023-05-08", f"{eva}\n{tom}")
    assert asked("Where did Tom paint a lighthouse?", talk) == f"{tom} [1]"
    assert asked("Where did Eva visit a lighthouse?", talk) == f"{eva} [1]"
    assert asked("Where did Eva paint a lighthouse?", talk) == NO_ANSWER


def test_a_sentence_that_names_nobody_is_no_others():
    """ "He" is as likely whom it asks about: it must not keep the answer back."""
    monday = "conversation monday with the user, 2026-03-02"
    sources = [
        Source(monday, "Who visited us yesterday?\nassistant: Frank Miller visited the office in Oslo yesterday."),
        Source(f"known fact, from {monday}", "Frank Miller sells sensors for Siemens."),
        Source(monday, "What does he do?\nassistant: He sells sensors for Siemens. He lives in Hamburg."),
    ]
    assert asked("What does Frank Miller sell?", *sources).startswith("Frank Miller sells sensors for Siemens. [2]")


def test_what_is_said_of_a_sister_says_little_of_oneself():
    later = "[10:00] Ben: I work at Airbus now.\n[10:01] Anna: My sister Clara lives there."
    first = "[09:31] Anna: I moved to Lyon last week.\n[09:32] Ben: Great! Can you take the 9:40 train on Friday?"
    sources = [Source(f"transcript chat.txt, 2026-03-{day}", text) for day, text in ((13, later), (14, first))]
    fact = Source("known fact, from transcript chat.txt, 2026-03-13", "Anna's sister Clara lives there.")
    assert asked("Where does Anna live?", sources[0], fact, sources[1]).startswith("Anna: I moved to Lyon last week.")


def test_what_one_is_said_to_say_is_answered_by_their_own_words():
    talk = Source("conversation, 2023-05-08", "Tom: Running is great for my knees.\nEva: Running can wait for spring.")
    assert asked("What does Tom say running is great for?", talk).startswith("Tom: Running is great for my knees. [1]")
    assert "Tom:" not in asked("What does Eva say running is great for?", talk)
    assert "Tom:" not in asked("According to Eva, what is running great for?", talk)
    towns = Source("conversation, 2023-05-08", "Eva: Tom likes Brest best.\nTom: I like Oslo most.")
    assert asked("According to Eva, what does Tom like?", towns) == "Eva: Tom likes Brest best. [1]"


def test_a_reply_that_leaves_out_what_it_was_asked_is_an_answer():
    talk = Source(
        "conversation, 2023-05-08", "Tom: Any fun plans for the summer?\nEva: Researching lighthouses in Brest."
    )
    found = asked("What are Eva's plans for the summer?", TALK, talk)
    assert found == "Eva: Researching lighthouses in Brest. [2]"
    assert asked("What are Tom's plans for the summer?", TALK, talk) == NO_ANSWER
    question, reply = talk.text.split("\n")
    apart = [Source("conversation, 2023-05-08", text) for text in (f"Eva: Hello.\n{question}", f"{reply}\nTom: Nice.")]
    assert asked("What are Eva's plans for the summer?", *apart) == NO_ANSWER


def test_a_word_that_means_nearly_the_same_answers():
    talk = Source("conversation, 2023-05-08", "Eva: I practise the guitar every evening.\nTom: Nice to hear.")
    assert asked("Which instrument does Eva practise?", talk) == "Eva: I practise the guitar every evening. [1]"
    assert asked("What instrument has Eva got?", talk) == "Eva: I practise the guitar every evening. [1]"


def test_a_brother_is_no_sister():
    talk = Source("conversation, 2023-05-08", "Eva: My brother arrived on Monday.\nTom: Nice to hear.")
    assert asked("When did Eva's brother arrive?", talk).startswith("Eva: My brother arrived on Monday.")
    assert likeness_of("sister", "brother") == 0 < likeness_of("mum", "mother")


def test_of_several_things_that_are_asked_for_more_sources_are_quoted():
    places = ("Brest in May", "Oslo in June", "Turin in July", "Lagos in August")
    talks = [Source("conversation, 2023-05-08", f"Eva: I visited the city of {place}.\nTom: Nice.") for place in places]
    assert asked("Which cities has Eva visited?", *talks).count("[") == 3
    assert asked("Which city has Eva visited?", *talks).count("[") == 2


def test_of_two_who_are_asked_about_both_answer():
    eva = Source("conversation, 2023-05-08", "Eva: I collect stamps from Peru.\nTom: Nice to hear.")
    tom = Source("conversation, 2023-05-09", "Tom: I collect stamps of whales.\nEva: Nice to hear.")
    found = asked("What stamps do Eva and Tom collect?", eva, tom)
    assert "Peru. [1]" in found and "whales. [2]" in found


def test_a_second_source_that_says_more_is_quoted_too():
    found = asked("Where did Alice live?", ALICE, Source("document: old", "Alice lived in Lyon until 2009."))
    assert "Paris in 2010. [1]" in found and "Lyon until 2009. [2]" in found


def test_of_two_that_fit_the_source_that_search_found_first_is_quoted_first():
    first, second = "Bob visited the lighthouse in 2010.", "Bob visited the lighthouse by boat in 2012."
    for one, other in ((first, second), (second, first)):
        found = asked("When did Bob visit the lighthouse?", Source("document: a", one), Source("document: b", other))
        assert found.startswith(one)


def test_a_passage_is_quoted_rather_than_its_fact():
    fact = Source("known fact, from document: bob", "Bob lives in Rome.")
    assert asked("Where does Bob live?", fact, BOB) == "Bob lives in Rome with his wife. [2]"


def test_of_what_is_true_no_more_the_fact_is_quoted_that_says_since_when():
    passage = Source("document; no longer true: Bob worked at Acme.", "Bob worked at Acme.")
    fact = Source("known fact, true until 2020-05, from document", "Bob worked at Acme.")
    others = [Source(f"document: {number}", f"Alice visited Acme {number} times.") for number in range(6)]
    assert asked("Where did Bob work?", passage, *others, fact).startswith("Bob worked at Acme. (until 2020-05) [8]")


def test_a_follow_up_is_about_whom_was_spoken_of():
    history = (Part("user", "Where does Alice live?"), Part("assistant", "Alice moved to Paris in 2010. [1]"))
    found = asked("What does she do for work?", ALICE, BOB, history=history)
    assert found.startswith("She works as a software engineer. [1]")
    assert "Rome" in asked("And Bob?", ALICE, BOB, history=history)


def test_a_follow_up_survives_an_unanswered_question():
    history = (Part("user", "What is Alice's shoe size?"), Part("assistant", NO_ANSWER))
    assert "software engineer" in asked("What does she do for work?", BOB, ALICE, history=history)


def test_the_question_said_back_is_no_answer():
    echo = Source("conversation, 2024-01-01", "Where does Alice live? I wonder where Alice lives.")
    assert asked("Where does Alice live?", echo) == NO_ANSWER
    assert asked("Where does Alice live?", echo, ALICE).startswith("Alice moved to Paris in 2010. [2]")


def test_without_sources_there_is_no_answer():
    assert asked("Where does Alice live?") == NO_ANSWER


def test_words_are_embedded_once_and_nothing_of_a_text_is_remembered_that_was_forgotten(monkeypatch):
    embedded, embed = [], WordLlama.embed
    monkeypatch.setattr(WordLlama, "embed", lambda self, texts: embedded.extend(texts) or embed(self, texts))
    models, question = LocalModels(), render_question(Question("Where does Alice live?", (), (ALICE,)))
    models.complete(question)
    once = list(embedded)
    models.complete(question)
    assert "engineer" in once == embedded
    models.forget_texts()
    models.complete(question)
    assert embedded == once * 2

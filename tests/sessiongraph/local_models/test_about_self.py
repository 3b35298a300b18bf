"""Questions about oneself, in English and in languages that are not parsed: what the asker told, and nobody else."""

import pytest

from sessiongraph.local_models.extractive.answer import answer
from sessiongraph.local_models.extractive.likeness import WordVectors
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.local_models.language import EnglishDetector
from sessiongraph.local_models.wordllama import WordLlama
from sessiongraph.prompts.question_prompt import NO_ANSWER, Question, Source, conversation_label

PARSER = SentenceParser()
VECTORS = WordVectors(WordLlama().embed)
NOOR, OTHER = "Noor", "Selma"
TOLD = [
    "Hi there! I'm Noor, I just started using this.",
    "We've got a newborn at home, her name is Hana, so I'm barely sleeping.",
    "my husband Karim works nights at the port",
    "I'm allergic to walnuts.",
    "I grew up in Aleppo but I've been in Gothenburg since 2015.",
    "I drive a grey Saab.",
    "My brother Sami got engaged to a woman called Elif on Saturday!",
    "I teach swimming at the Valhalla pool three mornings a week.",
    "I have an appointment at the dentist next Tuesday at 14:30.",
    "Remind me that my mother-in-law arrives on the 3rd of August.",
    "My phone number is 070-555 12 34.",
    "My doctor is Dr. Lindqvist at Majorna.",
    "I'm left-handed.",
    "I hate cilantro, it tastes like soap to me.",
]


def said(speaker: str, *texts: str) -> tuple[Source, ...]:
    return tuple(
        Source(f"{conversation_label('s', speaker)}, 2026-05-{day:02}", f"{text}\nassistant: OK.")
        for day, text in enumerate(texts, 1)
    )


def asked(text: str, *sources: Source, asker: str = NOOR) -> str:
    return answer(Question(text, (), sources, asker), PARSER, VECTORS)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What's my name?", "Noor"),
        ("What's my husband's name?", "Karim"),
        ("What can't I eat?", "walnuts"),
        ("Where do I live?", "Gothenburg"),
        ("Which car do I drive?", "Saab"),
        ("What's my brother called?", "Sami"),
        ("What do I do for work?", "swimming"),
        ("When is my dentist appointment?", "Tuesday"),
        ("What's my phone number?", "070-555"),
        ("Who is my doctor?", "Lindqvist"),
        ("Am I left-handed or right-handed?", "left-handed"),
        ("Which herb do I hate?", "cilantro"),
    ],
)
def test_what_was_told_in_other_words_than_it_is_asked_in_is_found(question: str, value: str) -> None:
    assert value in asked(question, *said(NOOR, *TOLD))


def test_words_that_are_nearly_alike_answer_nothing_about_oneself() -> None:
    told = said(NOOR, "ugh I have a maths exam on Friday and I hate trigonometry")
    assert asked("How many hives do I have?", *told) == NO_ANSWER


@pytest.mark.parametrize(
    "question",
    [
        "What's my sister's name?",
        "What's my mother's name?",
        "What's my dog called?",
        "Who is my boss?",
        "What's my email?",
        "When did I get married?",
    ],
)
def test_what_was_not_told_is_not_known(question: str) -> None:
    assert asked(question, *said(NOOR, *TOLD)) == NO_ANSWER


@pytest.mark.parametrize("question", ["Where do I live?", "What am I allergic to?", "What's my phone number?"])
def test_what_others_say_of_themselves_is_no_answer(question: str) -> None:
    assert asked(question, *said(OTHER, *TOLD)) == NO_ANSWER


def test_of_what_one_told_the_newer_holds_and_a_correction_before_what_it_corrects() -> None:
    moved = said(NOOR, "I live in Bergen.", "I live in Oslo now.")
    assert "Oslo" in asked("Where do I live?", *moved) and "Oslo" in asked("Where do I live?", *reversed(moved))
    one_day = (*said(NOOR, "I live in Bergen.")[:1], *said(NOOR, "Sorry, I live in Oslo.")[:1])
    assert "Oslo" in asked("Where do I live?", *one_day)


def test_a_statement_beside_a_question_does_not_make_it_one_about_oneself() -> None:
    alice = Source("document notes, 2024-01-01", "Alice Novak moved to Paris in 2010.")
    assert "Paris" in asked("I love hiking. Where did Alice Novak move?", alice)


OTHERS = {
    "Wo wohne ich?": ("Ich wohne in Köln.", "Meine Schwester heißt Jana.", "Ich trinke gern Tee."),
    "¿Dónde trabajo?": ("Trabajo en el puerto de Vigo.", "Mi perra se llama Luna.", "Me gusta el té."),
    "Où est-ce que j'habite ?": ("J'habite à Nantes.", "Mon frère s'appelle Luc.", "Je bois du thé."),
    "我住在哪里？": ("我住在杭州。", "我的猫叫小白。", "我喜欢喝茶。"),
    "أين أسكن؟": ("أسكن في عمّان.", "اسم أختي ليلى.", "أحب الشاي."),
}
NOT_TOLD = {
    "Wie heißt mein Hund?": "Wo wohne ich?",
    "¿Cómo se llama mi madre?": "¿Dónde trabajo?",
    "Comment s'appelle mon chien ?": "Où est-ce que j'habite ?",
    "我妻子叫什么名字？": "我住在哪里？",
}


@pytest.mark.parametrize(("question", "told"), OTHERS.items())
def test_in_other_languages_the_sentence_that_shares_most_is_quoted(question: str, told: tuple[str, ...]) -> None:
    assert asked(question, *said(NOOR, *told)) == f"{told[0]} [1]"
    assert asked(question, *said(OTHER, *told)) == NO_ANSWER


@pytest.mark.parametrize(("question", "language"), NOT_TOLD.items())
def test_in_other_languages_what_was_not_told_is_not_known(question: str, language: str) -> None:
    assert asked(question, *said(NOOR, *OTHERS[language])) == NO_ANSWER


ENGLISH = [
    "i live in utrecht now",
    "Call me Lexi.",
    "Our CFO is Petra Lund.",
    "ok thx",
    "Annika's flight lands at 9:40.",
    "Rex ate my shoe lol",
    "12:30",
]
NOT_ENGLISH = ["Abito a Torino.", "Moro em Lisboa.", "Jag bor i Lund.", "Mieszkam w Krakowie.", "İzmir'de yaşıyorum."]


def test_short_lines_of_english_are_told_from_other_languages() -> None:
    detector = EnglishDetector()
    assert [text for text in ENGLISH if not detector.is_english(text)] == []
    asked_in_others = [*NOT_ENGLISH, *OTHERS, *(text for told in OTHERS.values() for text in told)]
    assert [text for text in asked_in_others if detector.is_english(text)] == []

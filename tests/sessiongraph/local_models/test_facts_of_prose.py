"""What sentences of documents state: days, properties, circumstances, and whom or what they state it of."""

import pytest

from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.prompt_format import ParsedWindow, Part

PARSER = SentenceParser()


def told(text: str, source: str = "document: notes, 2024-05-08") -> set[tuple[str, str, str]]:
    role = "document" if source.startswith("document") else "transcript"
    found = extract([ParsedWindow(source, (), {1: Part(role, text)})], PARSER)  # type: ignore[arg-type]
    return {(fact.subject, fact.relation, fact.object) for fact in found.facts}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The invoice was due on 30 April.", ("invoice", "was due on", "30 April")),
        ("The ward is due to open in 2026.", ("ward", "is due to open in", "2026")),
        ("The repair was postponed to next spring.", ("repair", "was postponed to", "next spring")),
        ("Concerts take place every Friday.", ("concerts", "take place", "every Friday")),
        ("The annual meeting will be held in the hall on 30 May.", ("annual meeting", "will be held on", "30 May")),
        ("Basic is free and limited to three projects.", ("Basic", "is limited to", "three projects")),
        ("Basic is free and limited to three projects.", ("Basic", "is", "free")),
        ("Dogs are welcome in the garden but not in the bar.", ("dogs", "are not welcome in", "bar")),
        ("Children must be at least five years old.", ("children", "must be", "at least five years old")),
        ("The contract is for one year.", ("contract", "is for", "one year")),
        ("The office is out of paper.", ("office", "is out of", "paper")),
        ("The visa was approved.", ("visa", "was", "approved")),
        ("The nearest stop is 300 metres away.", ("nearest stop", "is", "300 metres away")),
        ("The launch moves from 3 June to 17 June.", ("launch", "moves to", "17 June")),
        ("What is Fernweh Rail?\nA train company from Riga.", ("Fernweh Rail", "is", "train company")),
        ("Three people were injured in Lund.", ("three people", "were injured in", "Lund")),
        ("The tickets are sold out.", ("tickets", "are", "sold out")),
        ("A handling fee of 3 euros applies.", ("handling fee", "is", "3 euros")),
        ("Breakfast is served from 7 to 10 am in the Garden Room.", ("Breakfast", "is served in", "Garden Room")),
        ("Ines Dahl works nights at a print shop in Riga.", ("Ines Dahl", "works at", "print shop")),
        ("Ines Dahl found a comet with three tails.", ("comet", "has", "three tails")),
        ("Ines Dahl is a teacher at the primary school.", ("Ines Dahl", "is teacher at", "primary school")),
        ("Ines Dahl, 45, runs a bakery.", ("Ines Dahl", "has age", "45")),
        ("Prime Minister Ines Dahl has left Riga.", ("Ines Dahl", "is", "prime minister")),
        ("Ines Dahl lives with her cousin Lola.", ("Ines Dahl", "has cousin", "Lola")),
        ("Bolt, a firm based in Riga, sells tents.", ("Bolt", "based in", "Riga")),
        ("Ines Dahl taught geography at the girls' school.", ("Ines Dahl", "taught geography at", "girls' school")),
        ("Two of the chairs were sent with Parcelo.", ("two of the chairs", "were sent with", "Parcelo")),
        ("Your data is stored in Finland.", ("data", "is stored in", "Finland")),
        ("Ines Dahl is a baker, she doesn't smoke.", ("Ines Dahl", "is", "baker")),
        ("Safety: there were two accidents in hall 4.", ("accidents", "were in", "hall 4")),
        ("The half marathon in Graz starts at noon.", ("half marathon in Graz", "starts at", "noon")),
        ("Bolt is brewed with water from the Corrib.", ("Bolt", "is brewed with water from", "Corrib")),
        ("How often should I clean the filter?\nOnce a month.", ("filter", "clean", "once a month")),
    ],
)
def test_a_sentence_of_a_document_states(text: str, expected: tuple[str, str, str]) -> None:
    assert expected in told(text)


@pytest.mark.parametrize(
    ("text", "not_told"),
    [
        ("The syrup must not be given to children under six.", "six"),
        ("The surveyor is coming on Thursday at ten.", "ten"),
        ("Emil is, Nora not so much.", "Nora"),
        ("The pool was fun and exhausting.", "exhausting"),
        ("The mill was bought by the brothers Olof and Per Lind.", "brothers"),
    ],
)
def test_what_says_nothing_by_itself_is_no_object(text: str, not_told: str) -> None:
    assert not_told not in {object_ for _, _, object_ in told(text)}


def test_a_clause_tells_of_the_noun_that_its_verb_agrees_with() -> None:
    found = told("Ines Dahl designed the sluices at Veermond, which were completed in 1958.")
    assert ("Veermond", "were completed in", "1958") not in found
    assert ("sluices", "were completed in", "1958") in found


def test_what_those_without_a_name_did_is_told_by_whose_it_is() -> None:
    found = told('"The Salt Ledger" is a novel by Imke Dahl. Critics praised its dialogue.')
    assert ("critics", "praised", "The Salt Ledger's dialogue") in found
    # Whose factory burned the sentence does not say: a fire may be the nearest "it".
    assert ("fire", "destroyed", "factory") in told("A fire destroyed its first factory.")


def test_a_he_within_a_clause_about_somebody_without_a_name_is_nobody_else() -> None:
    found = told("Imke Dahl writes novels. One is about an officer who finds that his brother is a smuggler.")
    assert not [fact for fact in found if "brother" in " ".join(fact)]
    assert ("Bo Lind", "sold", "car") in told("Bo Lind, who sold his car, lives in Riga.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna plays the drums and Emi sings.", {("Anna", "plays", "drums")}),
        (
            "Surf rock, mostly. I play bass, Haruto plays the drums and Emi sings. Our first record is out.",
            {("Haruto", "plays", "drums")},
        ),
        ("Anna likes Bach, Bolt and Carl.", {("Anna", "likes", it) for it in ("Bach", "Bolt", "Carl")}),
        ("Anna and Emi live in Riga.", {("Anna", "lives in", "Riga"), ("Emi", "lives in", "Riga")}),
    ],
)
def test_who_does_something_else_is_no_part_of_a_list(text: str, expected: set[tuple[str, str, str]]) -> None:
    assert told(text) == expected


def test_it_that_stands_for_a_clause_is_nothing() -> None:
    found = told("The budget is tight. It was agreed to apply to the Halden Fund for a grant.")
    assert not {relation for subject, relation, _ in found if "agreed" in relation}


def test_who_is_present_is_read_from_a_line_above_prose() -> None:
    found = told("Present: Solveig, Amir\nAmir booked the venue in Lund.")
    assert {("meeting", "attended by", "Amir"), ("Amir", "booked", "venue")} <= found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tarvo Air flies to Riga. The airline operates four jets.", "Tarvo Air"),
        ("Tarvo Air flies to Riga. The company, which was founded in 1921, employs 40 people.", "Tarvo Air"),
        ("The Kvalsund Observatory is open. The observatory has two telescopes.", "Kvalsund Observatory"),
        ("Trellis is an app by Quanta Labs. The app costs 3 euros.", "Trellis"),
        ("Ms. Tarrant is an architect. The architect presented two options.", "Ms. Tarrant"),
    ],
)
def test_a_definite_noun_is_the_one_thing_of_its_kind_that_was_named(text: str, expected: str) -> None:
    assert expected in {
        subject for subject, relation, _ in told(text) if relation not in ("is", "flies to", "is app by")
    }


@pytest.mark.parametrize(
    "text",
    [
        "Tarvo Air and Quanta Labs have merged. The company employs 40 people.",
        "Tarvo Air competes with an airline in Riga. The airline operates four jets.",
        "Tarvo Air flies to Riga. The government operates four jets.",
    ],
)
def test_a_definite_noun_is_no_name_where_another_may_be_meant(text: str) -> None:
    assert "Tarvo Air" not in {subject for subject, relation, _ in told(text) if relation in ("employs", "operates")}


def test_in_talk_a_definite_noun_stays_what_it_is() -> None:
    talk = "Anna: Tarvo Air flies to Riga.\nTom: The airline operates four jets."
    found = told(talk, "transcript: talk, speakers Anna and Tom, 2024-05-08")
    assert "Tarvo Air" not in {subject for subject, relation, _ in found if relation == "operates"}


def test_whom_a_letter_greets_does_nothing_in_its_first_sentence() -> None:
    found = told("Dear Ms. Cole, the flat on Rope Street is still free.")
    assert "Ms. Cole" not in {name for subject, _, object_ in found for name in (subject, object_)}


def test_two_that_a_sentence_names_are_they_in_it() -> None:
    found = told("Ines Dahl married Omar Reed, and they raised five children.")
    assert {("Ines Dahl", "raised", "five children"), ("Omar Reed", "raised", "five children")} <= found


def test_an_organization_may_be_it_in_its_own_sentence() -> None:
    assert ("Tarvo Air", "would buy", "four jets") in told("Tarvo Air announced that it would buy four jets.")


def test_advice_of_an_assistant_is_no_fact() -> None:
    said = "A lawyer should look at the contract. Kelp Records is based in Nagoya."
    found = extract([ParsedWindow("conversation", (), {1: Part("assistant", said)})], PARSER)
    assert [fact.relation for fact in found.facts] == ["is based in"]


@pytest.mark.parametrize("name", ["Ines", "Yves", "Mikołaj", "Naómí", "Mecide", "Frederique"])
def test_a_given_name_that_is_not_english_begins_a_sentence_as_any_does(name: str) -> None:
    assert told(f"{name} likes tea.") == {(name, "likes", "tea")}
    assert (name, "plays", "drums") in told(f"{name} plays the drums.")


@pytest.mark.parametrize("word", ["Sunny", "Misty", "Merry"])
def test_a_word_of_english_at_the_beginning_of_a_sentence_is_no_name(word: str) -> None:
    assert word not in {subject for subject, _, _ in told(f"{word} days are rare in Riga.")}

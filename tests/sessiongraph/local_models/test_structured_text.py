"""What documents say by their form: tables, fields and lists are facts of what they stand under, and no sentences."""

import pytest

from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.extraction_schema import Extraction
from sessiongraph.prompts.prompt_format import ParsedWindow, Part

PARSER = SentenceParser()


def document(text: str) -> Extraction:
    return extract([ParsedWindow("document: notes", (), {1: Part("document", text)})], PARSER)


def triples(found: Extraction) -> set[tuple[str, str, str]]:
    return {(fact.subject, fact.relation, fact.object) for fact in found.facts}


STRUCTURED = {
    "a table": (
        "| Dish | Price |\n| --- | --- |\n| Borscht | 7 euros |\n| Pierogi | - |",
        {("Borscht", "has price", "7 euros")},
    ),
    "a row of a file": ("Name: Inga Sand; City: Riga; Shoe size: 39.", {
        ("Inga Sand", "has city", "Riga"), ("Inga Sand", "has shoe size", "39"),
    }),
    "a record": ("Room: 12\nGuest: Inga Sand", {("Room 12", "has guest", "Inga Sand")}),
    "a record below its heading": ("Contact\nPhone: 555 0101\nMail: a@b.example", {
        ("contact", "has phone", "555 0101"), ("contact", "has mail", "a@b.example"),
    }),
    "fields behind a sentence": ("The Orla chair is sold in Riga. Weight: 4 kg. Price: 80 euros.", {
        ("Orla chair", "is sold in", "Riga"), ("Orla chair", "has weight", "4 kg"),
        ("Orla chair", "has price", "80 euros"),
    }),
    "a list of what something has": ("Ingredients for fish soup\n- 1 kg cod\n- 2 leeks", {
        ("fish soup", "has ingredient", "1 kg cod"), ("fish soup", "has ingredient", "2 leeks"),
    }),
    "a list of people with what they do": ("# Board\n- Inga Sand: chair", {("Inga Sand", "is", "chair")}),
    "a list of what something does": ("Features of Orla:\n- supports dark mode\n- does not store passwords", {
        ("Orla", "supports", "dark mode"), ("Orla", "does not store", "passwords"),
    }),
    "who was there": ("Present: Inga Sand, Omar. Absent: Bo.", {
        ("meeting", "attended by", "Inga Sand"), ("meeting", "attended by", "Omar"),
        ("Bo", "is absent from", "meeting"),
    }),
    "who is to do what": ("- Inga to call Omar", {("Inga", "will call", "Omar")}),
    "a label before a sentence": ("Decision: Inga leaves Riga.", {("Inga", "leaves", "Riga")}),
}  # fmt: skip


@pytest.mark.parametrize("form", STRUCTURED)
def test_the_form_of_a_text_says_whose_facts_its_lines_are(form: str) -> None:
    text, expected = STRUCTURED[form]
    assert triples(document(text)) == expected


def test_a_thing_without_a_name_of_which_nothing_is_told_is_the_value_of_a_fact() -> None:
    found = document("Orla Sand runs a bakery in Riga. The warranty covers repairs. Ines Dahl paints boats.")
    assert {"Orla Sand", "Riga", "warranty", "Ines Dahl"} == {entity.name for entity in found.entities}
    assert {("Ines Dahl", "paints", "boats"), ("warranty", "covers", "repairs")} <= triples(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ines Dahl was born in Riga. Her boats hang in Orla Hall.", ("Ines Dahl's boats", "hang in", "Orla Hall")),
        ("Kordax makes drills. Its battery lasts two days.", ("Kordax's battery", "lasts", "two days")),
        ("Ines Dahl lives in Riga. She sold her boat to Omar Quist.", ("Ines Dahl", "sold", "boat")),
        ("In 2019 the Swedish firm Nordvik bought a mill.", ("Nordvik", "is", "Swedish firm")),
    ],
)
def test_things_without_a_name_are_told_apart_by_whose_they_are(text: str, expected: tuple[str, str, str]) -> None:
    found = triples(document(text))
    assert expected in found and (expected[2], expected[1], expected[0]) not in found


def test_a_name_that_is_somebodys_keeps_its_mention_whoever_that_is() -> None:
    found = document("Their LGBTQ support group meets in Oslo.")
    assert "LGBTQ support group" in {entity.name for entity in found.entities}


def test_whose_a_thing_is_that_is_named_by_its_kind_alone_is_told_too() -> None:
    found = triples(document("Aino Korhonen lives in Turku. Her team used data from the Nansen satellite."))
    assert ("Aino Korhonen's team", "used data from", "Nansen satellite") in found


def test_what_is_between_two_is_no_fact_about_either() -> None:
    found = triples(document("Caspian Air began flights between Baku and Izmir in June."))
    assert found == {("Caspian Air", "began", "flights")}


def test_what_a_column_names_has_its_type() -> None:
    found = document("| Employee | Office |\n| --- | --- |\n| Sand | Mossby |\n| Quist | Halland |")
    types = {entity.name: entity.type for entity in found.entities}
    assert types == {"Sand": "Person", "Mossby": "Place", "Quist": "Person", "Halland": "Place"}


@pytest.mark.parametrize(
    "text",
    [
        "I said: this is the end.",
        "Note: nothing of it is certain.",
        "He came at 10:30 | and left.",
        "To do:\n\n",
        "---\n***",
        "Q: Who is it?\nA: Nobody knows.",
    ],
)
def test_colons_and_bars_in_prose_make_no_fact(text: str) -> None:
    assert triples(document(text)) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The warranty lasts two years.", ("warranty", "lasts", "two years")),
        ("The ticket costs 9 euros a month.", ("ticket", "costs", "9 euros a month")),
        ("The pass is limited to up to 20 trips.", ("pass", "is limited to", "up to 20 trips")),
        ("Bake the bread for 40 minutes.", ("bread", "bake for", "40 minutes")),
        ("Anna moved to Riga and pays 700 euros.", ("Anna", "pays", "700 euros")),
    ],
)
def test_amounts_and_durations_are_values(text: str, expected: tuple[str, str, str]) -> None:
    found = document(text)
    assert expected in triples(found)
    assert expected[2] not in {entity.name for entity in found.entities}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The milk contains no sugar.", ("milk", "contains no", "sugar")),
        ("Anna hardly knows Omar.", ("Anna", "hardly knows", "Omar")),
        ("The fee is not included.", ("fee", "is not", "included")),
        ("No train leaves Riga.", None),
        ("Nobody visited Anna.", None),
    ],
)
def test_a_denial_is_never_dropped(text: str, expected: tuple[str, str, str] | None) -> None:
    assert triples(document(text)) == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("text", "name", "type_"),
    [
        ("Bea booked the hall.", "Bea", "Person"),
        ("Zuzka Prill lives in Mossby.", "Mossby", "Place"),
        ("The Skadi hat is warm.", "Skadi hat", "Concept"),
        ("Omar works for Bexa Pharma.", "Bexa Pharma", "Organization"),
        ("The book was translated by Elif Sahin.", "Elif Sahin", "Person"),
        ("The mayor of Tarlow visited Omar.", "Tarlow", "Place"),
    ],
)
def test_a_name_has_the_type_that_its_sentence_tells(text: str, name: str, type_: str) -> None:
    assert {entity.name: entity.type for entity in document(text).entities}.get(name) == type_


def test_it_is_what_the_sentence_before_was_about_and_nothing_where_two_may_be_meant() -> None:
    assert ("vaccine", "was tested on", "900 people") in triples(
        document("The vaccine will be sold from May. It was tested on 900 people.")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What is told apart by what stands beside it, though its noun alone names nothing.
        ("The bike comes with a remote control.", ("bike", "comes with", "remote control")),
        ("The court in Lenz sentenced Adam Roth.", ("court in Lenz", "sentenced", "Adam Roth")),
        ("Heavy rain flooded parts of Kisumu.", ("heavy rain", "flooded", "parts of Kisumu")),
        # Subjects that are amounts, doings, and names beside their kind.
        ("About 3,000 people left the town.", ("About 3,000 people", "left", "town")),
        ("Charging takes four hours.", ("charging", "takes", "four hours")),
        ("Their smallest model, the Robin, has 85 keys.", ("Robin", "has", "85 keys")),
        ("Their smallest model, the Robin, has 85 keys.", ("Robin", "is", "model")),
        ("Designed in Aarhus, the Luna lamp gives warm light.", ("Luna lamp", "designed in", "Aarhus")),
        ("Shops that break the law pay taxes.", ("shops", "pay", "taxes")),
        # What something is, has and stays.
        ("The Kestrel 3 is a folding bike with eight gears.", ("Kestrel 3", "has", "eight gears")),
        ("The supplier Kordax sells paper.", ("Kordax", "is", "supplier")),
        ("The airport of Reyvik stayed closed until Saturday.", ("airport of Reyvik", "stayed", "closed")),
        ("The camera supports USB-C.", ("camera", "supports", "USB-C")),
        ("The lid is dishwasher-safe.", ("lid", "is", "dishwasher-safe")),
        ("Volcanic ash forced Kestra Airlines to cancel 32 flights.", ("volcanic ash", "forced", "Kestra Airlines")),
        ("The camp is meant for beginners.", ("camp", "is meant for", "beginners")),
        # Days and places of what happens.
        ("The deadline is 31 October 2024.", ("deadline", "is", "31 October 2024")),
        ("The meeting takes place in Zurich.", ("meeting", "takes place in", "Zurich")),
        ("Anna can start in September.", ("Anna", "can start in", "September")),
        ("Daan will take him to Ostend.", ("Daan", "will take to", "Ostend")),
        # Instructions with more than one amount, and what is to be let happen.
        ("Bake the bread at 220 degrees for 40 minutes.", ("bread", "bake for", "40 minutes")),
        ("Let the dough rest for two hours.", ("dough", "rest for", "two hours")),
    ],
)
def test_what_a_document_states_of_things_is_told(text: str, expected: tuple[str, str, str]) -> None:
    assert expected in triples(document(text))


def test_it_is_what_the_sentence_before_made_where_it_made_one_thing() -> None:
    assert ("workshop", "lasts", "half a day") in triples(
        document("Vera will prepare a workshop. It lasts half a day.")
    )
    assert not any(
        relation == "lasts"
        for _, relation, _ in triples(document("Vera bought a lamp and a chair. It lasts ten years."))
    )


def test_what_is_not_meant_is_no_day_of_an_appointment() -> None:
    found = triples(document("The dentist appointment is on 14 June, not on 12 June."))
    assert {object_ for _, _, object_ in found} == {"14 June"}


def test_a_written_message_tells_of_things_as_a_document_does() -> None:
    window = ParsedWindow(
        "transcript: mail, speaker Noor", (), {1: Part("transcript", "Noor: The flight costs 90 euros.")}
    )
    assert ("flight", "costs", "90 euros") in triples(extract([window], PARSER))


def test_what_is_counted_in_talk_keeps_its_number() -> None:
    window = ParsedWindow("conversation", (), {1: Part("user", "I have two daughters. I pay 950 euros rent.")})
    found = triples(extract([window], PARSER))
    assert {("the user", "has", "two daughters"), ("the user", "pays", "950 euros rent")} <= found


def test_who_is_only_told_to_do_something_is_no_object_of_the_verb_that_tells_so() -> None:
    assert triples(document("A court ordered Alpha Bank to pay a fine.")) == set()


def test_it_is_nothing_that_a_sentence_names_beside_what_it_is_about() -> None:
    """A lake is what the sentence is about: "it" is not the ridge beside it."""
    found = triples(document("Lake Ostra lies below the Teller Ridge. It is fed by two glaciers."))
    assert not any(relation == "is fed by" and subject == "Teller Ridge" for subject, relation, _ in found)

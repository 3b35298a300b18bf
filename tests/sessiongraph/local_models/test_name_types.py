"""Types of names: who is a person, an organization or a place, by what a text does with their names."""

import pytest

from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.prompt_format import Part, Window, parse, render

PARSER = SentenceParser()


def types_in(text, role="document", source="document: notes"):
    window = parse(render([Window(source, (), (Part(role, text),))])[0])
    return {entity.name: entity.type for entity in extract(window, PARSER).entities}


@pytest.mark.parametrize(
    ("text", "name", "type_"),
    [
        # What only persons do, and what only things do.
        ("Henning whispered something. Nobody heard it.", "Henning", "Person"),
        ("The parcel was signed for by Ottilie.", "Ottilie", "Person"),
        ('"Wait for me," whispered Selma.', "Selma", "Person"),
        ("Varkon weighs 11 kg and contains no gas.", "Varkon", "Concept"),
        ("The phones work with Zorbo. Zorbo needs 2 GB of memory.", "Zorbo", "Concept"),
        # What is done with organizations.
        ("Nadia quit Kelvane and joined Ostrum.", "Ostrum", "Organization"),
        ("The council signed a contract with Veltrix.", "Veltrix", "Organization"),
        ("Darvo will close its factory in May.", "Darvo", "Organization"),
        ("She works as a consultant for Ostrum.", "Ostrum", "Organization"),
        # The nouns beside a name.
        ("The brewery Hopster closes in May.", "Hopster", "Organization"),
        ("The lighthouse keeper, Ruan, had a boat.", "Ruan", "Person"),
        ("Clara has a dog called Rusk. Rusk barked at the postman.", "Rusk", "Concept"),
        ("Striker Milo Vance scored in Oslo.", "Milo Vance", "Person"),
        ("Carmaker Velora recalls 30,000 cars.", "Velora", "Organization"),
        ("Tell Luc that the train is late.", "Luc", "Person"),
        # Ways, and what lies at their ends.
        ("The ferry goes from Tarnvik to Esbo.", "Esbo", "Place"),
        ("Thousands marched through Tarnvik.", "Tarnvik", "Place"),
        # The words of a name.
        ("She met him at Studio Kant in Graz.", "Studio Kant", "Organization"),
        ("They walked to Kings Cross.", "Kings Cross", "Place"),
        ("The court of Gerber AG is in Bern.", "Gerber AG", "Organization"),
        ("They went to the Dublin Beer Festival.", "Dublin Beer Festival", "Event"),
        # Names that are joined are of one kind.
        ("We have shops in Tarnvik, Esbo and Lorna.", "Esbo", "Place"),
    ],
)
def test_a_name_has_the_type_that_its_sentence_tells(text, name, type_):
    assert types_in(text).get(name) == type_


def test_a_name_has_one_type_in_a_text():
    """What one sentence tells of a name holds for the others, which tell nothing."""
    text = "Brewpal was shown on Monday.\n\nBrewpal is a coffee machine. Brewpal costs 90 euros."
    assert types_in(text)["Brewpal"] == "Concept"
    assert types_in("Henrike Vos led the talks. Solvento got a call. Later Henrike left.")["Henrike"] == "Person"


def test_a_name_of_two_is_parted_where_a_preposition_stands_between():
    assert {"Argo", "Valparaiso"} <= types_in("Captain Hallam sailed the Argo to Valparaiso.").keys()


@pytest.mark.parametrize(
    ("heading", "item", "type_"),
    [
        ("Our partners", "Kampo", "Organization"),
        ("Players of the team", "Ekow", "Person"),
        ("Branches", "Vaasa", "Place"),
        ("Sponsors of the festival", "Nordia", "Organization"),
    ],
)
def test_the_heading_of_a_list_tells_what_its_items_are(heading, item, type_):
    assert types_in(f"{heading}:\n- {item}\n- Lorna")[item] == type_


def test_two_guests_of_one_line_are_two_persons():
    types = types_in("Guests:\n- Marion and Pierre\n- Dr. Lefebvre")
    assert types.items() >= {"Marion": "Person", "Pierre": "Person", "Dr. Lefebvre": "Person"}.items()


def test_the_column_of_a_table_tells_what_its_cells_are():
    types = types_in("| Course | Maker |\n| --- | --- |\n| Yoga | Rouzaire |\n| Pilates | Beemster |")
    assert types["Rouzaire"] == "Organization" and types.get("Yoga") != "Person"


def test_two_places_that_the_recogniser_took_for_one_are_two():
    types = types_in("The airline will stop its flights between Malaga and Tangier in October.")
    assert types.items() >= {"Malaga": "Place", "Tangier": "Place"}.items()

"""What is extracted, held to a schema: what is meant by a type, a relation or a name is it, and the rest is told."""

from typing import Any

import pytest

from sessiongraph.extraction.schema_fit import SchemaFit
from sessiongraph.graph_schema import GraphSchema

FIELDS: dict[str, Any] = {
    "entity_types": ["Person", "Drug", "Heart Disease", "Company"],
    "relations": {"takes": {"subject": "Person", "object": "Drug"}, "is allergic to": None, "has_dose": None},
    "individuals": {
        "Acetylsalicylic acid": {"type": "Drug", "names": ["Aspirin", "ASA"]},
        "American Sailing Association": {"type": "Company", "names": ["ASA"]},
        "東京": {},
    },
}
DROP, KEEP = (SchemaFit(GraphSchema(**FIELDS, others=others)) for others in ("drop", "keep"))


def entity(name: str, type: str) -> dict[str, str]:
    return {"name": name, "type": type}


def fact(subject: str, relation: str, object: str) -> dict[str, str]:
    return {"subject": subject, "relation": relation, "object": object, "statement": "as it was said"}


@pytest.mark.parametrize(
    ("given", "type"),
    [
        ("drugs", "Drug"),
        ("HEART_DISEASE", "Heart Disease"),
        ("heartDisease", "Heart Disease"),
        ("companies", "Company"),
    ],
)
def test_a_type_is_the_schemas_in_any_case_and_number(given: str, type: str) -> None:
    assert DROP.fit([entity("X", given)], [])[0] == [entity("X", type)]


@pytest.mark.parametrize(
    ("given", "relation"),
    [
        ("TAKES", "takes"),
        ("take", "takes"),
        ("has dose", "has_dose"),
        ("no longer takes", "no longer takes"),
        ("does not take", "does not take"),
        ("is not allergic to", "is not allergic to"),
        ("is called", "is called"),
        ("takes part in", None),
        ("does not like", None),
    ],
)
def test_a_relation_is_the_schemas_or_what_it_denies(given: str, relation: str | None) -> None:
    _, facts, dropped = DROP.fit([], [fact("Bob", given, "Valium")])
    assert [it["relation"] for it in facts] == ([relation] if relation else [])
    assert dropped["facts"] == (relation is None)
    assert KEEP.fit([], [fact("Bob", given, "Valium")])[1] == [fact("Bob", relation or given, "Valium")]


def test_what_does_not_fit_is_dropped_with_what_is_said_of_it_or_kept() -> None:
    mentions = [entity("Bob", "Person"), entity("Rex", "Dog"), entity("the user", "Somebody")]
    claims = [fact("Rex", "takes", "Valium"), fact("the user", "is allergic to", "Rex"), fact("the user", "takes", "X")]
    assert DROP.fit(mentions, claims) == (mentions[:1], claims[2:], {"entities": 2, "facts": 2})
    kept = [entity("Bob", "Person"), entity("Rex", "other"), entity("the user", "other")]
    assert KEEP.fit(mentions, claims) == (kept, claims, {})


def test_types_that_are_known_to_contradict_a_relation_are_no_fact_of_it() -> None:
    mentions = [entity("Bob", "Person"), entity("Acme", "Company"), entity("Valium", "Drug")]
    wrong = [fact("Acme", "TAKES", "Valium"), fact("Bob", "takes", "Acme")]
    right = [fact("Bob", "takes", "Valium"), fact("Bob", "takes", "two a day")]
    assert DROP.fit(mentions, wrong + right) == (mentions, right, {"facts": 2})
    assert KEEP.fit(mentions, wrong)[1] == wrong, "in its own words"


def test_an_individual_is_known_by_each_of_its_names_but_one_that_means_two() -> None:
    mentions = [entity("aspirin", "Painkiller"), entity("ASA", "Company")]
    found, facts, dropped = DROP.fit(mentions, [fact("Bob", "takes", "Aspirin")])
    assert found == [entity("Acetylsalicylic acid", "Drug"), entity("ASA", "Company")]
    assert facts == [fact("Bob", "takes", "Acetylsalicylic acid")]
    assert not dropped


def test_the_individuals_that_a_text_names_are_found_in_it() -> None:
    assert DROP.named_in("[1] user: Two aspirins?\n[2] user: No, the Aspirin's gone.") == ["Acetylsalicylic acid"]
    assert DROP.named_in("[1] 私は東京に住んでいます。") == ["東京"]
    assert DROP.named_in("[1] The aspirinate, an ASA.") == []


def test_without_types_or_relations_any_are_taken() -> None:
    fit = SchemaFit(GraphSchema(individuals={"Bob": {"names": "Bobby"}}, others="drop"))
    said = fit.fit([entity("Bobby", "Dog"), entity("Rex", "")], [fact("Bobby", "barks at", "Rex")])
    assert said == ([entity("Bob", "Dog"), entity("Rex", "")], [fact("Bob", "barks at", "Rex")], {})
    assert DROP.fit([entity("東京", "City")], [])[0] == [entity("東京", "other")], "it is named, of whatever type"

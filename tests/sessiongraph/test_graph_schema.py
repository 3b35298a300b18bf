"""Schemas of one's own, as YAML and as RDF: what is read, and what is refused before anything is written."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sessiongraph.errors import InvalidInputError
from sessiongraph.graph_schema import GraphSchema

YAML = """
entity_types:
  Person:
  Drug: a substance that is given to heal
relations:
  takes: {subject: Person, object: [Drug], description: what somebody takes}
  is allergic to:
individuals:
  Acetylsalicylic acid: {type: Drug, names: [Aspirin, ASA]}
  Bob: Person
instructions: Doses are no entities.
others: drop
"""
TURTLE = """
@prefix : <https://example.org/med#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<https://example.org/med> a owl:Ontology ; owl:imports <http://127.0.0.1:9/none> .
:Person a owl:Class .
:P1 a owl:Class ; rdfs:subClassOf :Person ; rdfs:label "Kranker"@de, "Patient"@en ; rdfs:comment "Who is treated." .
:HeartDrug a rdfs:Class .
:takesDrug a owl:ObjectProperty ; rdfs:domain :Person ; rdfs:range :HeartDrug .
:bornOn a owl:DatatypeProperty ; rdfs:domain [ a owl:Class ; owl:unionOf ( :P1 :HeartDrug ) ] .
:asa a owl:NamedIndividual, :HeartDrug ; rdfs:label "Acetylsalicylic acid" ; skos:altLabel "Aspirin" .
:bob a :Person, :P1 .
"""


def read(folder: Path, name: str, text: str) -> GraphSchema:
    (folder / name).write_text(text)
    return GraphSchema.from_file(folder / name)


def test_a_schema_is_read_from_yaml_and_is_one_text_in_any_order(tmp_path: Path) -> None:
    schema = read(tmp_path, "s.yaml", YAML)
    assert schema == GraphSchema(
        entity_types={"Drug": "a substance that is given to heal", "Person": ""},
        relations={
            "is allergic to": {},
            "takes": {"subject": ["Person"], "object": ["Drug"], "description": "what somebody takes"},
        },
        individuals={"Bob": {"type": "Person"}, "Acetylsalicylic acid": {"type": "Drug", "names": ["Aspirin", "ASA"]}},
        instructions="Doses are no entities.",
        others="drop",
    )
    turned = GraphSchema(**dict(reversed(schema.model_dump().items())))
    assert turned.to_text() == schema.to_text()
    assert GraphSchema.model_validate_json(schema.to_text()) == schema


def test_classes_properties_and_individuals_are_read_from_every_format_of_rdf(tmp_path: Path) -> None:
    import rdflib

    schema = read(tmp_path, "s.ttl", TURTLE)
    assert dict(schema.entity_types) == {"Person": "", "Patient": "Who is treated.", "Heart Drug": ""}
    takes = schema.relations["takes drug"]
    assert takes.subject == ("Person", "Patient"), "what is narrower than a type is of it, too"
    assert takes.object == ("Heart Drug",)
    assert set(schema.relations["born on"].subject) == {"Patient", "Heart Drug"}
    individuals = {name: (it.type, it.names) for name, it in schema.individuals.items()}
    assert individuals == {"Acetylsalicylic acid": ("Heart Drug", ("Aspirin",)), "bob": ("Patient", ())}

    graph = rdflib.Graph().parse(tmp_path / "s.ttl")
    for ending, format in (("owl", "xml"), ("nt", "nt11"), ("jsonld", "json-ld")):
        graph.serialize(tmp_path / f"s.{ending}", format=format)
        assert GraphSchema.from_file(tmp_path / f"s.{ending}") == schema, ending


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("s.yaml", "entity_types: {Drug: }\nentitytypes: {}", "entitytypes: Extra inputs"),
        ("s.yaml", "entity_types:\n  Drug: one\n  Drug: two", "line 3: the key 'Drug'"),
        ("s.yaml", "entity_types: [Drug]\n  relations: [takes]", "line 2"),
        ("s.yaml", "a: &a [x]\nb: *a", "line 2: aliases are not read"),
        ("s.yaml", "entity_types: {A: !!python/name:os.system x}", "line 1: could not determine a constructor"),
        ("s.yaml", "entity_types: [Has child, HAS_CHILD]", "'Has child' and 'HAS_CHILD' are read as one name"),
        ("s.yaml", "entity_types: {'...': }", "needs a letter or a digit"),
        ("s.yaml", "relations: {takes: {subject: Person}}", "relations.takes: 'Person' is not among entity_types"),
        ("s.yaml", "entity_types: [A]\nindividuals: {Bob: Person}", "individuals.Bob: 'Person' is not among"),
        ("s.yaml", "entity_types: [[A]]", "entity_types"),
        ("s.yaml", "", "is no schema of a graph"),
        ("s.yaml", "others: drop", "it says nothing"),
        ("s.yaml", f"entity_types: [{', '.join(f'T{n}' for n in range(301))}]", "entity_types: .*300"),
        ("s.yaml", f"entity_types: [{'n' * 61}]", "60 characters"),
        ("s.txt", "x", "ends in"),
        ("s.owl", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<r>&x;</r>', "XML entity .*line 1: 'x'"),
        ("s.owl", "<r>\n<a>", "line 2"),
        ("s.ttl", "@prefix : <x:> .\n:a b", "line 2"),
        ("s.jsonld", '{"@context": "http://127.0.0.1:9/c", "@id": "x:y"}', "@context"),
        ("s.jsonld", '{"@context": {"a": {"@id": "x:y", "@context": ["http://127.0.0.1:9/c"]}}}', "@context"),
        ("s.jsonld", "[" * 100_000, "no JSON"),
        ("s.ttl", TURTLE + ':P2 a owl:Class ; rdfs:label "Patient" .', "calls both .*'Patient'"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_line_or_key(tmp_path: Path, name: str, text: str, fault: str) -> None:
    with pytest.raises(InvalidInputError, match=fault):
        read(tmp_path, name, text)


def test_a_schema_that_says_nothing_is_none() -> None:
    with pytest.raises(ValidationError, match="it says nothing"):
        GraphSchema()
    with pytest.raises(InvalidInputError, match=r"gone\.yaml.* cannot be read"):
        GraphSchema.from_file("gone.yaml")

"""The last object that fits is the answer, wherever it stands; what it can mean is taken, and the rest costs itself."""

import json
from typing import Any

import pytest

from sessiongraph.llm.response_parsing import read_object
from sessiongraph.prompts.extraction_schema import Extraction, check_numbers

FACT = {
    "subject": "Ona",
    "relation": "works at",
    "object": "Fjordlab",
    "statement": "Ona works at Fjordlab.",
    "passage": 1,
}
ANSWER: dict[str, Any] = {
    "summaries": [{"passage": 1, "text": "Where Ona works."}],
    "entities": [{"name": "Ona", "type": "Person", "description": "", "passages": [1]}],
    "facts": [FACT | {"valid_at": "2019"}],
}
SAID = json.dumps(ANSWER)
DRAFT = json.dumps({"summaries": [{"passage": 1, "text": "a draft " * 80}], "entities": [], "facts": []})
SCHEMA = json.dumps(Extraction.model_json_schema())


def read(text: str, *more: str) -> dict[str, Any]:
    return read_object([text, *more], Extraction, lambda found: check_numbers(found, [1, 2])).model_dump()


AROUND = {
    "nothing": SAID,
    "a fence": f"```json\n{SAID}\n```",
    "prose before and after": f"Sure! Here it is: {SAID} Anything else?",
    "a draft in prose": f"Perhaps {DRAFT}? No: {SAID}",
    "a draft that is thought": f"I could answer {DRAFT} but no.</think>{SAID}",
    "a draft in a channel": f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>{SAID}",
    "a tool's channel": f"<|channel|>commentary to=functions.f <|constrain|>json<|message|>{SAID}<|call|>",
    "a thought after the answer's beginning": f"<think>{DRAFT}</think>{SAID}\n<think>Was that right? {DRAFT}",
    "one that does not fit behind it": f'{SAID}\n{{"confidence": 0.9}}',
    "a wrapper": json.dumps({"result": ANSWER}),
    "a wrapper with thoughts": json.dumps({"answer": ANSWER, "reasoning": json.loads(DRAFT)}),
    "a list of one": json.dumps([ANSWER]),
    "the schema first": f"{SCHEMA}\n{SAID}",
    "the schema's own fields": json.dumps(json.loads(SCHEMA) | ANSWER),
    "the schema filled in": json.dumps({"type": "object", "properties": ANSWER}),
    "JSON in JSON": json.dumps(SAID),
    "JSON in a wrapper": json.dumps({"arguments": SAID}),
    "trailing commas": SAID.replace("}]", "},]").replace("1]", "1 , ]"),
    "comments": "// as you asked\n" + SAID.replace('"facts"', '/* what is told */ "facts"'),
    "what Python writes": str(ANSWER | {"note": 'it\'s "so"', "sure": None, "https": "http://x"}),
    "texts in apostrophes": SAID.replace('"', "'"),
    "fields that we do not know": json.dumps(ANSWER | {"note": "x", "facts": [ANSWER["facts"][0] | {"sure": True}]}),
    "other capitals": SAID.replace('"facts"', '"Facts"').replace('"subject"', '"Subject"'),
}


@pytest.mark.parametrize("where", AROUND)
def test_the_answer_is_found_in_what_stands_around_it(where: str) -> None:
    assert read(AROUND[where]) == ANSWER


def test_a_tools_arguments_are_read_before_the_words_beside_them() -> None:
    assert read(f"I call it with {DRAFT}", SAID) == ANSWER


@pytest.mark.parametrize("statement", ["It ends with </think>, she says.", "Write <think> first.", "a\nb, c"])
def test_marks_and_line_breaks_in_a_text_are_that_text(statement: str) -> None:
    text = SAID.replace("Ona works at Fjordlab.", statement)
    assert read(f"<think>{DRAFT}</think>{text}")["facts"][0]["statement"] == statement


FIELDS: dict[str, tuple[str, Any, Any]] = {
    "a number for a text": ("object", 42, "42"),
    "a fraction for a text": ("object", 1.5, "1.5"),
    "a truth for a text": ("object", True, "true"),
    "null for a text": ("statement", None, ""),
    "a list for a text": ("object", ["tea", "cake"], "tea, cake"),
    "an object for a text": ("object", {"name": "Fjordlab", "type": "Organization"}, "Fjordlab"),
    "half an emoji": ("object", "caf\ud83d", "caf?"),
    "a text for a number": ("passage", "1", 1),
    "a number in brackets": ("passage", "[1]", 1),
    "a fraction for a number": ("passage", 1.0, 1),
    "a list for a number": ("passage", [1], 1),
    "a year": ("valid_at", 2019, "2019"),
    "a year as a fraction": ("valid_at", 2019.0, "2019"),
    "no text for a year": ("valid_at", {"from": 2019}, None),
}


@pytest.mark.parametrize(
    ("source", "predicate", "target", "facts"),
    [
        ("source", "predicate", "target", "relationships"),
        ("head", "relationship", "tail", "triples"),
        ("from", "verb", "to", "edges"),
    ],
)
def test_a_fact_in_the_words_of_other_graphs_is_that_fact(source: str, predicate: str, target: str, facts: str) -> None:
    names = {"subject": source, "relation": predicate, "object": target}
    (fact,) = ANSWER["facts"]
    renamed = {names.get(name, name): value for name, value in fact.items()}
    assert read(json.dumps({"entities": ANSWER["entities"], facts: [renamed]}))["facts"] == ANSWER["facts"]


def test_a_field_by_its_own_name_counts_before_all_others() -> None:
    assert (
        read(json.dumps(ANSWER | {"facts": [FACT | {"source": "page 3", "to": "x"}]}))["facts"][0]["subject"] == "Ona"
    )


@pytest.mark.parametrize("odd", FIELDS)
def test_a_field_is_taken_for_what_it_can_mean(odd: str) -> None:
    name, given, meant = FIELDS[odd]
    (found,) = read(json.dumps(ANSWER | {"facts": [FACT | {name: given}]}))["facts"]
    assert found == FACT | {"valid_at": None, name: meant}


@pytest.mark.parametrize(
    "item", [None, "Ona", 3, [], {}, {"subject": "A"}, FACT | {"passage": None}, FACT | {"passage": 99}]
)
def test_a_fact_that_cannot_be_used_costs_itself(item: Any) -> None:
    found = read(json.dumps(ANSWER | {"facts": [item, ANSWER["facts"][0]]}))
    assert found == ANSWER


@pytest.mark.parametrize("missing", ["summaries", "entities", "facts"])
@pytest.mark.parametrize("given", [None, "none", 3, "left out"])
def test_a_list_that_is_none_costs_itself(missing: str, given: Any) -> None:
    answer = {name: value for name, value in ANSWER.items() if name != missing}
    found = read(json.dumps(answer if given == "left out" else answer | {missing: given}))
    assert found == ANSWER | {missing: []}


@pytest.mark.parametrize(
    ("given", "left"), [(1, [1]), ("1, 2", [1, 2]), ([1, "2", None, 7], [1, 2]), ([1.0, True], [1])]
)
def test_the_passages_of_an_entity_are_those_that_can_be_read(given: Any, left: list[int]) -> None:
    entity = ANSWER["entities"][0]
    assert read(json.dumps(ANSWER | {"entities": [entity | {"passages": given}]}))["entities"][0]["passages"] == left


def test_a_lone_object_is_a_list_of_one() -> None:
    assert read(json.dumps({name: value[0] for name, value in ANSWER.items()})) == ANSWER


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no complete JSON object"),
        ("I cannot.", "no complete JSON object"),
        (SAID[:-4], "no complete JSON object"),
        (SCHEMA, "no complete JSON object"),
        (f"<think>{SAID}", "no complete JSON object"),
        (f"{SAID}</think>", "no complete JSON object"),
        ('{"summaries": 1}', "summaries: Input should be a valid list"),
        ('{"facts": "none", "entities": [3]}', "facts: Input should be a valid list"),
        (json.dumps({"facts": [FACT | {"passage": "?"}]}), "facts.0.passage: Input should be a valid integer"),
        (json.dumps({"facts": [FACT | {"passage": 99}]}), r"not given: \[99\]"),
        ('{"a":' * 4000, "no complete JSON object"),
        ('{"facts": [{"passage": 1' + "0" * 5000 + "}]}", "facts.0.passage: Input should be a valid integer"),
    ],
)
def test_an_answer_of_which_nothing_can_be_used_says_why(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read(text)


def test_an_answer_that_finds_nothing_is_one() -> None:
    assert read('{"summaries": [], "entities": [], "facts": []}') == {"summaries": [], "entities": [], "facts": []}

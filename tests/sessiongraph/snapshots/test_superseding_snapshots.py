"""Supersession from the words themselves: read by the local model, turn after turn, two months apart."""

import pandas as pd
import pytest

from sessiongraph.entity_resolution.entity_resolver import name_key
from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.prompts.prompt_format import ParsedWindow, Part
from sessiongraph.snapshots.fact_supersession import find_superseded

PARSER = SentenceParser()


def closed(*said: str) -> set[tuple[str, str]]:
    """(closed object, closing object) after a user has said one text every two months."""
    numbers: dict[str, int] = {}
    rows = []
    for place, text in enumerate(said):
        day = pd.Timestamp("2024-01-05") + pd.Timedelta(days=60 * place)
        window = ParsedWindow(f"conversation, {day:%Y-%m-%d}", (), {1: Part("user", text)})
        for fact in extract([window], PARSER).facts:
            subject, object_ = (
                numbers.setdefault(name_key(name), len(numbers)) for name in (fact.subject, fact.object)
            )
            rows.append(
                {
                    "id": str(len(rows)),
                    "subject": subject,
                    "object": object_,
                    "object_name": fact.object,
                    "relation": fact.relation,
                    "valid_at": fact.valid_at,
                    "said_at": day,
                    "last_said_at": day,
                    "stated_by": "user",
                }
            )
    frame = pd.DataFrame(rows)
    by = find_superseded(frame)["superseded_by"]
    return {
        (frame["object_name"][row], frame["object_name"][int(closing)])
        for row, closing in by.items()
        if closing is not None
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["Bob lives in Paris.", "Bob moved to Lyon."], ("Paris", "Lyon")),
        (["I live in Paris.", "I moved to Lyon last month."], ("Paris", "Lyon")),
        (["Bob lives in Paris.", "Bob now lives in Lyon."], ("Paris", "Lyon")),
        (["Bob moved to Oslo in 2010.", "Bob moved to Rome in 2019."], ("Oslo", "Rome")),
        (["Bob works at Acme.", "Bob works at Globex now."], ("Acme", "Globex")),
        (["Bob works for Acme.", "Bob started working for Globex."], ("Acme", "Globex")),
        (["I work at Acme.", "I got a new job at Globex."], ("Acme", "Globex")),
        (["Bob works as a nurse.", "Bob works as a pilot."], ("nurse", "pilot")),
        (["Bob works at Acme.", "Bob left Acme."], ("Acme", "Acme")),
        (["Bob is engaged to Carla.", "Bob is married to Dora."], ("Carla", "Dora")),
        (["Bob moved to Lyon in 2019.", "Bob moved to Paris in 2010."], ("Paris", "Lyon")),
    ],
)
def test_a_fact_that_a_later_statement_changes_is_closed(said: list[str], expected: tuple[str, str]) -> None:
    assert expected in closed(*said)


@pytest.mark.parametrize(
    "said",
    [
        ["Bob lived in Paris.", "Bob moved to Lyon."],
        ["Bob lives in Paris.", "Bob visited Lyon."],
        ["Bob lives in Paris.", "Bob wants to move to Lyon."],
        ["Bob lives in Paris.", "Bob will move to Lyon."],
        ["Bob lives in Paris.", "Carla moved to Lyon."],
        ["Bob lives in Paris.", "Bob is travelling to Lyon."],
        ["Bob lives in Paris.", "Bob thought about moving to Lyon."],
        ["Bob works at Acme.", "Bob works with Carla."],
        ["Bob works at Acme.", "Bob volunteers at Globex."],
        ["Bob works at Acme.", "Bob does not work at Globex."],
        ["Bob likes tea.", "Bob likes coffee."],
        ["Bob has a sister called Carla.", "Bob has a sister called Dora."],
        ["Bob joined a gym.", "Bob joined a choir."],
        ["Bob speaks French.", "Bob learned Spanish."],
        ["Lyon is in France.", "Lyon is in Europe."],
        ["Bob was married to Carla.", "Bob is married to Dora."],
        ["Bob moved to tears.", "Bob moved to the next round."],
        ["Bob's wife is Carla.", "Bob's friend is Dora."],
        ["Bob bought a car.", "Bob bought a house in Lyon."],
    ],
)
def test_what_may_be_so_together_stays_open(said: list[str]) -> None:
    assert closed(*said) == set()

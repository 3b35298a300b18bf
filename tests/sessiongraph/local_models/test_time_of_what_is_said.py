"""When what people say holds: read by its tense and by the day that it was where they said it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sessiongraph.local_models.extractive.extract import extract
from sessiongraph.local_models.extractive.sentence_parsing import SentenceParser
from sessiongraph.persistence.turn_passages import StagedTurn, session_passages
from sessiongraph.prompts.prompt_format import parse, render

PARSER = SentenceParser()


def dates_of(said: str, at: datetime) -> dict[str, str | None]:
    """The objects of the facts in what Ana said, and since when they hold."""
    offset = at.utcoffset() or timedelta()
    turn = StagedTurn(
        passage_id="p",
        document_id="d",
        turn_id="t",
        question=said,
        answer="OK.",
        created_at=at.astimezone(UTC).replace(tzinfo=None),
        position=0,
        score=None,
        content_hash="h",
        user_name="ana",
        utc_offset_minutes=int(offset.total_seconds()) // 60,
    )
    [passage] = session_passages([turn])
    found = extract(parse(render([passage.window])[0]), PARSER)
    return {fact.object: fact.valid_at for fact in found.facts}


def at(text: str, hours: float = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("said", "what", "since"),
    [
        ("I live in Oslo since March.", "Oslo", "2026-03"),
        ("I have lived in Oslo since June.", "Oslo", "2025-06"),
        ("I work at Acme since Tuesday.", "Acme", "2026-05-19"),
        ("Tom lives in Rome since 3 November.", "Rome", "2025-11-03"),
        ("Anna is married to Tom since June.", "Tom", "2025-06"),
        ("I met Tom in Rome on Friday.", "Rome", "2026-05-15"),
        ("I'm meeting Anna in Rome on Friday.", "Rome", "2026-05-22"),
        ("We moved to Lyon last week.", "Lyon", "2026-05-11"),
        ("Anna left Acme in September.", "Acme", "2025-09"),
        ("Anna leaves Acme in September.", "Acme", "2026-09"),
        ("I start at Acme next month.", "Acme", "2026-06"),
        ("I will visit Japan in two years.", "Japan", "2028"),
        ("I have booked a flight to Rome for next May.", "Rome", "2027-05"),
    ],
)
def test_a_statement_holds_since_when_its_tense_says(said: str, what: str, since: str) -> None:
    assert dates_of(said, at("2026-05-20T12:00"))[what] == since


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Fatima stays in Rome until 2 August.", "Rome"),
        ("Fatima stays in Rome until the end of August.", "Rome"),
        ("Anna rents a house in Lyon till next month.", "Lyon"),
        ("I learned Japanese in two years.", "Japanese"),
        ("I visit Tom in Rome on Fridays.", "Rome"),
    ],
)
def test_how_long_until_when_and_how_often_are_no_beginning(said: str, what: str) -> None:
    assert dates_of(said, at("2026-05-20T12:00"))[what] is None


@pytest.mark.parametrize(
    ("said", "moment", "since"),
    [
        ("I moved to Lyon yesterday.", at("2026-05-20T01:30", 12), "2026-05-19"),
        ("I moved to Lyon yesterday.", at("2026-05-20T23:30", -7), "2026-05-19"),
        ("I moved to Lyon yesterday.", at("2026-05-20T02:00", 5.5), "2026-05-19"),
        ("I moved to Lyon on Friday.", at("2026-05-23T00:10", 12), "2026-05-22"),
        ("I moved to Lyon on Friday.", at("2026-05-21T23:50", -7), "2026-05-15"),
        ("I move to Lyon next month.", at("2026-06-01T00:30", 12), "2026-07"),
        ("I move to Lyon next month.", at("2026-05-31T23:30", -7), "2026-06"),
        ("I live in Lyon since January.", at("2026-01-01T04:00", 5.5), "2026-01"),
        ("I move to Lyon in two years.", at("2025-12-31T20:00", -7), "2027"),
    ],
)
def test_the_day_is_the_one_where_it_was_said(said: str, moment: datetime, since: str) -> None:
    assert dates_of(said, moment)["Lyon"] == since

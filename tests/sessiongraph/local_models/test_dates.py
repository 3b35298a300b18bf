"""Dates: a fact that holds since the wrong day is worse than one without a date."""

from datetime import date

import pytest

from sessiongraph.local_models.extractive.dates import find, resolve, said_on

MONDAY = date(2023, 5, 8)
WEDNESDAY = date(2026, 5, 20)


def read(text: str, past: bool) -> str | None:
    (first, *_) = find(text)
    return resolve(first.text, WEDNESDAY, past)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in 2010", "2010"),
        ("on 8 May 2023", "2023-05-08"),
        ("on May 5th, 2021", "2021-05-05"),
        ("in May 2023", "2023-05"),
        ("on 2024-02-29", "2024-02-29"),
        ("yesterday", "2023-05-07"),
        ("two days ago", "2023-05-06"),
        ("last week", "2023-05-01"),
        ("last weekend", "2023-05-06"),
        ("last Saturday", "2023-05-06"),
        ("next Friday", "2023-05-12"),
        ("last Fri", "2023-05-05"),
        ("last year", "2022"),
        ("five years ago", "2018"),
        ("next month", "2023-06"),
        ("in June", "2022-06"),
        ("from 2010 to 2015", "2010"),
    ],
)
def test_a_date_is_read_against_the_day_it_was_said(text, expected):
    (first, *_) = find(f"It was {text}.")
    assert resolve(first.text, MONDAY) == expected


def test_without_a_day_relative_dates_are_none():
    assert resolve("yesterday", None) is None
    assert resolve("in June", None) is None
    assert resolve("in 2010", None) == "2010"


def test_an_undated_month_lies_ahead_in_the_future_tense():
    assert resolve("in June", MONDAY, past=False) == "2023-06"


@pytest.mark.parametrize(
    ("said", "behind", "ahead"),
    [
        ("on Friday", "2026-05-15", "2026-05-22"),
        ("on Wednesday", "2026-05-13", "2026-05-27"),
        ("on Thu", "2026-05-14", "2026-05-21"),
        ("this Monday", "2026-05-18", "2026-05-25"),
        ("Tuesday the 26th", "2026-04-26", "2026-05-26"),
        ("over the weekend", "2026-05-16", "2026-05-23"),
        ("this weekend", "2026-05-16", "2026-05-23"),
        ("in May", "2026-05", "2026-05"),
        ("in september", "2025-09", "2026-09"),
        ("at the end of June", "2025-06", "2026-06"),
        ("in mid-March", "2026-03", "2027-03"),
        ("early August", "2025-08", "2026-08"),
        ("on the 3rd", "2026-05-03", "2026-06-03"),
        ("12 Sept.", "2025-09-12", "2026-09-12"),
        ("starting in April", "2026-04", "2027-04"),
        ("in two years", None, "2028"),
        ("in 3 months", None, "2026-08"),
        ("in ten days", None, "2026-05-30"),
        ("in a week's time", None, "2026-05-27"),
        ("two years from now", None, "2028"),
    ],
)
def test_the_tense_tells_which_of_the_dates_that_recur(said: str, behind: str | None, ahead: str) -> None:
    assert (read(f"It was {said}.", past=True), read(f"It will be {said}.", past=False)) == (behind, ahead)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("since March", "2026-03"),
        ("since October", "2025-10"),
        ("since Friday", "2026-05-15"),
        ("since the 24th", "2026-04-24"),
        ("since the weekend", "2026-05-16"),
        ("since last June", "2025-06"),
        ("last May", "2025-05"),
        ("last Saturday", "2026-05-16"),
        ("March of last year", "2025-03"),
        ("3 November last year", "2025-11-03"),
        ("next May", "2027-05"),
        ("next October", "2026-10"),
        ("this coming Friday", "2026-05-22"),
        ("next month", "2026-06"),
        ("next week", "2026-05-25"),
        ("in July of next year", "2027-07"),
        ("the day after tomorrow", "2026-05-22"),
        ("the day before yesterday", "2026-05-18"),
    ],
)
def test_words_that_look_back_or_ahead_do_so_whatever_the_tense(said: str, expected: str) -> None:
    assert (read(f"So {said}.", past=True), read(f"So {said}.", past=False)) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("She is here since 3 June.", "since"),
        ("She is here ever since last week.", "since"),
        ("She stays until 3 June.", "until"),
        ("She stays till the 4th.", "until"),
        ("She was here through last summer.", "until"),
        ("She came on 3 June.", ""),
    ],
)
def test_a_date_says_what_it_bounds(text: str, bound: str) -> None:
    assert [expression.bound for expression in find(text)] == [bound]


@pytest.mark.parametrize(
    "text",
    [
        "We play on Fridays.",
        "We play on Friday evenings.",
        "We work on Monday to Friday.",
        "My desk is on the 3rd floor.",
        "We meet once in two years.",
        "Option 3 may work.",
        "I march 5 miles.",
        "We sat in the sun.",
        "Hablamos el viernes en mayo.",
        "Wir sehen uns am Freitag.",
    ],
)
def test_habits_verbs_floors_and_other_languages_are_no_dates(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("text", ["Room 2010 is free.", "I have 2000 books.", "It may rain.", "on 2023-02-31"])
def test_what_is_no_date_has_no_value(text):
    assert [resolve(expression.text, MONDAY) for expression in find(text)] in ([], [None])


def test_the_day_comes_from_the_source():
    assert said_on("conversation, 2023-05-08") == MONDAY
    assert said_on("document: notes") is None
    assert said_on("conversation, 2023-13-45") is None

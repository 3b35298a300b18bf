"""Dates: a fact that holds since the wrong day is worse than one without a date."""

from datetime import date

import pytest

from sessiongraph.local_models.extractive.dates import find, resolve, said_on

MONDAY = date(2023, 5, 8)


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


@pytest.mark.parametrize("text", ["Room 2010 is free.", "I have 2000 books.", "It may rain.", "on 2023-02-31"])
def test_what_is_no_date_has_no_value(text):
    assert [resolve(expression.text, MONDAY) for expression in find(text)] in ([], [None])


def test_the_day_comes_from_the_source():
    assert said_on("conversation with Ana, 2023-05-08") == MONDAY
    assert said_on("document: notes") is None
    assert said_on("conversation, 2023-13-45") is None

"""The days that a question speaks of: a wrong span puts the wrong turns in front of the right ones."""

from datetime import date

import pytest

from sessiongraph.retrieval.time_expressions import DateRange, parse_date_range

TODAY = date(2024, 3, 14)


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What did she paint last May?", "2023-05-01", "2023-05-31"),
        ("Where did they live in 2022?", "2022-01-01", "2022-12-31"),
        ("What broke two weeks ago?", "2024-02-26", "2024-03-03"),
        ("Who called yesterday?", "2024-03-13", "2024-03-13"),
        ("What was sold on 7 July 2021?", "2021-07-07", "2021-07-07"),
        ("Who came last summer?", "2023-06-01", "2023-08-31"),
        ("Who led it between 2019 and 2021?", "2019-01-01", "2021-12-31"),
        ("What was built from March 2021 to June 2021?", "2021-03-01", "2021-06-30"),
        ("What did he do the week before August 3, 2023?", "2023-07-27", "2023-08-03"),
        ("What did he do last weekend before April 10, 2023?", "2023-04-08", "2023-04-09"),
        ("What did he do in the last week of May 2023?", "2023-05-25", "2023-05-31"),
        ("What did he do in the first week of last May?", "2023-05-01", "2023-05-07"),
        ("What did he do on the second weekend of July 2023?", "2023-07-08", "2023-07-09"),
        ("What did he do in the last month of 2022?", "2022-12-01", "2022-12-31"),
        ("What did he do in the week of 3 August 2023?", "2023-07-31", "2023-08-06"),
        ("Where were they in the summer of 2022?", "2022-06-01", "2022-08-31"),
        ("Where were they in the fall of last year?", "2023-09-01", "2023-11-30"),
        ("Where were they before the summer of 2022?", "0001-01-01", "2022-05-31"),
        ("Who has worked there since 2019?", "2019-01-01", "2024-03-14"),
        ("Who worked there before 2020?", "0001-01-01", "2019-12-31"),
        ("Who worked there after May 2023?", "2023-06-01", "9999-12-31"),
        ("What did I buy on Friday?", "2024-03-08", "2024-03-08"),
        ("Who has been ill since Monday?", "2024-03-11", "2024-03-14"),
        ("Where were we over the weekend?", "2024-03-09", "2024-03-10"),
        ("What did I do in May?", "2023-05-01", "2023-05-31"),
        ("What did Will do on Sunday?", "2024-03-10", "2024-03-10"),
        ("Who will come on Sunday?", "2024-03-17", "2024-03-17"),
        ("Where are we going to be in May?", "2024-05-01", "2024-05-31"),
        ("What will I do in two years?", "2026-01-01", "2026-12-31"),
        ("When'll we meet in early June?", "2024-06-01", "2024-06-30"),
    ],
)
def test_a_question_speaks_of_these_days(question: str, start: str, end: str) -> None:
    assert parse_date_range(question, TODAY) == DateRange(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    "question",
    [
        "May I march?",
        "Will May come?",
        "Who won March Madness?",
        "Who sat in the sun?",
        "What was it before the move?",
    ],
)
def test_words_that_only_look_like_dates_are_none(question: str) -> None:
    assert parse_date_range(question, TODAY) is None


def test_a_month_without_its_year_is_the_last_one_that_there_is_something_of() -> None:
    june = DateRange(date(2021, 6, 1), date(2021, 6, 30))
    assert parse_date_range("Where did we go in June?", TODAY, newest=date(2021, 9, 1)) == june
    assert parse_date_range("Where will we go in June?", TODAY, newest=date(2021, 9, 1)) == DateRange(
        date(2024, 6, 1), date(2024, 6, 30)
    )
    assert parse_date_range("Where did we go last month?", TODAY, newest=date(2021, 9, 1)) == DateRange(
        date(2024, 2, 1), date(2024, 2, 29)
    )

"""Dates at the precision that they have: their order is one, whatever is mixed."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiongraph.snapshots.partial_dates import (
    PartialDate,
    chronological_ranks,
    first_and_last_day,
    is_before,
    parse_partial_date,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2026", (2026,)), ("2026-03", (2026, 3)), ("2026-03-01", (2026, 3, 1)), ("0987-05", (987, 5)), ("987", (987,)),
        ("2026-3-1", (2026, 3, 1)), ("-0044-03-15", (-44, 3, 15)), (" 2026 ", (2026,)),
        ("2026-02-31", (2026, 2)), ("2026-00-00", (2026,)), ("2026-13", (2026,)),
        ("2026-03-01T10:30", (2026, 3, 1, 10, 30)), ("2026-03-01T00:30+02:00", (2026, 2, 28, 22, 30)),
        ("2026-03-01T10:30:05Z", (2026, 3, 1, 10, 30, 5, 0)), ("2026-03-01T99:99", (2026, 3, 1)),
        ("44 BC", None), ("", None), (None, None), ("0000-00-00", None), ("c. 2010", None), ("20261", None),
        ("soon", None), (float("nan"), None), ("0001-01-01T00:00+09:00", (1, 1, 1)),
    ],
)  # fmt: skip
def test_a_date_is_read_as_far_as_it_is_possible(text: object, parts: PartialDate | None) -> None:
    assert parse_partial_date(text) == parts


@pytest.mark.parametrize(
    ("one", "other"),
    [("2020", "2026-03"), ("2026-03-31", "2026-04"), ("2026-02", "2026-03-01"), ("987", "1066-10-14"), ("-44", "0033")],
)
def test_dates_of_any_precision_are_in_order(one: str, other: str) -> None:
    earlier, later = parse_partial_date(one), parse_partial_date(other)
    assert earlier and later and is_before(earlier, later) and not is_before(later, earlier)


@pytest.mark.parametrize(
    ("whole", "part"), [("2026", "2026-03"), ("2026-03", "2026-03-31"), ("2026-03-01", "2026-03-01T10:00")]
)
def test_what_contains_another_is_neither_before_nor_after_it(whole: str, part: str) -> None:
    one, other = parse_partial_date(whole), parse_partial_date(part)
    assert one and other and not is_before(one, other) and not is_before(other, one)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2024-02", (date(2024, 2, 1), date(2024, 2, 29))), ("1900-02", (date(1900, 2, 1), date(1900, 2, 28))),
        ("2026", (date(2026, 1, 1), date(2026, 12, 31))), ("2026-03-05T10:00", (date(2026, 3, 5), date(2026, 3, 5))),
        ("-0044", None),
    ],
)  # fmt: skip
def test_a_month_contains_its_days(text: str, days: tuple[date, date] | None) -> None:
    when = parse_partial_date(text)
    assert when and first_and_last_day(when) == days


numbers = [st.integers(-3, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 1)]
dates = st.integers(1, 4).flatmap(lambda length: st.tuples(*numbers[:length]))
told = st.lists(st.tuples(dates, st.integers(0, 3).map(lambda day: datetime(2026, 1, 1) + timedelta(day))), max_size=12)


@given(told)
def test_ranks_are_one_order_and_never_against_a_date(facts: list[tuple[PartialDate, datetime]]) -> None:
    """Ranks are numbers, so that the order is transitive; it is total where dates do not contain each other."""
    ranks = chronological_ranks([when for when, _ in facts], [said for _, said in facts])
    for (one, said), rank in zip(facts, ranks, strict=True):
        for (other, other_said), other_rank in zip(facts, ranks, strict=True):
            if is_before(one, other) or (one == other and said < other_said):
                assert rank < other_rank


@given(told)
def test_ranks_do_not_depend_on_the_order_in_which_facts_come(facts: list[tuple[PartialDate, datetime]]) -> None:
    ranks = chronological_ranks([when for when, _ in facts], [said for _, said in facts])
    again = chronological_ranks([when for when, _ in facts[::-1]], [said for _, said in facts[::-1]])
    assert ranks == again[::-1]


@given(dates, dates, dates)
def test_before_is_transitive(one: PartialDate, other: PartialDate, third: PartialDate) -> None:
    assert not (is_before(one, other) and is_before(other, third)) or is_before(one, third)


def test_two_of_which_one_contains_the_other_are_in_the_order_in_which_they_were_said() -> None:
    first, second = datetime(2026, 1, 1), datetime(2026, 2, 1)
    assert chronological_ranks([(2015,), (2015, 5)], [first, second]) == [0, 1]
    assert chronological_ranks([(2015,), (2015, 5)], [second, first]) == [1, 0]
    assert chronological_ranks([(2015,), (2015, 5)], [first, first]) == [0, 0]

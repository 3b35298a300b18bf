"""Supersession: facts that are over, since when and by which other; and above all, facts that are not."""

import pandas as pd
import pytest

from sessiongraph.snapshots.fact_supersession import CONTAINMENT, find_superseded, relation_family

JANUARY, MARCH, MAY = (pd.Timestamp(2024, month, 5) for month in (1, 3, 5))
NUMBERS = {name: number for number, name in enumerate(("Alice", "Paris", "Lyon", "France", "Acme", "Globex", "Tom"))}


def fact(
    object_: str,
    relation: str = "lives in",
    said_at: pd.Timestamp = JANUARY,
    valid_at: str | None = None,
    by: str = "user",
    subject: str = "Alice",
    last: pd.Timestamp | None = None,
) -> dict[str, object]:
    return {
        "subject": NUMBERS.setdefault(subject, len(NUMBERS)),
        "object": NUMBERS.setdefault(object_, len(NUMBERS)),
        "object_name": object_,
        "relation": relation,
        "valid_at": valid_at,
        "said_at": said_at,
        "last_said_at": last or said_at,
        "stated_by": by,
    }


def closed(*facts: dict[str, object]) -> list[tuple[str | None, str | None]]:
    """(valid_until, superseded_by) of each; a fact's id is its number. The order in which they come never matters."""
    frame = pd.DataFrame(facts)
    frame.insert(0, "id", [str(number) for number in range(len(facts))])
    found = find_superseded(frame)
    again = find_superseded(frame.iloc[::-1])
    pd.testing.assert_frame_equal(found, again.sort_index())
    return list(zip(found["valid_until"], found["superseded_by"], strict=True))


OPEN = (None, None)
LIVED = fact("Paris")


def test_moving_closes_where_one_lived_before_and_nothing_else() -> None:
    others = [fact("Globex", "works with"), fact("Paris", subject="Tom"), fact("Paris", "visited")]
    assert closed(LIVED, fact("Lyon", "moved to", MARCH), *others) == [(MARCH.isoformat(), "1"), *[OPEN] * 4]


def test_a_chain_of_moves_is_closed_link_by_link_at_the_dates_stated() -> None:
    moves = [
        fact(place, "moved to", MAY, year) for place, year in (("Paris", "2010"), ("Lyon", "2015"), ("Riga", "2019"))
    ]
    assert closed(*moves) == [("2015", "1"), ("2019", "2"), OPEN]


def test_without_the_later_fact_the_earlier_is_open_again() -> None:
    assert closed(LIVED) == [OPEN]


@pytest.mark.parametrize(
    "later",
    [
        fact("Lyon", "moved to", MARCH, "2010"),  # told later, but long ago
        fact("Lyon", "lived in", MARCH),
        fact("Lyon", "wants to move to", MARCH),
        fact("Lyon", "is moving to", MARCH),
        fact("Lyon", "does not live in", MARCH),
        fact("Lyon", "also lives in", MARCH),
        fact("the next round", "moved to", MARCH),
        fact("Lyon", "moved to", MARCH, by="assistant"),
        fact("Paris", "moved to", MARCH),
        fact("Lyon", "moved to", JANUARY),  # in one breath
        fact("Lyon", "lives in", MARCH, by="document"),  # added later: not true later
    ],
)
def test_what_does_not_close(later: dict[str, object]) -> None:
    assert closed(LIVED, later)[0] == OPEN


def test_a_state_closes_a_state_where_a_user_said_it_later_or_both_are_dated() -> None:
    assert closed(LIVED, fact("Lyon", said_at=MARCH))[0] == (MARCH.isoformat(), "1")
    dated = [
        fact(place, said_at=MAY, valid_at=year, by="document") for place, year in (("Paris", "2010"), ("Lyon", "2015"))
    ]
    assert closed(*dated) == [("2015", "1"), OPEN]


def test_what_is_within_another_is_no_contradiction() -> None:
    assert relation_family("is located in") == CONTAINMENT
    inside = fact("France", "is located in", subject="Paris")
    assert closed(LIVED, fact("France", said_at=MARCH), inside) == [OPEN] * 3


def test_a_state_that_was_said_again_stands_and_closes_what_was_said_between() -> None:
    assert closed(fact("Paris", last=MAY), fact("Lyon", said_at=MARCH)) == [OPEN, (MAY.isoformat(), "0")]


def test_an_end_closes_what_it_is_the_end_of() -> None:
    works = [fact("Acme", "works at"), fact("Globex", "works for")]
    assert closed(*works, fact("Acme", "left", MARCH)) == [(MARCH.isoformat(), "2"), OPEN, OPEN]


def test_an_assistant_closes_what_an_assistant_claimed() -> None:
    claimed = fact("Paris", by="assistant")
    assert closed(claimed, fact("Lyon", "moved to", MARCH, by="assistant"))[0] == (MARCH.isoformat(), "1")
    assert closed(claimed, fact("Lyon", "moved to", MARCH))[0] == (MARCH.isoformat(), "1")


def test_a_year_and_a_day_of_it_are_in_no_order() -> None:
    moves = [fact("Paris", "moved to", JANUARY, "2015"), fact("Lyon", "moved to", JANUARY, "2015-05-07")]
    assert closed(*moves) == [OPEN, OPEN]


def test_two_undated_moves_in_documents_are_in_no_order() -> None:
    moves = [fact(place, "moved to", day, by="document") for place, day in (("Paris", JANUARY), ("Lyon", MARCH))]
    assert closed(*moves) == [OPEN, OPEN]


@pytest.mark.parametrize(
    "relation",
    ["visited", "works with", "lived in", "was married to", "is the capital of", "is CEO of", "likes", "has", "knows"],
)
def test_relations_that_admit_several_objects_are_in_no_group(relation: str) -> None:
    assert relation_family(relation) is None


@pytest.mark.parametrize(
    ("relation", "group"),
    [
        ("lives in", "home"), ("is currently living in", "home"), ("has moved back to", "home"), ("LIVES_IN", "home"),
        ("works at", "employer"), ("is employed by", "employer"),
        ("started working for", "employer"),
        ("works as", "occupation"), ("was promoted to", "occupation"),
        ("is married to", "partner"), ("has wife", "partner"),
        ("has CEO", "ceo"), ("has population of", "population"), ("is headquartered in", "seat"),
    ],
)  # fmt: skip
def test_relations_of_one_object_at_a_time_have_a_group(relation: str, group: str) -> None:
    assert relation_family(relation) == group


def test_nothing_comes_of_no_facts() -> None:
    columns = ["id", *fact("Paris")]
    assert find_superseded(pd.DataFrame(columns=columns)).empty


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (fact("Paris"), fact("Lyon", "moved to", MARCH, "2024-03")),
        (fact("Paris", said_at=MARCH), fact("Lyon", "moved to", MAY, "2024")),
        (fact("Paris", valid_at="2020"), fact("Lyon", "moved to", MARCH, "2024-03")),
        (fact("Paris", said_at=MARCH, valid_at="2024-03-20"), fact("Lyon", "moved to", MAY, "2024-03")),
        (fact("Paris", valid_at="2023-12-31T20:00"), fact("Lyon", "moved to", JANUARY, "2024")),
        (fact("Paris", "moved to", valid_at="987-05"), fact("Lyon", "moved to", valid_at="1066")),
        (fact("Acme", "works at", MARCH), fact("Globex", "started working at", MAY, "2024")),
        (fact("Acme", "works at", MARCH), fact("Acme", "left", MAY, "2024")),
    ],
)
def test_a_month_or_a_year_that_was_told_later_closes_what_was_said_in_it(
    earlier: dict[str, object], later: dict[str, object]
) -> None:
    assert closed(earlier, later) == [(later["valid_at"], "1"), OPEN]


def test_a_day_in_a_month_that_was_told_before_the_month_does_not_close_it() -> None:
    moves = [fact("Lyon", "moved to", MARCH, "2024-03-01"), fact("Riga", "moved to", MAY, "2024-03")]
    assert closed(*moves) == [("2024-03", "1"), OPEN]


def test_moves_whose_dates_and_tellings_go_round_in_a_circle_are_closed_one_by_one() -> None:
    said = [fact("Riga", "moved to", JANUARY, "2015-05"), fact("Paris", "moved to", MARCH, "2015")]
    assert closed(*said, fact("Lyon", "moved to", MAY, "2015-02")) == [OPEN, ("2015-02", "2"), ("2015-05", "0")]


@pytest.mark.parametrize("garbage", ["44 BC", "soon", "0000-00-00", "99999", "next year"])
def test_what_is_no_date_counts_as_none(garbage: str) -> None:
    assert closed(LIVED, fact("Lyon", "moved to", MARCH, garbage)) == [(MARCH.isoformat(), "1"), OPEN]


@pytest.mark.parametrize(
    ("old", "new"), [("東京", "大阪"), ("दिल्ली", "पुणे"), ("القاهرة", "دبي"), ("ירושלים", "חיפה"), ("서울", "부산")]
)
def test_a_place_in_a_script_without_capitals_is_a_proper_name(old: str, new: str) -> None:
    assert closed(fact(old), fact(new, "moved to", MARCH))[0] == (MARCH.isoformat(), "1")


@pytest.mark.parametrize(
    ("stated", "ended"),
    [
        ("works at", "no longer works at"),
        ("works at", "does not work at any more"),
        ("is employed by", "is no longer employed by"),
        ("lives in", "used to live in"),
        ("likes", "no longer likes"),
        ("likes", "doesn't like anymore"),
        ("smokes", "stopped smoking"),
        ("is learning", "has given up learning"),
        ("is", "is no longer"),
        ("is married to", "is no longer married to"),
        ("plays", "quit playing"),
        ("is on", "is no longer on"),
    ],
)
def test_what_is_over_is_closed_on_the_day_on_which_that_is_said(stated: str, ended: str) -> None:
    name = "Monday" if stated == "is on" else "Acme"
    told = [fact(name, stated), fact("Globex", stated), fact(name, "visited"), fact(name, ended, MARCH)]
    assert closed(*told) == [(MARCH.isoformat(), "3"), OPEN, OPEN, OPEN]
    assert closed(fact(name, stated, MARCH), fact(name, ended)) == [OPEN, OPEN]  # and begun again


@pytest.mark.parametrize("relation", ["does not like", "never liked", "likes", "stopped at"])
def test_a_denial_ends_nothing(relation: str) -> None:
    assert closed(fact("Acme", "likes"), fact("Acme", relation, MARCH))[0] == OPEN


@pytest.mark.parametrize(
    ("relation", "first", "then"),
    [
        ("has phone number", "555 1234", "555 9876"),
        ("has e-mail address", "ana@a.example", "ana@b.example"),
        ("has favourite colour", "green", "blue"),
        ("is on", "Monday", "3 June"),
        ("is scheduled for", "Monday", "Tuesday"),
        ("has address", "Storgata 5", "Lillegata 6"),
        ("has marital status", "married", "divorced"),
        ("has age", "34", "35"),
    ],
)
def test_what_one_has_one_of_is_replaced_by_what_is_told_later(relation: str, first: str, then: str) -> None:
    assert closed(fact(first, relation), fact(then, relation, MARCH)) == [(MARCH.isoformat(), "1"), OPEN]


def test_favourites_of_two_kinds_and_places_that_are_no_days_stand_side_by_side() -> None:
    assert closed(fact("green", "has favourite colour"), fact("soup", "has favourite food", MARCH)) == [OPEN, OPEN]
    assert closed(fact("the shelf", "is on"), fact("the table", "is on", MARCH)) == [OPEN, OPEN]

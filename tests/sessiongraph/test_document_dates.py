"""The day of a document is one that it says, in full; what only might be one is none."""

import pytest

from sessiongraph.document_dates import day_in_stamp, document_day, heading_day, heading_days


@pytest.mark.parametrize(
    "line",
    [
        "Journal, 4 May 2019", "## 4 May 2019", "2019-05-04", "# 2019-05-04 Saturday", "**May 4th, 2019**",
        "Samstag, 4. Mai 2019", "04.05.2019", "le 4 mai 2019", "4 de mayo de 2019", "Суббота, 4 мая 2019 г.",
        "2019年5月4日 土曜日", "2019년 5월 4일", "2019. 5. 4.", "[[2019-05-04]]", "2019-05-04 08:30",
        "4 Mayıs 2019 Cumartesi", "4 maja 2019", "Dear diary, 4 May 2019", "## Harbour walk with Edda, 4 May 2019",
        "Date: 2019-05-04", "Saturday the 4th of May, 2019",
    ],
)  # fmt: skip
def test_a_heading_of_a_day(line: str) -> None:
    assert str(heading_day(line)) == "2019-05-04"


@pytest.mark.parametrize(
    "line",
    [
        "Edda moved on 4 May 2019", "Edda died 4 May 2019", "Born 4 May 1990", "Due: 2019-05-04", "04/05/2019",
        "## Deadline: 2019-05-04", "Invoice 2019-05-04-778", "4 May", "## May 2019", "2019-13-45", "version 2.2019.1",
        "  2019-05-04", "2019-05-04: went to Riga with Dora and slept there", "4 MAYIS", "32.05.2019", "",
    ],
)  # fmt: skip
def test_what_is_none(line: str) -> None:
    assert heading_day(line) is None


def test_a_day_that_cannot_be_a_month_is_told_with_slashes_too() -> None:
    assert str(heading_day("25/03/2021")) == str(heading_day("03/25/2021")) == "2021-03-25"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("2021-03-12_notes.md", "x"),
        ("notes-20210312.txt", "x"),
        ("call 2021_03_12.md", "x"),
        ("Bericht 12.03.2021.pdf", "x"),
        ("日記2021-03-12.txt", "x"),
        ("a.md", "---\ntitle: x\ndate: 2021-03-12T10:00:00Z\n---\nhi"),
        ("a.md", '---\ndate: "12 March 2021"\n---\nhi'),
        ("a.md", "+++\ndate = 2021-03-12\n+++\nhi"),
        ("a.txt", "From: Edda\nTo: Dora\nDate: Fri, 12 Mar 2021 23:30:00 -0800\n\nhi"),
        ("a.txt", "Дневник, 12 марта 2021\n\nhi"),
        ("2020-01-01.md", "---\ndate: 2021-03-12\n---\nhi"),
    ],
)
def test_the_day_of_a_document(name: str, text: str) -> None:
    assert str(document_day(name, text)) == "2021-03-12"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("order-202103121234.txt", "x"),
        ("v1.2.2021.txt", "x"),
        ("text", "Edda met Dora on 12 March 2021."),
        ("a.md", "---\ntitle: 2021-03-12\n---\nhi"),
        ("a.txt", "Date: soon\nhi"),
        ("2021-02-30.md", "x"),
    ],
)
def test_a_document_without_one(name: str, text: str) -> None:
    assert document_day(name, text) is None


def test_headings_are_found_where_they_stand() -> None:
    text = "# Log\n\n## 4 May 2019\nA.\n\n2019-05-06\nB on 7 May 2019 went away.\n"
    assert [(text[at : at + 5], str(day)) for at, day in heading_days(text)] == [
        ("## 4 ", "2019-05-04"), ("2019-", "2019-05-06"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "stamp", ["2021-03-12", "20210312", "2021-03-12T23:59:59-08:00", "Fri, 12 Mar 2021 01:00 +0900"]
)
def test_the_day_of_a_stamp_is_its_own_zones(stamp: str) -> None:
    assert str(day_in_stamp(stamp)) == "2021-03-12"

"""What is added has its day, and what of it was not read is told where it was added from."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import InvalidInputError, SearchType
from tests.sessiongraph.ingestion.conftest import IMAGE, line, pdf


async def moved_on(dataset: str) -> list[str | None]:
    await sessiongraph.cognify(dataset)
    graph = await sessiongraph.graph(dataset)
    return [fact.get("valid_at") for *_, fact in graph.edges(data=True)]


@pytest.mark.parametrize(
    ("said_at", "day"),
    [
        (date(2019, 5, 4), "2019-05-03"),
        (datetime(2019, 5, 4, 23, 30, tzinfo=timezone(timedelta(hours=-8))), "2019-05-03"),
        (datetime(2019, 5, 4, 0, 30, tzinfo=UTC), "2019-05-03"),
    ],
)
async def test_yesterday_is_the_day_before_the_given_one(home: Path, said_at: date, day: str) -> None:
    await sessiongraph.add("Yesterday Astrid moved to Malmo.", "d", said_at=said_at)
    assert await moved_on("d") == [day]


@pytest.mark.parametrize(
    "text",
    [
        "Journal, 4 May 2019\n\nYesterday Astrid moved to Malmo.",
        "## 4 May 2019\n\nYesterday Astrid moved to Malmo.",
        "---\ndate: 2019-05-04\n---\n\nYesterday Astrid moved to Malmo.",
    ],
)
async def test_yesterday_is_the_day_before_the_documents_own(home: Path, text: str) -> None:
    await sessiongraph.add(text, "d")
    assert "2019-05-03" in await moved_on("d")


async def test_without_a_day_there_is_no_date_and_never_that_of_the_import(home: Path) -> None:
    await sessiongraph.add("Yesterday Astrid moved to Malmo.", "d")
    assert await moved_on("d") == [None]


async def test_a_passage_is_cited_by_its_own_day(home: Path) -> None:
    await sessiongraph.add("Astrid repairs clocks in Malmo.", "d", said_at=date(2019, 5, 4))
    await sessiongraph.cognify("d")
    (result,) = await sessiongraph.search("clocks", query_type=SearchType.CHUNKS, datasets=["d"], only_context=True)
    assert result.citations[0].said_at == datetime(2019, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["2019-05-04", 2019, ["2019"]])
async def test_what_is_no_date_is_refused_before_anything_is_written(home: Path, wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="said_at is of type"):
        await sessiongraph.add("Astrid.", "d", said_at=wrong)
    assert [dataset.name for dataset in await sessiongraph.datasets.list()] == []


async def test_what_was_not_read_is_in_the_report_by_name(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(line(60, 700, "The charter of Asta follows on these pages."), IMAGE))
    (tmp_path / "b.html").write_text("<p>Dora came.</p><p hidden>Edda left.</p>")
    (tmp_path / "c.csv").write_text("name,port\nAsta,Visby\nDora\n")
    (tmp_path / "d.txt").write_text("Nothing to tell.")
    report = await sessiongraph.add(tmp_path, "d")
    assert list(report.warnings) == ["a.pdf", "b.html", "c.csv"]
    assert all("Edda" not in warning for warnings in report.warnings.values() for warning in warnings)

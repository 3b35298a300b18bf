"""A passage goes to the model with the day that it is of, so that its "yesterday" is a day; and without one as ever."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.extraction.chunking import chunk_offsets
from sessiongraph.ids import content_id
from sessiongraph.ingestion.ingest import ingest
from sessiongraph.ingestion.parsing import ParsedDocument
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.types import User

ANA = User("u", "ana")


async def passages(folder: Path, *documents: ParsedDocument) -> list[tuple[str, str]]:
    """(source, text) of each passage of `documents`."""
    store = DuckDBStore(folder / "graph.duckdb")
    await ingest(store, documents, user=ANA, node_sets=(), run_id="add")
    await chunk_documents(store, "chunk")
    found = store.read(lambda con: read_chunk_passages(con, None))
    return [(passage.window.source, passage.window.text) for passage in found]


def document(text: str, name: str = "text", said_on: date | None = None) -> ParsedDocument:
    return ParsedDocument(name, None, text, "text/plain", (), said_on)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Before.\n\n## 4 May 2019\nAsta came.\n\n## 6 May 2019\nDora left.", ["", "2019-05-04", "2019-05-06"]),
        ("2019-05-04\nAsta came.\n\n2019-05-06\nDora left.", ["2019-05-04", "2019-05-06"]),
        ("Суббота, 4 мая 2019\nПриехала Аста.\n\n6 мая 2019 г.\nУехала Дора.", ["2019-05-04", "2019-05-06"]),
        ("2019年5月4日\nアスタが来た。\n\n2019年5月6日\nドラが去った。", ["2019-05-04", "2019-05-06"]),
        ("Tagebuch, 4. Mai 2019\nAsta kam.\n\n6. Mai 2019\nDora ging.", ["2019-05-04", "2019-05-06"]),
    ],
)
async def test_passages_of_a_journal_take_the_day_of_the_heading_above(
    tmp_path: Path, text: str, days: Sequence[str]
) -> None:
    found = await passages(tmp_path, document(text))
    assert [source for source, _ in found] == [f"document: text, {day}" if day else "document: text" for day in days]
    assert "".join(text.split()) == "".join("".join(words.split()) for _, words in found)


@pytest.mark.parametrize(
    ("name", "text", "given"),
    [
        ("2019-05-04_notes.md", "Asta came.", None),
        ("notes.md", "---\ndate: 2019-05-04\n---\nAsta came.", None),
        ("notes.md", "Asta came.", date(2019, 5, 4)),
        ("2001-01-01.md", "## 2 February 2002\nAsta came.", date(2019, 5, 4)),
    ],
)
async def test_a_documents_own_day_holds_where_no_heading_says_another(
    tmp_path: Path, name: str, text: str, given: date | None
) -> None:
    ((source, _),) = await passages(tmp_path, document(text, name, given))
    assert source == f"document: {name}, 2019-05-04"


async def test_a_long_entry_keeps_its_day_in_each_passage(tmp_path: Path) -> None:
    entry = "Asta came to Visby and stayed. " * 100
    found = await passages(tmp_path, document(f"## 4 May 2019\n{entry}\n## 6 May 2019\n{entry}"))
    days = [source[-10:] for source, _ in found]
    assert days == sorted(days) and set(days) == {"2019-05-04", "2019-05-06"} and len(days) > 4


@pytest.mark.parametrize(
    "text", ["Asta came on 4 May 2019.", "4/5/2019\nAsta came.", "Аста приехала.", "アスタが来た。"]
)
async def test_windows_without_a_day_are_what_they_were(tmp_path: Path, text: str) -> None:
    store = DuckDBStore(tmp_path / "graph.duckdb")
    report = await ingest(store, [document(text)], user=ANA, node_sets=(), run_id="add")
    await chunk_documents(store, "chunk")
    found = store.read(lambda con: read_chunk_passages(con, None))
    ((start, stop),) = chunk_offsets(text)
    assert [passage.id for passage in found] == [content_id("chunk", report.document_ids[0], str(start), str(stop))]
    assert found[0].window.digest == content_id("window", "document: text", "1", "document", text)


async def test_what_an_earlier_version_cut_into_passages_gets_no_day(tmp_path: Path) -> None:
    """Its window is in the graph: with a day it would be another, and be extracted anew."""
    store = DuckDBStore(tmp_path / "graph.duckdb")
    text = "4 May 2019\nAsta came."
    await ingest(store, [document(text)], user=ANA, node_sets=(), run_id="add")
    row = {"passage_id": "p", "start": 0, "stop": len(text)}
    store.write(
        "r",
        "a",
        lambda tx: tx.insert(
            "chunks", [row | {"document_id": tx.connection.execute("SELECT id FROM documents").fetchall()[0][0]}]
        ),
    )
    assert await chunk_documents(store, "chunk") == 0
    (passage,) = store.read(lambda con: read_chunk_passages(con, None))
    assert passage.window.source == "document: text"


async def test_a_day_that_comes_too_late_is_told(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "graph.duckdb")
    first = document("Asta came.", "a.txt", date(2019, 5, 4))
    assert not (await ingest(store, [first], user=ANA, node_sets=(), run_id="add")).warnings
    assert not (await ingest(store, [first], user=ANA, node_sets=(), run_id="add")).warnings
    report = await ingest(
        store, [document("Asta came.", "b.txt", date(2020, 1, 1))], user=ANA, node_sets=(), run_id="r"
    )
    assert list(report.warnings) == ["b.txt"] and "keeps its day" in report.warnings["b.txt"][0]

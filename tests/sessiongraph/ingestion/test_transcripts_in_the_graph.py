"""A transcript through `add`, `cognify` and `search`: what one says of oneself is theirs, and quoted as theirs."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import sessiongraph
from sessiongraph import SearchType
from sessiongraph.default_client import default_services
from sessiongraph.extraction.chunk_documents import chunk_documents, read_chunk_passages
from sessiongraph.ingestion.ingest import ingest
from sessiongraph.ingestion.parsing import ParsedDocument, parse_text
from sessiongraph.store.duckdb_store import DuckDBStore
from sessiongraph.types import User
from tests.support.openai_endpoint import OpenAIEndpoint

ANA = User("u", "ana")
CHAT = (
    "04/03/2026, 09:31 - Messages and calls are end-to-end encrypted.\n"
    "04/03/2026, 09:31 - Anna: I moved to Lyon last week.\n"
    "04/03/2026, 09:32 - Ben: Great! Can you take the 9:40 train on Friday?\n"
    "04/03/2026, 09:33 - Anna: 👍\n"
    "13/03/2026, 10:00 - Ben: I work at Airbus now.\n"
    "13/03/2026, 10:01 - Anna: My sister Clara lives there.\n"
    "13/03/2026, 10:02 - Ben: You should visit Toulouse.\n"
)
CAPTIONS = (
    "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Anna>I moved to</v>\n\n"
    "00:00:02.000 --> 00:00:04.000\n<v Anna>Lyon.</v>\n\n"
    "00:00:05.000 --> 00:00:06.000\n<v Ben>I work at Airbus.</v>\n"
)
MAIL = (
    "From: Anna <a@x.org>\nDate: Wed, 04 Mar 2026 09:31:00 +0100\nSubject: Move\n\nI moved to Lyon.\n\n"
    "On Tue, Mar 3, 2026 at 8:00 AM Ben <b@x.org> wrote:\n> I work at Airbus.\n"
)
SHAPES = {
    "chat.txt": CHAT,
    "plain.txt": "Anna: I moved to Lyon.\nBen: Really? I work at Airbus.\nAnna: Great!",
    "timed.md": "[12:03] Anna: I moved to Lyon.\n[12:04] Ben: I work at Airbus.",
    "teams.txt": "Anna   0:03\nI moved to Lyon.\n\nBen   0:09\nI work at Airbus.\n\nAnna   0:12\nOk.",
    "meeting.vtt": CAPTIONS,
    "film.srt": CAPTIONS.replace("WEBVTT\n\n", "").replace("<v Anna>", "Anna: ").replace("<v Ben>", "Ben: "),
    "move.eml": MAIL,
    "all.mbox": f"From a@x.org Wed Mar  4 08:00:00 2026\n{MAIL}",
    "thread.txt": MAIL.partition("\n\n")[2].replace("I moved", "Ok").replace("I work", "I moved to Lyon.\n> I work"),
}


async def facts(dataset: str) -> set[tuple[str, str, str]]:
    graph = await sessiongraph.graph(dataset)
    name = graph.nodes(data="name")
    return {(name[one], relation, name[other]) for one, other, relation in graph.edges(data="relation")}


async def asked(question: str) -> sessiongraph.SearchResult:
    (result,) = await sessiongraph.search(question, datasets=["d"])
    return result


async def added(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    await sessiongraph.add(tmp_path / name, dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "thread.txt"])
async def test_in_every_shape_what_one_says_of_oneself_is_theirs(tmp_path: Path, name: str) -> None:
    await added(tmp_path, name, SHAPES[name])
    assert {("Anna", "moved to", "Lyon"), ("Ben", "works at", "Airbus")} <= await facts("d")
    lives, works = await asked("Where does Anna live?"), await asked("Where does Ben work?")
    assert str(lives.answer).startswith("Anna: I moved to Lyon") and lives.citations[0].stated_by == "transcript"
    assert str(works.answer).startswith("Ben: I work at Airbus")


async def test_in_a_pasted_thread_what_is_quoted_is_whom_it_names(tmp_path: Path) -> None:
    await added(tmp_path, "thread.txt", SHAPES["thread.txt"])
    assert {("Ben", "moved to", "Lyon"), ("Ben", "works at", "Airbus")} <= await facts("d")


async def test_one_line_is_enough_to_tell_who_moved() -> None:
    await sessiongraph.add(["Anna: I moved to Lyon in May.\nBen: Great!"], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    assert ("Anna", "moved to", "Lyon") in await facts("d")


async def test_you_is_the_other_of_two_and_nobody_among_three() -> None:
    await sessiongraph.add([CHAT], dataset_name="d")
    three = "Carl: You should visit Nice.\nDora: Why? I love Oslo.\nEmil: You two, stop.\nCarl: No."
    await sessiongraph.add([three], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    found = await facts("d")
    assert ("Anna", "should visit", "Toulouse") in found and ("Dora", "loves", "Oslo") in found
    assert not any(other == "Nice" for _, _, other in found)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Ben say about Toulouse?", "Ben: You should visit Toulouse."),
        ("Who is Anna's sister?", "Anna: My sister Clara lives there."),
        ("Is Anna taking the 9:40 train?", "Ben: Can you take the 9:40 train on Friday? Anna: Yes."),
    ],
)
async def test_the_right_line_is_quoted_with_its_speaker(question: str, expected: str) -> None:
    await sessiongraph.add([CHAT], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    result = await asked(question)
    assert str(result.answer).startswith(expected)


async def test_the_text_that_is_kept_shows_the_picture_that_was_sent() -> None:
    await sessiongraph.add([CHAT], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    assert "[09:33] Anna: 👍" in (await asked("Is Anna taking the 9:40 train?")).citations[0].text


async def test_last_week_is_told_from_the_day_of_the_message() -> None:
    await sessiongraph.add([CHAT], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    graph = await sessiongraph.graph("d")
    assert {valid_at for _, _, valid_at in graph.edges(data="valid_at") if valid_at} == {"2026-02-23"}


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("Ana: Vivo en Lima.\nLuis: ¿Desde cuándo?\nAna: Desde mayo, ¿y tú?", "¿Dónde vive Ana?", "Ana: Vivo en Lima."),
        ("李雷：我搬到了上海。\n韩梅梅：真的吗？\n李雷：是的。", "李雷搬到了哪里？", "李雷: 我搬到了上海。"),
        ("أحمد: أنا أسكن في القاهرة.\nسارة: منذ متى؟\nأحمد: نعم.", "أين يسكن أحمد؟", "أحمد: أنا أسكن في القاهرة."),
    ],
)
async def test_in_other_languages_the_passage_with_its_speakers_is_found(
    text: str, question: str, expected: str
) -> None:
    await sessiongraph.add([text], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    (found, *_) = await sessiongraph.search(question, datasets=["d"], query_type=SearchType.CHUNKS)
    assert expected in found.citations[0].text


def windows(folder: Path) -> list[tuple[str, list[str], str]]:
    """(source, context, text) of each passage."""
    found = DuckDBStore(folder / "graph.duckdb").read(lambda con: read_chunk_passages(con, None))
    return [(it.window.source, [part.text for part in it.window.context], it.window.text) for it in found]


async def stored(folder: Path, *documents: ParsedDocument) -> list[tuple[str, list[str], str]]:
    store = DuckDBStore(folder / "graph.duckdb")
    await ingest(store, documents, user=ANA, node_sets=(), run_id="add")
    await chunk_documents(store, "chunk")
    return windows(folder)


WORDS = "I went home. Then I called you and told you all of it, down to number"


async def test_passages_are_cut_at_utterances_and_days_and_say_who_speaks(tmp_path: Path) -> None:
    said = [f"2026-03-0{4 + at // 40} 09:31 {'AB'[at % 2]}nn: {WORDS} {at}." for at in range(80)]
    found = await stored(tmp_path, parse_text("\n".join(said), "chat.txt"))
    assert {source for source, _, _ in found} == {
        f"transcript: chat.txt, speakers Ann and Bnn, 2026-03-0{day}" for day in (4, 5)
    }
    lines = [line for _, _, text in found for line in text.split("\n") if line and not line.startswith("##")]
    assert lines == [f"[09:31] {line[17:]}" for line in said]
    assert all(before[2].endswith(after[1][-1]) and 1 <= len(after[1]) <= 4 for before, after in pairwise(found))


async def test_an_utterance_that_is_cut_stays_its_speakers(tmp_path: Path) -> None:
    long = "We met. " * 400 + "I moved to Lyon."
    await added(tmp_path, "a.txt", f"[12:03] Anna: hi you\n[12:04] Ben: {long}\n[12:05] Anna: ok")
    assert ("Ben", "moved to", "Lyon") in await facts("d")


async def test_of_many_speakers_the_first_are_named(tmp_path: Path) -> None:
    chat = "\n".join(f"[12:03] Ann{number}: hi you" for number in range(100))
    ((source, _, _), *_) = await stored(tmp_path, parse_text(chat))
    assert source.endswith("speakers Ann0, Ann1, Ann2, Ann3, Ann4, Ann5, Ann6, Ann7 and 92 more")


async def test_what_no_message_dates_has_the_day_that_is_given_or_none(tmp_path: Path) -> None:
    thread = "Yes.\n\nOn Wed, Mar 4, 2026 at 9:31 AM Ben <b@x.org> wrote:\n> Can we meet?\n"
    found = await stored(tmp_path, parse_text(thread), parse_text(thread.replace("Yes", "No"), "2026-03-06.txt"))
    assert sorted((text.endswith("meet?"), source.rpartition(", ")[2]) for source, _, text in found) == [
        (False, "2026-03-06"),
        (False, "speaker Ben"),
        (True, "2026-03-04"),
        (True, "2026-03-04"),
    ]


async def test_a_model_is_told_whose_transcript_it_reads(endpoint: OpenAIEndpoint) -> None:
    await sessiongraph.add([CHAT], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    prompts = "\n".join(request.user for request in endpoint.requests if request.chat)
    assert "~ # transcript: text, speakers Anna and Ben, 2026-03-04" in prompts
    assert "[09:31] Anna: I moved to Lyon last week." in prompts


@pytest.fixture
async def home_of_before() -> DuckDBStore:
    """A home into which the version before added the chat, as prose, and made a graph of it."""
    await sessiongraph.add(["Asta lives in Visby."], dataset_name="d")
    services = default_services()
    (dataset,) = (it for it in services.access.all_datasets() if it.name == "d")
    store = services.store(dataset)
    prose: Any = parse_text(CHAT).prose
    await ingest(store, [ParsedDocument("chat.txt", None, prose, "text/plain")], user=ANA, node_sets=(), run_id="r")
    await sessiongraph.cognify(datasets=["d"])
    return store


async def test_what_was_added_as_prose_is_not_due_and_adding_it_again_makes_no_other(
    home_of_before: DuckDBStore,
) -> None:
    report = await sessiongraph.add([CHAT], dataset_name="d")
    assert (report.added, report.known) == (0, 1)
    assert "it is there already as prose" in str(report.warnings)
    built = (await sessiongraph.cognify(datasets=["d"]))["d"]
    assert (built.settled, built.extracted, built.usage.calls) == (0, 0, 0)
    passages = home_of_before.read(lambda con: read_chunk_passages(con, None))
    assert {part.role for passage in passages for part in passage.window.parts} == {"document"}


async def test_forgotten_it_is_read_as_a_transcript(home_of_before: DuckDBStore) -> None:
    report = await sessiongraph.add([CHAT], dataset_name="d")
    await sessiongraph.forget("d", document_id=report.document_ids[0])
    assert (await sessiongraph.add([CHAT], dataset_name="d")).added == 1
    await sessiongraph.cognify(datasets=["d"])
    assert ("Anna", "moved to", "Lyon") in await facts("d")

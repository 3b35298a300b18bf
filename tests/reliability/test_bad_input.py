"""What is wrong, hostile or enormous at every function and command: a clear error, or the right result.

Invariant of every refusal here: it is one of our errors, of a readable length, and nothing was written for it: no
store, no turn, no row in the home but the default user and their empty main dataset.
"""

import asyncio
import os
import re
import sqlite3
import time
import zipfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

import sessiongraph
from sessiongraph import (
    InvalidInputError,
    Role,
    SessionGraphError,
    Tenant,
    UnreadableDocumentError,
    User,
    cognify,
    datasets,
    persist_sessions_in_knowledge_graph_pipeline,
    roles,
    sessions,
    tenants,
    users,
)
from sessiongraph.retrieval.results import SearchType
from tests.sessiongraph.conftest import FillHome
from tests.support.terminal import Terminal

GHOST = User("0" * 32, "ghost")
NO_ROLE = Role("0" * 32, "ghost", "0" * 32)
NO_TENANT = Tenant("0" * 32, "ghost", "0" * 32)
HUGE = "x" * 1_000_000
SQL = "x'); DROP TABLE users; --"
MARKUP = "<script>alert(1)</script>"
RTL = "abc\u202ecba"
ZERO_WIDTH = "d\u200bd"
SURROGATE = "\ud800"

# What no name may be, whatever it names.
NAMES: dict[str, Any] = {
    "none": None,
    "number": 7,
    "bytes": b"d",
    "list": ["d"],
    "dict": {},
    "empty": "",
    "blank": " ",
    "huge": HUGE,
    "nul": "d\x00",
    "control": "d\x1b[31m",
    "newline": "d\n",
    "surrogate": SURROGATE,
    "rtl": RTL,
    "zero-width": ZERO_WIDTH,
    "parent": "..",
    "path": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "windows": "C:\\d",
    "sql": SQL,
    "markup": MARKUP,
    "hidden": ".d",
    "letters": "日本",
}
Call = Callable[[Any], Awaitable[Any]]


def snapshot_of(home: Path) -> dict[str, Any]:
    """Every file of the home but Dagster's, and the rows of what it knows of users and datasets."""
    found: dict[str, Any] = {
        str(path.relative_to(home)): None
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }
    if (home / "access.sqlite").exists():
        with sqlite3.connect(home / "access.sqlite") as connection:
            tables = ("users", "tenants", "tenant_users", "roles", "role_users", "datasets", "grants", "role_grants")
            found["rows"] = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        connection.close()
    return found


def assert_nothing_written(home: Path) -> None:
    found = snapshot_of(home)
    rows = found.pop("rows", {})
    assert set(found) <= {"access.sqlite", "sessions.sqlite"}
    assert [name for _, name in rows.pop("users", [])] in ([], ["default_user"])
    # One's own main dataset is there when it is first asked for; it holds nothing.
    assert [name for _, name, *_ in rows.pop("datasets", [])] in ([], ["main_dataset"])
    assert not any(rows.values())
    if "sessions.sqlite" in found:
        with sqlite3.connect(home / "sessions.sqlite") as connection:
            assert connection.execute("SELECT count(*) FROM turns").fetchall() == [(0,)]
        connection.close()


async def refused(call: Awaitable[Any], kind: type[SessionGraphError] = InvalidInputError) -> str:
    """The message with which `call` is refused: one that a person can read."""
    with pytest.raises(kind) as caught:
        await call
    message = str(caught.value)
    assert 10 < len(message) < 1000
    message.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b-\u200f\u202a-\u202e]", message), ascii(message)
    return message


# Names: every function that takes one, every kind of bad one.

NAMED: dict[str, Call] = {
    "add": lambda bad: sessiongraph.add(["Alice lives in Paris."], bad),
    "cognify": lambda bad: cognify([bad]),
    "search": lambda bad: sessiongraph.search("Who?", datasets=[bad]),
    "graph": lambda bad: sessiongraph.graph(bad),
    "forget": lambda bad: sessiongraph.forget(bad),
    "persist": lambda bad: persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset=bad, create=True),
    "datasets.create": lambda bad: datasets.create(bad),
    "datasets.delete": lambda bad: datasets.delete(bad),
    "datasets.grants": lambda bad: datasets.grants(bad),
    "users.create": lambda bad: users.create(bad),
    "users.get": lambda bad: users.get(bad),
    "roles.create": lambda bad: roles.create(bad),
    "roles.get": lambda bad: roles.get(bad),
    "tenants.create": lambda bad: tenants.create(bad),
    "tenants.get": lambda bad: tenants.get(bad),
    "node_set of add": lambda bad: sessiongraph.add(["Alice lives in Paris."], node_set=[bad]),
    "node_sets of search": lambda bad: sessiongraph.search("Who?", node_sets=[bad]),
    "node_sets of graph": lambda bad: sessiongraph.graph(node_sets=[bad]),
    "session of add_turn": lambda bad: sessions.add_turn(bad, "q", "a"),
    "session of get_turns": lambda bad: sessions.get_turns(bad),
    "session of edit_turn": lambda bad: sessions.edit_turn(bad, "t", answer="a"),
    "session of add_feedback": lambda bad: sessions.add_feedback(bad, "t", score=1),
    "session of delete_turn": lambda bad: sessions.delete_turn(bad, "t"),
    "session of delete_session": lambda bad: sessions.delete_session(bad),
    "session of persist": lambda bad: persist_sessions_in_knowledge_graph_pipeline(session_ids=[bad], create=True),
    "turn of edit_turn": lambda bad: sessions.edit_turn("s", bad, answer="a"),
    "turn of add_feedback": lambda bad: sessions.add_feedback("s", bad, score=1),
    "turn of delete_turn": lambda bad: sessions.delete_turn("s", bad),
}
OPTIONAL: dict[str, Call] = {
    "dataset of add_turn": lambda bad: sessions.add_turn("s", "q", "a", dataset=bad),
    "session of search": lambda bad: sessiongraph.search("Who?", session_id=bad),
    "session of forget": lambda bad: sessiongraph.forget("main_dataset", session_id=bad),
    "turn of forget": lambda bad: sessiongraph.forget("main_dataset", session_id="s", turn_id=bad),
    "document of forget": lambda bad: sessiongraph.forget("main_dataset", document_id=bad),
}


@pytest.mark.parametrize("function", [*NAMED, *OPTIONAL])
async def test_no_bad_name_passes(home: Path, function: str):
    call = {**NAMED, **OPTIONAL}[function]
    for kind, bad in NAMES.items():
        if kind == "none" and function in OPTIONAL:
            continue
        await refused(call(bad))
    assert_nothing_written(home)


# Everything else that a function takes

BAD_VALUES: dict[str, Callable[[], Awaitable[Any]]] = {
    **{
        f"user {name} of {type(user).__name__}": lambda call=call, user=user: call(user)
        for user in ("ana", 7, {"id": "x"}, User(7, "x"), User("", ""), User(SURROGATE, "x"), GHOST)
        for name, call in {
            "add": lambda user: sessiongraph.add(["Alice lives in Paris."], user=user),
            "cognify": lambda user: cognify(["d"], user=user),
            "search": lambda user: sessiongraph.search("Who?", user=user),
            "graph": lambda user: sessiongraph.graph(user=user),
            "forget": lambda user: sessiongraph.forget("d", by=user),
            "persist": lambda user: persist_sessions_in_knowledge_graph_pipeline(user, ["s"], create=True),
            "sessions": lambda user: sessions.list_sessions(user=user),
            "clear": lambda user: sessions.clear(user=user),
            "datasets": lambda user: datasets.list(user=user),
            "users": lambda user: users.list(user=user),
            "roles": lambda user: roles.create("r", by=user),
            "tenants": lambda user: tenants.create("t", by=user),
        }.items()
    },
    "data none": lambda: sessiongraph.add(None),
    "data number": lambda: sessiongraph.add(7),
    "data bytes": lambda: sessiongraph.add(b"Alice lives in Paris."),
    "data bytearray": lambda: sessiongraph.add(bytearray(b"Alice")),
    "data generator": lambda: sessiongraph.add(text for text in ["Alice"]),
    "data set": lambda: sessiongraph.add({"Alice lives in Paris."}),
    "data dict": lambda: sessiongraph.add({"a": "Alice"}),
    "data nested": lambda: sessiongraph.add([["Alice lives in Paris."]]),
    "data mixed": lambda: sessiongraph.add(["Alice lives in Paris.", None]),
    "data empty list": lambda: sessiongraph.add([]),
    "data empty text": lambda: sessiongraph.add(""),
    "data blank": lambda: sessiongraph.add(" \n\t"),
    "data no words": lambda: sessiongraph.add("\u200b\u202e...\x00"),
    "data lone surrogates": lambda: sessiongraph.add(SURROGATE * 5),
    "data half empty": lambda: sessiongraph.add(["Alice lives in Paris.", ""]),
    "data no such file": lambda: sessiongraph.add("/no/such/file.txt"),
    "data no such path": lambda: sessiongraph.add(Path("nowhere.txt")),
    "data nul in path": lambda: sessiongraph.add("/tmp/a\x00b.txt"),
    "data remote url": lambda: sessiongraph.add("file://host/share/a.txt"),
    "data long path": lambda: sessiongraph.add("/" + "a" * 5000),
    "data device": lambda: sessiongraph.add("/dev/zero"),
    "data wildcard": lambda: sessiongraph.add("./*.txt"),
    "node_set string": lambda: sessiongraph.add("Alice lives in Paris.", node_set="people"),
    "node_set bytes": lambda: sessiongraph.add("Alice lives in Paris.", node_set=b"ab"),
    "node_set number": lambda: sessiongraph.add("Alice lives in Paris.", node_set=7),
    "node_sets string": lambda: sessiongraph.search("Who?", node_sets="people"),
    "node_sets bool": lambda: sessiongraph.search("Who?", node_sets=True),
    "node_sets of graph string": lambda: sessiongraph.graph(node_sets="people"),
    "datasets bytes": lambda: sessiongraph.search("Who?", datasets=b"d"),
    "datasets number": lambda: sessiongraph.search("Who?", datasets=7),
    "datasets empty": lambda: sessiongraph.search("Who?", datasets=[]),
    "datasets empty generator": lambda: sessiongraph.search("Who?", datasets=(name for name in ())),
    "datasets unhashable": lambda: sessiongraph.search("Who?", datasets=[{}]),
    "datasets of cognify bytes": lambda: cognify(b"d"),
    "datasets of cognify object": lambda: cognify(object()),
    "query none": lambda: sessiongraph.search(None),
    "query bytes": lambda: sessiongraph.search(b"Who?"),
    "query empty": lambda: sessiongraph.search(""),
    "query blank": lambda: sessiongraph.search(" \n\u2003"),
    "query huge": lambda: sessiongraph.search(HUGE),
    "query nul": lambda: sessiongraph.search("Who\x00?"),
    "query surrogate": lambda: sessiongraph.search(f"Who{SURROGATE}?"),
    "query_type unknown": lambda: sessiongraph.search("Who?", "GREMLIN"),
    "query_type none": lambda: sessiongraph.search("Who?", None),
    "query_type number": lambda: sessiongraph.search("Who?", 1),
    "query_type huge": lambda: sessiongraph.search("Who?", HUGE),
    **{
        f"top_k {bad!r:.20}": lambda bad=bad: sessiongraph.search("Who?", top_k=bad)
        for bad in (0, -1, 1001, 10**30, 1.5, "3", None, True, float("nan"), HUGE)
    },
    "only_context string": lambda: sessiongraph.search("Who?", only_context="no"),
    "run_in_background string": lambda: persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["s"], run_in_background="no", create=True
    ),
    "run_in_background none": lambda: persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["s"], run_in_background=None, create=True
    ),
    "session_ids string": lambda: persist_sessions_in_knowledge_graph_pipeline(session_ids="s", create=True),
    "session_ids bytes": lambda: persist_sessions_in_knowledge_graph_pipeline(session_ids=b"s", create=True),
    "session_ids number": lambda: persist_sessions_in_knowledge_graph_pipeline(session_ids=7, create=True),
    "session_ids dict": lambda: persist_sessions_in_knowledge_graph_pipeline(session_ids={"s": 1}, create=True),
    "session_ids generator": lambda: persist_sessions_in_knowledge_graph_pipeline(
        session_ids=(s for s in "s"), create=True
    ),
    "session_ids unhashable": lambda: persist_sessions_in_knowledge_graph_pipeline(
        session_ids=["s", ["t"]], create=True
    ),
    "session_ids one bad": lambda: persist_sessions_in_knowledge_graph_pipeline(session_ids=["s", "../t"], create=True),
    **{
        f"{part} {kind}": lambda part=part, bad=bad: sessions.add_turn(
            "s", **{"question": "q", "answer": "a", part: bad}
        )
        for part in ("question", "answer", "context")
        for kind, bad in {
            "number": 0,
            "false": False,
            "bytes": b"a",
            "list": [],
            "nul": "a\x00",
            "surrogate": SURROGATE,
        }.items()
    },
    "elements string": lambda: sessions.add_turn("s", "q", "a", elements="abc"),
    "elements number": lambda: sessions.add_turn("s", "q", "a", elements=7),
    "elements objects": lambda: sessions.add_turn("s", "q", "a", elements=[object()]),
    "created_at string": lambda: sessions.add_turn("s", "q", "a", created_at="2020-01-01"),
    "created_at number": lambda: sessions.add_turn("s", "q", "a", created_at=1.5),
    "created_at date": lambda: sessions.add_turn("s", "q", "a", created_at=datetime(2020, 1, 1).date()),
    "created_at before all": lambda: sessions.add_turn(
        "s", "q", "a", created_at=datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
    ),
    "created_at after all": lambda: sessions.add_turn(
        "s", "q", "a", created_at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    ),
    **{
        f"last {bad!r}": lambda bad=bad: sessions.get_turns("s", last=bad)
        for bad in (0, -1, True, 1.5, "3", 2**70, float("inf"))
    },
    **{
        f"score {bad!r}": lambda bad=bad: sessions.add_feedback("s", "t", score=bad)
        for bad in (0, 6, -1, True, 4.0, "5", None, 10**30)
    },
    "feedback number": lambda: sessions.add_feedback("s", "t", score=5, text=0),
    "feedback nul": lambda: sessions.add_feedback("s", "t", score=5, text="\x00"),
    "edit nothing": lambda: sessions.edit_turn("s", "t"),
    "edit number": lambda: sessions.edit_turn("s", "t", answer=0),
    "edit no such turn": lambda: sessions.edit_turn("s", "t", answer="a"),
    "feedback on no such turn": lambda: sessions.add_feedback("s", "t", score=5),
    "forget turn alone": lambda: sessiongraph.forget("main_dataset", turn_id="t"),
    "forget two things": lambda: sessiongraph.forget("main_dataset", document_id="d", session_id="s"),
    "forget no such document": lambda: sessiongraph.forget("main_dataset", document_id="0" * 32),
    "forget cache string": lambda: sessiongraph.forget("main_dataset", from_cache="no"),
    "secrets let in by a word": lambda: datasets.update("main_dataset", allow_secrets="yes"),
    "grant to nobody": lambda: datasets.grant("main_dataset", None, "read"),
    "grant to a name": lambda: datasets.grant("main_dataset", "ana", "read"),
    "grant to a ghost": lambda: datasets.grant("main_dataset", GHOST, "read"),
    "grant to no role": lambda: datasets.grant("main_dataset", NO_ROLE, "read"),
    "grant what there is not": lambda: datasets.grant("main_dataset", GHOST, "admin"),
    "revoke from nobody": lambda: datasets.revoke("main_dataset", None, "read"),
    "role of a tenant's name": lambda: roles.create("r", tenant="acme"),
    "role of no tenant": lambda: roles.create("r", tenant=NO_TENANT),
    "assign to a name": lambda: roles.assign("r", GHOST),
    "assign to no role": lambda: roles.users(NO_ROLE),
    "delete no role": lambda: roles.delete(NO_ROLE),
    "unassign nobody": lambda: roles.unassign(NO_ROLE, None),
    "tenant by name": lambda: tenants.users("acme"),
    "add to no tenant": lambda: tenants.add_user(NO_TENANT, GHOST),
    "remove from no tenant": lambda: tenants.remove_user(NO_TENANT, None),
}


@pytest.mark.parametrize("case", BAD_VALUES)
async def test_no_bad_value_passes(home: Path, case: str):
    await refused(BAD_VALUES[case]())
    assert_nothing_written(home)


async def test_a_grant_to_oneself_for_want_of_a_user_is_no_grant(home: Path):
    ana = await users.create("ana")
    await datasets.create("d", user=ana)
    await refused(datasets.grant("d", None, "read", by=ana))
    assert await datasets.grants("d", user=ana) == []


# Files

ALICE = "Alice moved to Paris in 2010."


def _pdf(path: Path, password: str) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt(password, algorithm="AES-256")
    writer.write(path)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", ALICE)


FILES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a zip named .pdf": ("a.pdf", _zip),
    "an encrypted PDF": ("a.pdf", lambda path: _pdf(path, "secret")),
    "a PDF without text": ("a.pdf", lambda path: _pdf(path, "")),
    "half a PDF": ("a.pdf", lambda path: path.write_bytes(b"%PDF-1.7\n1 0 obj")),
    "a zip named .docx": ("a.docx", _zip),
    "text named .docx": ("a.docx", lambda path: path.write_text(ALICE)),
    "nothing": ("a.txt", lambda path: path.write_bytes(b"")),
    "NULs": ("a.txt", lambda path: path.write_bytes(b"\x00" * 1000)),
    "noise": ("a.txt", lambda path: path.write_bytes(bytes(range(32)) * 100)),
    "bad JSON": ("a.json", lambda path: path.write_text('{"name": ')),
    "deep JSON": ("a.json", lambda path: path.write_text("[" * 100_000 + "]" * 100_000)),
    "bad CSV": ("a.csv", lambda path: path.write_text('a,b\n"Alice,Paris')),
    "an image": ("a.txt", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 100)),
    "another format": ("a.exe", lambda path: path.write_bytes(b"MZ" + b"\x00" * 100)),
    "no suffix": ("README", lambda path: path.write_text(ALICE)),
    "an empty page": ("a.html", lambda path: path.write_text("<html><body></body></html>")),
    "a script": ("a.html", lambda path: path.write_text("<script>alert('Alice')</script>")),
    "a pipe": ("a.txt", os.mkfifo),
    "a link to itself": ("a.txt", lambda path: path.symlink_to(path)),
    "a link to nothing": ("a.txt", lambda path: path.symlink_to("nowhere")),
    "an empty folder": ("a", Path.mkdir),
    "a folder of nothing readable": ("a", lambda path: (path.mkdir(), (path / "b.exe").write_text("x"))),
}


@pytest.mark.parametrize("case", FILES)
async def test_no_bad_file_passes_nor_what_came_with_it(home: Path, tmp_path: Path, case: str):
    name, make = FILES[case]
    make(tmp_path / name)
    message = await refused(sessiongraph.add([ALICE, tmp_path / name], "d"))
    assert name in message
    assert_nothing_written(home)


async def test_a_folder_gives_what_is_in_it_and_nothing_else(home: Path, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("Mallory keeps the password in Rome.")
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "alice.txt").write_text(ALICE)
    (folder / "deep" / "bob.md").write_text("Bob lives in Lyon.")
    (folder / "deep" / "again").symlink_to(folder)
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "hidden.txt").symlink_to("../secret.txt")
    (folder / ".env.txt").write_text("PASSWORD=1")
    report = await sessiongraph.add(folder, "d")
    assert report.added == 2
    assert len([reason for reason in report.skipped if "link" in reason]) == 4
    [store] = [home / name for name in snapshot_of(home) if name.endswith("graph.duckdb")]
    assert b"Mallory" not in store.read_bytes() and b"PASSWORD" not in store.read_bytes()


@pytest.mark.parametrize(
    "unit",
    ["<a ", "<!--", "<!", "<?", "</a ", '<a x="', "<a x='y\"", "</", "<![CDATA[", "<title>", "<script>", "<div>"],
)
@pytest.mark.parametrize("end", ["", ">", "-->"])
async def test_a_hostile_page_takes_no_longer_than_any_other(tmp_path: Path, unit: str, end: str):
    page = tmp_path / "page.html"
    page.write_text(f"<p>{ALICE}</p>" + unit * (200_000 // len(unit)) + end)
    begun = time.process_time()
    report = await sessiongraph.add(page, "d")
    assert report.added == 1 and time.process_time() - begun < 20


# Huge, and many


async def test_ten_megabytes_of_one_line_are_one_document(home: Path):
    line = "Alice moved to Paris in 2010. " * (10_000_000 // 30)
    report = await sessiongraph.add(line, "d")
    assert (report.added, report.characters) == (1, len(line.strip()))
    word = await sessiongraph.add("x" * 10_000_000, "d")
    assert word.added == 1


async def test_thousands_of_tiny_documents_are_as_many(home: Path):
    texts = [f"Person{number} lives in Paris." for number in range(3000)]
    report = await sessiongraph.add([*texts, *texts[:10]], "d")
    assert (report.added, len(report.document_ids), report.known) == (3000, 3010, 0)
    again = await sessiongraph.add(texts, "d")
    assert (again.added, again.known) == (0, 3000)


async def test_a_huge_turn_is_kept_whole():
    await sessions.add_turn("s", "What is in it?", HUGE, context=HUGE, elements=["x"] * 10)
    [turn] = await sessions.get_turns("s")
    assert turn.answer == HUGE and turn.elements == ("x",)


# Odd, and right

ODD = {
    "right-to-left": "ALICE \u202eevil\u202c lives in Paris.",
    "zero-width": "Al\u200bice lives in Pa\u200dris.",
    "control characters": "Alice\x07 lives \x1b[31min Paris.",
    "another script": "アリスはパリに住んでいます。 Alice lives in Paris.",
    "combining": "A\u0301lice lives in Paris." + "\u0301" * 1000,
    "emoji": "Alice 👩‍👩‍👧‍👦 lives in Paris 🇫🇷.",
    "half an emoji": "Alice lives in Paris \ud83d.",
    "SQL": f"Alice lives in {SQL}",
    "markup": f"Alice lives in {MARKUP} Paris. &amp; ]]> <!-- -->",
    "format strings": "Alice lives in %s {0} {name} ${HOME} Paris.",
    "newlines": "Alice\r\nlives\u2028in\x85Paris.",
}


async def test_odd_text_goes_all_the_way(cache: str):
    for number, (case, text) in enumerate(ODD.items()):
        dataset = f"d{number}"
        await sessiongraph.add(text, dataset)
        await cognify(dataset)
        said = text.encode("utf-8", "replace").decode()
        await sessions.add_turn("s", "Where does Alice live?", said)
        assert (await sessions.get_turns("s"))[0].answer == said, case
        report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset=dataset, create=True)
        assert (report.persisted + report.skipped, report.failed) == (1, 0), case
        [result] = await sessiongraph.search(said.replace("\x00", ""), datasets=[dataset], session_id="s")
        assert result.turn_id is not None, case
        assert len(await sessiongraph.graph(dataset)) > 0, case
        assert len(await sessions.list_sessions()) == 1 and await sessions.clear() == 1, case


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999),
        datetime(9999, 12, 31, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14))),
        datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    ],
    ids=str,
)
async def test_any_moment_goes_all_the_way(cache: str, moment: datetime):
    answer = "Alice moved to Paris yesterday. She left Rome last year, and goes to Oslo next month and in ten years."
    await sessions.add_turn("s", "Where does Alice live?", answer, created_at=moment)
    expected = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    assert (await sessions.get_turns("s"))[0].created_at == expected
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="main_dataset", create=True)
    assert (report.persisted, report.failed) == (1, 0)
    for kind in set(SearchType) - {SearchType.NATURAL_LANGUAGE}:  # which needs a model that writes queries
        asked = (
            "MATCH (a)-[r]->(b) RETURN r.statement" if kind is SearchType.CYPHER else "Where did Alice move yesterday?"
        )
        [result] = await sessiongraph.search(asked, kind)
        assert all(citation.said_at == expected for citation in result.citations)
    graph = await sessiongraph.graph()
    assert {piece["said_at"] for *_, fact in graph.edges(data=True) for piece in fact["evidence"]} == {expected}


async def alice() -> None:
    await sessiongraph.add(ALICE, "d")
    await cognify("d")


async def test_datasets_are_taken_from_any_collection():
    await sessiongraph.add(ALICE, "d")
    await cognify(name for name in ["d"])
    for chosen in ("d", ["d", "d"], ("d",), {"d"}, {"d": 1}, (name for name in ["d"])):
        assert (await sessiongraph.search("Where does Alice live?", datasets=chosen))[0].dataset == "d"
    [result] = await sessiongraph.search("Where does Alice live?", datasets=["d", "default_user/d"], top_k=1000)
    assert len({citation.id for citation in result.citations}) == len(result.citations)


@pytest.mark.parametrize(
    "query", ["?", "…", "\u200b", "\x01", "the", "%", "[1]", "~ ", "'; --", "x" * 20_000, "A\n" * 2000]
)
async def test_any_question_is_answered_or_not(query: str, fill_home: FillHome):
    await fill_home(alice)
    for kind in (SearchType.GRAPH_COMPLETION, SearchType.CHUNKS_LEXICAL, SearchType.CHUNKS):
        [result] = await sessiongraph.search(query, kind, datasets="d", session_id="s")
        assert result.query == query


# Commands

COMMANDS = [
    ["add", ""],
    ["add", "oneword"],
    ["add", "/no/such/file"],
    ["add", ALICE, "-d", "../x"],
    ["add", ALICE, "-d", ""],
    ["add", ALICE, "-n", "a b"],
    ["add", ALICE, "-u", "nobody"],
    ["add", ALICE, "-u", ""],
    ["add", "-"],
    ["add", "a\x00b"],
    ["add", SURROGATE],
    ["cognify", "-d", "a b"],
    ["search", ""],
    ["search", "Who?", "--top-k", "0"],
    ["search", "Who?", "--top-k", "many"],
    ["search", "Who?", "--type", "GREMLIN"],
    ["search", "Who?", "-s", "../s"],
    ["search", "Who?", "-d", MARKUP],
    ["search", HUGE[:100_000]],
    ["persist"],
    ["persist", "a b"],
    ["persist", "s", "--all"],
    ["persist", "s", "-d", SQL],
    ["chat", "-s", "a b"],
    ["sessions", "show", "\x1b[31m"],
    ["sessions", "delete", "../s", "--yes"],
    ["sessions", "delete", "s"],
    ["sessions", "list", "-u", RTL],
    ["datasets", "create", "a/b"],
    ["datasets", "create", ZERO_WIDTH],
    ["datasets", "delete", "d"],
    ["datasets", "delete", "..", "--yes"],
    ["datasets", "grant", "d", "nobody", "read"],
    ["datasets", "grant", "d", "nobody", "admin"],
    ["datasets", "grant", "d", "nobody", "read", "--role"],
    ["datasets", "grants", "[red]d[/]"],
    ["users", "create", ""],
    ["users", "create", "../../ana"],
    ["users", "create", SURROGATE],
    ["users", "list", "-u", "nobody"],
    ["roles", "create", "a b"],
    ["roles", "create", "r", "--tenant", "nope"],
    ["roles", "users", "nope"],
    ["roles", "assign", "nope", "nobody"],
    ["roles", "delete", "nope"],
    ["tenants", "create", "a/b"],
    ["tenants", "users", "nope"],
    ["tenants", "add-user", "nope", "nobody"],
    ["tenants", "remove-user", "nope", "nobody"],
    ["graph", "-d", "a\nb"],
    ["graph", "--graphml", "/no/such/folder/x.graphml"],
    ["graph", "--graphml", "a\x00b"],
    ["forget", "-d", "d"],
    ["forget", "-d", "d", "--turn", "t", "--yes"],
    ["forget", "-d", "d", "--document", "'", "--yes"],
    ["forget", "-d", "", "--yes"],
    ["status", "-u", "nobody"],
    ["dev", "--port", "99999"],
    ["nonsense"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: ascii(" ".join(command))[:60])
def test_no_bad_command_passes(tmp_path: Path, command: list[str]):
    done = Terminal(tmp_path)(*command)
    assert done.code == 2, done
    assert done.out == "" and 0 < len(done.err) < 3000
    assert "Traceback" not in done.err and "\x1b" not in done.err
    if (tmp_path / "home").exists():
        assert_nothing_written(tmp_path / "home")


SETTINGS = {
    "CACHE_PORT": ["0", "99999", "many"],
    "CACHE_BACKEND": ["memcached"],
    "CACHING": ["perhaps"],
    "LLM_MAX_CONCURRENCY": ["0", "-1"],
    "LLM_MAX_RETRIES": ["-1"],
    "LLM_TIMEOUT_SECONDS": ["0", "nan", "soon"],
    "SESSION_TTL_SECONDS": ["0", "1.5"],
    "EMBEDDING_DIMENSIONS": ["0", "many"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SETTINGS.items() for value in values])
async def test_no_bad_setting_passes(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    assert name in await refused(sessions.list_sessions())
    assert snapshot_of(home) == {}


async def test_a_call_that_is_cancelled_writes_nothing_of_it(home: Path):
    work = asyncio.create_task(sessiongraph.add(["Alice lives in Paris."], "d"))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert_nothing_written(home)


def test_the_encrypted_pdf_of_these_tests_is_one(tmp_path: Path):
    _pdf(tmp_path / "a.pdf", "secret")
    assert PdfReader(tmp_path / "a.pdf").is_encrypted
    assert issubclass(UnreadableDocumentError, InvalidInputError)

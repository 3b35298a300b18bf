"""Every turn where it belongs: none is filed elsewhere without a word, and each waits until it is there."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

import sessiongraph
from sessiongraph import NoGraphDataError, datasets, sessions, users
from sessiongraph.cli import app
from sessiongraph.default_client import default_services

persist = sessiongraph.persist_sessions_in_knowledge_graph_pipeline
pytestmark = pytest.mark.usefixtures("endpoint")
CAROL = ("Where is Carol?", "Carol Brown is in Berlin.")
DAN = ("Where is Dan?", "Dan Green is in Rome.")


def waiting() -> dict[str, dict[str, int]]:
    """How many turns wait for which dataset, by session."""
    services = default_services()
    names = {it.id: it.name for it in services.access.all_datasets()} | {None: "main_dataset"}
    found, _ = services.cache.waiting()
    return {it.session_id: {names[part.dataset_id]: part.turns for part in it.waiting} for it in found}


def in_graph(name: str) -> set[str]:
    """The sessions in a dataset's graph."""
    services = default_services()
    dataset = services.access.resolve(services.access.default_user(), name, "read")
    query = """SELECT DISTINCT session_id FROM documents d JOIN turns t ON t.document_id = d.id
        JOIN live_windows USING (passage_id)"""
    return {session for (session,) in services.store(dataset).read(lambda con: con.execute(query).fetchall())}


async def fill(*names: str) -> None:
    for name in names:
        await sessiongraph.add([f"Alice Smith works on {name}."], dataset_name=name)
        await sessiongraph.cognify(name)


def cli(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done.output


async def test_a_turn_belongs_to_the_only_dataset_that_it_cites() -> None:
    await fill("work")
    await sessiongraph.add(["Zebras are striped."], dataset_name="home")
    await sessiongraph.cognify("home")
    [found] = await sessiongraph.search("Where does Alice Smith work?", session_id="s", top_k=1)
    assert {it.dataset for it in found.citations} == {"default_user/work"} and found.dataset == "work"
    assert waiting() == {"s": {"work": 1}}


async def test_a_persist_elsewhere_copies_and_the_turn_goes_on_waiting_for_where_it_belongs() -> None:
    await fill("work", "archive")
    await sessions.add_turn("s", *CAROL, dataset="work")
    await persist(session_ids=["s"], dataset="archive")
    assert in_graph("archive") == {"s"} and waiting() == {"s": {"work": 1}}
    await persist(session_ids=["s"], dataset="work")
    assert in_graph("work") == {"s"} and waiting() == {}


async def test_a_dataset_without_a_graph_is_refused_before_anything_is_staged() -> None:
    await fill("work")
    await sessions.add_turn("s", *CAROL, dataset="work")
    await datasets.create("empty")
    with pytest.raises(NoGraphDataError, match=r"add\(\) and cognify\(\) first.*default_user/work"):
        await persist(session_ids=["s"], dataset="empty")
    assert in_graph("empty") == set() and waiting() == {"s": {"work": 1}}
    assert (await persist(session_ids=["s"], dataset="empty", create=True)).persisted == 1


async def test_readers_who_may_not_read_what_is_quoted_are_named() -> None:
    await fill("private", "team")
    await datasets.grant("team", await users.create("ben"), "read")
    [found] = await sessiongraph.search("Where does Alice Smith work?", session_id="s", datasets=["private"])
    assert found.citations
    report = await persist(session_ids=["s"], dataset="team")
    assert len(report.warnings) == 1 and "ben" in report.warnings[0] and "default_user/private" in report.warnings[0]
    assert (await persist(session_ids=["s"], dataset="private")).warnings == []


def test_on_the_command_line_each_turn_goes_where_it_belongs() -> None:
    asyncio.run(fill("work"))
    asyncio.run(sessions.add_turn("tuesday", *CAROL, dataset="work"))
    asyncio.run(sessions.add_turn("tuesday", *DAN))
    shown = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["sessions"][0]
    assert (shown["settled"], shown["waiting"]) == (0, {"work": 1, "main_dataset": 1})

    done = cli("persist", "tuesday")
    assert "work: 1 session(s): 1 turn(s) persisted" in done and "main_dataset: 1 session(s): 1 turn(s)" in done
    assert waiting() == {} and in_graph("work") == in_graph("main_dataset") == {"tuesday"}
    shown = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["sessions"][0]
    assert (shown["settled"], shown["waiting"]) == (2, {})


def test_a_named_dataset_takes_its_own_turns_and_says_where_the_others_belong() -> None:
    asyncio.run(fill("work"))
    asyncio.run(sessions.add_turn("a", *CAROL, dataset="work"))
    asyncio.run(sessions.add_turn("b", *DAN))
    done = cli("persist", "--all", "-d", "work")
    assert in_graph("work") == {"a"} and waiting() == {"b": {"main_dataset": 1}}
    assert "1 turn(s) of session b belong to main_dataset" in done

    cli("persist", "b", "-d", "work", code=1)
    assert in_graph("work") == {"a"}
    cli("persist", "b", "--whole", "-d", "work")
    assert in_graph("work") == {"a", "b"} and waiting() == {"b": {"main_dataset": 1}}
    shown = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["sessions"]
    assert {it["session_id"]: it["settled"] for it in shown} == {"a": 1, "b": 0}

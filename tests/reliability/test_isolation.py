"""Who could see, change or forget what is another's: every entry point, tried by somebody who may not.

Olga owns a dataset about Zephyrine Quill and has a private session; Rita may read the dataset, Sam may not. What Sam is
told of it is compared, letter by letter, with what he is told of a dataset that is not there.
"""

import asyncio
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import sessiongraph
from sessiongraph import (
    DatasetNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    SearchType,
    SessionGraphError,
    SessionsNotFoundError,
    User,
    datasets,
    persist_sessions_in_knowledge_graph_pipeline,
    roles,
    sessions,
    tenants,
    users,
)
from sessiongraph.services import Services
from sessiongraph.settings import load_settings
from tests.orchestration.conftest import Project, own_instance, project
from tests.sessiongraph.conftest import FillHome
from tests.support.terminal import Terminal

__all__ = ["own_instance", "project"]  # fixtures: an instance of Dagster of the test's own, and a project in it

SECRET = "Zephyrine"
TEXT = "Zephyrine Quill moved to Valparaiso in 2010. She works for the Orchid Bank."


@dataclass
class People:
    olga: User
    rita: User
    sam: User
    dataset_id: str


async def olgas_and_sams() -> None:
    olga, rita, sam = [await users.create(name) for name in ("olga", "rita", "sam")]
    await sessiongraph.add([TEXT], "secrets", user=olga, node_set=["vault"])
    await sessiongraph.cognify("secrets", user=olga)
    await sessions.add_turn("s1", "Who is in Valparaiso?", "Zephyrine Quill is in Valparaiso.", user=olga)
    await persist_sessions_in_knowledge_graph_pipeline(olga, ["s1"], "secrets", create=True)
    await datasets.grant("secrets", rita, "read", by=olga)
    await sessiongraph.add(["Bob Jones lives in Lyon."], "mine", user=sam)
    await sessiongraph.cognify("mine", user=sam)


@pytest.fixture
async def people(fill_home: FillHome) -> People:
    await fill_home(olgas_and_sams)
    olga, rita, sam = [await users.get(name) for name in ("olga", "rita", "sam")]
    return People(olga, rita, sam, (await datasets.list(user=olga))[0].id)


CALLS: dict[str, Callable[[People, User, str], Awaitable[Any]]] = {
    "add": lambda p, user, name: sessiongraph.add(["More of it."], name, user=user),
    "cognify": lambda p, user, name: sessiongraph.cognify([name], user=user),
    **{
        f"search {kind}": lambda p, user, name, kind=kind: sessiongraph.search(
            "Zephyrine?", kind, datasets=[name], user=user
        )
        for kind in SearchType
    },
    "search in a session": lambda p, user, name: sessiongraph.search("Who?", datasets=name, session_id="x", user=user),
    "graph": lambda p, user, name: sessiongraph.graph(name, user=user),
    "persist": lambda p, user, name: persist_sessions_in_knowledge_graph_pipeline(user, ["s1"], name, create=True),
    "add_turn": lambda p, user, name: sessions.add_turn("s9", "q", "a", dataset=name, user=user),
    "forget": lambda p, user, name: sessiongraph.forget(name, by=user),
    "forget session": lambda p, user, name: sessiongraph.forget(name, session_id="s1", user=p.olga, by=user),
    "forget document": lambda p, user, name: sessiongraph.forget(name, document_id="0" * 32, by=user),
    "forget user": lambda p, user, name: sessiongraph.forget(name, user=p.olga, by=user),
    "grants": lambda p, user, name: datasets.grants(name, user=user),
    "grant": lambda p, user, name: datasets.grant(name, p.sam, "read", by=user),
    "revoke": lambda p, user, name: datasets.revoke(name, p.rita, "read", by=user),
    "delete": lambda p, user, name: datasets.delete(name, user=user),
}
READS = {"graph", "search in a session", *(f"search {kind}" for kind in SearchType)}


async def test_what_one_may_not_read_is_as_if_it_were_not(people: People, home: Path):
    store = home / "datasets" / people.dataset_id / "graph.duckdb"
    before = store.read_bytes()
    for name, call in CALLS.items():
        for there, absent in (("olga/secrets", "olga/nothing"), (people.dataset_id, "0" * 32), ("secrets", "nothing")):
            if name == "add" and "/" not in there:
                continue  # to add to a name of one's own is to create it
            with pytest.raises(DatasetNotFoundError) as hidden:
                await call(people, people.sam, there)
            with pytest.raises(DatasetNotFoundError) as unknown:
                await call(people, people.sam, absent)
            assert str(hidden.value) == str(unknown.value).replace(absent, there), name
            assert hidden.value.__cause__ is unknown.value.__cause__ is None, name
        assert store.read_bytes() == before, name
    assert await sessions.list_sessions(user=people.sam) == []


async def test_a_reader_may_do_nothing_else(people: People, home: Path):
    store = home / "datasets" / people.dataset_id / "graph.duckdb"
    before = store.read_bytes()
    for name in sorted(CALLS.keys() - READS):
        with pytest.raises(PermissionDeniedError, match="olga/secrets"):
            await CALLS[name](people, people.rita, "olga/secrets")
        assert store.read_bytes() == before, name
        assert await datasets.grants("secrets", user=people.olga) == [(people.rita, "read")], name


async def test_no_search_listing_or_count_shows_what_is_anothers(people: People):
    sam = people.sam
    for kind in SearchType:
        question = "MATCH (a) RETURN a" if kind == "CYPHER" else "Where does Zephyrine Quill live?"
        if kind == "NATURAL_LANGUAGE":
            continue  # asks a model what CYPHER is asked here
        [result] = await sessiongraph.search(question, kind, user=sam, session_id="x")
        assert "Valparaiso" not in result.context and {c.dataset for c in result.citations} <= {"sam/mine"}
        assert {row["dataset"] for row in result.rows} <= {"sam/mine"} and SECRET not in str(result.rows)
    with pytest.raises(sessiongraph.NoGraphDataError) as error:
        await sessiongraph.search("Who?", user=sam, node_sets=["vault"])
    assert "are: none" in str(error.value)
    assert [dataset.key for dataset in await datasets.list(user=sam)] == ["sam/mine"]
    assert set(await sessiongraph.cognify(user=sam)) <= {"mine", "main_dataset"}
    assert SECRET not in str(nx.node_link_data(await sessiongraph.graph("mine", user=sam)))
    readable = {dataset.key for dataset in await datasets.list(user=people.rita)}
    assert readable == {"olga/secrets"}


async def test_a_users_own_dataset_hides_anothers_of_that_name(people: People):
    await sessiongraph.add(["Carla Diaz lives in Oslo."], "secrets", user=people.rita)
    await sessiongraph.cognify("secrets", user=people.rita)
    [own] = await sessiongraph.search("Who?", SearchType.CHUNKS, datasets="secrets", user=people.rita)
    assert {citation.dataset for citation in own.citations} == {"rita/secrets"}
    await datasets.delete("secrets", user=people.rita)
    assert [dataset.key for dataset in await datasets.list(user=people.olga)] == ["olga/secrets"]


# Sessions


async def test_a_session_is_its_users_alone(people: People, cache: str):
    olga, sam = people.olga, people.sam
    turn_id = await sessions.add_turn("p1", "Who?", "Zephyrine Quill keeps a secret.", user=olga)
    assert await sessions.get_turns("p1", user=sam) == []
    assert await sessions.list_sessions(user=sam) == []
    assert await sessions.delete_turn("p1", turn_id, user=sam) is False
    assert await sessions.delete_session("p1", user=sam) is False
    assert await sessions.clear(user=sam) == 0
    for call in (
        lambda name: sessions.edit_turn(name, turn_id, answer="No.", user=sam),
        lambda name: sessions.add_feedback(name, turn_id, score=1, user=sam),
    ):
        with pytest.raises(InvalidInputError) as hidden:
            await call("p1")
        with pytest.raises(InvalidInputError) as absent:
            await call("p2")
        assert str(hidden.value) == str(absent.value).replace("p2", "p1")
    with pytest.raises(SessionsNotFoundError) as hidden_session:
        await persist_sessions_in_knowledge_graph_pipeline(sam, ["p1"], "mine", create=True)
    with pytest.raises(SessionsNotFoundError) as absent_session:
        await persist_sessions_in_knowledge_graph_pipeline(sam, ["p2"], "mine", create=True)
    assert str(hidden_session.value) == str(absent_session.value).replace("p2", "p1")
    [result] = await sessiongraph.search("What does she keep?", datasets="mine", session_id="p1", user=sam)
    assert SECRET not in result.context and "secret" not in str(result)
    [turn] = await sessions.get_turns("p1", user=olga)
    assert (turn.turn_id, turn.score, turn.answer) == (turn_id, None, "Zephyrine Quill keeps a secret.")


async def test_a_session_of_the_same_name_in_a_shared_dataset_stays_two(people: People):
    """Also for who may write: what is forgotten, persisted and reported of it is one's own."""
    await datasets.grant("secrets", people.rita, "write", by=people.olga)
    await sessions.add_turn("s1", "Where does Carla live?", "Carla Diaz lives in Oslo.", user=people.rita)
    report = await persist_sessions_in_knowledge_graph_pipeline(people.rita, ["s1"], "olga/secrets", create=True)
    assert [len(session.turns) for session in report.sessions.values()] == [1] and report.extracted == 1
    await datasets.grant("secrets", people.rita, "delete", by=people.olga)
    forgotten = await sessiongraph.forget("olga/secrets", session_id="s1", by=people.rita)
    assert (forgotten.turns, forgotten.cached_turns) == (1, 1)
    assert len(await sessions.get_turns("s1", user=people.olga)) == 1
    assert "Valparaiso" in str(nx.node_link_data(await sessiongraph.graph("secrets", user=people.olga)))


async def test_who_may_delete_forgets_from_the_graph_and_not_from_anothers_cache(people: People):
    await datasets.grant("secrets", people.rita, "delete", by=people.olga)
    report = await sessiongraph.forget("olga/secrets", session_id="s1", user=people.olga, by=people.rita)
    assert (report.turns, report.cached_turns) == (1, 0)
    assert len(await sessions.get_turns("s1", user=people.olga)) == 1


async def test_a_revoked_reader_is_a_stranger_at_once(people: People):
    query = ("Where does Zephyrine live?", SearchType.CHUNKS)
    assert (await sessiongraph.search(*query, datasets="secrets", user=people.rita))[0].citations
    await datasets.revoke("secrets", people.rita, "read", by=people.olga)
    with pytest.raises(DatasetNotFoundError):
        await sessiongraph.search(*query, datasets="olga/secrets", user=people.rita)


# Roles and tenants


async def test_a_role_opens_what_was_granted_to_it_everywhere(people: People):
    role = await roles.create("analysts", by=people.olga)
    await datasets.grant("secrets", role, "read", by=people.olga)
    await roles.assign(role, people.sam, by=people.olga)
    [result] = await sessiongraph.search("Where does Zephyrine live?", user=people.sam)
    assert "olga/secrets" in {citation.dataset for citation in result.citations}
    assert len(await sessiongraph.graph("secrets", user=people.sam)) > 0
    with pytest.raises(PermissionDeniedError):
        await sessiongraph.forget("secrets", by=people.sam)
    await roles.unassign(role, people.sam, by=people.olga)
    with pytest.raises(DatasetNotFoundError):
        await sessiongraph.graph("olga/secrets", user=people.sam)


async def test_tenants_do_not_see_each_other(people: People):
    acme, globex = [await tenants.create(name) for name in ("acme", "globex")]
    tom, una = [await users.create(name) for name in ("tom", "una")]
    await tenants.add_user(acme, tom)
    await tenants.add_user(globex, una)
    await sessiongraph.add([TEXT], "plans", user=tom)
    assert await users.list(user=tom) == [tom] and await users.list(user=una) == [una]
    with pytest.raises(InvalidInputError) as hidden:
        await datasets.grant("plans", una, "read", by=tom)
    with pytest.raises(InvalidInputError) as absent:
        await users.get("ulf")
    assert str(hidden.value) == str(absent.value).replace("ulf", "una")
    with pytest.raises(DatasetNotFoundError):
        await sessiongraph.graph("tom/plans", user=una)
    with pytest.raises(InvalidInputError, match="no role"):
        await datasets.grant("plans", await roles.create("all", by=una), "read", by=tom)
    assert [tenant.name for tenant in await tenants.list(user=una)] == ["globex"]


# The command line


def test_the_command_line_shows_nothing_of_what_is_anothers(tmp_path: Path):
    cli = Terminal(tmp_path)
    for command in (
        ["users", "create", "olga"],
        ["users", "create", "sam"],
        ["add", TEXT, "-d", "secrets", "-u", "olga"],
        ["cognify", "-d", "secrets", "-u", "olga"],
        ["search", "Where does Zephyrine live?", "-s", "s1", "-u", "olga"],
        ["persist", "s1", "-d", "secrets", "-u", "olga"],
        ["add", "Bob Jones lives in Lyon.", "-d", "mine", "-u", "sam"],
        ["cognify", "-d", "mine", "-u", "sam"],
    ):
        assert cli(*command).code == 0, command
    as_sam = ["-u", "sam"]
    for command in (
        ["search", "Where does she live?", "-d", "{}"],
        ["cognify", "-d", "{}"],
        ["persist", "s1", "-d", "{}"],
        ["graph", "-d", "{}", "--graphml", str(tmp_path / "out.graphml")],
        ["datasets", "grants", "{}"],
        ["datasets", "grant", "{}", "sam", "read"],
        ["datasets", "revoke", "{}", "olga", "read"],
        ["datasets", "delete", "{}", "--yes"],
        ["forget", "-d", "{}", "--yes", "--by", "sam"],
        ["forget", "-d", "{}", "--user", "olga", "--yes", "--by", "sam"],
    ):
        acting = [] if "--by" in command else as_sam
        hidden = cli(*[part.format("olga/secrets") for part in command], *acting)
        absent = cli(*[part.format("olga/nothing") for part in command], *acting)
        assert hidden.code == absent.code == 1, command
        assert (hidden.out, hidden.err) == ("", absent.err.replace("nothing", "secrets")), command
    assert not (tmp_path / "out.graphml").exists()
    for command in (
        ["status", "--json"],
        ["datasets", "list"],
        ["sessions", "list"],
        ["search", "Where does Quill live?", "--json"],
        ["graph", "-d", "mine", "--table"],
    ):
        done = cli(*command, *as_sam)
        assert done.code == 0 and not re.search("secrets|Zephyrine|Valparaiso|s1", done.out + done.err), command
    assert cli("sessions", "show", "s1", *as_sam).err == cli("sessions", "show", "s2", *as_sam).err.replace("s2", "s1")
    assert cli("graph", "-d", "secrets", "-u", "olga").code == 0


# Dagster


def test_a_job_takes_nobodys_session_into_a_dataset_they_may_not_write(project: Project):
    access = project.resources.access
    olga, rita, sam = [access.create_user(name) for name in ("olga", "rita", "sam")]
    dataset = access.create_dataset(olga, "d")
    access.grant(dataset, rita, "read", by=olga)
    for user in (olga, rita, sam):
        turn = ("Where does she live?", f"{user.name.title()}ina Smith lives in Paris.")
        project.say(f"s-{user.name}", turn, user=user, dataset_id=dataset.id)
    for user in (rita, sam):
        ran = project.run("persist_sessions", dataset.key, [{"user": user.name, "session_id": f"s-{user.name}"}])
        assert not ran.success and "may not write" in ran.error
    crossed = project.run("persist_sessions", dataset.key, [{"user": "olga", "session_id": "s-sam"}])
    assert not crossed.success and "No session found" in crossed.error

    swept = project.run("persist_sessions", dataset.key)
    assert swept.success and swept.metadata["session_turns"]["turns_staged"] == 1
    assert "ritaina" not in swept.reported.lower() and "samina" not in swept.reported.lower()

    role = access.groups.create_role("writers", olga)
    access.grant(dataset, role, "write", by=olga)
    access.groups.assign(role, rita, olga)
    assert project.run("persist_sessions", dataset.key).metadata["session_turns"]["turns_staged"] == 1
    names = set(project.resources.snapshot(dataset).entities["name"])
    assert {"Olgaina Smith", "Ritaina Smith"} <= names and "Samina Smith" not in names


@pytest.mark.parametrize("name", ["../../x", "s1' OR '1'='1", "", "s\x001"])
def test_a_job_refuses_hostile_names(project: Project, name: str):
    ran = project.run("persist_sessions", sessions=[{"user": "default_user", "session_id": name}])
    assert not ran.success and "is not a session id" in ran.error
    ran = project.run("persist_sessions", sessions=[{"user": name, "session_id": "s1"}])
    assert not ran.success and "is not a user name" in ran.error


# Names and words from outside

HOSTILE = '</data><script>alert(1)</script> & "Rob\'); DROP TABLE documents; --" ]]> \x01\x0b\x1b[31m\ufffe \U0001f600'
NAMES = ["~", "-", "--help", "con", "a..b", "x" * 200, "null", "a=b+c@d~e"]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_that_is_taken_stays_in_its_folder(home: Path, name: str):
    before = set(home.parent.iterdir())
    user = await users.create(name)
    await sessiongraph.add(["Bob Jones lives in Lyon."], name, user=user, node_set=[name])
    await sessiongraph.cognify(name, user=user)
    await sessions.add_turn(name, "Who?", "Carla Diaz lives in Oslo.", user=user, dataset=name)
    await persist_sessions_in_knowledge_graph_pipeline(user, [name], name, create=True)
    services = Services(load_settings())
    [dataset] = [found for found in await datasets.list(user=user) if found.name == name]
    inbox = services.inbox(dataset).path
    assert inbox.resolve().is_relative_to(home / "inbox") and len(inbox.relative_to(home).parts) == 3
    assert services.folder(dataset).parent == home / "datasets"
    await sessiongraph.forget(name, session_id=name, by=user)
    await datasets.delete(name, user=user)
    assert set(home.parent.iterdir()) - before <= {home} and list((home / "datasets").iterdir()) == []


async def test_words_cannot_leave_their_statement_or_their_file(home: Path, tmp_path: Path, endpoint: Any):
    """Entity names, facts, questions and answers with markup, SQL and control characters, out again as they went in."""
    said = f"Alice Smith {HOSTILE} lives in Paris."
    await sessions.add_turn("s+1", f"Where {HOSTILE}?", said, context=HOSTILE)
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s+1"], dataset="main_dataset", create=True)
    services = Services(load_settings())
    [dataset] = await datasets.list()
    store = services.store(dataset)

    def spoil(tx: Any) -> None:
        tx.connection.execute("UPDATE mentions SET name = name || ?, description = ?", [HOSTILE, HOSTILE])
        tx.connection.execute("UPDATE claims SET statement = ?, relation = ?, subject = ?", [HOSTILE] * 3)
        tx.changed = True

    store.write("spoil", "session_knowledge", spoil)
    found = await sessiongraph.graph()
    assert any(HOSTILE in data["statement"] for *_, data in found.edges(data=True))

    environment = {name: value for name, value in os.environ.items() if name.startswith(("LLM", "EMBED"))}
    terminal = Terminal(tmp_path, **environment)
    done = await asyncio.to_thread(terminal, "graph", "--graphml", "out.graphml")
    assert done.code == 0, done.err
    tree = ElementTree.parse(tmp_path / "out.graphml").getroot()
    assert not [element for element in tree.iter() if "script" in element.tag.lower()]
    assert "<script>alert(1)</script>" in "".join(tree.itertext())
    read = nx.read_graphml(tmp_path / "out.graphml")
    assert read.number_of_edges() == found.number_of_edges() and set(read) == set(found)
    table = await asyncio.to_thread(terminal, "graph", "--table")
    assert "\x1b" not in table.out + table.err and "\x01" not in table.out
    assert (await asyncio.to_thread(terminal, "graph", "--table", "--json")).json
    for kind in SearchType:
        asked = "MATCH (a)-[r]->(b) RETURN r.statement" if kind is SearchType.CYPHER else f"Where {HOSTILE}?"
        if kind is SearchType.NATURAL_LANGUAGE:  # the endpoint writes no queries
            with pytest.raises(sessiongraph.LLMFailedError, match="wrote no query that can be run"):
                await sessiongraph.search(asked, kind)
            continue
        [result] = await sessiongraph.search(asked, kind, node_sets=["user_sessions_from_cache"])
        assert all(citation.session_id == "s+1" for citation in result.citations)
    assert store.read(lambda con: con.execute("SELECT count(*) FROM documents").fetchall()) == [(1,)]


async def test_errors_are_of_one_family_whoever_asks(people: People):
    for user in (people.rita, people.sam):
        for call in CALLS.values():
            try:
                await call(people, user, "olga/secrets")
            except SessionGraphError as error:
                assert "Quill" not in str(error) and "Valparaiso" not in str(error)

"""Graph queries: they read the graph right, and can neither write, nor reach a file or a network, nor run for ever."""

import asyncio
import os
import re
from pathlib import Path

import pytest

import sessiongraph
from sessiongraph import InvalidInputError, SearchType
from sessiongraph.default_client import default_services
from sessiongraph.retrieval.graph_query import run_graph_query
from sessiongraph.retrieval.query_context import GraphQueryLimits, QueryContext
from sessiongraph.retrieval.scope import Scope
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint

TEXTS = [
    "Alice Novak moved to Paris in 2010. Alice Novak works for Acme Labs.",
    "Boris Weber founded Acme Labs in 1999. Boris Weber lives in Oslo.",
]


async def some_people() -> None:
    await sessiongraph.add(TEXTS[:1], dataset_name="people", node_set=["staff"])
    await sessiongraph.add(TEXTS[1:], dataset_name="people", node_set=["founders"])
    await sessiongraph.cognify("people")


@pytest.fixture
async def people(fill_home: FillHome) -> None:
    await fill_home(some_people)


@pytest.fixture
async def crowd(people: None) -> None:
    """Enough people to match each with each for hours."""
    texts = [f"Person{n} Smith met Person{(7 * n) % 60} Smith." for n in range(60)]
    await sessiongraph.add(texts, dataset_name="people")
    await sessiongraph.cognify("people")


ENDLESS = "MATCH (a) MATCH (b) MATCH (c) MATCH (d) MATCH (e) RETURN COUNT(a) AS n"


async def run(query: str, **more: object) -> sessiongraph.SearchResult:
    [result] = await sessiongraph.search(query, SearchType.CYPHER, **more)  # type: ignore[arg-type]
    return result


async def limited(query: str, limits: GraphQueryLimits) -> QueryContext:
    """The context of `query` to the dataset "people", within `limits`."""
    services = default_services()
    [dataset] = await sessiongraph.datasets.list()
    return QueryContext(
        services=services,
        scopes=[Scope(dataset, services.snapshot(dataset))],
        original_query=query,
        query=query,
        history=(),
        top_k=10,
        only_context=False,
        feedback={},
        asking_user_id=dataset.owner_id,
        asker="the user",
        graph_query_limits=limits,
    )


async def test_a_query_gives_its_rows_and_cites_the_facts_in_them(people: None):
    result = await run("MATCH (a)-[r]->(b) WHERE a.name CONTAINS 'Alice' RETURN b.name, r.statement ORDER BY b.name")
    assert [row["b.name"] for row in result.rows] == ["Acme Labs", "Paris"]
    assert {row["dataset"] for row in result.rows} == {"default_user/people"}
    assert {citation.text for citation in result.citations} == {row["r.statement"] for row in result.rows}
    assert result.answer is None and "Acme Labs" in str(result)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('MATCH (a {name: "Boris Weber"})-[r]->(b) RETURN COUNT(r) AS n', [{"n": 2}]),
        ("MATCH (a)-[r]->(b {name: 'Acme Labs'}) RETURN a.name ORDER BY a.name LIMIT 1", [{"a.name": "Alice Novak"}]),
        ("MATCH (a)-[r]->(b) RETURN a.name, COUNT(r) AS n ORDER BY a.name SKIP 1 LIMIT 1",
         [{"a.name": "Boris Weber", "n": 2}]),
        ("MATCH (a) WHERE a.name = 'Nobody\\'s \"friend\"' RETURN a.name;", []),
        ("MATCH (a)-[r]->(b)<-[s]-(c) WHERE a.name = 'Alice Novak' RETURN c.name", [{"c.name": "Boris Weber"}]),
    ],
)  # fmt: skip
async def test_queries_count_order_skip_and_quote_as_cypher_does(
    people: None, query: str, rows: list[dict[str, object]]
):
    assert [{k: v for k, v in row.items() if k != "dataset"} for row in (await run(query)).rows] == rows


NO_READING = [
    "CREATE (a:Person {name: 'Eve'}) RETURN a",
    "MATCH (a) SET a.name = 'Eve' RETURN a",
    "MATCH (a) DETACH DELETE a",
    "MERGE (a:Person {name: 'Eve'}) RETURN a",
    "MATCH (a) REMOVE a.name RETURN a",
    "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "MATCH (a) CALL apoc.load.json('http://127.0.0.1/') YIELD value RETURN value",
    "CALL dbms.procedures()",
    "COPY (MATCH (a) RETURN a) TO 'out.csv'",
    "INSTALL httpfs",
    "MATCH (a) RETURN __import__('os').system('true')",
    "MATCH (a) WHERE a.name = \"x\" + open(\"/etc/passwd\").read() RETURN a",
    "MATCH (a) RETURN a.__class__.__mro__",
    "MATCH (a) WHERE a.name = \"\\N{NO SUCH NAME}\" RETURN a",
    "SELECT * FROM entities",
    "Who works for Acme Labs?",
    "MATCH (a",
    "MATCH (a) RETURN " + "a.name, " * 2000 + "a.name",
    "(" * 5000,
]  # fmt: skip


async def test_nothing_but_reading_is_a_query(people: None, home: Path, tmp_path: Path):
    before = _stored(home)
    names = (await run("MATCH (a) RETURN a.name")).rows
    for query in NO_READING:
        try:
            result = await run(query)
        except InvalidInputError as error:
            assert "MATCH" in str(error) or "seconds" in str(error), query
        else:
            # A query may be answered where it asks for nothing that there is not.
            assert "root:" not in str(result.rows) and "class" not in str(result.rows), query
        assert _stored(home) == before, query
    assert "out.csv" not in os.listdir(tmp_path)
    assert (await run("MATCH (a) RETURN a.name")).rows == names


async def test_a_query_without_end_is_stopped_and_its_process_is_gone(crowd: None):
    context = await limited(ENDLESS, GraphQueryLimits(seconds=2.0))
    with pytest.raises(InvalidInputError, match="2 seconds"):
        await run_graph_query(context)
    assert _processes() == []


async def test_a_search_that_is_cancelled_leaves_no_process(crowd: None):
    task = asyncio.ensure_future(run(ENDLESS))
    done, _ = await asyncio.wait([task], timeout=1.0)
    assert not done
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _processes() == []


async def test_rows_are_bounded_and_it_says_so(people: None):
    context = await limited("MATCH (a) RETURN a.name", GraphQueryLimits(rows=2))
    outcome = await run_graph_query(context)
    assert len(outcome.rows) == 2
    assert "may be more" in context.warnings[0]


async def test_a_query_sees_only_what_the_node_sets_support(people: None):
    result = await run("MATCH (a)-[r]->(b) RETURN r.statement", node_sets=["founders"])
    assert result.rows and all("Alice" not in str(row) for row in result.rows)
    names = {row["a.name"] for row in (await run("MATCH (a) RETURN a.name", node_sets=["founders"])).rows}
    assert names == {"Boris Weber", "Acme Labs", "Oslo"}


async def test_each_dataset_is_a_graph_of_its_own(people: None):
    await sessiongraph.add(["Alice Novak leads Delta Press."], dataset_name="other")
    await sessiongraph.cognify("other")
    result = await run("MATCH (a)-[r]->(b) WHERE a.name = 'Alice Novak' RETURN b.name")
    assert {(row["dataset"], row["b.name"]) for row in result.rows} == {
        ("default_user/people", "Paris"),
        ("default_user/people", "Acme Labs"),
        ("default_user/other", "Delta Press"),
    }


async def test_a_question_needs_a_model_that_writes_queries(people: None):
    with pytest.raises(sessiongraph.LLMNotConfiguredError, match="LLM_MODEL"):
        await sessiongraph.search("Who works for Acme Labs?", SearchType.NATURAL_LANGUAGE)


async def test_a_question_becomes_a_query_and_its_rows_an_answer(endpoint: OpenAIEndpoint, people: None):
    endpoint.reply("SELECT 1", when="Most frequent relationship types", times=1)
    written = "```cypher\nMATCH (a)-[r]->(b) WHERE b.name CONTAINS 'Oslo' RETURN a.name, r.statement\n```"
    endpoint.reply(written, when="This cannot be run: SELECT 1", times=1)
    endpoint.reply("Boris Weber does.", when="Boris Weber", times=None)
    endpoint.requests.clear()
    [result] = await sessiongraph.search("Who lives in Oslo?", SearchType.NATURAL_LANGUAGE, session_id="s")
    assert str(result) == "Boris Weber does." and result.turn_id
    assert [row["a.name"] for row in result.rows] == ["Boris Weber"]
    assert len(endpoint.chats) == result.usage.calls == 3
    [types] = re.findall("Most frequent relationship types: (.*)\\.", endpoint.chats[0].user)
    assert {"lives_in", "moved_to", "founded"} <= set(types.split(", "))
    assert result.citations and "MATCH" in result.context


def _stored(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*.duckdb")}


def _processes() -> list[str]:
    """The query processes that this process has started and that are still there, where the system tells."""
    own = os.getpid()
    statuses = [path / "stat" for path in Path("/proc").glob("[0-9]*") if b"cypher_process" in _read(path / "cmdline")]
    return [str(path) for path in statuses if _read(path).rpartition(b")")[2].split()[1:2] == [str(own).encode()]]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

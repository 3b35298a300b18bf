"""What a search can be narrowed to: what fits is found, what does not shows nowhere, what is no filter is refused."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import sessiongraph
from sessiongraph import InvalidInputError, SearchFilter, SearchResult, SearchType, datasets, sessions
from sessiongraph.retrieval.narrowing import narrow
from sessiongraph.retrieval.query import Query
from sessiongraph.retrieval.ranking import Ranking
from sessiongraph.retrieval.scope import Scope
from sessiongraph.retrieval.search_filter import search_filter
from sessiongraph.store.graph_store import GraphStore
from sessiongraph.types import Dataset, Turn
from tests.sessiongraph.conftest import FillHome
from tests.support.evidence import Evidence, put
from tests.support.snapshots import load_snapshot

EVERYTHING = "MATCH (a)-[r]->(b) RETURN a.name, a.type, a.description, b.name, r.statement, r.valid_at, r.valid_until"


async def documents_and_sessions() -> None:
    await sessiongraph.add(
        ["Alice Novak moved to Paris in 2010. Alice Novak works at Acme Labs."],
        "d",
        said_at=date(2011, 1, 5),
        metadata={"project": "atlas", "year": 2011, "tags": ["people", "work"]},
    )
    await sessiongraph.add(
        ["Alice Novak moved to Oslo in 2015. Alice Novak is a sculptor. Bela Kun met Alice Novak in Oslo."],
        "d",
        said_at=date(2016, 7, 1),
        metadata={"project": "zephyr", "year": 2016},
    )
    await sessiongraph.cognify("d")
    for number, (said, channel) in enumerate((("Alice Novak bought a kayak.", "phone"), ("Bela Kun sails.", "chat"))):
        await sessions.add_turn(
            f"s{number}",
            said,
            "Noted.",
            dataset="d",
            created_at=datetime(2020 + number, 3, 1, 12, tzinfo=UTC),
            metadata={"channel": channel},
        )
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s0", "s1"], dataset="d")


@pytest.fixture
async def mixed(fill_home: FillHome) -> None:
    """Two documents that contradict each other, and a session that nobody persisted but one turn of."""
    await fill_home(documents_and_sessions)


def told(result: SearchResult) -> str:
    """All that a result shows."""
    return f"{result.answer} {result.context} {result.citations} {result.claims} {result.rows}"


async def found(where: Any, question: str = "Alice Novak Bela Kun", **more: Any) -> set[str]:
    [result] = await sessiongraph.search(question, SearchType.CHUNKS, datasets="d", where=where, **more)
    return {citation.text.split(".")[0] for citation in result.citations}


PARIS, OSLO = "Alice Novak moved to Paris in 2010", "Alice Novak moved to Oslo in 2015"
KAYAK, SAILS = "Alice Novak bought a kayak", "Bela Kun sails"


async def test_each_field_narrows_to_what_fits(mixed: None):
    [[paris], *_] = [it.citations for it in await sessiongraph.search("Paris", SearchType.CHUNKS_LEXICAL)]
    for where, expected in (
        ({}, {PARIS, OSLO, KAYAK, SAILS}),
        ({"said_since": "2016"}, {OSLO, KAYAK, SAILS}),
        ({"said_until": "2016-07"}, {PARIS, OSLO}),
        ({"said_since": date(2020, 3, 1), "said_until": "2020-03-01"}, {KAYAK}),
        ({"kinds": ["document"]}, {PARIS, OSLO}),
        ({"kinds": ["session"], "said_since": "2021"}, {SAILS}),
        ({"of_sessions": ["s0"]}, {KAYAK}),
        ({"of_users": ["default_user"]}, {PARIS, OSLO, KAYAK, SAILS}),
        ({"of_users": ["nobody-else"]}, set()),
        ({"of_documents": [paris.document_id]}, {PARIS}),
        ({"metadata": {"project": "atlas"}}, {PARIS}),
        ({"metadata": {"project": ["atlas", "zephyr"]}}, {PARIS, OSLO}),
        ({"metadata": {"year": {"gte": 2012, "lt": 2017}}}, {OSLO}),
        ({"metadata": {"tags": "work"}}, {PARIS}),
        ({"metadata": {"channel": "chat"}}, {SAILS}),
        ({"metadata": {"channel": "chat", "project": "atlas"}}, set()),
        ({"valid_until": "2012"}, {PARIS}),
        ({"valid_since": "2016", "kinds": ["document"]}, {PARIS, OSLO}),
    ):
        assert await found(where) == expected, where
        assert await found(SearchFilter(**where)) == expected, where


async def test_what_does_not_fit_shows_nowhere_whatever_the_type(mixed: None):
    """Nor does its end of a fact that fits: that Alice left Paris stands in what was shut out alone."""
    for query_type in SearchType:
        if query_type is SearchType.NATURAL_LANGUAGE:  # reads the rows of CYPHER
            continue
        query = EVERYTHING if query_type is SearchType.CYPHER else "Where did Alice Novak move, and what is she?"
        for only_context in (False, True):
            [result] = await sessiongraph.search(
                query, query_type, where={"metadata": {"project": "atlas"}}, only_context=only_context
            )
            assert "Paris" in told(result), query_type
            for hidden in ("Oslo", "2015", "sculptor", "Bela", "kayak"):
                assert hidden not in told(result), (query_type, hidden)
    [whole] = await sessiongraph.search(EVERYTHING, SearchType.CYPHER)
    assert {row["r.valid_until"] for row in whole.rows if "Paris" in row["r.statement"]} == {"2015"}


async def test_the_best_k_are_the_best_k_that_fit(home: Path):
    texts = [f"The kiln is hot, says note {number}." for number in range(30)]
    for number, text in enumerate(texts):
        await sessiongraph.add([text], "d", metadata={"number": number})
    await sessiongraph.cognify("d")
    [result] = await sessiongraph.search(
        "Is the kiln hot?", SearchType.CHUNKS, top_k=3, where={"metadata": {"number": {"gte": 27}}}
    )
    assert {citation.text for citation in result.citations} == set(texts[27:])


async def test_a_filter_that_nothing_fits_finds_nothing_and_says_so(mixed: None):
    for query_type in (SearchType.GRAPH_COMPLETION, SearchType.CHUNKS, SearchType.TEMPORAL, SearchType.GRAPH_REPORT):
        [result] = await sessiongraph.search("Where did Alice move in 2010?", query_type, where={"said_until": "1990"})
        assert result.citations == [] and "fits" in result.warnings[-1], query_type
    [result] = await sessiongraph.search("Where did Alice Novak move?", where={"said_until": "1990"})
    assert not result.answered


async def test_what_was_just_told_is_narrowed_too(mixed: None):
    await sessions.add_turn("talk", "My boat is called Rosinante.", "Noted.", metadata={"channel": "chat"})
    for where, is_told in (({"metadata": {"channel": "chat"}}, True), ({"metadata": {"channel": "phone"}}, False)):
        [result] = await sessiongraph.search("What is my boat called?", session_id="talk", where=where)
        assert any("Rosinante" in citation.text for citation in result.citations) is is_told
        await sessions.delete_turn("talk", str(result.turn_id))


async def test_the_context_keeps_to_its_budget(mixed: None):
    [whole] = await sessiongraph.search("Alice Novak", datasets="d", only_context=True)
    for query_type in (SearchType.GRAPH_COMPLETION, SearchType.CHUNKS):
        sizes = []
        for tokens in (1, 40, 80, 10_000):
            [cut] = await sessiongraph.search("Alice", query_type, only_context=True, max_tokens=tokens)
            assert len(cut.context) <= 4 * tokens + 3 or not cut.citations
            assert all(citation.text.splitlines()[0] in cut.context for citation in cut.citations)
            sizes.append(len(cut.citations))
        assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    assert whole.citations
    for wrong in (
        {"max_tokens": 100},
        {"max_tokens": 0, "only_context": True},
        {"max_tokens": 9, "only_context": True, "query_type": SearchType.GRAPH_REPORT},
    ):
        with pytest.raises(InvalidInputError, match="max_tokens"):
            await sessiongraph.search("Alice", **wrong)


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ({"since": "2020"}, "since"),
        ({"said_since": "yesterday"}, "said_since"),
        ({"said_since": "2020-02-31"}, "said_since"),
        ({"said_until": "2020-1"}, "said_until"),
        ({"said_since": 2020}, "said_since"),
        ({"said_since": datetime(2020, 1, 1)}, "said_since"),
        ({"said_since": "2021", "said_until": "2020"}, "said_since is behind"),
        ({"valid_since": "2021-05", "valid_until": "2021-04"}, "valid_since is behind"),
        ({"kinds": ["turn"]}, "kinds"),
        ({"of_sessions": "s1"}, "of_sessions"),
        ({"metadata": {"year": {"gte": 3, "lte": 2}}}, "reversed"),
        ({"metadata": {"year": {"above": 3}}}, "metadata.year"),
        ({"metadata": {"year": {}}}, "metadata.year"),
        ({"metadata": {"year": {"gte": 3, "lte": "4"}}}, "metadata.year"),
        ({"metadata": {"year": None}}, "metadata.year"),
        ({"metadata": {"year": []}}, "metadata.year"),
        ("said_since", "mapping"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(where: object, named: str) -> None:
    with pytest.raises(InvalidInputError, match="where") as refused:
        search_filter(where)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("wanted", "stored", "fits"),
    [
        (1, 1.0, True),
        (1, True, False),
        (True, True, True),
        ("1", 1, False),
        ([1, "a"], "a", True),
        ("a", ["b", "a"], True),
        ({"gt": 1}, 1, False),
        ({"gte": 1, "lte": 1}, 1, True),
        ({"gt": 0}, "1", False),
        ({"gt": 0}, True, False),
        ({"gte": "2024-01"}, "2024-03-09", True),
        ({"lt": 5}, [9, 4], True),
    ],
)
def test_conditions_compare_as_json_does(wanted: Any, stored: object, fits: bool) -> None:
    only = SearchFilter(metadata={"x": wanted})
    assert only.fits_metadata(json.loads(json.dumps({"x": stored}))) is fits
    assert not only.fits_metadata({"y": stored}) and not only.fits_metadata(None)


def test_a_turn_that_is_in_no_graph_fits_by_what_is_known_of_it() -> None:
    turn = Turn("t", "u", "s", "q", "a", datetime(2024, 5, 1, 23, tzinfo=UTC), metadata={"channel": "chat"})
    for where, fits in (
        ({"said_since": "2024-05", "kinds": ["session"], "of_sessions": ["s"], "of_users": ["ana"]}, True),
        ({"metadata": {"channel": "chat"}}, True),
        ({"said_until": "2024-04"}, False),
        ({"kinds": ["document"]}, False),
        ({"of_sessions": ["other"]}, False),
        ({"of_users": ["ben"]}, False),
        ({"of_documents": ["x"]}, False),
        ({"valid_since": "2020"}, False),
    ):
        assert SearchFilter(**where).fits_turn(turn, "ana") is fits, where  # type: ignore[arg-type]


def _scope(store: GraphStore, *given: Evidence) -> Scope:
    put(store, *given)
    return Scope(Dataset("d", "d", "u", "u"), store.read(lambda connection: load_snapshot(connection, "model")))


def test_a_fact_that_both_state_is_told_in_the_words_that_fit(store: GraphStore) -> None:
    """The snapshot shows one wording of it, and that may be the one that was shut out."""
    scope = _scope(
        store,
        Evidence(
            "a",
            "Ana mends kilns at night.",
            [("Ana the Great", "Queen", "Rules in secret.", "document")],
            [("Ana the Great", "mends", "kilns", "Ana mends kilns at night.", None, "document")],
            node_sets=["hidden"],
        ),
        Evidence(
            "b",
            "Ana mends kilns by day.",
            [("Ana the Great", "Person", "Mends.", "document")],
            [("Ana the Great", "mends", "kilns", "Ana mends kilns by day.", None, "document")],
            node_sets=["shown"],
        ),
    )
    assert scope.snapshot.facts["statement"].tolist() == ["Ana mends kilns at night."]
    part = narrow(scope, store, ["shown"], None)
    [hit] = Ranking([part], Query("What does Ana mend?")).facts(5)
    assert part.statements([hit.row])[hit.row].statement == "Ana mends kilns by day."
    ana = part.entities[part.entities["name"] == "Ana the Great"].iloc[0]
    assert (ana["type"], ana["description"]) == ("Person", "Mends.")


def test_what_only_a_passage_that_was_shut_out_gives_a_type_or_tells_of_is_a_value(store: GraphStore) -> None:
    owns = ("Ana", "owns", "boat", "Ana owns a boat.", None, "document")
    is_red = ("boat", "is", "red", "The boat is red.", None, "document")
    typed = [("boat", "Product", "", "document")]
    scope = _scope(
        store,
        Evidence("a", "The boat is red.", typed, [is_red], node_sets=["hidden"]),
        Evidence("b", "Ana owns a boat.", [], [owns], node_sets=["shown", "both"]),
        Evidence("c", "A boat is red.", [], [is_red], node_sets=["both"]),
    )
    for node_set, type_ in (("shown", "Value"), ("both", "Concept"), ("hidden", "Product")):
        entities = narrow(scope, store, [node_set], None).entities
        assert entities[entities["name"] == "boat"]["type"].tolist() == [type_], node_set


def test_facts_of_another_time_are_left_out_of_passages_that_fit(store: GraphStore) -> None:
    claims = [
        ("Ana", "joined", "the club", "Ana joined the club.", "2019", "document"),
        ("Ana", "joined", "the choir", "Ana joined the choir.", "2022", "document"),
    ]
    scope = _scope(store, Evidence("a", "Ana joined the club, then the choir.", claims=claims), Evidence("b", "Hm."))
    part = narrow(scope, store, None, SearchFilter(valid_until="2020"))
    assert [hit.row for hit in Ranking([part], Query("What did Ana join?")).facts(5)] == [
        scope.snapshot.facts["statement"].tolist().index("Ana joined the club.")
    ]
    assert part.allowed.sum() == 1


async def test_a_dataset_of_another_is_narrowed_by_itself(home: Path):
    """Metadata is read in each dataset's own store."""
    for name, project in (("one", "atlas"), ("two", "zephyr")):
        await sessiongraph.add([f"The kiln of {name} is hot."], name, metadata={"project": project})
    await sessiongraph.cognify()
    [result] = await sessiongraph.search("kiln", SearchType.CHUNKS, where={"metadata": {"project": "zephyr"}})
    assert [citation.dataset for citation in result.citations] == ["default_user/two"]
    assert len(await datasets.list()) == 2

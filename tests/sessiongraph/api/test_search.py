"""What a search gives back: the right kind of sources, from the right places, with the session's history."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

import sessiongraph
from sessiongraph import SearchType, datasets, persist_sessions_in_knowledge_graph_pipeline, sessions
from tests.conftest import RedisServer
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint

TEXTS = [
    "Alice Novak moved to Paris in 2010. Alice Novak works at Acme Labs.",
    "Boris Weber founded Acme Labs in 1999. Acme Labs makes batteries.",
    "Carla Rossi paints landscapes in Porto.",
]


async def three_people() -> None:
    await sessiongraph.add(TEXTS[:2], dataset_name="people", node_set=["staff"])
    await sessiongraph.add(TEXTS[2:], dataset_name="people", node_set=["art"])
    await sessiongraph.cognify("people")


@pytest.fixture
async def people(fill_home: FillHome) -> None:
    await fill_home(three_people)


# Those that take a question and need no model that writes; the others have tests of their own.
QUESTIONED = [kind for kind in SearchType if kind not in ("CYPHER", "NATURAL_LANGUAGE", "GRAPH_REPORT")]


async def test_every_type_finds_it_and_cites_it(people: None):
    for query_type in QUESTIONED:
        (result,) = await sessiongraph.search("Where did Alice Novak move?", query_type=query_type, datasets="people")
        assert "Paris" in str(result), query_type
        assert result.citations[0].document_id and result.citations[0].dataset == "default_user/people"
        assert (result.answer is not None) == (query_type not in ("CHUNKS", "CHUNKS_LEXICAL", "SUMMARIES"))
        lucky = SearchType.GRAPH_COMPLETION if query_type is SearchType.FEELING_LUCKY else query_type
        assert result.query_type == lucky


async def test_every_type_gathers_each_of_its_kinds_of_sources(people: None):
    expected = {
        SearchType.RAG_COMPLETION: {"chunk"},
        SearchType.TRIPLET_COMPLETION: {"fact"},
        SearchType.SUMMARIES: {"summary"},
        SearchType.GRAPH_SUMMARY_COMPLETION: {"fact", "summary"},
        SearchType.HYBRID_COMPLETION: {"fact", "chunk", "summary"},
        SearchType.CHUNKS: {"chunk"},
        SearchType.CHUNKS_LEXICAL: {"chunk"},
    }
    for query_type in QUESTIONED:
        (result,) = await sessiongraph.search("Where did Alice Novak move?", query_type=query_type, only_context=True)
        found = {citation.kind for citation in result.citations}
        assert found == expected.get(query_type, {"fact", "chunk"}), query_type


async def test_only_context_asks_no_model(endpoint: OpenAIEndpoint, people: None):
    endpoint.requests.clear()
    (result,) = await sessiongraph.search("Where did Alice Novak move?", only_context=True, session_id="s")
    assert result.answer is None and "[1] " in result.context and "Paris" in result.context
    assert endpoint.chats == [] and await sessions.get_turns("s") == []


async def test_lexical_search_needs_no_model_at_all(endpoint: OpenAIEndpoint, people: None):
    endpoint.requests.clear()
    (result,) = await sessiongraph.search("landscapes", query_type=SearchType.CHUNKS_LEXICAL)
    assert [citation.text for citation in result.citations] == TEXTS[2:]
    assert endpoint.requests == []


async def test_top_k_bounds_the_sources_and_the_best_come_first(people: None):
    for top_k in (1, 2):
        (result,) = await sessiongraph.search("Who founded Acme Labs?", query_type=SearchType.CHUNKS, top_k=top_k)
        assert len(result.citations) == top_k
        assert "Boris" in result.citations[0].text


async def test_node_sets_keep_to_what_is_tagged(people: None):
    (result,) = await sessiongraph.search("Who founded Acme Labs?", query_type=SearchType.CHUNKS, node_sets=["art"])
    assert [citation.text for citation in result.citations] == TEXTS[2:]
    with pytest.raises(sessiongraph.NoGraphDataError, match="art, staff"):
        await sessiongraph.search("Who?", node_sets=["nothing"])


async def test_datasets_keep_to_themselves_and_none_means_all(people: None):
    await sessiongraph.add(["Dora Quist moved to Oslo."], dataset_name="other")
    await sessiongraph.cognify("other")
    (one,) = await sessiongraph.search("Who moved?", query_type=SearchType.CHUNKS, datasets=["other"])
    assert {citation.dataset for citation in one.citations} == {"default_user/other"}
    (all_,) = await sessiongraph.search("Who moved?", query_type=SearchType.CHUNKS)
    assert {citation.dataset for citation in all_.citations} == {"default_user/other", "default_user/people"}


async def test_a_turn_belongs_where_it_was_searched_or_to_the_only_dataset_that_its_answer_cites(people: None):
    (target,) = [dataset for dataset in await datasets.list() if dataset.name == "people"]
    await datasets.create("other")
    await sessiongraph.search("Who founded Acme Labs?", datasets="people", session_id="s")
    await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    first, second = await sessions.get_turns("s")
    assert first.dataset_id == target.id
    assert second.dataset_id == target.id
    assert first.context and first.elements and first.answer


async def test_the_last_ten_turns_are_in_the_prompt(endpoint: OpenAIEndpoint, people: None):
    for number in range(12):
        await sessions.add_turn("s", f"Question number {number}?", f"Answer number {number}.")
    endpoint.requests.clear()
    await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    (call,) = endpoint.chats
    assert [n for n in range(12) if f"~ user: Question number {n}?" in call.user] == list(range(2, 12))
    assert [n for n in range(12) if f"~ assistant: Answer number {n}." in call.user] == list(range(2, 12))


async def test_a_follow_up_is_searched_for_by_the_name_it_points_to(people: None):
    await sessiongraph.search("Where did Carla Rossi paint?", session_id="s")
    (result,) = await sessiongraph.search("What does she paint?", query_type=SearchType.CHUNKS, session_id="s")
    assert result.citations[0].text == TEXTS[2]


async def test_a_dead_cache_costs_the_history_and_says_so(people: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CACHE_BACKEND", "redis")
    monkeypatch.setenv("CACHE_PORT", "1")
    (result,) = await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    assert "Boris" in str(result) and result.turn_id is None
    assert "without the session's history" in result.warnings[0]


async def test_a_redis_that_dies_between_turns_costs_no_answer(
    people: None, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CACHE_BACKEND", "redis")
    monkeypatch.setenv("CACHE_PORT", str(redis_server.port))
    assert (await sessiongraph.search("Who founded Acme Labs?", session_id="s"))[0].turn_id
    redis_server.kill()
    try:
        (result,) = await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    finally:
        redis_server.start()
    assert "Boris" in str(result) and result.warnings and result.turn_id is None
    assert (await sessiongraph.search("Who founded Acme Labs?", session_id="s"))[0].turn_id


async def test_caching_off_answers_without_history(people: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CACHING", "false")
    (result,) = await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    assert "Boris" in str(result) and "CACHING" in result.warnings[0]


async def test_an_unanswerable_question_is_not_answered(people: None):
    (result,) = await sessiongraph.search("Who is the president of France?", session_id="s")
    assert not result.answered and result.citations == [] and "don't know" in str(result)
    report = await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], create=True)
    assert (report.persisted, report.skipped) == (0, 1)


async def test_an_answer_cites_the_sources_it_names(endpoint: OpenAIEndpoint, people: None):
    endpoint.reply("Boris did [2].", when="Question: Who founded Acme Labs?", times=1)
    (context,) = await sessiongraph.search("Who founded Acme Labs?", only_context=True)
    (result,) = await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    assert str(result) == "Boris did." == (await sessions.get_turns("s"))[0].answer
    assert [citation.id for citation in result.citations] == [context.citations[1].id]


async def test_a_failing_model_fails_the_search_and_writes_no_turn(endpoint: OpenAIEndpoint, people: None):
    endpoint.fail(500, when="Question: ")
    with pytest.raises(sessiongraph.LLMFailedError):
        await sessiongraph.search("Who founded Acme Labs?", session_id="s")
    assert await sessions.get_turns("s") == []


# Where it is another day than in Greenwich


@pytest.fixture
def move_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets this machine's time zone, as POSIX writes it: hours to the west."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("east", [14, -12, 0], ids=["Kiritimati", "Baker Island", "Greenwich"])
async def test_a_turn_and_a_question_are_of_the_day_where_they_are_asked(
    move_to: Callable[[str], None], east: int
) -> None:
    await sessiongraph.add("Alice Novak moved to Paris.", "people", said_at=date(2020, 1, 1))
    await sessiongraph.cognify("people")
    move_to(f"<here>{-east}")

    days = []
    for _ in range(2):  # midnight may pass between this and that
        days.append(str((datetime.now(UTC) + timedelta(hours=east)).date()))
        (result,) = await sessiongraph.search(
            "Who moved today?", SearchType.TEMPORAL, datasets="people", session_id="s"
        )
    [told] = [warning for warning in result.warnings if "Nothing is of the time" in warning]
    assert any(f"from {day} to {day}" in told for day in days)
    assert (await sessions.get_turns("s"))[0].created_at.utcoffset() == timedelta(hours=east)


NOTES = [f"The {word} of harbour number {number} is painted." for number, word in enumerate(("mast", "keel", "deck"))]
QUESTION = "Which evening suits the mast concert?"


async def test_a_single_word_in_common_does_not_decide_beside_vectors_of_sentences(endpoint: OpenAIEndpoint):
    meant = {text: number for number, text in enumerate(NOTES)} | {QUESTION: 2}
    endpoint.vectors = lambda texts, size: [[float(at == meant.get(it, 3)) for at in range(size)] for it in texts]
    await sessiongraph.add(NOTES, dataset_name="harbour")
    await sessiongraph.cognify("harbour")

    (found,) = await sessiongraph.search(QUESTION, query_type=SearchType.CHUNKS)

    assert "deck" in found.citations[0].text

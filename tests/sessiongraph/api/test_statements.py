"""What a user tells in a session is heard: acknowledged in their language, kept, and never answered "I don't know"."""

import json
from datetime import UTC, datetime

import pytest

import sessiongraph
from sessiongraph import SearchType, persist_sessions_in_knowledge_graph_pipeline, sessions
from sessiongraph.prompts.question_prompt import NO_ANSWER
from sessiongraph.retrieval.search_types import SEARCH_PLANS
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint


async def one_note() -> None:
    await sessiongraph.add(["Alice Novak moved to Paris in 2010."], dataset_name="notes")
    await sessiongraph.cognify("notes")


@pytest.fixture
async def notes(fill_home: FillHome) -> None:
    await fill_home(one_note)


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("I live in Bergen.", "Noted: you live in Bergen."),
        ("I'm a nurse", "Noted: you're a nurse."),
        ("My sister Eva was ill. I was with her.", "Noted: your sister Eva was ill. You were with her."),
        ("Went to Rome yesterday!", "Noted: you went to Rome yesterday!"),
        ("The meeting is on Monday.", "Noted: the meeting is on Monday."),
        ("I no longer work at Nordlys", "Noted: you no longer work at Nordlys."),
        ("You said you'd call me.", "Noted: «You said you'd call me.»"),
        ("Ich wohne in Bergen.", "Notiert: «Ich wohne in Bergen.»"),
        ("Vivo en Madrid.", "Anotado: «Vivo en Madrid.»"),
        ("J'habite à Lyon.", "Noté: «J'habite à Lyon.»"),
        ("我住在上海", "已记下: «我住在上海»"),
        ("أعيش في القاهرة.", "سُجّل: «أعيش في القاهرة.»"),
        ("東京に住んでいます", "記録しました: «東京に住んでいます»"),
        ("저는 서울에 살아요.", "기록했습니다: «저는 서울에 살아요.»"),
        ("Я живу в Москве.", "Записано: «Я живу в Москве.»"),
        ("मैं दिल्ली में रहता हूँ।", "दर्ज किया: «मैं दिल्ली में रहता हूँ।»"),
        ("ฉันแพ้เพนิซิลลิน", "บันทึกแล้ว: «ฉันแพ้เพนิซิลลิน»"),
        ("Asun Tampereella ja olen hoitaja.", "✓ «Asun Tampereella ja olen hoitaja.»"),
        ("Hello!", "Hello!"),
        ("Danke!", "Gern geschehen."),
    ],
)
async def test_what_is_told_is_acknowledged(notes: None, told: str, answer: str) -> None:
    (result,) = await sessiongraph.search(told, session_id="s", datasets="notes")
    assert (result.answer, result.answered, result.citations, result.warnings) == (answer, True, [], [])
    assert [claim.text for claim in result.claims] == [answer]
    assert [(turn.question, turn.answer) for turn in await sessions.get_turns("s")] == [(told, answer)]


async def test_the_first_thing_that_is_told_is_heard_before_there_is_any_graph() -> None:
    (result,) = await sessiongraph.search("I live in Bergen.", session_id="s")
    assert result.answer == "Noted: you live in Bergen." and result.turn_id
    with pytest.raises(sessiongraph.NoGraphDataError):
        await sessiongraph.search("Where do I live?", session_id="another")


ANSWERED_FROM_SOURCES = [kind for kind, plan in SEARCH_PLANS.items() if kind.asks_model and plan.retriever is not None]


@pytest.mark.parametrize("query_type", ANSWERED_FROM_SOURCES)
async def test_what_was_told_is_an_answer_before_anything_is_persisted(query_type: SearchType) -> None:
    for told in ("My sister Anna lives in Oslo.", "Our meeting was moved to Friday.", "I work at the Orchid Bank."):
        await sessiongraph.search(told, session_id="s")

    async def ask(question: str) -> sessiongraph.SearchResult:
        [result] = await sessiongraph.search(question, query_type, session_id="s")
        return result

    where, when = await ask("Where does my sister live?"), await ask("When is the meeting?")
    assert where.answer and "Oslo" in where.answer and when.answer and "Friday" in when.answer
    assert [citation.session_id for citation in where.citations] == ["s"] and len(where.warnings) >= 1
    assert not (await ask("Where does Bob live?")).answered


async def test_what_was_told_and_persisted_is_one_source(notes: None) -> None:
    (told,) = await sessiongraph.search("My sister Anna lives in Oslo.", session_id="s", datasets="notes")
    question = "Where does my sister live?"
    (before,) = await sessiongraph.search(question, session_id="s", datasets="notes", only_context=True)
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="notes")
    (after,) = await sessiongraph.search(question, session_id="s", datasets="notes", only_context=True)

    for result in (before, after):
        turns = [it for it in result.citations if it.turn_id == told.turn_id and it.kind == "turn"]
        assert len(turns) == 1 and turns[0].text.startswith("My sister Anna lives in Oslo.")
        assert result.warnings == []
    assert before.citations[0].id in [it.id for it in after.citations]


async def test_a_search_of_a_node_set_finds_nothing_beside_it(notes: None) -> None:
    await sessiongraph.search("My sister Anna lives in Oslo.", session_id="s", datasets="notes")
    with pytest.raises(sessiongraph.NoGraphDataError):
        await sessiongraph.search("Where does my sister live?", session_id="s", datasets="notes", node_sets=["other"])


@pytest.mark.parametrize("query_type", [SearchType.GRAPH_COMPLETION_COT, SearchType.TEMPORAL, SearchType.FEELING_LUCKY])
async def test_whichever_the_type(notes: None, query_type: SearchType) -> None:
    (result,) = await sessiongraph.search("I moved here in May.", query_type, session_id="s", datasets="notes")
    assert result.answer == "Noted: you moved here in May."


async def test_a_question_beside_a_statement_is_answered(notes: None) -> None:
    (result,) = await sessiongraph.search("I love hiking. Where did Alice Novak move?", session_id="s")
    assert result.answer == "Alice Novak moved to Paris in 2010."


@pytest.mark.parametrize("asked", ["Tell me about Alice Novak.", "Alice Novak", "Alice Novak's move to Paris"])
async def test_a_request_and_a_topic_are_answered(notes: None, asked: str) -> None:
    (result,) = await sessiongraph.search(asked, session_id="s", datasets="notes")
    assert result.answer == "Alice Novak moved to Paris in 2010."


async def test_without_a_session_it_is_said_that_nothing_is_kept(notes: None) -> None:
    (result,) = await sessiongraph.search("Alice Novak moved to Rome.", datasets="notes")
    assert not result.answered and "session_id" in str(result)
    assert "Paris" in result.citations[0].text
    (result,) = await sessiongraph.search("Alice Novak moved to Rome.", datasets="notes", only_context=True)
    assert result.answer is None and "Paris" in result.context


async def test_an_acknowledgement_states_nothing_of_its_own_and_is_not_quoted(notes: None) -> None:
    await sessiongraph.search("Eva lives in Bergen.", session_id="s", datasets="notes")
    await persist_sessions_in_knowledge_graph_pipeline(session_ids=["s"], dataset="notes", run_in_background=False)
    (result,) = await sessiongraph.search("Where does Eva live?", datasets="notes")
    assert str(result) == "Eva lives in Bergen."
    (fact,) = (await sessiongraph.search("Eva", SearchType.TRIPLET_COMPLETION, datasets="notes", only_context=True))[
        0
    ].citations[:1]
    assert fact.stated_by == "user"


async def test_a_model_acknowledges_in_one_call_and_is_given_what_may_be_corrected(
    endpoint: OpenAIEndpoint, notes: None
) -> None:
    endpoint.requests.clear()
    endpoint.reply("Noted: Alice Novak lives in Rome now, no longer in Paris [1].", when="Question: ")
    (result,) = await sessiongraph.search("She moved on to Rome, Alice Novak.", session_id="s", datasets="notes")
    assert result.answer == "Noted: Alice Novak lives in Rome now, no longer in Paris." and result.citations == []
    (chat,) = endpoint.chats
    instructions, prompt = (message["content"] for message in chat.body["messages"])
    assert 'word for "Noted"' in instructions and "moved to Paris in 2010" in prompt


async def test_a_model_that_says_it_does_not_know_is_not_taken_at_its_word(
    endpoint: OpenAIEndpoint, notes: None
) -> None:
    endpoint.reply(NO_ANSWER, when="Question: ")
    (result,) = await sessiongraph.search("Ich wohne in Bergen.", session_id="s", datasets="notes")
    assert (result.answer, result.answered) == ("Notiert: «Ich wohne in Bergen.»", True)
    (result,) = await sessiongraph.search("Wer wohnt in Oslo?", session_id="s", datasets="notes")
    assert not result.answered


async def _told(*said: str) -> dict[str, str | None]:
    """The facts of a session in which ana says one thing a day."""
    ana = await sessiongraph.users.create("ana")
    await sessiongraph.datasets.create("d", user=ana)
    for day, text in enumerate(said, start=1):
        moment = datetime(2024, 5, day, 12, tzinfo=UTC)
        await sessions.add_turn("s", text, "Noted.", user=ana, dataset="ana/d", created_at=moment)
    await persist_sessions_in_knowledge_graph_pipeline(
        user=ana, session_ids=["s"], dataset="ana/d", run_in_background=False, create=True
    )
    return await _facts_of(ana)


async def _facts_of(ana: sessiongraph.User) -> dict[str, str | None]:
    """Her facts, each with when it was over."""
    graph = await sessiongraph.graph("ana/d", user=ana)
    return {
        f"{graph.nodes[one]['name']} {fact['relation']} {graph.nodes[other]['name']}": fact["valid_until"]
        for one, other, fact in graph.edges(data=True)
    }


@pytest.mark.parametrize(
    ("said", "over", "holds"),
    [
        (["I live in Bergen.", "No, I meant Oslo."], "ana lives in Bergen", "ana lives in Oslo"),
        (["I live in Bergen.", "We don't live there any more."], "ana lives in Bergen", None),
        (["I work at Nordlys.", "I no longer work at Nordlys."], "ana works at Nordlys", None),
        (["I like coffee.", "I don't like coffee any more."], "ana likes coffee", None),
        (["The meeting is on Monday.", "no, it's Tuesday"], "meeting is on Monday", "meeting is on Tuesday"),
        (
            ["My favourite colour is green.", "My favorite colour is blue."],
            "ana has favourite colour green",
            "ana has favorite colour blue",
        ),
    ],
)
async def test_a_correction_closes_what_it_corrects(said: list[str], over: str, holds: str | None) -> None:
    facts = await _told(*said)
    assert facts[over] == "2024-05-02T12:00:00"
    assert holds is None or facts[holds] is None


async def test_an_end_that_is_forgotten_ends_nothing() -> None:
    facts = await _told("I like coffee.", "I don't like coffee anymore.")
    assert facts["ana likes coffee"]
    ana = await sessiongraph.users.get("ana")
    last = (await sessions.get_turns("s", user=ana))[-1]
    await sessiongraph.forget("ana/d", session_id="s", turn_id=last.turn_id, by=ana)
    assert await _facts_of(ana) == {"ana likes coffee": None}


async def test_what_a_model_says_is_over_is_closed(endpoint: OpenAIEndpoint) -> None:
    fact = {"subject": "Ana", "object": "Nordlys", "passage": 1, "valid_at": None}
    works = fact | {"relation": "works at", "statement": "Ana works at Nordlys."}
    ended = fact | {"relation": "no longer works at", "statement": "Ana no longer works at Nordlys.", "passage": 3}
    answer = {"summaries": [], "entities": [], "facts": [works, ended]}
    endpoint.reply(json.dumps(answer), when="[3]")
    facts = await _told("I work at Nordlys.", "I'm not with Nordlys any more.")
    assert facts == {"Ana works at Nordlys": "2024-05-02T12:00:00", "Ana no longer works at Nordlys": None}

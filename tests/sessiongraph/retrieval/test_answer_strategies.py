"""Answer strategies: the calls that each makes, their bound, and what it does with the embedded model."""

import pytest

import sessiongraph
from sessiongraph import SearchType
from sessiongraph.prompts.question_prompt import NO_ANSWER
from sessiongraph.retrieval.query_decomposition import sub_questions
from sessiongraph.retrieval.search_types import SEARCH_PLANS, choose_search_type
from tests.sessiongraph.conftest import FillHome
from tests.support.openai_endpoint import OpenAIEndpoint

TEXTS = [
    "Alice Novak moved to Paris in 2010. Alice Novak works for Acme Labs.",
    "Boris Weber founded Acme Labs in 1999. Acme Labs makes batteries.",
    "Carla Rossi paints landscapes in Porto. Carla Rossi visited Osaka on 3 May 2021.",
]
MISSING, PARTS, CONDENSE = "Say what must be searched for", "Split the question", "Write down what the numbered"


async def some_people() -> None:
    await sessiongraph.add(TEXTS, dataset_name="people")
    await sessiongraph.cognify("people")


@pytest.fixture
async def people(fill_home: FillHome) -> None:
    await fill_home(some_people)


async def ask(question: str, kind: SearchType, **more: object) -> sessiongraph.SearchResult:
    [result] = await sessiongraph.search(question, kind, **more)  # type: ignore[arg-type]
    return result


def test_every_type_is_in_the_table():
    assert set(SEARCH_PLANS) == set(SearchType) - {SearchType.FEELING_LUCKY}


# Chain of thought


async def test_thought_goes_on_until_nothing_is_missing(endpoint: OpenAIEndpoint, people: None):
    endpoint.reply("Who founded Acme Labs?", when=MISSING, times=1)
    endpoint.reply("NOTHING", when=MISSING)
    endpoint.requests.clear()
    result = await ask("Who founded Alice Novak's employer?", SearchType.GRAPH_COMPLETION_COT, top_k=1)
    assert "Boris Weber" in result.context and result.usage.calls == len(endpoint.chats) == 4


async def test_thought_ends_whatever_a_model_says(endpoint: OpenAIEndpoint, people: None):
    for number in range(20):
        endpoint.reply(f"What of {TEXTS[number % 3].split('.')[0]}?", when=MISSING, times=1)
    endpoint.requests.clear()
    result = await ask("Who?", SearchType.GRAPH_COMPLETION_COT, top_k=1)
    assert len(endpoint.chats) <= 5 and result.usage.calls == len(endpoint.chats)


async def test_without_a_model_what_is_missing_is_what_the_sources_name(people: None):
    question = "Which goods does Alice Novak's employer make?"
    plain = await ask(question, SearchType.GRAPH_COMPLETION, top_k=1)
    result = await ask(question, SearchType.GRAPH_COMPLETION_COT, top_k=1)
    assert "batteries" not in plain.context and "batteries" in result.context


async def test_the_context_is_extended_by_the_answer_and_no_further_than_twice(endpoint: OpenAIEndpoint, people: None):
    endpoint.requests.clear()
    result = await ask("Where does Alice Novak work?", SearchType.GRAPH_COMPLETION_CONTEXT_EXTENSION, top_k=2)
    assert 1 <= len(endpoint.chats) <= 3 and result.usage.calls == len(endpoint.chats)
    assert result.context.count("[") > 2


# Decomposition


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Where does Alice live?", 1),
        ("Where does Alice live and what does she eat?", 2),
        ("Who founded Acme? And when was that?", 2),
        ("Where do Alice Novak, Bob and Carla Rossi live?", 3),
        ("Did Alice Novak and Boris Weber move?", 2),
        ("What do Alice and Bob have in common?", 1),
        ("When did Alice and Bob meet?", 1),
        ("Who wrote War and Peace?", 1),
        ("", 1),
        ("? ? ?", 1),
        ("Why? " * 50, 5),
    ],
)
def test_a_question_is_parted_where_it_is_several(question: str, parts: int):
    if question == "Who wrote War and Peace?":
        pytest.xfail("a title with 'and' in it looks like two names")
    assert len(sub_questions(question)) == parts


async def test_without_a_model_each_part_is_answered(people: None):
    result = await ask(
        "Who founded Acme Labs and where does Carla Rossi paint?", SearchType.GRAPH_COMPLETION_DECOMPOSITION
    )
    assert "Boris Weber" in str(result) and "Porto" in str(result)
    assert {text for claim in result.claims for text in [claim.citations[0].text]}


async def test_a_model_parts_the_question_and_answers_once(endpoint: OpenAIEndpoint, people: None):
    endpoint.reply("1. Who founded Acme Labs?\n- Where does Carla Rossi paint?\nNot a question.", when=PARTS)
    endpoint.requests.clear()
    result = await ask("Tell me of Boris and Carla.", SearchType.GRAPH_COMPLETION_DECOMPOSITION, top_k=4)
    assert len(endpoint.chats) == 2 and "Boris Weber" in result.context and "Porto" in result.context
    assert endpoint.max_in_flight >= 1 and len(endpoint.embeddings) >= 1


# Summaries


async def test_sources_are_condensed_before_they_are_answered_from(endpoint: OpenAIEndpoint, people: None):
    endpoint.reply("Acme Labs was founded by Boris Weber [1].", when=CONDENSE)
    endpoint.reply("Boris Weber did [1].", when="from the summary alone")
    endpoint.requests.clear()
    result = await ask("Who founded Acme Labs?", SearchType.GRAPH_SUMMARY_COMPLETION)
    assert str(result) == "Boris Weber did." and len(result.citations) == 1 and len(endpoint.chats) == 2


async def test_a_summary_of_nothing_is_no_answer(endpoint: OpenAIEndpoint, people: None):
    endpoint.reply(NO_ANSWER, when=CONDENSE)
    result = await ask("Who founded Acme Labs?", SearchType.GRAPH_SUMMARY_COMPLETION)
    assert not result.answered and result.citations == [] and str(result) == NO_ANSWER


# Time


async def test_a_time_keeps_to_what_is_of_it(people: None):
    result = await ask("What did Carla Rossi visit in May 2021?", SearchType.TEMPORAL)
    assert "Osaka" in str(result) and "Osaka" in result.context.split("[2]")[0]
    before = await ask("What did Carla Rossi visit in 1998?", SearchType.TEMPORAL)
    assert "Nothing is of the time from 1998-01-01" in before.warnings[0]


async def test_a_question_of_no_time_is_searched_in_all_and_says_so(people: None):
    result = await ask("Who founded Acme Labs?", SearchType.TEMPORAL)
    assert "Boris" in str(result) and "no time" in result.warnings[0]


# Luck


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("MATCH (a) RETURN a", SearchType.CYPHER),
        ("match p=(a)-[r]->(b) return b", SearchType.CYPHER),
        ("Give me a report", SearchType.GRAPH_REPORT),
        ("Summarize what is known of Acme", SearchType.GRAPH_SUMMARY_COMPLETION),
        ("Who is Alice and where does she live?", SearchType.GRAPH_COMPLETION_DECOMPOSITION),
        ("What happened in 2021?", SearchType.TEMPORAL),
        ("Acme batteries", SearchType.CHUNKS),
        ("Where does Alice live?", SearchType.GRAPH_COMPLETION),
        ("What do you match (roughly) with?", SearchType.GRAPH_COMPLETION),
    ],
)
def test_luck_is_a_rule(query: str, kind: SearchType):
    from datetime import date

    assert choose_search_type(query, date(2024, 1, 1)) is kind


async def test_the_result_says_what_luck_chose(people: None):
    assert (await ask("MATCH (a) RETURN a.name", SearchType.FEELING_LUCKY)).query_type is SearchType.CYPHER


@pytest.mark.parametrize("kind", [kind for kind in SEARCH_PLANS if kind.asks_model])
async def test_only_context_asks_no_model_of_any_type(endpoint: OpenAIEndpoint, people: None, kind: SearchType):
    endpoint.requests.clear()
    result = await ask(
        "Who founded Acme Labs and where does Carla Rossi paint?", kind, only_context=True, session_id="s"
    )
    assert result.answer is None and result.context and endpoint.chats == []


@pytest.mark.parametrize("kind", [kind for kind in SEARCH_PLANS if kind.asks_model])
async def test_a_model_that_fails_fails_every_type_in_one_way(endpoint: OpenAIEndpoint, people: None, kind: SearchType):
    endpoint.fail(500, when="")
    endpoint.requests.clear()
    with pytest.raises(sessiongraph.LLMFailedError):
        await ask("Who founded Acme Labs?", kind, session_id="s")
    assert await sessiongraph.sessions.get_turns("s") == []

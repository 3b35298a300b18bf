"""Parsing of a model's answer: its marks become citations, and whatever it says leaves the session usable."""

from datetime import UTC, datetime

import pytest

import sessiongraph
from sessiongraph import persist_sessions_in_knowledge_graph_pipeline as persist
from sessiongraph import sessions
from sessiongraph.retrieval.answer_generation import parse_answer, parse_citations
from sessiongraph.retrieval.results import Citation
from tests.support.openai_endpoint import OpenAIEndpoint


def cited(*ids: str) -> list[Citation]:
    moment = datetime(2024, 5, 8, tzinfo=UTC)
    return [Citation("chunk", id_, id_, 1.0, "d", id_, id_, "document", moment) for id_ in ids]


@pytest.mark.parametrize(
    ("text", "answer", "used"),
    [
        ("In Paris [2].", "In Paris.", ["b"]),
        ("In Paris [3][1], she says [3].", "In Paris, she says.", ["c", "a"]),
        ("In Paris [1, 3].", "In Paris.", ["a", "c"]),
        ("In Paris.", "In Paris.", ["a", "b", "c"]),
        ("Since [2010] in Paris [1].", "Since [2010] in Paris.", ["a"]),
        ("See [1, 99] and [0].", "See and.", ["a"]),
        ("[1]", "[1]", ["a"]),
        ("[" + "9" * 5000 + "]", "[" + "9" * 5000 + "]", ["a", "b", "c"]),
        ("list[int] of Alice [x]", "list[int] of Alice [x]", ["a", "b", "c"]),
    ],
)
def test_marks_name_sources_and_nothing_else_is_a_mark(text: str, answer: str, used: list[str]) -> None:
    said, citations = parse_citations(text, cited("a", "b", "c"))
    assert (said, [citation.id for citation in citations]) == (answer, used)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("She lives in Rome. [1] She paints [2].", ["She lives in Rome.", "She paints."]),
        ("李伟住在成都。[1]他是老师。[2]", ["李伟住在成都。", "他是老师。"]),
        ("李伟住在成都[1]。他是老师[2]。", ["李伟住在成都。", "他是老师。"]),
        ("هدى تعيش في عمان [1]. هي مهندسة [2].", ["هدى تعيش في عمان.", "هي مهندسة."]),
        ("मोहन गाता है।[1] वह दिल्ली में रहता है।[2]", ["मोहन गाता है।", "वह दिल्ली में रहता है।"]),
        ("Анна живёт в Риме [1] Она врач [2]", ["Анна живёт в Риме", "Она врач"]),
    ],
)
def test_each_sentence_of_an_answer_has_its_own_source_in_any_script(text: str, said: list[str]) -> None:
    claims = parse_answer(text, cited("a", "b")).claims
    assert [claim.text for claim in claims] == said
    assert [[citation.id for citation in claim.citations] for claim in claims] == [["a"], ["b"]]


async def test_an_answer_cut_in_an_emoji_does_not_end_its_session(cache: str, endpoint: OpenAIEndpoint) -> None:
    await sessiongraph.add(["Alice lives in Paris."], dataset_name="d")
    await sessiongraph.cognify(datasets=["d"])
    endpoint.reply("Alice \ud83d lives in Paris, and \x00 is a sign [1].", times=1)
    for question in ("Where does Alice live?", "And what does she do?"):
        (result,) = await sessiongraph.search(question, session_id="s", datasets=["d"])
        assert result.warnings == []
        assert result.turn_id
    assert [turn.answer[:13] for turn in await sessions.get_turns("s")] == ["Alice ? lives", "Alice lives i"]
    assert (await persist(session_ids=["s"], dataset="d", create=True)).persisted == 2

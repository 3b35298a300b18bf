"""Ratings move what an answer used: within bounds, by who may write alone, for as long as the rated turn is there."""

import pytest

import sessiongraph
from sessiongraph import SearchType, datasets, persist_sessions_in_knowledge_graph_pipeline, sessions, users
from sessiongraph.default_client import default_services
from sessiongraph.snapshots.feedback_weights import MAX_WEIGHT
from tests.sessiongraph.conftest import FillHome

TEXTS = ["Alice Novak moved to Paris in 2010.", "Alice Novak moved to Paris in spring."]


async def two_passages() -> None:
    await sessiongraph.add(TEXTS, dataset_name="d")
    await sessiongraph.cognify("d")


@pytest.fixture
async def ids(fill_home: FillHome) -> list[str]:
    """The ids of two passages that say nearly the same, the better found first."""
    await fill_home(two_passages)
    return [citation.id for citation in (await chunks()).citations]


async def chunks() -> sessiongraph.SearchResult:
    [result] = await sessiongraph.search("Alice Novak moved to Paris", SearchType.CHUNKS, datasets="d")
    return result


async def rate(element: str, score: int, session: str = "s", user: sessiongraph.User | None = None) -> None:
    turn = await sessions.add_turn(session, "Where is Alice?", "Alice is in Paris.", elements=[element], user=user)
    await sessions.add_feedback(session, turn, score=score, user=user)


async def persist(session: str = "s", user: sessiongraph.User | None = None, dataset: str = "d") -> None:
    await persist_sessions_in_knowledge_graph_pipeline(user, [session], dataset, create=True)


async def weight(element: str) -> float:
    [dataset] = [each for each in await datasets.list() if each.name == "d"]
    services = default_services()
    return services.feedback_weights.read(services.store(dataset)).get(element, 0.0)


async def test_a_bad_rating_lowers_and_a_good_one_raises_what_was_used(ids: list[str]):
    before = {citation.id: citation.score for citation in (await chunks()).citations}
    await rate(ids[0], 1)
    await rate(ids[1], 5)
    await persist()
    after = {citation.id: citation.score for citation in (await chunks()).citations}
    assert await weight(ids[0]) < 0 < await weight(ids[1])
    assert after[ids[0]] - after[ids[1]] < before[ids[0]] - before[ids[1]]


async def test_asking_again_and_again_pushes_no_further(ids: list[str]):
    await rate(ids[0], 5, "s0")
    await persist("s0")
    once = await weight(ids[0])
    for number in range(1, 6):
        await rate(ids[0], 5, f"s{number}")
        await persist(f"s{number}")
    assert await weight(ids[0]) == once <= MAX_WEIGHT / 2


async def test_an_indifferent_rating_and_none_move_nothing(ids: list[str]):
    await rate(ids[0], 3)
    await sessions.add_turn("s", "Where?", "In Paris.", elements=[ids[1]])
    await persist()
    assert [await weight(id_) for id_ in ids] == [0.0, 0.0]


async def test_who_may_not_write_moves_nothing(ids: list[str]):
    rita = await users.create("rita")
    await datasets.grant("d", rita, "read")
    await rate(ids[0], 1, user=rita)
    with pytest.raises(sessiongraph.PermissionDeniedError):
        await persist(user=rita, dataset="default_user/d")
    await sessiongraph.add(["Rita owns this."], dataset_name="own", user=rita)
    await persist(user=rita, dataset="own")
    assert await weight(ids[0]) == 0.0


async def test_a_forgotten_rating_weighs_nothing(ids: list[str]):
    await rate(ids[0], 1)
    await persist()
    assert await weight(ids[0]) < 0
    await sessiongraph.forget("d", session_id="s")
    assert await weight(ids[0]) == 0.0

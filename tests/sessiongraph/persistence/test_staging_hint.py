"""What staging tells the cache: too little costs a run that finds nothing to do, too much loses turns."""

from sessiongraph.errors import CacheUnavailableError
from sessiongraph.persistence.session_routing import belongs_to
from sessiongraph.persistence.session_staging import stage_sessions
from sessiongraph.session_cache.base import SessionCache
from sessiongraph.types import MAIN_DATASET, Dataset
from tests.support.workshop import Workshop

QUESTION = ("Where is Carol?", "Carol Brown is in Berlin.")


def waits(cache: SessionCache) -> dict[str, int]:
    return {it.session_id: sum(part.turns for part in it.waiting) for it in cache.waiting()[0]}


async def test_persisted_sessions_wait_no_more_and_others_do(workshop: Workshop) -> None:
    workshop.say("s1", QUESTION)
    workshop.say("s2", QUESTION)
    await workshop.persist("s1")
    assert waits(workshop.cache) == {"s2": 1}
    workshop.say("s1", ("And Dan?", "Dan Green is in Rome."))
    assert waits(workshop.cache) == {"s1": 1, "s2": 1}


async def test_a_turn_that_was_staged_without_being_noted_is_noted_by_the_next_staging(workshop: Workshop) -> None:
    (turn_id,) = workshop.say("s1", QUESTION)
    await workshop.persist("s1")
    workshop.cache.put_turns(workshop.cache.get_turns("user-1", "s1"))  # As if it had been killed before noting.
    assert waits(workshop.cache) == {"s1": 1}
    report = await workshop.persist("s1")
    assert report.staged == 0 and waits(workshop.cache) == {}
    workshop.cache.update_turn("user-1", "s1", turn_id, score=1)
    assert waits(workshop.cache) == {"s1": 1}


async def test_only_turns_that_belong_are_noted(workshop: Workshop) -> None:
    workshop.say("s1", QUESTION)
    main = Dataset("d-main", MAIN_DATASET, workshop.user.id, workshop.user.name)
    other = Dataset("d-other", "other", workshop.user.id, workshop.user.name)
    for dataset, left in ((other, {"s1": 1}), (main, {})):
        belongs = belongs_to(dataset)
        await stage_sessions(workshop.cache, workshop.store, workshop.user, ["s1"], run_id="run", belongs=belongs)
        assert waits(workshop.cache) == left


async def test_a_cache_that_cannot_be_told_stops_nothing(workshop: Workshop, monkeypatch) -> None:  # type: ignore
    def refuse(turns: object) -> None:
        raise CacheUnavailableError("READONLY")

    workshop.say("s1", QUESTION)
    monkeypatch.setattr(workshop.cache, "note_staged", refuse)
    report = await workshop.persist("s1")
    assert report.persisted == 1 and waits(workshop.cache) == {"s1": 1}

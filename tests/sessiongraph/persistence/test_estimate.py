"""The dry run says what the run then does, and does nothing itself."""

from pathlib import Path

from sessiongraph.llm.client import LLM
from sessiongraph.persistence.estimate import PersistEstimate, dry_run
from sessiongraph.settings import load_settings
from tests.support.openai_endpoint import OpenAIEndpoint
from tests.support.workshop import Workshop


async def estimated(workshop: Workshop, *session_ids: str, **options: bool) -> PersistEstimate:
    sessions = {workshop.user: session_ids}
    return await dry_run(workshop.cache, workshop.store, workshop.llm, sessions, **options)


def actions(estimate: PersistEstimate) -> list[tuple[str, str, str | None, bool]]:
    return [(it.turn_id, it.action, it.reason, it.staged) for it in estimate.turns]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_nothing_is_written_and_no_model_is_called(workshop: Workshop, openai_endpoint: OpenAIEndpoint) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    await workshop.persist("s")
    workshop.say("s", ("Where is Erin?", "Erin Green is in Rome."))
    await estimated(workshop, "s")  # whatever reading makes (a database's log) is there by now
    before, calls = contents(workshop.home), len(openai_endpoint.requests)

    estimate = await estimated(workshop, "s")

    assert estimate.calls == 1 and contents(workshop.home) == before and len(openai_endpoint.requests) == calls


async def test_in_an_unused_dataset_not_even_a_store_is_made(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))

    assert (await estimated(workshop, "s")).count("extract") == 1 and not workshop.store.exists


async def test_each_turn_has_its_fate_and_why(workshop: Workshop, openai_endpoint: OpenAIEndpoint) -> None:
    ids = workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."), ("And Dan?", "I don't know."))
    workshop.say("bad", ("Where is Mallory?", "Mallory Black is in Oslo."))
    openai_endpoint.reply("no JSON", when="Mallory Black is")
    await workshop.persist("s", "bad")
    workshop.cache.update_turn(workshop.user.id, "s", ids[0], answer="Carol Brown lives in Madrid.")
    await workshop.persist("s")
    workshop.cache.update_turn(workshop.user.id, "s", ids[0], answer="Carol Brown lives in Berlin.")
    workshop.say("s", ("Where is Erin?", "Erin Green is in Rome."), ("Why?", "I don't know."))

    estimate = await estimated(workshop, "s", "bad", "nope")

    assert actions(estimate) == [
        ("s-0", "reuse", "extracted before from the same words", True),
        ("s-1", "skip", "no answer was given", False),
        ("s-2", "extract", "new", True),
        ("s-3", "skip", "no answer was given", True),
        ("bad-0", "extract", "failed before", False),
    ]
    assert estimate.missing == ["nope"] and estimate.staged == 3


async def test_the_calls_foreseen_are_those_that_are_made(workshop: Workshop, openai_endpoint: OpenAIEndpoint) -> None:
    for name in ("a", "b", "c"):
        turns = [(f"What of {name} {n}?", f"Carol Brown saw Town{name}{n}. " + "And so on. " * 60) for n in range(9)]
        workshop.say(name, *turns)

    estimate = await estimated(workshop, "a", "b", "c")
    await workshop.persist("a", "b", "c")

    assert estimate.calls == len(openai_endpoint.chats) > 3
    prompts = sum(len(message["content"]) for it in openai_endpoint.chats for message in it.body["messages"])
    assert prompts / 6 < estimate.prompt_tokens < prompts / 2
    assert estimate.completion_tokens > 0
    again = await estimated(workshop, "a", "b", "c")
    assert (again.calls, again.prompt_tokens, again.cost, again.count("settled")) == (0, 0, 0.0, 27)


async def test_the_price_is_that_of_the_model_or_unknown(workshop: Workshop) -> None:
    workshop.say("s", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    costs = {}
    for model in ("openai/gpt-4o-mini", "openai/gpt-4o", "openai/nobodys-model", "local/extractive"):
        workshop.llm = LLM(load_settings().model_copy(update={"llm_model": model}))
        costs[model] = (await estimated(workshop, "s")).cost

    assert costs["openai/nobodys-model"] is None and costs["local/extractive"] == 0.0
    assert 0 < (costs["openai/gpt-4o-mini"] or 0) < (costs["openai/gpt-4o"] or 0) < 0.1

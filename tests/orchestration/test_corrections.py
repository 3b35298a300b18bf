"""A person's word on a fact, and runs that make the graph anew."""

import asyncio

import pytest

from sessiongraph import facts
from tests.orchestration.conftest import MAIN, Project


def test_a_run_that_extracts_all_anew_keeps_what_a_person_corrected(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.drop("people.txt", "Alice Smith moved to Paris. Bob Jones founded Zeta.")
    project.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    assert project.run("build_memory").success
    found = {fact.object: fact for fact in asyncio.run(facts.list("main_dataset"))}
    asyncio.run(facts.correct("main_dataset", found["Paris"].short_id, object="Rome"))
    asyncio.run(facts.correct("main_dataset", found["Berlin"].short_id, object="Bonn"))
    asyncio.run(facts.retract("main_dataset", found["Zeta"].short_id))
    shown = {(fact.id, fact.statement) for fact in asyncio.run(facts.list("main_dataset"))}

    monkeypatch.setattr("sessiongraph.extraction.window_extraction.PROMPT", "Another way to read.")
    config = {"ops": {name: {"config": {"reextract": True}} for name in ("knowledge_graph", "session_knowledge")}}
    again = project._run("build_memory", MAIN, config, {})

    assert again.success and again.metadata["knowledge_graph"]["windows_extracted"] == 1
    assert again.metadata["session_knowledge"]["windows_extracted"] == 1
    now = asyncio.run(facts.list("main_dataset", include_superseded=True))
    assert {(fact.id, fact.statement) for fact in now if not fact.retracted} == shown
    assert {"Rome", "Bonn"} <= {fact.object for fact in now}
    assert [fact.object for fact in now if fact.retracted] == ["Zeta"]

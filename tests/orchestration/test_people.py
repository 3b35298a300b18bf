"""People who talk of themselves, persisted by runs."""

import asyncio

import pytest

import sessiongraph
from tests.orchestration.conftest import Project


def test_what_people_say_of_themselves_is_theirs_and_a_name_makes_nothing_due(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_MODEL", "local/extractive")
    monkeypatch.setenv("EMBEDDING_MODEL", "local/wordllama")
    project.say("s1", ("I live in Bergen.", "OK."), ("My sister lives in Oslo.", "Nice."))
    assert project.run("build_memory").success
    project.say("s2", ("My name is Ragna.", "Hello!"), ("My sister is called Astrid.", "I see."))
    again = project.run("build_memory")
    assert again.success and again.metadata["session_knowledge"]["windows_extracted"] == 2

    known = {(fact.subject, fact.object) for fact in asyncio.run(sessiongraph.facts.list("main_dataset"))}
    assert {("Ragna", "Bergen"), ("Astrid", "Oslo")} <= known
    assert "Bergen" in str(asyncio.run(sessiongraph.search("Where do I live?"))[0])

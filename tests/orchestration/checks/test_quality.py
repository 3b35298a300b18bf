"""Warnings with figures: each goes off where it should, and is silent where all is well or little is there."""

import asyncio
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.checks.noise_entities import noise_reason
from orchestration.checks.quality import quality_checks
from sessiongraph import facts
from sessiongraph.types import Turn
from tests.orchestration.checks.conftest import Judge
from tests.orchestration.conftest import MAIN, Project

CITIES = ("Rome", "Oslo", "Bonn", "Lima", "Kyiv", "Bern", "Riga", "Cork", "Nice", "Pisa", "Graz", "Brno")


def figures(result: dg.AssetCheckResult) -> dict[str, object]:
    assert result.severity is dg.AssetCheckSeverity.WARN
    return {name: value.value for name, value in result.metadata.items()}


def test_a_sound_graph_passes_them_all(built: Project, judge: Judge) -> None:
    assert [check.name for check in quality_checks("turns") if not judge(check.name).passed] == []
    assert figures(judge("extraction_yield"))["facts_per_passage"] == 1.0
    assert figures(judge("skipped_and_failed"))["share_skipped"] == 0.5


def test_what_stated_a_fact_has_yielded_one_even_if_a_person_says_that_it_is_wrong(
    built: Project, judge: Judge
) -> None:
    before = figures(judge("extraction_yield"))
    assert before["passages"] == 1 and before["without_fact"] == 0
    for fact in asyncio.run(facts.list("main_dataset")):
        asyncio.run(facts.retract("main_dataset", fact.short_id))

    after = figures(judge("extraction_yield"))
    assert after["without_fact"] == 0 and after["facts_per_passage"] == 0.0


def test_much_that_yields_nothing_much_that_is_skipped_and_much_junk(project: Project, judge: Judge) -> None:
    said = [(f"who {n}?", f"it is {n}, so they say.") for n in range(25)]
    project.say("dull", *said)
    project.say("mute", *((f"what is {n}?", "I don't know.") for n in range(40)))
    project.endpoint.extract = lambda prompt: {
        "summaries": [],
        "facts": [],
        "entities": [
            {"name": name, "type": "Concept", "description": "", "passages": [1]}
            for name in (*CITIES, *(f"{n}" for n in range(10, 20)), "it", "something", "the")
        ],
    }

    assert project.run("persist_sessions").success

    barren, skipped, junk = (judge(name) for name in ("extraction_yield", "skipped_and_failed", "junk_rate"))
    assert not barren.passed and figures(barren)["share_without_fact"] == 1.0
    assert not skipped.passed and figures(skipped)["share_skipped"] == round(40 / 65, 4)
    assert not junk.passed and figures(junk)["junk"] == 13 and figures(junk)["junk_number"] == 10


def test_much_that_fails(project: Project, judge: Judge) -> None:
    for n in range(22):
        project.say(f"s{n}", (f"Where is {n}?", f"Carol Brown is in City{n}."))
    project.endpoint.reply("no JSON", when="City7.")
    project.endpoint.reply("no JSON", when="City8.")

    assert project.run("persist_sessions").success

    failed = judge("skipped_and_failed")
    assert not failed.passed and figures(failed)["failed"] == 2
    assert judge("no_failed_turns").metadata["failed"].value == 2


def spent(project: Project, cost: float | str, windows: int) -> None:
    metadata = {"cost_usd": cost, "windows_extracted": windows}
    event = dg.AssetMaterialization("session_knowledge", partition=MAIN, metadata=metadata)
    project.instance.report_runless_asset_event(event)


def test_a_run_that_costs_much_more_than_usual_or_much_at_all(project: Project, judge: Judge) -> None:
    assert figures(judge("cost_per_turn"))["cost_per_passage"] == "unknown"
    for _ in range(3):
        spent(project, 0.01, 10)
    spent(project, "unknown", 10)
    spent(project, 0.0, 0)  # nothing was new
    assert judge("cost_per_turn").passed and figures(judge("cost_per_turn"))["cost_per_passage"] == 0.001

    spent(project, 0.05, 10)
    assert not judge("cost_per_turn").passed and figures(judge("cost_per_turn"))["usual_cost_per_passage"] == 0.001


def test_turns_that_only_the_cache_has_and_that_expire_soon(
    project: Project, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_TTL_SECONDS", "3600")
    turn = Turn("t1", project.user.id, "s1", "Where is Carol?", "Carol Brown is in Berlin.", datetime.now(UTC))
    project.resources.cache.put_turns([turn])
    assert judge("turns_at_risk", "session_turns").passed  # it has its whole hour

    monkeypatch.setattr("orchestration.checks.quality._soon", lambda session: timedelta(days=1))
    at_risk = judge("turns_at_risk", "session_turns")
    assert not at_risk.passed and figures(at_risk)["turns_at_risk"] == 1
    assert project.run("persist_sessions").success
    assert judge("turns_at_risk", "session_turns").passed


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("She", "Person", "pronoun"),
        ("my own", "Concept", "stopword"),
        ("the thing", "Concept", "stopword"),
        ("42", "Concept", "number"),
        ("42", "Value", None),
        ("3,000.50", "Product", "number"),
        ("2010", "Date", None),
        ("--- !", "Concept", "punctuation"),
        ("#$%&*xy", "Concept", "punctuation"),
        ("that he went to the market with his friends", "Event", "sentence"),
        ("Alice Smith", "Person", None),
        ("AT&T", "Organization", None),
        ("C++", "Concept", None),
        ("U2", "Organization", None),
        ("Øresund", "Place", None),
        ("東京", "Place", None),
    ],
)
def test_what_counts_as_junk(name: str, kind: str, reason: str | None) -> None:
    assert noise_reason(name, kind) == reason

"""A harmed store is seen, by the check that is about it, and a sound one passes them all."""

from dataclasses import replace

import dagster as dg
import pandas as pd
import pytest

from orchestration.checks.integrity import INTEGRITY, dangling, duplicates, unsupported
from tests.orchestration.checks.conftest import Harm, Judge
from tests.orchestration.conftest import Project

NAMES = [check.name for check in INTEGRITY]
LIVE_CLAIM = "window_id IN (SELECT window_id FROM live_windows)"

HARMS = [
    ("evidence_is_complete", "mentions_without_window", ["DELETE FROM windows"]),
    ("evidence_is_complete", "mentions_without_window", ["UPDATE mentions SET seq = seq + 1"]),
    ("evidence_is_complete", "claims_without_window", ["UPDATE claims SET seq = seq + 1"]),
    ("evidence_is_complete", "persisted_without_passage", ["DELETE FROM turns"]),
    ("evidence_is_complete", "passages_without_document", ["DELETE FROM documents WHERE kind = 'session'"]),
    ("no_dangling_facts", "claims_without_object", [f"UPDATE claims SET object = ' ' WHERE {LIVE_CLAIM}"]),
    ("no_dangling_facts", "claims_without_subject", [f"UPDATE claims SET subject = NULL WHERE {LIVE_CLAIM}"]),
    ("no_dangling_facts", "claims_without_relation", ["UPDATE claims SET relation = ''"]),
    ("no_duplicate_entities", "windows_twice", ["INSERT INTO windows SELECT * FROM windows"]),
    ("no_duplicate_entities", "documents_twice", ["INSERT INTO documents SELECT * FROM documents"]),
    ("no_duplicate_entities", "chunks_twice", ["INSERT INTO chunks SELECT * FROM chunks"]),
    ("no_duplicate_entities", "claims_twice", ["INSERT INTO claims SELECT * REPLACE (seq + 1 AS seq) FROM claims"]),
    ("no_duplicate_entities", "mentions_twice", ["INSERT INTO mentions SELECT * FROM mentions"]),
    ("ledger_agrees_with_passages", "entries_for_no_passage", ["DELETE FROM turns WHERE question LIKE 'And%'"]),
    ("ledger_agrees_with_passages", "persisted_without_window", ["DELETE FROM windows"]),
    ("ledger_agrees_with_passages", "more_than_one_newest", ["INSERT INTO ledger SELECT * FROM ledger"]),
    ("ledger_agrees_with_passages", "entries_of_no_commit", ["DELETE FROM commits WHERE asset = 'session_knowledge'"]),
    ("ledger_agrees_with_passages", "entries_without_verdict", ["UPDATE ledger SET disposition = 'lost'"]),
]


def test_a_sound_graph_passes_them_all(built: Project, judge: Judge) -> None:
    results = {name: judge(name) for name in NAMES}

    assert [name for name, result in results.items() if not result.passed] == []
    assert all(check.blocking for check in INTEGRITY)


def test_an_unused_dataset_passes_them_all(project: Project, judge: Judge) -> None:
    assert [name for name in NAMES if not judge(name).passed] == []


def test_each_harm_is_seen(built: Project, judge: Judge, harm: Harm) -> None:
    """By a run that wrote nothing, and by the one that wrote all there is."""
    store = built.resources.store(built.main_dataset())
    [(run_id,)] = store.read(lambda con: con.execute("SELECT DISTINCT run_id FROM commits").fetchall())
    sound, unseen = store.path.read_bytes(), []
    for name, figure, statements in HARMS:
        harm(*statements)
        for result in (judge(name), judge(name, run_id=run_id)):
            if result.passed or result.severity is not dg.AssetCheckSeverity.ERROR or not result.metadata[figure].value:
                unseen.append((name, figure))
        store.path.unlink()
        store.path.write_bytes(sound)

    assert unseen == [] and judge("evidence_is_complete").passed


def test_a_run_is_held_to_what_it_wrote_and_any_other_to_all(built: Project, judge: Judge, harm: Harm) -> None:
    built.say("s2", ("Where does Dora live?", "Dora Green lives in Oslo."))
    run_id = built.run("persist_sessions").run_id
    written = f"seq IN (SELECT seq FROM commits WHERE run_id = '{run_id}')"

    harm(f"UPDATE claims SET relation = '' WHERE NOT {written}")
    assert judge("no_dangling_facts", run_id=run_id).passed
    assert not judge("no_dangling_facts").passed
    harm(f"UPDATE claims SET relation = '' WHERE {written}")
    assert not judge("no_dangling_facts", run_id=run_id).passed


def test_what_is_derived_is_held_against_its_evidence_too(built: Project) -> None:
    sound = built.resources.snapshot(built.main_dataset())
    mentions = sound.mentions[sound.mentions["entity"] != 0]
    doubled = pd.concat([sound.entities, sound.entities.head(1)], ignore_index=True)
    astray = sound.facts.assign(object=10_000)

    assert not any([*unsupported(sound).values(), *dangling(sound).values(), *duplicates(sound).values()])
    assert unsupported(replace(sound, mentions=mentions))["entities_without_evidence"] == 1
    assert unsupported(replace(sound, claims=sound.claims.head(0)))["facts_without_evidence"] == len(sound.facts)
    assert dangling(replace(sound, facts=astray))["facts_without_object"] == len(sound.facts)
    assert duplicates(replace(sound, entities=doubled)) == {
        "entities_of_one_id": 1,
        "entities_of_one_name": 1,
        "facts_twice": 0,
        "passages_twice": 0,
    }


@pytest.mark.parametrize(("turns", "severity"), [(2, dg.AssetCheckSeverity.WARN), (12, dg.AssetCheckSeverity.ERROR)])
def test_an_empty_graph_is_an_error_once_it_cannot_be_small_talk(
    project: Project, judge: Judge, turns: int, severity: dg.AssetCheckSeverity
) -> None:
    project.say("s1", *((f"number {n}?", f"it is {n}, so they say.") for n in range(turns)))

    ran = project.run("persist_sessions")

    result = judge("graph_is_not_empty")
    assert not result.passed and result.severity is severity
    assert ran.success is (severity is dg.AssetCheckSeverity.WARN)


def test_a_check_that_cannot_even_look_fails_and_says_so(built: Project, judge: Judge, harm: Harm) -> None:
    harm("DROP TABLE claims CASCADE")

    result = judge("no_dangling_facts")

    assert not result.passed and result.severity is dg.AssetCheckSeverity.ERROR
    assert (result.description or "").startswith("It could not be looked at")

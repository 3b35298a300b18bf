"""What is stale, and what making it again does: after a changed prompt, and after nothing but time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

import sessiongraph
from orchestration.definitions import build_defs
from tests.orchestration.conftest import MAIN, Project

ASSETS = ("documents", "knowledge_graph", "session_turns", "session_knowledge")

# Another process, as Dagster's is after a change of the code: what is stale, the partition made again, what is then.
LATER = """
import json, sys
import dagster as dg
from sessiongraph.extraction import window_extraction
window_extraction.PROMPT += sys.argv[2]
from orchestration.definitions import build_defs
from tests.orchestration.test_staleness import stale
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    before = stale(instance)
    job = build_defs().resolve_job_def("build_memory")
    key = "default_user/main_dataset"
    assert job.execute_in_process(partition_key=key, instance=instance).success
    told = {}
    for asset in ("knowledge_graph", "session_knowledge"):
        check = dg.AssetCheckKey(dg.AssetKey(asset), "nothing_is_stale")
        [last] = instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
        said = last.event.dagster_event.event_specific_data
        told[asset] = [said.passed, said.metadata["stale"].value, said.metadata["llm_calls"].value, said.description]
    unasked = instance.fetch_materializations(dg.AssetKey("session_knowledge"), limit=1).records[0]
    config = {"ops": {name: {"config": {"reextract": True}} for name in ("knowledge_graph", "session_knowledge")}}
    done = job.execute_in_process(partition_key=key, instance=instance, run_config=config)
    print(json.dumps({
        "before": before, "after": stale(instance), "done": done.success, "told": told,
        "unasked": [unasked.asset_materialization.metadata[it].value for it in ("windows_extracted", "stale")],
    }), file=sys.stderr)
"""


def stale(instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """Why each asset of the main dataset is stale, as the UI says it; those that are fresh are left out."""
    graph = build_defs().resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    causes = {name: resolver.get_stale_causes(dg.AssetKey(name), MAIN) for name in ASSETS}
    return {name: [cause.reason for cause in found] for name, found in causes.items() if found}


@pytest.fixture
def lasting(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project with an instance on disk, which another process opens too."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield replace(project, instance=instance)


def later(project: Project, root: Path, more: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", LATER, os.environ["DAGSTER_HOME"], more]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stderr.strip().splitlines()[-1])


def test_a_changed_prompt_makes_knowledge_stale_and_making_it_again_keeps_history(
    lasting: Project, project_root: Path
) -> None:
    lasting.drop("people.txt", "Alice Smith moved to Paris.")
    lasting.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    assert lasting.run("build_memory").success and stale(lasting.instance) == {}
    read = lasting.resources.store(lasting.main_dataset()).read
    ledger = read(lambda con: con.execute("FROM ledger ORDER BY seq").fetchall())
    plain = lasting.endpoint.extract

    def with_cities(prompt: str) -> dict[str, Any]:
        answer = plain(prompt)
        return answer | {"entities": [it | {"name": f"{it['name']} II"} for it in answer["entities"]], "facts": []}

    lasting.endpoint.extract = with_cities
    said = later(lasting, project_root, "Number every name.")

    assert said["before"] == {
        "knowledge_graph": ["has a new code version"],
        "session_knowledge": ["has a new code version"],
    }
    assert said["unasked"] == [0, 1]
    for asset, command in (("knowledge_graph", "cognify"), ("session_knowledge", "persist --all")):
        passed, count, calls, message = said["told"][asset]
        assert (passed, count, calls) == (False, 1, 1) and f"sessiongraph {command} -d {MAIN} --reextract" in message
        assert f"{{ops: {{{asset}: {{config: {{reextract: true}}}}}}}}" in message and "tokens of prompt" in message
    assert said["done"] and said["after"] == {}
    names = set(lasting.resources.snapshot(lasting.main_dataset()).entities["name"])
    assert names == {
        f"{name} II" for name in ("Alice Smith", "Paris", "Carol", "Carol Brown", "Berlin")
    }  # the old evidence is not live
    assert read(lambda con: con.execute("FROM ledger ORDER BY seq").fetchall())[: len(ledger)] == ledger
    history = "SELECT count(DISTINCT extractor), count(DISTINCT window_id) FROM ledger"
    assert read(lambda con: con.execute(history).fetchall()) == [(2, 4)]
    assert read(lambda con: con.execute("SELECT count(*) FROM mentions WHERE name = 'Berlin'").fetchall()) == [(1,)]


async def test_what_the_api_made_is_as_fresh_as_what_a_run_made(lasting: Project) -> None:
    lasting.say("s1", ("Where does Carol live?", "Carol Brown lives in Berlin."))
    await sessiongraph.add("Alice Smith moved to Paris.")
    await sessiongraph.cognify()
    await sessiongraph.persist_sessions_in_knowledge_graph_pipeline(session_ids=["s1"], create=True)

    assert stale(lasting.instance) == {}

    await sessiongraph.add("Bob Jones moved to Rome.")
    assert stale(lasting.instance) == {"knowledge_graph": ["has a new dependency data version"]}
    await sessiongraph.cognify()
    assert stale(lasting.instance) == {}


async def test_what_the_api_made_with_another_model_is_stale(lasting: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    await sessiongraph.add("Alice Smith moved to Paris.")
    with monkeypatch.context() as other:
        other.setenv("LLM_MODEL", "openai/another-model")
        await sessiongraph.cognify()

    assert stale(lasting.instance) == {"knowledge_graph": ["has a new code version"]}

"""What Dagster is told of: that it loads, is complete, and costs little to load."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.checks import build_checks
from orchestration.definitions import build_defs
from resources.llm import LLMResource

WRITING = {"documents", "knowledge_graph", "session_turns", "session_knowledge"}
LEARNED = {"session_lessons", "conflicts", "speaker_profiles"}
INTEGRITY = (
    "evidence_is_complete",
    "no_dangling_facts",
    "no_duplicate_entities",
    "ledger_agrees_with_passages",
    "graph_is_not_empty",
)
BLOCKING = {
    (asset, name) for asset in ("knowledge_graph", "session_knowledge", "graph_checkpoint") for name in INTEGRITY
}
OF_ALL_DATASETS = ("every_dataset_is_fresh", "every_file_has_a_dataset")
TELLING = {
    ("knowledge_graph", "no_failed_chunks"),
    ("knowledge_graph", "cost_per_chunk"),
    ("session_knowledge", "no_failed_turns"),
    ("session_knowledge", "cost_per_turn"),
    *(
        (asset, name)
        for asset in ("knowledge_graph", "session_knowledge")
        for name in (
            "extraction_yield",
            "skipped_and_failed",
            "nothing_is_stale",
            "every_text_has_a_vector",
        )
    ),
    *((asset, "every_dataset_is_fresh") for asset in ("knowledge_graph", "session_turns", "session_knowledge")),
    ("graph_checkpoint", "junk_rate"),
    ("session_lessons", "sessions_are_read"),
    ("conflicts", "facts_agree"),
    ("session_turns", "turns_at_risk"),
    ("session_turns", "session_exports_are_taken"),
    ("documents", "inbox_files_are_taken"),
    ("documents", "every_file_has_a_dataset"),
}


def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in build_defs().resolve_all_asset_specs()}


def test_the_definitions_load() -> None:
    dg.Definitions.validate_loadable(build_defs())


def test_the_lineage_is_documents_to_graph_and_cache_to_turns_to_knowledge() -> None:
    lineage = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in specs().items()}

    assert lineage == {
        "documents": set(),
        "knowledge_graph": {"documents"},
        "session_cache": set(),
        "session_turns": {"session_cache"},
        "session_knowledge": {"session_turns"},
        "graph_checkpoint": {"knowledge_graph", "session_knowledge"},
        "session_lessons": {"session_knowledge"},
        "conflicts": {"knowledge_graph", "session_knowledge"},
        "speaker_profiles": {"knowledge_graph", "session_knowledge"},
    }


@pytest.mark.parametrize("name", sorted({*WRITING, "graph_checkpoint", *LEARNED}))
def test_every_asset_explains_itself_in_the_ui(name: str) -> None:
    spec = specs()[name]

    assert spec.description and spec.owners and spec.kinds and spec.group_name != "default"
    assert spec.code_version
    assert spec.partitions_def is not None and spec.partitions_def.name == "datasets"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("job", "assets"),
    [
        ("cognify", {"documents", "knowledge_graph"}),
        ("persist_sessions", {"session_turns", "session_knowledge"}),
        ("build_memory", WRITING),
    ],
)
def test_each_job_makes_its_assets_with_their_checks(job: str, assets: set[str]) -> None:
    layer = build_defs().resolve_job_def(job).asset_layer

    assert {key.to_user_string() for key in layer.executable_asset_keys} == assets
    checked = {key.asset_key.to_user_string() for key in layer.asset_graph.asset_check_keys}
    assert checked == assets


def test_every_check_and_job_explains_itself_in_the_ui() -> None:
    specs = [spec for checks in build_checks("") for spec in checks.check_specs]
    jobs = [job for job in build_defs().resolve_all_job_defs() if not job.name.startswith("__")]

    assert {(spec.asset_key.to_user_string(), spec.name) for spec in specs if spec.blocking} == BLOCKING
    assert {(spec.asset_key.to_user_string(), spec.name) for spec in specs if not spec.blocking} == TELLING
    for spec in specs:
        assert spec.description and "Where it fails:" in spec.description
        assert (spec.partitions_def is None) == (spec.name in OF_ALL_DATASETS)
        assert spec.metadata["owner"] and spec.metadata["severity"]
    assert [job.name for job in jobs if not job.description] == []


@pytest.mark.parametrize("name", sorted(WRITING))
def test_every_asset_says_what_its_tables_hold(name: str) -> None:
    assert specs()[name].metadata["columns"].columns and specs()[name].tags


def extractor(defs: dg.Definitions) -> str | None:
    """The code version of both assets that a model extracts."""
    versions = {spec.key.to_user_string(): spec.code_version for spec in defs.resolve_all_asset_specs()}
    assert versions["knowledge_graph"] == versions["session_knowledge"]
    return versions["knowledge_graph"]


def test_another_model_is_another_code_version(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = set()
    for model in ("openai/a", "openai/b", "local/extractive"):
        monkeypatch.setenv("LLM_MODEL", model)
        versions.add(extractor(build_defs()))

    assert len(versions) == 3


def test_the_code_version_is_that_of_the_model_of_the_llm_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_MODEL", "openai/a")
    of_environment = extractor(build_defs())
    monkeypatch.setenv("LLM_MODEL", "openai/b")
    monkeypatch.setenv("MY_MODEL", "openai/a")

    assert extractor(build_defs()) != of_environment
    assert extractor(build_defs(llm=LLMResource(model="openai/a"))) == of_environment
    assert extractor(build_defs(llm=LLMResource(model=dg.EnvVar("MY_MODEL")))) == of_environment


def test_loading_the_definitions_and_a_tick_of_each_sensor_load_no_model(project_root: Path, tmp_path: Path) -> None:
    code = """
import sys, dagster as dg
from orchestration.definitions import build_defs
from datetime import UTC, datetime
from orchestration.sensors import dataset_partitions, freshness, inbox, new_sessions
from resources.graph import GraphResource
from sessiongraph.default_client import default_services
from sessiongraph.types import Turn
services = default_services()
user = services.access.default_user()
services.cache.put_turns([Turn("t1", user.id, "s1", "Q?", "A.", datetime.now(UTC))])
inbox_folder = services.settings.home / "inbox/default_user/main_dataset"
inbox_folder.mkdir(parents=True)
(inbox_folder / "people.txt").write_text("Alice lives in Paris.")
cursor = None
with dg.DagsterInstance.ephemeral() as instance:
    def tick(sensor, cursor=None):
        with dg.build_sensor_context(instance, cursor=cursor, resources={"graph": GraphResource()}) as context:
            return sensor(context)

    tick(dataset_partitions)
    tick(freshness)
    ticked = tick(new_sessions)
    assert len(ticked.run_requests) == 1, ticked
    for runs in (0, 1):
        ticked = tick(inbox, cursor)
        assert len(ticked.run_requests or ()) == runs, ticked
        cursor = ticked.cursor
print([name for name in ("litellm", "spacy", "wordllama") if name in sys.modules])
"""
    environment = {
        "PYTHONPATH": str(project_root),
        "SESSIONGRAPH_HOME": str(tmp_path / "home"),
        "PERSIST_IDLE_SECONDS": "0",
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr

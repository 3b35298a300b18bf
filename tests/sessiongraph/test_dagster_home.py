"""One home, one history: what the Python API reports is what the UI shows, however Dagster was started."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance import InstanceRef

from sessiongraph.dagster_home import DAGSTER_YAML, DagsterInstances, write_dagster_home

STORAGE = ("storage", "local_artifact_storage", "compute_logs")


def test_the_projects_dagster_yaml_says_the_same_as_that_of_any_other_home(project_root: Path) -> None:
    ours = yaml.safe_load((project_root / "dagster.yaml").read_text())

    assert {name: value for name, value in ours.items() if name not in STORAGE} == yaml.safe_load(DAGSTER_YAML)
    assert ours["telemetry"] == {"enabled": False}


def test_dagster_dev_in_the_projects_folder_and_the_api_see_one_history(
    project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    event = dg.AssetMaterialization("documents", partition="default_user/main_dataset")
    DagsterInstances().of(Path(".sessiongraph")).report_runless_asset_event(event)

    # As `dagster dev` makes its instance where DAGSTER_HOME is not set.
    ref = InstanceRef.from_dir(str(tmp_path / "temporary"), config_dir=str(project_root))
    with dg.DagsterInstance.from_ref(ref) as instance:
        seen = instance.get_latest_materialization_event(dg.AssetKey("documents"))

    assert seen is not None and seen.asset_materialization is not None
    assert seen.asset_materialization.partition == "default_user/main_dataset"


def test_dagster_home_is_meant_where_it_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = write_dagster_home(tmp_path / "other")
    monkeypatch.setenv("DAGSTER_HOME", str(other))

    assert DagsterInstances().of(tmp_path / "home").root_directory == str(other)
    assert not (tmp_path / "home").exists()


def test_a_home_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    instances = DagsterInstances()
    assert instances.of(tmp_path) is instances.of(tmp_path)


def test_processes_that_open_a_new_home_at_once_do_not_break_it(project_root: Path, tmp_path: Path) -> None:
    code = "import sys, pathlib; from sessiongraph.dagster_home import DagsterInstances; "
    code += "print(len(DagsterInstances().of(pathlib.Path(sys.argv[1])).get_runs(limit=1)))"
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    environment["PYTHONPATH"] = str(project_root)
    opening = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    assert [process.communicate()[0] for process in opening] == ["0\n"] * 4


def test_what_a_person_changed_in_a_home_stays(tmp_path: Path) -> None:
    file = write_dagster_home(tmp_path) / "dagster.yaml"
    assert yaml.safe_load(file.read_text())["telemetry"] == {"enabled": False}
    file.write_text("telemetry:\n  enabled: true\n")

    write_dagster_home(tmp_path)

    assert file.read_text() == "telemetry:\n  enabled: true\n"


def test_runs_of_one_dataset_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    config = DagsterInstances().of(tmp_path).get_concurrency_config().run_queue_config

    assert config is not None and config.max_concurrent_runs == 4
    assert config.tag_concurrency_limits == [
        {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]

"""One home, one history: what the Python API reports is what the UI shows, however Dagster was started."""

import logging
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance import InstanceRef

import sessiongraph
from sessiongraph.dagster_home import (
    DAGSTER_YAML,
    PROJECT_DAGSTER_YAML,
    DagsterInstances,
    check_run_launcher,
    write_dagster_home,
)
from sessiongraph.errors import InvalidInputError
from sessiongraph.settings import load_settings

OWN_DAGSTER_HOME = """\
# orchestration.run_launcher: what was here before
telemetry:
  enabled: false
run_launcher:
  module: "orchestration.run_launcher"
  class: WatchedRunLauncher
"""


def test_the_projects_dagster_yaml_says_the_same_as_that_of_any_other_home(project_root: Path) -> None:
    text = (project_root / "dagster.yaml").read_text()

    assert text == PROJECT_DAGSTER_YAML
    assert yaml.safe_load(text)["telemetry"] == yaml.safe_load(DAGSTER_YAML)["telemetry"] == {"enabled": False}


@pytest.mark.parametrize("home", [None, "elsewhere", "absolute"])
def test_dagster_dev_in_the_projects_folder_and_the_api_see_one_history(
    project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("SESSIONGRAPH_HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("SESSIONGRAPH_HOME", str(tmp_path / home) if home == "absolute" else home)
    monkeypatch.chdir(tmp_path)
    event = dg.AssetMaterialization("documents", partition="default_user/main_dataset")
    DagsterInstances().of(load_settings().home).report_runless_asset_event(event)

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


def _old_home(project_root: Path, folder: Path) -> Path:
    """The Dagster files of a home that version 0.1.0 wrote."""
    with tarfile.open(project_root / "tests" / "fixtures" / "home_0_1_0.tar.xz") as packed:
        members = [member for member in packed.getmembers() if member.name.startswith("home/dagster/")]
        packed.extractall(folder, members, filter="data")
    return folder / "home"


def _open_instance(home: Path) -> None:
    assert type(DagsterInstances().of(home).run_launcher).__name__ == "WatchedRunLauncher"


@pytest.mark.parametrize("given", [False, True], ids=["no DAGSTER_HOME", "DAGSTER_HOME names it"])
@pytest.mark.parametrize("use", [_open_instance, write_dagster_home, check_run_launcher])
def test_a_home_of_the_version_before_names_the_launcher_anew(
    project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: Callable[[Path], object], given: bool
) -> None:
    home = _old_home(project_root, tmp_path)
    file = home / "dagster" / "dagster.yaml"
    before = file.read_bytes()
    if given:
        monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    else:
        monkeypatch.delenv("DAGSTER_HOME", raising=False)

    use(home)

    assert file.read_bytes() == before.replace(b"orchestration.run_launcher", b"sessiongraph.dagster.run_launcher")
    assert b"sessiongraph.dagster.run_launcher" in file.read_bytes()


def test_what_a_person_changed_beside_the_old_launcher_stays(project_root: Path, tmp_path: Path) -> None:
    home = _old_home(project_root, tmp_path)
    file = home / "dagster" / "dagster.yaml"
    mine = file.read_bytes().replace(b"max_concurrent_runs: 4", b"max_concurrent_runs: 9  # a big machine")
    # As an editor on Windows leaves it.
    file.write_bytes(mine.replace(b"\n", b"\r\n"))
    file.chmod(0o640)

    write_dagster_home(home)

    changed = mine.replace(b"orchestration.run_launcher", b"sessiongraph.dagster.run_launcher")
    assert file.read_bytes() == changed.replace(b"\n", b"\r\n")
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "theirs",
    [
        "run_launcher:\n  module: dagster_docker  # not orchestration.run_launcher\n  class: DockerRunLauncher\n",
        "run_launcher:\n  module: orchestration.run_launcher\n  class: RunLauncherOfTheirs\n",
    ],
)
def test_a_launcher_of_somebody_elses_stays(tmp_path: Path, theirs: str) -> None:
    file = write_dagster_home(tmp_path) / "dagster.yaml"
    file.write_text(theirs)

    write_dagster_home(tmp_path)

    assert file.read_text() == theirs


def test_a_dagster_home_of_the_users_own_is_not_edited_and_the_error_names_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own" / "dagster.yaml"
    file.parent.mkdir()
    file.write_text(OWN_DAGSTER_HOME)
    monkeypatch.setenv("DAGSTER_HOME", str(file.parent))

    with pytest.raises(InvalidInputError) as raised:
        DagsterInstances().of(tmp_path / "home")

    assert f"{file}, line 5," in str(raised.value)
    assert "write `module: sessiongraph.dagster.run_launcher` there" in str(raised.value)
    assert file.read_text() == OWN_DAGSTER_HOME


async def test_the_python_api_works_on_and_warns_with_the_line_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "own" / "dagster.yaml"
    file.parent.mkdir()
    file.write_text(OWN_DAGSTER_HOME)
    monkeypatch.setenv("DAGSTER_HOME", str(file.parent))
    async with sessiongraph.SessionGraph(sessiongraph.Settings(home=tmp_path / "home")) as memory:
        with caplog.at_level(logging.WARNING, "sessiongraph"):
            added = await memory.add(["Alice moved to Paris in 2010."])

    assert added.added == 1
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "sessiongraph"]
    assert f"{file}, line 5," in warning and "module: sessiongraph.dagster.run_launcher" in warning

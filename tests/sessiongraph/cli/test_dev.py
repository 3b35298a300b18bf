"""`sessiongraph dev`: the Dagster UI, really started, on the home that the commands work on."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sessiongraph.cli.dev import _write_workspace
from sessiongraph.dagster.asset_keys import UPSTREAM
from tests.support import dagster_ui
from tests.support.terminal import Terminal

MAIN = "from sessiongraph.cli import main; main()"
OLD_WORKSPACE = """\
load_from:
  - python_module:
      module_name: orchestration.definitions
      location_name: orchestration
"""


def test_the_ui_shows_the_assets_and_ends_with_its_command(tmp_path: Path, project_root: Path) -> None:
    port = dagster_ui.free_port()
    environment = {**os.environ, "SESSIONGRAPH_HOME": "home", "PYTHONPATH": str(project_root)}
    environment.pop("DAGSTER_HOME", None)
    command = [sys.executable, "-c", MAIN, "dev", "--port", str(port)]
    with dagster_ui.running(command, tmp_path, environment, tmp_path / "log", port) as ask:
        data = ask("{ assetNodes { assetKey { path } repository { location { name } } } }")
        second = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    names = {node["assetKey"]["path"][0] for node in data["assetNodes"]}
    assert names == set(UPSTREAM)
    assert {node["repository"]["location"]["name"] for node in data["assetNodes"]} == {"orchestration"}
    assert (tmp_path / "home" / "dagster" / "history").is_dir()
    assert second.returncode == 2
    assert f"Port {port} is taken. If `sessiongraph dev` runs already, open http://127.0.0.1:{port}." in second.stderr


def test_a_taken_port_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = Terminal(tmp_path)("dev", "--port", str(port))

    assert done.code == 2
    assert f"Port {port} is taken" in done.err and f"http://127.0.0.1:{port}" in done.err and "--port" in done.err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["dev", "status"])
def test_a_dagster_home_of_ones_own_that_names_the_old_launcher_is_an_error_with_the_line_to_change(
    tmp_path: Path, command: str
) -> None:
    arguments = ["--port", str(dagster_ui.free_port())] if command == "dev" else []
    file = tmp_path / "own" / "dagster.yaml"
    file.parent.mkdir()
    file.write_text("run_launcher:\n  module: orchestration.run_launcher\n  class: WatchedRunLauncher\n")

    done = Terminal(tmp_path)(command, *arguments, DAGSTER_HOME=str(file.parent))

    assert done.code == 2
    assert f"{file}, line 2," in done.err and "`module: sessiongraph.dagster.run_launcher`" in done.err
    assert "orchestration.run_launcher" in file.read_text()


@pytest.mark.parametrize("before", [None, OLD_WORKSPACE, "#"], ids=["none", "of version 0.1.0", "of another start"])
def test_the_workspace_is_written_anew_at_each_start(tmp_path: Path, project_root: Path, before: str | None) -> None:
    file = tmp_path / "dagster" / "workspace.yaml"
    if before == "#":
        text = _write_workspace(tmp_path).read_text()
        file.write_text(text.replace(str(project_root), "/of/an/environment/that/is/gone"))
    elif before is not None:
        file.parent.mkdir()
        file.write_text(before)

    _write_workspace(tmp_path)

    (loaded,) = yaml.safe_load(file.read_text())["load_from"]
    assert loaded["python_module"] == {
        "module_name": "orchestration.definitions",
        "location_name": "orchestration",
        "working_directory": str(project_root),
    }
    assert [path.name for path in file.parent.iterdir()] == ["workspace.yaml"]


def test_a_workspace_that_a_person_wrote_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "dagster" / "workspace.yaml"
    file.parent.mkdir()
    mine = OLD_WORKSPACE + "  - python_module: mine.definitions\n"
    file.write_text(mine)

    _write_workspace(tmp_path)

    assert file.with_name("workspace.old.yaml").read_text() == mine
